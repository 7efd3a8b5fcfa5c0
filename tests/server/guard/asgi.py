"""A request as a server hands it to an ASGI app, header by header and piece by piece, and what the app says to it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

Headers = Sequence[tuple[bytes, bytes]]


@dataclass
class Answer:
    """What was sent, and how many pieces of the body were asked for."""

    sent: list[Message] = field(default_factory=list)
    asked: int = 0

    @property
    def status(self) -> int:
        status: int = self.sent[0]["status"]
        return status

    @property
    def headers(self) -> dict[bytes, bytes]:
        """By name, none of which comes twice."""
        pairs = [(name.lower(), value) for name, value in self.sent[0]["headers"]]
        assert len(dict(pairs)) == len(pairs), pairs
        return dict(pairs)

    @property
    def body(self) -> bytes:
        return b"".join(message.get("body", b"") for message in self.sent[1:])


async def call(
    app: ASGIApp,
    path: str = "/",
    *,
    method: str = "GET",
    headers: Headers = (),
    body: Sequence[bytes] = (b"",),
    **scope: Any,
) -> Answer:
    """Asks the app, with a body of these pieces."""
    answer, pieces = Answer(), list(body)

    async def receive() -> Message:
        answer.asked += 1
        piece = pieces.pop(0)
        return {"type": "http.request", "body": piece, "more_body": bool(pieces)}

    async def send(message: Message) -> None:
        answer.sent.append(message)

    whole: Scope = {"type": "http", "method": method, "path": path, "scheme": "http", "headers": headers, **scope}
    await app(whole, receive, send)
    return answer


def answering(*headers: tuple[bytes, bytes], pieces: Sequence[bytes] = (b"said",)) -> ASGIApp:
    """An app that answers anything with these headers and pieces."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": list(headers)})
        for number, piece in enumerate(pieces, 1):
            await send({"type": "http.response.body", "body": piece, "more_body": number < len(pieces)})

    return app


async def reading(scope: Scope, receive: Receive, send: Send) -> None:
    """An app that reads all of a body before it answers."""
    while (await receive()).get("more_body"):
        pass
    await answering()(scope, receive, send)
