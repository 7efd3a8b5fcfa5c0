"""Guards against more work than the server can do well: beyond the limit a request is told to come back."""

from collections import Counter

from starlette.types import ASGIApp, Receive, Scope, Send

from schemas import Code, ServerError
from server.errors import respond


class Capacity:
    """At most `limit` POST requests at once. The others get 503 and Retry-After at once, rather than a slow stream.

    Requests about runs have places of their own, as many: a user whose run has got its place may go on typing into it
    however many others stream.
    """

    def __init__(self, app: ASGIApp, limit: int) -> None:
        self._app = app
        self._limit = limit
        self._running = Counter[bool]()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "POST":
            await self._app(scope, receive, send)
            return
        about_run = scope["path"].startswith("/runs/")
        if self._running[about_run] >= self._limit:
            busy = ServerError("The server is busy. Try again shortly.", code=Code.TOO_BUSY, retry_after_ms=2000)
            await respond(busy)(scope, receive, send)
            return
        self._running[about_run] += 1
        try:
            await self._app(scope, receive, send)
        finally:
            self._running[about_run] -= 1
