"""The response that streams a run to its reader, and lets go of what it held when it ends, however it ends."""

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack

import anyio
from sse_starlette import EventSourceResponse
from starlette.types import Message, Receive, Scope, Send

from server.guard.arrival import hang_up
from server.settings import Settings
from server.wire.pieces import Cut
from server.wire.protocols import EVENT_STREAM, Foreign

HEADERS = {"cache-control": "no-cache, no-store, no-transform"}
FAREWELL_S = 1.0
"""Seconds kept at the end of the drain for telling the readers that the server is going."""


class RunResponse(EventSourceResponse):
    """Pieces of server-sent events. `held` is closed behind them.

    That is done here and not in the generator of the body: a generator that never began has no `finally`, and a client
    can leave before the first byte.
    """

    def __init__(
        self,
        pieces: AsyncGenerator[bytes],
        held: AsyncExitStack,
        settings: Settings,
        foreign: Foreign | None = None,
    ) -> None:
        self._held = held
        super().__init__(
            pieces,
            headers={**HEADERS, **(foreign.headers if foreign else {})},
            media_type=foreign.media_type if foreign else EVENT_STREAM,
            ping=0,  # its own pings come on a clock; ours only in silence
            shutdown_event=anyio.Event(),  # the drain ends what is streamed (`server.draining`): not to be cut before
            shutdown_grace_period=settings.limits.drain_s + FAREWELL_S,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async with self._held:
            try:
                await super().__call__(scope, receive, send)
            except* Cut:
                if not hang_up(scope):
                    raise

    async def _send_with_timeout(self, send: Send, message: Message) -> None:
        """As the parent's, which makes a scope for a time-out that is not set here: a tenth of what a token costs."""
        await send(message)
