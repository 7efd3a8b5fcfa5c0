"""When what happened to each field: the facts that the timeline draws."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from chains.recording import Recorded
from schemas import (
    Cancelled,
    Complete,
    Event,
    Failed,
    FieldPlan,
    FieldSettled,
    Invalid,
    Partial,
    Pinned,
    Reset,
    Start,
    Token,
    from_pointer,
)

Kind = Literal["token", "item", "settled", "given", "default", "invalid", "pinned"]


@dataclass(frozen=True, slots=True)
class Span:
    """From the first sign of a field in an attempt until it settled, broke, or the attempt ended."""

    begin: int
    end: int
    void: bool = False


@dataclass(slots=True)
class Lane:
    """One top-level property: the moments of each kind of event, and when it was being written."""

    name: str
    marks: dict[Kind, list[int]] = field(default_factory=dict)
    spans: list[Span] = field(default_factory=list)
    _open: int | None = None

    def mark(self, kind: Kind, ms: int) -> None:
        """Something was told of it."""
        self.marks.setdefault(kind, []).append(ms)
        if kind in ("token", "item") and self._open is None:
            self._open = ms

    def close(self, ms: int) -> None:
        """It is not written on."""
        if self._open is not None:
            self.spans.append(Span(self._open, ms))
        self._open = None

    def void(self) -> None:
        """All that was written of it is void."""
        self.spans = [replace(span, void=True) for span in self.spans]


@dataclass(slots=True)
class Lanes:
    """A run, lane by lane.

    - `attempts`: number, reason (empty for the first) and beginning of each
    - `first_token`, `end`: None if there was none
    """

    by_name: dict[str, Lane] = field(default_factory=dict)
    attempts: list[tuple[int, str, int]] = field(default_factory=lambda: [(1, "", 0)])
    partials: list[int] = field(default_factory=list)
    first_token: int | None = None
    end: tuple[str, int] | None = None

    def of(self, path: str) -> Lane:
        """The lane of the property that a pointer leads to, or into."""
        name = str(from_pointer(path)[0])
        return self.by_name.setdefault(name, Lane(name))

    def take(self, ms: int, event: Event) -> None:
        """Takes the next event in."""
        match event:
            case Start(fields=fields):
                self._lay_out(fields)
            case Token(path=path):
                self.first_token = ms if self.first_token is None else self.first_token
                self.of(path).mark("token", ms)
            case FieldSettled(path=path, source=source):
                self._settle(path, source, ms)
            case Pinned(path=path):
                self._stop(path, "pinned", ms)
            case Invalid(paths=paths):
                self._break(paths, ms)
            case Reset(attempt=attempt, keep=keep, reason=reason):
                self._begin_again(attempt, reason, {from_pointer(path)[0] for path in keep}, ms)
            case Partial():
                self.partials.append(ms)
            case Complete() | Failed() | Cancelled():
                self.end = (event.type, ms)

    def _lay_out(self, fields: Iterable[FieldPlan]) -> None:
        for plan in fields:
            self.of(plan.path)

    def _settle(self, path: str, source: str, ms: int) -> None:
        if path.count("/") > 1:
            self.of(path).mark("item", ms)
        elif source == "given":
            self._stop(path, "given", ms)
        else:
            self._stop(path, "default" if source == "default" else "settled", ms)

    def _break(self, paths: Iterable[str], ms: int) -> None:
        """Of a rule of the whole (the empty pointer) no lane knows anything."""
        for path in filter(None, paths):
            self._stop(path, "invalid", ms)

    def _stop(self, path: str, kind: Kind, ms: int) -> None:
        lane = self.of(path)
        lane.mark(kind, ms)
        lane.close(ms)

    def _begin_again(self, attempt: int, reason: str, kept: set[str | int], ms: int) -> None:
        self.attempts.append((attempt, reason, ms))
        for lane in self.by_name.values():
            lane.close(ms)
            if lane.name not in kept:
                lane.void()


def lanes_of(recording: Sequence[Recorded]) -> Lanes:
    """A recording's lanes, in form order."""
    lanes = Lanes()
    for ms, event in recording:
        lanes.take(ms, event)
    for lane in lanes.by_name.values():
        lane.close(recording[-1].ms)
    return lanes
