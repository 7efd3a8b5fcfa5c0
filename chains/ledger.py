"""What has been told of an object: the events that tell it, each numbered and timed, and what they add up to.

Everything that is said of the object passes through here and through `Fold`, so that a `partial` is by construction
what the events before it add up to. An event that has its number waits here until it is taken, so that none is lost.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from chains.shape import Rule
from schemas import (
    Breach,
    Code,
    Conflict,
    Event,
    FieldSettled,
    Fold,
    Invalid,
    Partial,
    Path,
    Pinned,
    Progress,
    PromptRef,
    Reset,
    Token,
    copy_json,
    to_pointer,
)
from schemas.events import Source
from schemas.progress import topmost


class Ledger:
    """One run's object. `clock` gives seconds; times in events count from the ledger's making.

    `rules` cross fields: each is checked when the last of its fields has settled.
    """

    def __init__(self, clock: Callable[[], float], rules: Iterable[Rule] = ()) -> None:
        self.next_seq = 1
        """The number of the next event."""
        self.settled: dict[str, int] = {}
        """Pointer → milliseconds, in the order in which they settled; pinned ones included."""
        self.pinned: dict[str, Any] = {}
        """What the user took over: property → its value as the model's would have settled."""
        self._clock = clock
        self._began = clock()
        self._rules = tuple(rules)
        self._fold = Fold()
        self._untaken: list[Event] = []
        self._errors: dict[tuple[str, str, str], Breach] = {}  # by pointer, rule and crossing rule: each is told once
        self._written: dict[str, Any] = {}  # what the model closed its properties with, valid or not

    # -- reading -----------------------------------------------------------------------------------------------------

    @property
    def value(self) -> dict[str, Any]:
        """The live object: copy it before keeping it."""
        return self._fold.value

    @property
    def errors(self) -> tuple[Breach, ...]:
        """Every rule that is broken now."""
        return tuple(self._errors.values())

    @property
    def conflicts(self) -> tuple[Conflict, ...]:
        """Where the model wrote something else than the user pinned."""
        return tuple(
            Conflict(path=to_pointer((name,)), model_value=self._written[name])
            for name, value in self.pinned.items()
            if name in self._written and not same(self._written[name], value)
        )

    @property
    def untaken(self) -> bool:
        """Whether there are events to take."""
        return bool(self._untaken)

    def take(self) -> list[Event]:
        """The events since the last time."""
        taken, self._untaken = self._untaken, []
        return taken

    def has(self, name: str) -> bool:
        """Whether a property has settled, whoever settled it."""
        return to_pointer((name,)) in self.settled

    def reaches(self, path: Path) -> bool:
        """Whether text at `path` would leave no gap in a list."""
        return self._fold.reaches(path)

    def ms(self) -> int:
        """Milliseconds since the run began."""
        return int((self._clock() - self._began) * 1000)

    def objections(self, name: str, value: Any, defaults: Mapping[str, Any]) -> tuple[Breach, ...]:
        """What a value for a property would break together with the others that are known, `defaults` among them."""
        whole = {**defaults, **self.value, name: value}
        known = {name, *defaults, *(field for field in whole if self.has(field))}
        rules = [rule for rule in self._crossing(name) if known.issuperset(rule.fields)]
        return tuple(breach for rule in rules for breach in rule.check(whole))

    # -- telling -----------------------------------------------------------------------------------------------------

    def go_on(self, told: Progress, elapsed_s: float) -> None:
        """Goes on behind what another ledger has told, which was made so many seconds ago."""
        self.next_seq = told.seq + 1
        self.settled = dict(told.settled)
        self.pinned = {name: copy_json(told.value[name]) for name in told.pinned}
        self._began = self._clock() - elapsed_s
        self._fold.apply(told.partial())
        self._written = {name: copy_json(told.value[name]) for name in told.written}

    def tell(self, event: Event) -> None:
        """The next event, made with `next_seq`."""
        self._fold.apply(event)
        self._number(event)

    def _number(self, event: Event) -> None:
        self.next_seq += 1
        self._untaken.append(event)

    def token(self, pointer: str, text: str) -> None:
        """Text was appended to the string at a pointer."""
        self.tell(Token(seq=self.next_seq, path=pointer, text=text))

    def field(self, path: Path, value: Any, source: Source) -> None:
        """A place settled."""
        pointer = to_pointer(path)
        self.settled[pointer] = ms = self.ms()
        self.tell(FieldSettled(seq=self.next_seq, path=pointer, value=value, source=source, ms=ms))

    def wrote(self, name: str, value: Any) -> None:
        """The model closed a property with this: told where the user had, or will have, another opinion."""
        self._written[name] = value

    def cross(self, name: str) -> bool:
        """Tells what a property that has just settled breaks together with others. Whether it breaks anything."""
        before = len(self._errors)
        for rule in self._crossing(name):
            if all(map(self.has, rule.fields)):
                self.invalid(rule.check(self.value), rule.name)
        return len(self._errors) > before

    def invalid(self, broken: Iterable[Breach], crossing: str = "") -> None:
        """These rules are broken; those that are new are told."""
        fresh = {(breach.path, breach.rule, crossing): breach for breach in broken}
        fresh = {key: breach for key, breach in fresh.items() if key not in self._errors}
        self._errors |= fresh
        if fresh:
            paths, errors = tuple(dict.fromkeys(breach.path for breach in fresh.values())), tuple(fresh.values())
            self.tell(Invalid(seq=self.next_seq, paths=paths, errors=errors))

    def pin(self, name: str, value: Any, settled: Any) -> None:
        """The user took a property over, with a value that would have settled as `settled`.

        What was wrong with it, and what was told of its inside, is no longer so.
        """
        pointer = to_pointer((name,))
        inside = f"{pointer}/"
        crossing = {rule.name for rule in self._crossing(name)}
        self._errors = {
            key: breach
            for key, breach in self._errors.items()
            if key[2] not in crossing and not f"{key[0]}/".startswith(inside)
        }
        self.settled = {path: ms for path, ms in self.settled.items() if not f"{path}/".startswith(inside)}
        self.settled[pointer] = self.ms()
        self.pinned[name] = settled
        self.tell(Pinned(seq=self.next_seq, path=pointer, value=value))

    def reset(self, attempt: int, keep: Iterable[str], reason: Code, prompt: PromptRef | None = None) -> None:
        """Another attempt begins, with these properties; everything else is void."""
        kept = {to_pointer((name,)): name for name in keep}
        self._errors = {}
        self.settled = {path: ms for path, ms in self.settled.items() if "/" + path.split("/")[1] in kept}
        self._written = {name: value for name, value in self._written.items() if name in kept.values()}
        self.tell(Reset(seq=self.next_seq, attempt=attempt, keep=tuple(kept), reason=reason, prompt=prompt))

    def partial(self) -> None:
        """The object so far."""
        self._number(Partial(seq=self.next_seq, value=copy_json(self.value), settled=topmost(self.settled)))

    def _crossing(self, name: str) -> list[Rule]:
        return [rule for rule in self._rules if name in rule.fields]


def same(one: Any, other: Any) -> bool:
    """Whether two JSON values are the same, which `==` does not say: `1 == True`, `1 == 1.0`."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(item, other[key]) for key, item in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return type(one) is type(other) and bool(one == other)
