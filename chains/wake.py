"""How whoever waits learns that something has happened, or that its time is up."""

import asyncio
from math import inf


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
