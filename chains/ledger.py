"""What has been told of an object: the events that tell it, each numbered and timed, and what they add up to.

Everything that is said of the object passes through here and through `Fold`, so that a `partial` is by construction
what the events before it add up to.
"""

from collections.abc import Callable, Collection, Iterable
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
    Reset,
    Token,
    copy_json,
    to_pointer,
)
from schemas.events import Source


class Ledger:
    """One run's object. `clock` gives seconds; times in events count from the ledger's making.

    `rules` cross fields: each is checked when the last of its fields has settled.
    """

    def __init__(self, clock: Callable[[], float], rules: Iterable[Rule] = ()) -> None:
        self.settled: dict[str, int] = {}
        """Pointer → milliseconds, in the order in which they settled; pinned ones included."""
        self.pinned: set[str] = set()
        """The properties that the user took over."""
        self._clock = clock
        self._began = clock()
        self._rules = tuple(rules)
        self._seq = 0
        self._fold = Fold()
        self._errors: dict[tuple[str, str, str], Breach] = {}  # by pointer, rule and crossing rule: each is told once
        self._by_model: set[str] = set()  # the pointers that the model settled
        self._overruled: dict[str, Any] = {}  # what the model wrote, or had written, where the user took over

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
            Conflict(path=to_pointer((name,)), model_value=value)
            for name, value in self._overruled.items()
            if name in self.pinned and not same(value, self.value[name])
        )

    def has(self, name: str) -> bool:
        """Whether a property has settled, whoever settled it."""
        return to_pointer((name,)) in self.settled

    def reaches(self, path: Path) -> bool:
        """Whether text at `path` would leave no gap in a list."""
        return self._fold.reaches(path)

    def next_seq(self) -> int:
        """The number of the next event: ask only if it is told."""
        self._seq += 1
        return self._seq

    def ms(self) -> int:
        """Milliseconds since the run began."""
        return int((self._clock() - self._began) * 1000)

    def objections(self, name: str, value: Any) -> tuple[Breach, ...]:
        """What a value for a property would break together with the others that are known."""
        whole = {**self.value, name: value}
        known = {name, *(field for field in whole if self.has(field))}
        rules = [rule for rule in self._crossing({name}).values() if known.issuperset(rule.fields)]
        return tuple(breach for rule in rules for breach in rule.check(whole))

    # -- telling -----------------------------------------------------------------------------------------------------

    def token(self, path: Path, text: str) -> Event:
        """Text was appended to the string at `path`."""
        return self._tell(Token(seq=self.next_seq(), path=to_pointer(path), text=text))

    def field(self, path: Path, value: Any, source: Source) -> Event:
        """A place settled."""
        pointer = to_pointer(path)
        self.settled[pointer] = ms = self.ms()
        if source == "model":
            self._by_model.add(pointer)
        return self._tell(FieldSettled(seq=self.next_seq(), path=pointer, value=value, source=source, ms=ms))

    def cross(self, name: str) -> list[Event]:
        """What a property that has just settled breaks together with others."""
        told: list[Event] = []
        for rule in self._crossing({name}).values():
            if all(self.has(field) for field in rule.fields):
                told += self.invalid(rule.check(self.value), rule.name)
        return told

    def invalid(self, broken: Iterable[Breach], crossing: str = "") -> list[Event]:
        """These rules are broken; those that are new are told."""
        fresh = {(breach.path, breach.rule, crossing): breach for breach in broken}
        fresh = {key: breach for key, breach in fresh.items() if key not in self._errors}
        self._errors |= fresh
        if not fresh:
            return []
        paths = tuple(dict.fromkeys(breach.path for breach in fresh.values()))
        return [Invalid(seq=self.next_seq(), paths=paths, errors=tuple(fresh.values()))]

    def pin(self, name: str, value: Any) -> Event:
        """The user took a property over; what was wrong with it is no longer so."""
        pointer = to_pointer((name,))
        if pointer in self._by_model and name not in self.pinned:
            self._overruled[name] = self.value[name]
        crossing = self._crossing({name})
        self._errors = {
            key: breach
            for key, breach in self._errors.items()
            if key[2] not in crossing and not f"{key[0]}/".startswith(f"{pointer}/")
        }
        self.pinned.add(name)
        self.settled[pointer] = self.ms()
        return self._tell(Pinned(seq=self.next_seq(), path=pointer, value=value))

    def overrule(self, name: str, value: Any) -> None:
        """The model closed a property that the user has taken over."""
        self._overruled[name] = value

    def reset(self, attempt: int, keep: Iterable[str], reason: Code) -> Event:
        """Another attempt begins, with these properties; everything else is void."""
        kept = {to_pointer((name,)): name for name in keep}
        self._errors = {}
        self.settled = {pointer: ms for pointer, ms in self.settled.items() if "/" + pointer.split("/")[1] in kept}
        self._by_model &= self.settled.keys()
        return self._tell(Reset(seq=self.next_seq(), attempt=attempt, keep=tuple(kept), reason=reason))

    def partial(self) -> Event:
        """The object so far."""
        topmost = tuple(
            pointer
            for pointer in self.settled
            if pointer.count("/") == 1 or pointer[: pointer.index("/", 1)] not in self.settled
        )
        return Partial(seq=self.next_seq(), value=copy_json(self.value), settled=topmost)

    def _crossing(self, names: Collection[str]) -> dict[str, Rule]:
        return {rule.name: rule for rule in self._rules if not set(rule.fields).isdisjoint(names)}

    def _tell(self, event: Event) -> Event:
        self._fold.apply(event)
        return event


def same(one: Any, other: Any) -> bool:
    """Whether two JSON values are the same, which `==` does not say: `1 == True`, `1 == 1.0`."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(item, other[key]) for key, item in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return type(one) is type(other) and bool(one == other)
