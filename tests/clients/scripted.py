"""A server without a socket: it gives the answers that a test has written, and keeps what it was asked."""

from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from typing import Any

import httpx

from schemas import to_frame
from schemas.events import Complete, Event, Partial, Start, Timings, Token

URL = "http://host/ai/meeting-info"
STREAM = "text/event-stream; charset=utf-8"

CUT = httpx.RemoteProtocolError("peer closed connection without sending complete message body")
STALL = httpx.ReadTimeout("timed out")
NOBODY = httpx.ConnectError("connection refused")

Answer = httpx.Response | Exception
Answering = Callable[[httpx.Request], Answer]


class Body(httpx.SyncByteStream, httpx.AsyncByteStream):
    """A body in pieces, behind which the connection ends as HTTP says, or by a fault."""

    def __init__(self, pieces: Sequence[bytes], fault: Exception | None) -> None:
        self._pieces = pieces
        self._fault = fault

    def __iter__(self) -> Iterator[bytes]:
        yield from self._pieces
        if self._fault:
            raise self._fault

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self:
            yield piece


class Scripted:
    """Answers in turn; behind the last one nobody is there. What stops a run is always answered 204."""

    def __init__(self, *answers: Answer | Answering) -> None:
        self.asked: list[httpx.Request] = []
        self.pauses: list[float] = []
        self._answers = list(answers)

    @property
    def lines(self) -> list[str]:
        """What was asked: method, path, and the id from which to go on."""
        return [
            f"{request.method} {request.url.raw_path.decode().partition('?')[0]}"
            + "".join(f" {value}" for value in request.headers.get_list("last-event-id"))
            for request in self.asked
        ]

    def transport(self) -> httpx.MockTransport:
        return httpx.MockTransport(self._answer)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        if request.method == "DELETE":
            return httpx.Response(204)
        answer = self._answers.pop(0) if self._answers else NOBODY
        if callable(answer):
            answer = answer(request)
        if isinstance(answer, Exception):
            raise answer
        return answer


def stream(*said: Event | bytes, fault: Exception | None = CUT, content_type: str = STREAM) -> httpx.Response:
    """A stream of events and of bytes as they stand, which breaks off."""
    pieces = [piece if isinstance(piece, bytes) else to_frame(piece).encode() for piece in said]
    return httpx.Response(200, headers={"content-type": content_type}, stream=Body(pieces, fault))


def refused(status: int, code: str = "", after: str = "", **more: Any) -> httpx.Response:
    """No success: in the server's words, or, without a code, in a gateway's."""
    headers = {"retry-after": after} if after else {}
    if not code:
        return httpx.Response(status, headers=headers, html="<h1>Bad gateway</h1>")
    envelope = {"code": code, "message": f"it is {code}", "retryable": status in {429, 503}, **more}
    return httpx.Response(status, headers=headers, json=envelope)


# -- events ------------------------------------------------------------------------------------------------------------


def start(run_id: str = "r 1") -> Event:
    known = {"seq": 1, "run_id": run_id, "chain": "c", "model": "m", "attempt": 1, "fields": (), "notes": ()}
    return Start.model_validate({**known, "schema": {"name": "S", "hash": "h"}})


def word(seq: int, text: str = "") -> Event:
    return Token(seq=seq, path="/reply", text=text or f"<{seq}>")


def snapshot(seq: int, text: str) -> Event:
    return Partial(seq=seq, value={"reply": text}, settled=(), resumed=True)


def complete(seq: int, text: str = "whole") -> Event:
    timings = Timings(first_token_ms=1, fields={}, total_ms=2)
    return Complete(
        seq=seq,
        value={"reply": text},
        finish_reason="stop",
        usage=None,
        timings=timings,
        attempts=1,
        repaired=False,
    )


def marked(event: Event) -> bytes:
    """An event that was shown while the store was away."""
    return to_frame(event).replace(f"id:{event.seq}\n", f"id:{event.seq}~\n", 1).encode()
