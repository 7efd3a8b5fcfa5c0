"""Guards against what a browser would do with a response if nobody told it not to: guess, embed, refer, cache."""

from collections.abc import Awaitable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""Only what this server serves itself: text of a model that turned into markup would have nothing to run."""

_ALWAYS = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),  # no other page may embed it; who may call it is CORS'
]
_HTTPS = (b"strict-transport-security", b"max-age=31536000")
_NOT_KEPT = (b"cache-control", b"no-store")
_PAGE = (b"content-security-policy", PAGE_POLICY.encode("ascii"))


class SecurityHeaders:
    """Adds them to every response, once, at its start. What a route says of itself stands.

    - a page gets the policy of what it may load and run
    - JSON is somebody's own answer, so it is not kept, unless its route says otherwise
    - HTTPS stays HTTPS; over HTTP that would mean nothing, and must not be said (RFC 6797, section 7.2)
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        always = [*_ALWAYS, _HTTPS] if scope["scheme"] == "https" else _ALWAYS

        def sending(message: Message) -> Awaitable[None]:  # no coroutine of its own: streams pass here piece by piece
            if message["type"] == "http.response.start":
                message = {**message, "headers": _completed(list(message.get("headers", ())), always)}
            return send(message)

        await self._app(scope, receive, sending)


def _completed(headers: list[tuple[bytes, bytes]], always: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    said = {name.lower(): value for name, value in headers}
    kind = said.get(b"content-type", b"").partition(b";")[0].strip().lower()
    own = {b"application/json": [_NOT_KEPT], b"text/html": [_PAGE]}.get(kind, [])
    return headers + [header for header in (*always, *own) if header[0] not in said]
