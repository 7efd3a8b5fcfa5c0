"""Runs projections under a clock that stands still until it is moved."""

from collections.abc import Iterable
from typing import Any, Self, TypeVar

from pydantic import BaseModel

from chains.ask import Ask
from chains.pace import Pace
from chains.projection import Projection
from schemas import Event, Path, Usage

E = TypeVar("E")


class Clock:
    """Seconds that pass only when the test says so."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Run:
    """A projection that is being fed, its events, and when each of them came."""

    def __init__(self, ask: Ask | type[BaseModel], pace: Pace | None = None) -> None:
        self.clock = Clock()
        self.events: list[Event] = []
        self.times: list[float] = []
        self._ask = ask if isinstance(ask, Ask) else Ask(ask, wanted=ask)
        self.projection = Projection(self._ask, clock=self.clock, pace=pace or Pace())
        self._take(self.projection.start(run_id="run", chain="chain", model="model"))

    def feed(self, pieces: Iterable[str], *, every: float = 0.01) -> Self:
        """Feeds the pieces, one `every` so many seconds, and ticks when a partial is due, as a driver does."""
        for piece in pieces:
            arrival = self.clock.now + every
            while (due := self.projection.due) is not None and due <= arrival:
                self.clock.now = max(due, self.clock.now)
                self._take(self.projection.tick())
            self.clock.now = arrival
            self._take(self.projection.feed(piece))
        return self

    def finish(self, finish_reason: str | None = "stop", usage: Usage | None = None, refusal: str = "") -> Self:
        self._take(self.projection.finish(finish_reason, usage, refusal))
        return self

    def _take(self, events: list[Event]) -> None:
        self.events += events
        self.times += [self.clock.now] * len(events)


def project(
    ask: Ask | type[BaseModel], text: str, finish_reason: str | None = "stop", refusal: str = ""
) -> list[Event]:
    """The events of a text that comes at once."""
    return Run(ask).feed([text]).finish(finish_reason, refusal=refusal).events


def of(kind: type[E], events: Iterable[Event]) -> list[E]:
    """The events of one kind."""
    return [event for event in events if isinstance(event, kind)]


def at(value: Any, path: Path) -> Any:
    """What stands at a path."""
    for key in path:
        value = value[key]
    return value
