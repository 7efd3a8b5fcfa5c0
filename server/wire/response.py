"""The response that streams a run to its reader. While it lasts the run is live; when it ends, so does the run."""

import asyncio

import anyio
from sse_starlette import EventSourceResponse
from starlette.types import Message, Receive, Scope, Send

from schemas import Code, ServerError
from server.live import LiveRuns
from server.runs import Run
from server.settings import Settings
from server.wire.pieces import Frames, pieces

HEADERS = {"cache-control": "no-cache, no-transform"}
FAREWELL_S = 1.0
"""Seconds kept at the end of the drain for telling the readers that the server is going."""


class RunResponse(EventSourceResponse):
    """A run as server-sent events. Its reader's leaving stops the run.

    The run is let go here and not in the generator of the body: a generator that never began has no `finally`, and a
    client can leave before the first byte.
    """

    def __init__(self, run: Run, live: LiveRuns, frames: Frames, settings: Settings) -> None:
        self._run = run
        self._live = live
        self._drain_s = settings.limits.drain_s
        self._going = anyio.Event()  # set by sse-starlette when the server is told to end
        super().__init__(
            pieces(run, frames, settings.stream.ping_s),
            headers=HEADERS,
            ping=0,  # its own pings come on a clock; ours only in silence
            shutdown_event=self._going,
            shutdown_grace_period=self._drain_s + FAREWELL_S,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        ending = asyncio.create_task(self._end_run())
        try:
            with self._live.listed(self._run):
                await super().__call__(scope, receive, send)
        finally:
            ending.cancel()
            await self._run.cancel("its reader is gone")

    async def _send_with_timeout(self, send: Send, message: Message) -> None:
        """As the parent's, which makes a scope for a time-out that is not set here: a tenth of what a token costs."""
        await send(message)

    async def _end_run(self) -> None:
        """When the server ends, the run has the drain's time left; then its reader is told."""
        await self._going.wait()
        await asyncio.sleep(self._drain_s)
        message = "The server is shutting down. Try again shortly."
        await self._run.fail(ServerError(message, code=Code.SHUTTING_DOWN, retry_after_ms=1000))
