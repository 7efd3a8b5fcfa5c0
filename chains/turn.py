"""One attempt under way: the model's chunks as they come, the time, and what is to be done next."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass, field
from math import inf
from typing import Any

from langchain_core.messages import BaseMessageChunk

from chains.inbox import Inbox
from chains.limits import Budget, Limits
from chains.projection import Projection
from chains.reading import Reading, stream_error
from chains.wake import Wake
from schemas import Code, Event, Path, ServerError, StreamError, UpstreamError

TAIL = 1.0
"""How long a model may write on behind its object, in seconds, to say why it ended and what it cost."""

LOOK_S = 0.05
"""Seconds for which silence is doubted: somebody may have kept the loop from hearing what has long come."""

STOP_S = 1.0
"""Seconds that a model's client may take to stop: nobody waits for one that does not."""

Judge = Callable[[Path, Any], Coroutine[Any, Any, StreamError | None]]
"""Says why a value may not be told, if it may not."""


@dataclass(frozen=True, slots=True)
class Course:
    """What one run is driven by, with an event loop or without.

    - `opening`: gives `start` and what is known at once; called when the beginning is no longer held
    - `tail`: how long a model may write on behind its object, in seconds
    """

    projection: Projection
    opening: Callable[[], list[Event]]
    limits: Limits = field(default_factory=Limits)
    budget: Budget = field(default_factory=Budget)
    tail: float = TAIL


class Turn:
    """Reads one answer of the model into a projection, step by step.

    `until` is when, on the loop's clock, the whole run must be over; `wake` is called, by whoever has it, when there is
    something new.
    """

    def __init__(
        self, course: Course, chunks: AsyncIterator[BaseMessageChunk], wake: Wake, until: float, judge: Judge
    ) -> None:
        self._course = course
        self._projection = course.projection
        self._wake = wake
        self._until = until
        self._judge = judge
        self._clock = asyncio.get_running_loop().time
        self._reading = Reading(course.budget.wrote)
        self._inbox = Inbox(wake)
        self._filling = asyncio.create_task(self._inbox.fill(chunks))
        self._looked_again = False  # whether silence has been doubted
        self._judging: asyncio.Task[StreamError | None] | None = None
        self._tail_until: float | None = None

    async def hold(self, until: float) -> None:
        """Waits for the model's first sign of life. Raises what went wrong until then."""
        silent_until = min(self._inbox.heard_at + self._course.limits.idle, self._until)
        while not (self._inbox.begun or self._inbox.done):
            now = self._clock()
            if now >= silent_until:
                raise overtime(total=now >= self._until)
            if now >= until:
                return
            await self._wake.wait(min(until, silent_until))
        if self._inbox.error and not self._inbox.begun:
            raise stream_error(self._inbox.error, begun=False)

    async def step(self) -> list[Event]:
        """Does what there is to do, and waits, until there is something to tell.

        An attempt that is given up has been stopped before anybody hears of it: readers may be slow.
        """
        events: list[Event] = []
        while not events and not self._projection.given_up:
            events = await self._next()
        if self._projection.given_up:
            await self.stop()
        return events

    async def _next(self) -> list[Event]:
        projection, inbox, now = self._projection, self._inbox, self._clock()
        if not projection.reading:
            return await self._tail(now)
        if now >= self._until:
            return projection.break_off(overtime(total=True), self._reading.usage)
        if projection.waiting:
            return await self._verdict(*projection.waiting)
        if inbox.waiting:
            self._looked_again = False
            return self._read("".join([self._reading.take(chunk) for chunk in inbox.take()]))
        if inbox.done:
            return self._end()
        silent_until = inbox.heard_at + self._course.limits.idle
        if now < silent_until:
            return await self._pause(min(silent_until, self._until))
        if self._looked_again:
            return projection.break_off(overtime(total=False), self._reading.usage)
        self._looked_again = True
        return await self._pause(now + LOOK_S)

    async def stop(self) -> None:
        """Stops the model, and a check that is under way. Returns when they have stopped."""
        tasks = {self._filling, self._judging} if self._judging else {self._filling}
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks, timeout=STOP_S)

    async def _pause(self, until: float) -> list[Event]:
        """What is due; if nothing is, waits until something has happened."""
        due = self._projection.due
        if due is None or due > self._clock():
            await self._wake.wait(min(until, inf if due is None else due))
            return []
        return self._projection.tick()

    def _read(self, text: str) -> list[Event]:
        return self._within_budget(self._projection.feed(text, self._reading.usage))

    def _within_budget(self, events: list[Event]) -> list[Event]:
        if self._course.budget.over and self._projection.reading and not self._projection.waiting:
            events += self._projection.fail(over_budget())
        return events

    async def _verdict(self, path: Path, value: Any) -> list[Event]:
        """Whether a value may be told. While that is thought over the model writes on, and pins are told."""
        if self._judging is None:
            self._judging = asyncio.ensure_future(self._judge(path, value))
            self._judging.add_done_callback(self._wake)
        if not self._judging.done():
            return await self._pause(self._until)
        judged, self._judging = self._judging, None
        return self._within_budget(self._projection.verdict(judged.result()))

    def _end(self) -> list[Event]:
        if self._inbox.error:
            error = stream_error(self._inbox.error, begun=self._inbox.begun)
            return self._projection.break_off(error, self._reading.usage)
        return self._finish()

    async def _tail(self, now: float) -> list[Event]:
        """Behind the object: why the model ended and what it cost, as long as it may take."""
        self._tail_until = self._tail_until or min(now + self._course.tail, self._until)
        for chunk in self._inbox.take():
            self._reading.take(chunk)
        if self._inbox.done or now >= self._tail_until:
            return self._finish()
        return await self._pause(self._tail_until)

    def _finish(self) -> list[Event]:
        reading = self._reading
        return self._projection.finish(reading.finish_reason, reading.usage, reading.refusal)


def overtime(*, total: bool) -> StreamError:
    """The time of a run is up, or that of the model's silence."""
    if total:
        return ServerError("The answer took longer than a run may take.", code=Code.TIME_LIMIT)
    return UpstreamError("The model fell silent.", code=Code.UPSTREAM_TIMEOUT)


def over_budget() -> StreamError:
    """The model has written more than a run may cost."""
    return ServerError("The answer went beyond the tokens that a run may use.", code=Code.OVER_BUDGET)
