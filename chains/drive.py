"""Brings a projection what it has not got: the model's chunks, the time, and the end.

The projection says what text means; this says when: how long to hold the beginning, how long silence may last, how long
a run may take, how long to wait behind the object for its finish reason and usage.
"""

import asyncio
import time
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from math import inf

from langchain_core.messages import BaseMessageChunk

from chains.faults import chain_fault
from chains.projection import Projection
from chains.reading import Reading, stream_error
from schemas import Code, Event, ServerError, StreamError, UpstreamError

TAIL = 1.0
"""Seconds that a model may go on behind its object, to say why it ended and what it cost."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of a run, in seconds: silence from the model, the whole run, and between two snapshots."""

    idle: float = 60.0
    total: float = 280.0
    snapshot: float = 0.1


class Inbox:
    """The chunks that have come and were not read yet: what one network read brought is read together.

    A slow reader does not slow the model, so the model may have ended while chunks still wait here.
    """

    def __init__(self) -> None:
        self.begun = False
        self.error: Exception | None = None
        self.heard_at = asyncio.get_running_loop().time()
        self._ended = False
        self._chunks: deque[BaseMessageChunk] = deque()
        self._wake = asyncio.Event()

    @property
    def waiting(self) -> bool:
        """Whether there are chunks to take."""
        return bool(self._chunks)

    @property
    def done(self) -> bool:
        """Whether the model has ended and all it said was taken."""
        return self._ended and not self._chunks

    async def fill(self, chunks: AsyncIterator[BaseMessageChunk]) -> None:
        """Takes in all chunks, and how they ended."""
        clock = asyncio.get_running_loop().time
        try:
            async for chunk in chunks:
                self.begun, self.heard_at = True, clock()
                self._chunks.append(chunk)
                self._wake.set()
        except Exception as error:  # noqa: BLE001  # told to the reader, who knows what it means
            self.error = error
        finally:
            self._ended = True
            self._wake.set()

    async def wait(self, until: float) -> None:
        """Until there is something new, or the loop's clock says `until`."""
        timer = asyncio.get_running_loop().call_at(until, self._wake.set) if until < inf else None
        try:
            await self._wake.wait()
        finally:
            self._wake.clear()
            if timer:
                timer.cancel()

    def take(self) -> list[BaseMessageChunk]:
        """What has come since the last time."""
        taken = list(self._chunks)
        self._chunks.clear()
        return taken


Opening = Callable[[], list[Event]]
"""Gives `start` and what is known at once. Called when the beginning is no longer held."""


async def drive(
    projection: Projection, chunks: AsyncIterator[BaseMessageChunk], opening: Opening, limits: Limits, hold: float
) -> AsyncGenerator[Event]:
    """The events of one attempt.

    The beginning is held until the model's first chunk of any kind, and at most `hold` seconds: a failure until then is
    raised as a `StreamError`, a later one is a `failed` event. Leaving the iterator stops the model.
    """
    inbox = Inbox()
    filling = asyncio.create_task(inbox.fill(chunks))
    try:
        async for events in _attempt(projection, inbox, opening, limits, hold):
            for event in events:
                yield event
    except StreamError:
        raise
    except Exception as error:
        if not projection.started:
            raise
        for event in projection.fail(chain_fault(error)):
            yield event
    finally:
        filling.cancel()
        await asyncio.wait({filling})


async def _attempt(
    projection: Projection, inbox: Inbox, opening: Opening, limits: Limits, hold: float
) -> AsyncIterator[list[Event]]:
    clock = asyncio.get_running_loop().time
    reading = Reading()
    total_until = clock() + limits.total

    silent_until = min(clock() + limits.idle, total_until)
    await inbox.wait(min(clock() + hold, silent_until))
    if not inbox.begun and (error := _early_end(inbox, clock(), silent_until, total_until)):
        raise error
    yield opening()

    while not projection.ended and not projection.object_closed:
        if clock() >= total_until:
            yield projection.fail(_overtime(total=True))
        elif inbox.waiting:
            yield projection.feed("".join([reading.take(chunk) for chunk in inbox.take()]))
        elif inbox.done:
            yield _ending(projection, inbox, reading)
        elif clock() >= inbox.heard_at + limits.idle:
            yield projection.fail(_overtime(total=False))
        else:
            yield projection.tick()
            await inbox.wait(min(inbox.heard_at + limits.idle, total_until, _due(projection)))

    async for events in _tail(projection, inbox, reading, clock):
        yield events
    yield projection.finish(reading.finish_reason, reading.usage, reading.refusal)


async def _tail(
    projection: Projection, inbox: Inbox, reading: Reading, clock: Callable[[], float]
) -> AsyncIterator[list[Event]]:
    """Behind the object: why the model ended and what it cost, as long as that takes, and at most `TAIL` seconds."""
    until = clock() + TAIL
    while not projection.ended and not inbox.done and clock() < until:
        for chunk in inbox.take():
            reading.take(chunk)
        yield projection.tick()
        if not inbox.done:
            await inbox.wait(min(until, _due(projection)))
    for chunk in inbox.take():
        reading.take(chunk)


def drive_sync(
    projection: Projection, chunks: Iterator[BaseMessageChunk], opening: Opening, limits: Limits
) -> Iterator[Event]:
    """The same for callers without an event loop. Silence is bounded by the model client's own read time-out."""
    reading = Reading()
    total_until = time.monotonic() + limits.total
    try:
        for chunk in _told(chunks):
            if not projection.started:
                yield from opening()
            yield from projection.feed(reading.take(chunk))
            if time.monotonic() >= total_until and not projection.object_closed:
                yield from projection.fail(_overtime(total=True))
            if projection.ended:
                return
    except StreamError as error:
        if not projection.started:
            raise
        if not projection.object_closed:
            yield from projection.fail(error)
    except Exception as error:  # noqa: BLE001  # every run that has begun ends in one terminal event
        yield from projection.fail(chain_fault(error))
    if not projection.started:
        yield from opening()
    yield from projection.finish(reading.finish_reason, reading.usage, reading.refusal)


def _told(chunks: Iterator[BaseMessageChunk]) -> Iterator[BaseMessageChunk]:
    """The chunks; what the model raises is told as ours."""
    begun = False
    try:
        for chunk in chunks:
            begun = True
            yield chunk
    except Exception as error:
        raise stream_error(error, begun=begun) from error


def _early_end(inbox: Inbox, now: float, idle_until: float, total_until: float) -> StreamError | None:
    """Why nothing will come of this attempt, if that is known before anything came."""
    if inbox.error:
        return stream_error(inbox.error, begun=False)
    return _overtime(total=now >= total_until) if now >= idle_until else None


def _ending(projection: Projection, inbox: Inbox, reading: Reading) -> list[Event]:
    if inbox.error:
        return projection.fail(stream_error(inbox.error, begun=inbox.begun))
    return projection.finish(reading.finish_reason, reading.usage, reading.refusal)


def _overtime(total: bool) -> StreamError:
    if total:
        return ServerError("The answer took longer than a run may take.", code=Code.TIME_LIMIT)
    return UpstreamError("The model fell silent.", code=Code.UPSTREAM_TIMEOUT)


def _due(projection: Projection) -> float:
    return inf if projection.due is None else projection.due
