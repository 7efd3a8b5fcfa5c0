"""Where a model's chunks wait until they are read."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from math import inf

from langchain_core.messages import BaseMessageChunk


class Wake:
    """Something has happened that somebody must look at who waits for it: one for each who waits.

    It may also wake for nothing, so look, and wait again. A timer that will ring too early is left to ring: that costs
    less than setting one for every token. `close` stops those that are left.
    """

    def __init__(self) -> None:
        self._called = False
        self._waiter: asyncio.Future[None] | None = None
        self._timers: list[asyncio.TimerHandle] = []  # each rings before those in front of it

    def __call__(self, *_: object) -> None:
        self._called = True
        if self._waiter and not self._waiter.done():
            self._waiter.set_result(None)

    async def wait(self, until: float) -> None:
        """Until somebody calls, or has called since the last time; at most until the loop's clock says `until`."""
        if not self._called:
            loop = asyncio.get_running_loop()
            if until < inf and not (self._timers and self._timers[-1].when() <= until):
                self._timers.append(loop.call_at(until, self._ring))
            self._waiter = loop.create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None
        self._called = False

    def close(self) -> None:
        """Nobody waits any more."""
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()

    def _ring(self) -> None:
        self._timers.pop()
        self()


class Inbox:
    """The chunks that have come and were not read yet: what one network read brought is read together.

    A slow reader does not slow the model, so the model may have ended while chunks still wait here.
    """

    def __init__(self, wake: Wake) -> None:
        self.begun = False
        self.error: Exception | None = None
        self.heard_at = asyncio.get_running_loop().time()
        self._ended = False
        self._chunks: deque[BaseMessageChunk] = deque()
        self._wake = wake

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
                self._wake()
        except Exception as error:  # noqa: BLE001  # told to the reader, who knows what it means
            self.error = error
        finally:
            self._ended = True
            self._wake()

    def take(self) -> list[BaseMessageChunk]:
        """What has come since the last time."""
        taken = list(self._chunks)
        self._chunks.clear()
        return taken
