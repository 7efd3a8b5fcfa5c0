"""Brings a projection what it has not got: the model's chunks, the time, and the end.

The projection says what text means; this says when: how long to hold the beginning, how long silence may last, how long
a run may take, how long to wait behind the object for its finish reason and usage; and it asks again for a repair.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from math import inf
from typing import Any
from uuid import uuid4

from langchain_core.messages import BaseMessageChunk
from pydantic import BaseModel

from chains.ask import Ask
from chains.faults import chain_fault
from chains.inbox import Inbox, Wake
from chains.limits import Budget, Limits
from chains.pace import Pace
from chains.projection import Projection
from chains.reading import Reading, stream_error
from chains.repair import Repair
from schemas import Code, Event, Path, ServerError, StreamError, UpstreamError

TAIL = 1.0
"""Seconds that a model may go on behind its object, to say why it ended and what it cost."""

Opening = Callable[[], list[Event]]
"""Gives `start` and what is known at once. Called when the beginning is no longer held."""

Judge = Callable[[Path, Any], Awaitable[StreamError | None]]
"""Says why a value may not be told, if it may not."""


async def drive(
    projection: Projection,
    ask: Callable[[Repair | None], AsyncIterator[BaseMessageChunk]],
    opening: Opening,
    limits: Limits,
    hold: float,
    *,
    budget: Budget,
    judge: Judge,
    opened: Callable[[Callable[[], None]], None] | None = None,
) -> AsyncGenerator[Event]:
    """The events of one run. `ask` gives the model's chunks, for the first attempt and for each repair.

    The beginning is held until the model's first chunk of any kind, and at most `hold` seconds: a failure until then is
    raised as a `StreamError`, a later one is a `failed` event. Leaving the iterator stops the model. `opened` gets what
    is to be called when the projection has something to tell of itself.
    """
    course = _Course(projection, limits, budget, judge)
    if opened:
        opened(course.wake)
    try:
        async for events in course.run(ask, opening, hold):
            for event in events:
                yield event
    except StreamError:
        raise
    except Exception as error:
        if not projection.started:
            raise
        for event in projection.fail(chain_fault(error)):
            yield event


async def project(
    chunks: AsyncIterator[BaseMessageChunk],
    result: type[BaseModel],
    *,
    name: str = "",
    model: str = "",
    limits: Limits | None = None,
) -> AsyncGenerator[Event]:
    """The typed events of any chat model's chunks: an agent's, a graph's, a model's that was called by hand.

    Nobody can be asked again here, so nothing is repaired, and `start` does not wait. `name` and `model` are for
    `start` to tell. Leaving the iterator stops the chunks.
    """
    limits = limits or Limits()
    projection = Projection(
        Ask(result, wanted=result), clock=asyncio.get_running_loop().time, pace=Pace(interval=limits.snapshot)
    )
    events = drive(
        projection,
        lambda _: chunks,
        lambda: projection.start(run_id=str(uuid4()), chain=name or result.__name__, model=model),
        limits,
        hold=0,
        budget=Budget(None, len),
        judge=_passes,
    )
    async with aclosing(events):
        async for event in events:
            yield event


async def _passes(path: Path, value: Any) -> None:
    """Nothing is checked."""


class _Course:
    """One run under way: what its attempts share."""

    def __init__(self, projection: Projection, limits: Limits, budget: Budget, judge: Judge) -> None:
        self.wake = Wake()
        self._projection = projection
        self._limits = limits
        self._budget = budget
        self._judge = judge
        self._clock = asyncio.get_running_loop().time
        self._until = self._clock() + limits.total

    async def run(
        self, ask: Callable[[Repair | None], AsyncIterator[BaseMessageChunk]], opening: Opening, hold: float
    ) -> AsyncIterator[list[Event]]:
        repair: Repair | None = None
        while not self._projection.ended:
            inbox = Inbox(self.wake)
            filling = asyncio.create_task(inbox.fill(ask(repair)))
            try:
                if not self._projection.started:
                    await self._hold(inbox, hold)
                    yield opening()
                async for events in self._attempt(inbox):
                    yield events
            finally:
                filling.cancel()
                await asyncio.wait({filling})
            repair, self._projection.repair = self._projection.repair, None

    async def _hold(self, inbox: Inbox, seconds: float) -> None:
        """Waits for the model's first sign of life. Raises what went wrong until then."""
        silent_until = min(self._clock() + self._limits.idle, self._until)
        await self.wake.wait(min(self._clock() + seconds, silent_until))
        if inbox.begun:
            return
        if inbox.error:
            raise stream_error(inbox.error, begun=False)
        if self._clock() >= silent_until:
            raise overtime(total=self._clock() >= self._until)

    async def _attempt(self, inbox: Inbox) -> AsyncIterator[list[Event]]:
        projection, reading = self._projection, Reading()
        while projection.reading:
            if self._clock() >= self._until:
                yield projection.fail(overtime(total=True))
            elif projection.waiting:
                yield await self._verdict(*projection.waiting)
            elif inbox.waiting:
                yield self._read("".join([reading.take(chunk) for chunk in inbox.take()]))
            elif inbox.done:
                yield self._ending(inbox, reading)
            elif self._clock() >= inbox.heard_at + self._limits.idle:
                yield projection.fail(overtime(total=False))
            else:
                yield projection.tick()
                await self.wake.wait(min(inbox.heard_at + self._limits.idle, self._until, _due(projection)))
        if projection.given_up:
            return
        async for events in self._tail(inbox, reading):
            yield events
        yield projection.finish(reading.finish_reason, reading.usage, reading.refusal)

    def _read(self, text: str) -> list[Event]:
        self._budget.wrote(text)
        events = self._projection.feed(text)
        if self._projection.reading and self._budget.over:
            events += self._projection.fail(over_budget())
        return events

    async def _verdict(self, path: Path, value: Any) -> list[Event]:
        """Asks whether a value may be told. Meanwhile the model writes on, into the inbox."""
        try:
            async with asyncio.timeout_at(self._until):
                refused = await self._judge(path, value)
        except TimeoutError:
            refused = overtime(total=True)
        return self._projection.verdict(refused)

    def _ending(self, inbox: Inbox, reading: Reading) -> list[Event]:
        if inbox.error:
            return self._projection.fail(stream_error(inbox.error, begun=inbox.begun))
        return self._projection.finish(reading.finish_reason, reading.usage, reading.refusal)

    async def _tail(self, inbox: Inbox, reading: Reading) -> AsyncIterator[list[Event]]:
        """Behind the object: why the model ended and what it cost, however long that takes, within `TAIL` seconds."""
        until = self._clock() + TAIL
        while not inbox.done and self._clock() < until:
            for chunk in inbox.take():
                reading.take(chunk)
            yield self._projection.tick()
            if not inbox.done:
                await self.wake.wait(min(until, _due(self._projection)))
        for chunk in inbox.take():
            reading.take(chunk)


def overtime(*, total: bool) -> StreamError:
    """The time of a run is up, or that of the model's silence."""
    if total:
        return ServerError("The answer took longer than a run may take.", code=Code.TIME_LIMIT)
    return UpstreamError("The model fell silent.", code=Code.UPSTREAM_TIMEOUT)


def over_budget() -> StreamError:
    """The model has written more than a run may cost."""
    return ServerError("The answer went beyond the tokens that a run may use.", code=Code.OVER_BUDGET)


def _due(projection: Projection) -> float:
    return inf if projection.due is None else projection.due
