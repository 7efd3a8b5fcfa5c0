"""One run of one case: what was asked, and the whole of what came, of which every figure is a fold."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from chains.prompts import Prompt
from chains.recording import Recorded
from lab.cases import Case
from schemas import (
    Breach,
    Code,
    Complete,
    Event,
    Failed,
    FieldSettled,
    Invalid,
    Progress,
    Reset,
    Start,
    Usage,
    copy_json,
    from_pointer,
    to_pointer,
)


@dataclass(frozen=True)
class Trial:
    """One run: a case, asked by a prompt of a model.

    - `model`: what the bench calls the model; what the model calls itself is `model_name`
    - `repeat`: which run of this case it is, from 0; `seed`: what the model's dice were sent for it
    - `parameters`: what the model was set to, `seed` included
    - `events`: the whole run. One that was refused before it began is a single `failed`
    - `cached`: whether it was read from the cache, so that its times are of another day
    """

    case: Case
    prompt: Prompt = field(repr=False)
    model: str
    repeat: int
    seed: int
    parameters: Mapping[str, Any] = field(repr=False)
    events: tuple[Recorded, ...] = field(repr=False)
    cached: bool

    # -- the end -------------------------------------------------------------------------------------------------------

    @property
    def value(self) -> dict[str, Any] | None:
        """The whole object; None if the run did not complete."""
        return self._end.value if isinstance(self._end, Complete) else None

    @property
    def complete(self) -> bool:
        """Whether it ended in a whole and valid object."""
        return isinstance(self._end, Complete)

    @property
    def code(self) -> Code | None:
        """Why it failed; None if it did not."""
        return self._end.code if isinstance(self._end, Failed) else None

    @property
    def outcome(self) -> str:
        """`complete`, `repaired` (complete, but not at once), or the code of the failure."""
        if self.complete:
            return "repaired" if self.repaired else "complete"
        return self._end.code.value if isinstance(self._end, Failed) else self._end.type

    @property
    def usage(self) -> Usage | None:
        """The tokens that the model's server counted; None where it did not, as in every run that failed."""
        return self._end.usage if isinstance(self._end, Complete) else None

    @property
    def model_name(self) -> str:
        """What the model calls itself; empty if the run was refused before it began."""
        begin = self.events[0].event
        return begin.model if isinstance(begin, Start) else ""

    # -- the way -------------------------------------------------------------------------------------------------------

    @property
    def attempts(self) -> int:
        """How often the model was asked."""
        return self._course.progress.attempt

    @property
    def repaired(self) -> bool:
        """Whether it completed only because the model was asked again."""
        return self.complete and self._course.progress.repairs > 0

    @property
    def spoke(self) -> bool:
        """Whether anything that the model wrote was told."""
        return self._course.progress.spoke

    @property
    def first_token_ms(self) -> int | None:
        """When the first of what the model wrote was told, and could be shown; None if nothing was.

        A reader's time, for failed runs as for whole ones. `complete.timings` counts from the model's first character,
        which is a brace and tells nobody anything.
        """
        return self._course.first_ms

    @property
    def field_ms(self) -> dict[str, int]:
        """When each property settled that stands at the end as the model wrote it: pointer → ms, in that order."""
        progress = self._course.progress
        return {at: ms for at, ms in progress.settled.items() if at.count("/") == 1 and _name(at) in progress.written}

    @property
    def total_ms(self) -> int:
        """When it ended."""
        return self.events[-1].ms

    @property
    def breaches(self) -> tuple[Breach, ...]:
        """Every rule that was broken, in any attempt; twice, if in two of them."""
        return tuple(self._course.breaches)

    @property
    def reasons(self) -> tuple[Code, ...]:
        """Why the model was asked again, each time."""
        return tuple(self._course.reasons)

    @property
    def drafts(self) -> tuple[dict[str, Any], ...]:
        """What the model wrote, attempt by attempt: what each left behind that was void, then what stood at the end."""
        return tuple(self._course.drafts)

    @property
    def _end(self) -> Event:
        return self.events[-1].event

    @cached_property
    def _course(self) -> "_Course":
        course = _Course()
        for recorded in self.events:
            course.apply(recorded)
        return course


class _Course:
    """A fold over a run: `Progress`, and what it forgets when another attempt begins."""

    def __init__(self) -> None:
        self.progress = Progress()
        self.first_ms: int | None = None
        self.breaches: list[Breach] = []
        self.reasons: list[Code] = []
        self.drafts: list[dict[str, Any]] = []
        self._known: set[str] = set()  # properties that the model did not write

    def apply(self, recorded: Recorded) -> None:
        """Takes the next event in."""
        ms, event = recorded
        match event:
            case FieldSettled(source="given" | "default", path=path):
                self._known.add(_name(path))
            case Invalid(errors=errors):
                self.breaches += errors
            case Failed(errors=errors):  # those of this attempt have been told before
                self.breaches += (each for each in errors or () if each not in self.progress.errors)
            case Reset(keep=keep, reason=reason):
                self.reasons.append(reason)
                self._leave(set(keep))
        self.progress.apply(event)
        if self.progress.spoke and self.first_ms is None:
            self.first_ms = ms
        if self.progress.end:
            self._leave(set())

    def _leave(self, kept: set[str]) -> None:
        value = self.progress.value.items()
        draft = {name: item for name, item in value if name not in self._known and to_pointer((name,)) not in kept}
        self.drafts.append(copy_json(draft))


def _name(pointer: str) -> str:
    """The property that a pointer leads to, or into."""
    return str(from_pointer(pointer)[0])
