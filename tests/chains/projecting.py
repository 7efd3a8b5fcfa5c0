"""Runs projections under a clock that stands still until it is moved, and holds their logs to the contract."""

from collections.abc import Callable, Collection, Iterable
from typing import Any, Self, TypeVar

from pydantic import BaseModel

from chains.ask import Ask
from chains.pace import Pace
from chains.projection import Projection
from chains.repair import Repair
from schemas import (
    Complete,
    Event,
    Failed,
    FieldSettled,
    Invalid,
    Path,
    Pinned,
    RequestError,
    Reset,
    Start,
    StreamError,
    Token,
    Usage,
)
from tests.chains.contract import check
from tests.chains.parsing import exact

E = TypeVar("E")


class Clock:
    """Seconds that pass only when the test says so."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Run:
    """A projection that is being fed, its events, and when each of them came.

    It is a driver whose every moment is the test's: the model's next answer begins by `again`, a verdict is given by
    `judge`, a user pins by `pin`. A log that has ended is held to the contract.
    """

    def __init__(
        self,
        ask: Ask | type[BaseModel],
        pace: Pace | None = None,
        *,
        repairs: int = 0,
        checked: Collection[str] = (),
        affordable: Callable[[Repair], bool] = lambda repair: True,
    ) -> None:
        self.clock = Clock()
        self.ask = ask if isinstance(ask, Ask) else Ask(ask, wanted=ask)
        self.events: list[Event] = []
        self.times: list[float] = []
        self.repairs: list[Repair] = []
        """What the model was asked again."""
        self.refused: list[tuple[str, Any]] = []
        """The pins that were not taken."""
        self.judged: list[tuple[Path, Any]] = []
        """The values that a verdict let pass."""
        self.counted: list[Usage] = []
        """What the model's server counted, attempt by attempt."""
        self.projection = Projection(
            self.ask,
            clock=self.clock,
            pace=pace or Pace(),
            repairs=repairs,
            affordable=affordable,
            checked=checked,
        )
        self._take(self.projection.start(run_id="run", chain="chain", model="model"))

    def feed(self, pieces: Iterable[str], *, every: float = 0.01) -> Self:
        """Feeds the pieces, one `every` so many seconds, and ticks when a partial is due, as a driver does."""
        for piece in pieces:
            self.wait(every)
            self._take(self.projection.feed(piece))
        return self

    def wait(self, seconds: float) -> Self:
        """Time passes; what falls due is told."""
        later = self.clock.now + seconds
        while (due := self.projection.due) is not None and due <= later:
            self.clock.now = max(due, self.clock.now)
            self._take(self.projection.tick())
        self.clock.now = later
        return self

    def again(self) -> Self:
        """The model has been asked again: from here on it is fed its next answer."""
        assert self.projection.repair
        self.repairs.append(self.projection.repair)
        self.projection.repair = None
        return self

    def judge(self, refused: StreamError | None = None) -> Self:
        """The value that waits for its verdict gets it."""
        if (waiting := self.projection.waiting) and not refused:
            self.judged.append(waiting)
        return self._take(self.projection.verdict(refused))

    def pass_all(self) -> Self:
        """Whatever waits for a verdict passes."""
        while self.projection.waiting:
            self.judge()
        return self

    def pin(self, pointer: str, value: Any) -> int:
        """The user takes a field over, unless that is refused."""
        try:
            return self.projection.pin(pointer, value)
        except RequestError:
            self.refused.append((pointer, value))
            raise

    def finish(self, finish_reason: str | None = "stop", usage: Usage | None = None, refusal: str = "") -> Self:
        self.counted += [usage] if usage and not self.projection.given_up else []
        return self._take(self.projection.finish(finish_reason, usage, refusal))

    def fail(self, error: StreamError) -> Self:
        return self._take(self.projection.fail(error))

    def break_off(self, error: StreamError) -> Self:
        return self._take(self.projection.break_off(error))

    def _take(self, events: list[Event]) -> Self:
        self.events += events
        self.times += [self.clock.now] * len(events)
        if self.projection.ended and events:
            check(self.events, self.ask.result)
        return self


def project(
    ask: Ask | type[BaseModel], text: str, finish_reason: str | None = "stop", refusal: str = ""
) -> list[Event]:
    """The events of a text that comes at once."""
    return Run(ask).feed([text]).finish(finish_reason, refusal=refusal).events


def of(kind: type[E], events: Iterable[Event]) -> list[E]:
    """The events of one kind."""
    return [event for event in events if isinstance(event, kind)]


def what_matters(events: Iterable[Event]) -> list[Any]:
    """What settled, broke rules, was pinned, was kept, and how it ended: all but the pace."""
    told: list[Any] = []
    for event in events:
        match event:
            case FieldSettled():
                told.append((event.path, exact(event.value), event.source))
            case Pinned():
                told.append((event.path, exact(event.value)))
            case Invalid():
                told.append(event.errors)
            case Reset():
                told.append((event.attempt, event.keep, event.reason))
            case Complete():
                told.append((exact(event.value), event.usage, exact(event.conflicts)))
            case Failed():
                told.append((event.code, event.message, event.errors, exact(event.partial)))
    return told


def brief(events: Iterable[Event]) -> list[Any]:
    """The events, each in a few words; without `partial`, which comes when it is due."""
    told: list[Any] = []
    for event in events:
        match event:
            case Token():
                told.append(("token", event.path, event.text))
            case FieldSettled():
                told.append((event.source, event.path, event.value))
            case Invalid():
                told.append(("invalid", *event.paths))
            case Pinned():
                told.append(("pinned", event.path, event.value))
            case Reset():
                told.append(("reset", event.attempt, [*event.keep], str(event.reason)))
            case Failed():
                told.append(("failed", str(event.code)))
            case Start() | Complete():
                told.append(event.type)
    return told
