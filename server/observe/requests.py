"""One line and one count for each request. Names the route's template, never the path: ids of runs are keys, and
tickets stand in queries.
"""

import time
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.stdlib import BoundLogger

from server.guard.arrival import CUT
from server.limited import Limited
from server.observe.logs import field_log
from server.observe.metrics import METHODS, OTHER
from server.observe.runs import Observer

QUIET = frozenset({"/health", "/ready", "/metrics"})
"""Asked all the time by machines: logged at debug only."""


class Requests:
    """Stands before everything else, so that it sees what is refused and what breaks."""

    def __init__(self, app: ASGIApp, observer: Observer, log: BoundLogger | None = None) -> None:
        self._app = app
        self._observer = observer
        self._log = log or field_log("server.request")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        scope.setdefault("state", {})  # which those behind note things in
        request = _Request(receive, send)
        end = "broken"
        try:
            await self._app(scope, request.receive, request.send)
            end = CUT if scope["state"].get(CUT) else request.end
        finally:
            self._tell(scope, request, end)

    def _tell(self, scope: Scope, request: "_Request", end: str) -> None:
        route, seconds = template(scope), time.perf_counter() - request.began_at
        method = scope["method"] if scope["method"] in METHODS else OTHER
        metrics = self._observer.metrics
        metrics.requests(route, method, f"{request.status // 100}xx" if request.status else "none").inc()
        metrics.request_seconds(route, method).observe(seconds)
        if end == "left" and request.streams:
            self._observer.left()
        fields: dict[str, Any] = {"method": method, "route": route, "status": request.status or None}
        fields |= {"ms": round(seconds * 1000), "bytes": request.sent, "end": end}
        if user := getattr(scope["state"].get("user"), "key", ""):
            fields["user"] = user
        if error := scope["state"].get("refusal"):
            fields["code"] = str(error.code)
            self._observer.refused(error.code)
            if isinstance(error, Limited):
                self._observer.limited(error.limit)
        if request.status >= 500 or end == "broken":
            self._log.warning("request", **fields)
        elif route in QUIET:
            self._log.debug("request", **fields)
        else:
            self._log.info("request", **fields)


class _Request:
    """What passes by. Nothing is done for a piece of a stream but to add up its length."""

    __slots__ = ("_receive", "_send", "began_at", "end", "sent", "status", "streams")

    def __init__(self, receive: Receive, send: Send) -> None:
        self.began_at = time.perf_counter()
        self.status = 0
        self.sent = 0
        self.streams = False
        self.end = "broken"
        """`sent` to its end; `left` by the client before that; `broken` by this server."""
        self._receive = receive
        self._send = send

    async def receive(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.disconnect" and self.end == "broken":
            self.end = "left"
        return message

    async def send(self, message: Message) -> None:
        await self._send(message)
        if message["type"] == "http.response.body":
            self.sent += len(message.get("body", b""))
            if not message.get("more_body") and self.end == "broken":
                self.end = "sent"
        elif message["type"] == "http.response.start":
            self.status = message["status"]
            self.streams = any(
                name.lower() == b"content-type" and value.startswith(b"text/event-stream")
                for name, value in message["headers"]
            )


def template(scope: Scope) -> str:
    """The path of the route that was found, as the code spells it; the same for all that found none."""
    mounted: str = scope["root_path"].removeprefix(scope["app_root_path"]) if "app_root_path" in scope else ""
    route = scope.get("route")
    return mounted + str(route.path) if route else mounted or OTHER
