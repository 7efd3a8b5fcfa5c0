"""Guards against more work than the server can do well: beyond the limit a request is told to come back."""

from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
from starlette.types import ASGIApp, Receive, Scope, Send

from server.errors import respond
from server.guard.paths import run_of
from server.limited import Full


class Capacity:
    """At most `limit` POST requests at once. As many may wait up to `queue_s` seconds for a place; the others get 503
    and Retry-After at once, rather than a slow stream.

    Requests about runs have places of their own, as many: a user whose run has got its place may go on typing into it
    however many others stream.
    """

    def __init__(self, app: ASGIApp, limit: int, queue_s: float = 0) -> None:
        self._app = app
        self._limit = limit
        self._queue_s = queue_s
        self._places = defaultdict[bool, anyio.Semaphore](lambda: anyio.Semaphore(limit, fast_acquire=True))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "POST":
            await self._app(scope, receive, send)
            return
        async with self._place(about_run=run_of(scope["path"]) is not None) as free:
            if free:
                await self._app(scope, receive, send)
        if not free:
            await respond(Full("requests"))(scope, receive, send)

    @asynccontextmanager
    async def _place(self, *, about_run: bool) -> AsyncIterator[bool]:
        """Whether there is a place, which is taken as long as the block lasts."""
        places = self._places[about_run]
        try:
            places.acquire_nowait()
        except anyio.WouldBlock:
            if not await self._waited(places):
                yield False
                return
        try:
            yield True
        finally:
            places.release()

    async def _waited(self, places: anyio.Semaphore) -> bool:
        """Whether a place was taken in time. A client that leaves meanwhile is noticed when its turn comes."""
        if self._queue_s and places.statistics().tasks_waiting < self._limit:
            with anyio.move_on_after(self._queue_s):
                await places.acquire()
                return True
        return False
