"""The upstream simulator: OpenAI's chat completions, written at a set rate, with a record of when what was written.

    python -m benchmarks.simulator PORT

    POST /script                {"size": 2048, "rate": 25, "group": 1}: what further requests are answered with
    POST /v1/chat/completions   a stream of that; `stream-17` in its body says that it is number 17
    GET  /records               {"17": [nanoseconds, …]}: when each write of tokens left, by the clock of `monotonic_ns`
    POST /forget                empties the records

`rate` is in tokens a second for each stream, 0 for as fast as the socket takes them; `group` is how many tokens share a
write. It must never be what limits a measurement, so everything that it says is rendered beforehand.
"""

import asyncio
import json
import math
import re
import sys
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from time import monotonic_ns
from typing import NamedTuple

import uvloop

from benchmarks import answers

GOLDEN = (math.sqrt(5) - 1) / 2
"""Multiples of this, less their whole part, lie evenly spread however many there are."""

BURST = 16 * 1024
"""Bytes in a write of a burst: a TLS record, which is what a reader gets at a time from a fast upstream."""

_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\ntransfer-encoding: chunked\r\n\r\n"
_STREAM = re.compile(rb"stream-(\d+)")
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


class Script(NamedTuple):
    """How a request is answered: `size` bytes of object, `rate` tokens a second, `group` tokens in a write."""

    size: int
    rate: float
    group: int = 1


@dataclass(frozen=True)
class Rendered:
    """A script's writes, as they go into the socket. `opening` and `closing` hold no tokens."""

    opening: bytes
    writes: Sequence[bytes]
    closing: bytes
    interval: float
    """Seconds between two writes; 0 for a burst."""


@lru_cache(maxsize=16)
def render(script: Script) -> Rendered:
    """A script, ready to be sent. Each write is one HTTP chunk."""
    tokens = [frame(token) for token in answers.tokens(script.size)]
    if script.rate:
        written = [b"".join(tokens[at : at + script.group]) for at in range(0, len(tokens), script.group)]
    else:
        written = list(_bursts(tokens))
    ends = frame(None, finish_reason="stop") + usage(len(tokens)) + b"data: [DONE]\n\n"
    return Rendered(
        opening=_HEAD + _chunk(frame("", role="assistant")),
        writes=[_chunk(write) for write in written],
        closing=_chunk(ends) + b"0\r\n\r\n",
        interval=script.group / script.rate if script.rate else 0.0,
    )


def frame(content: str | None, *, role: str | None = None, finish_reason: str | None = None) -> bytes:
    """One `chat.completion.chunk` as OpenAI writes them, down to the padding that hides a token's length."""
    delta = {name: said for name, said in (("role", role), ("content", content)) if said is not None}
    choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}
    return _event([choice], None, padding=12 - len(content or ""))


def usage(tokens: int) -> bytes:
    """The chunk behind the last one, which counts."""
    counted = {"prompt_tokens": 32, "completion_tokens": tokens, "total_tokens": 32 + tokens}
    return _event([], counted, padding=4)


def phase(stream: int) -> float:
    """Which part of an interval a stream waits before its first token, so that those begun together tick apart."""
    return stream * GOLDEN % 1.0


def _event(choices: list[dict[str, object]], counted: dict[str, int] | None, padding: int) -> bytes:
    chunk = {
        "id": "chatcmpl-CaSmYNm0Qe5vXv7XvVHh2uBnZrXQ1",
        "object": "chat.completion.chunk",
        "created": 1767225600,
        "model": "simulated-2026-01-01",
        "service_tier": "default",
        "system_fingerprint": "fp_0a1b2c3d4e",
        "choices": choices,
        "usage": counted,
        "obfuscation": "aB3dE5gH7jK9"[:padding],
    }
    return b"data: " + json.dumps(chunk, separators=(",", ":")).encode() + b"\n\n"


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


def _bursts(frames: Sequence[bytes]) -> Sequence[bytes]:
    whole = b"".join(frames)
    return [whole[at : at + BURST] for at in range(0, len(whole), BURST)]


class Simulator:
    """What all connections share: the script and the records."""

    def __init__(self) -> None:
        self.script = Script(size=2048, rate=25)
        self.records: dict[int, array[int]] = {}

    def answer(self, method: bytes, path: bytes, body: bytes) -> object:
        """The JSON to answer with; None if there is no such route."""
        match method, path:
            case b"POST", b"/script":
                self.script = Script(**json.loads(body))
                render(self.script)  # now, so that the first stream does not wait for it
                return self.script._asdict()
            case b"GET", b"/records":
                return {stream: times.tolist() for stream, times in self.records.items()}
            case b"POST", b"/forget":
                self.records.clear()
                return {}
        return None

    def record(self, body: bytes) -> tuple[int, "array[int]"]:
        """The number of the stream that a request asks for, and an empty record of it."""
        named = _STREAM.findall(body)
        stream = int(named[-1]) if named else 0
        self.records[stream] = array("q")
        return stream, self.records[stream]


class Connection(asyncio.Protocol):
    """One keep-alive connection: a request is read, answered whole, then the next one."""

    _transport: asyncio.Transport

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator
        self._loop = asyncio.get_running_loop()
        self._received = b""
        self._rendered: Rendered | None = None  # what is being streamed, if anything is
        self._record: array[int] = array("q")
        self._written = 0
        self._due = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._writable = True
        self._last = False  # whether the client wants the connection closed behind this answer

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]  # a TCP server's transports are read and written

    def connection_lost(self, exc: Exception | None) -> None:
        self._rendered = None
        if self._timer:
            self._timer.cancel()

    def data_received(self, data: bytes) -> None:
        self._received += data
        self._next_request()

    def pause_writing(self) -> None:
        self._writable = False

    def resume_writing(self) -> None:
        self._writable = True
        if self._rendered and not self._rendered.interval:
            self._burst(self._rendered)

    def _next_request(self) -> None:
        head, found, rest = self._received.partition(b"\r\n\r\n")
        if self._rendered or not found:
            return
        sized = _LENGTH.search(head)
        length = int(sized[1]) if sized else 0
        if len(rest) < length:
            return
        body, self._received = rest[:length], rest[length:]
        self._last = b"\r\nconnection: close" in head.lower()
        method, path, _ = head.split(b" ", 2)
        if path == b"/v1/chat/completions":
            self._begin(body)
        else:
            self._answer(self._simulator.answer(method, path, body))

    def _answer(self, answer: object) -> None:
        payload = json.dumps(answer).encode()
        status = b"404 Not Found" if answer is None else b"200 OK"
        head = b"HTTP/1.1 %s\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % (status, len(payload))
        self._finish(head + payload)

    def _begin(self, body: bytes) -> None:
        rendered = render(self._simulator.script)
        stream, self._record = self._simulator.record(body)
        self._rendered, self._written = rendered, 0
        self._transport.write(rendered.opening)
        if rendered.interval:
            self._due = self._loop.time() + rendered.interval * phase(stream)
            self._wait()
        else:
            self._burst(rendered)

    def _burst(self, rendered: Rendered) -> None:
        while self._writable and self._written < len(rendered.writes):
            self._write(rendered)
        if self._written == len(rendered.writes):
            self._end(rendered)

    def _wait(self) -> None:
        self._timer = self._loop.call_later(max(0.0, self._due - self._loop.time()), self._tick)

    def _tick(self) -> None:
        rendered = self._rendered
        if rendered is None:
            return
        if self._written == len(rendered.writes):
            self._end(rendered)
            return
        self._write(rendered)
        self._due += rendered.interval  # from when it was due and not from now: a late one delays none behind it
        self._wait()

    def _write(self, rendered: Rendered) -> None:
        self._record.append(monotonic_ns())
        self._transport.write(rendered.writes[self._written])
        self._written += 1

    def _end(self, rendered: Rendered) -> None:
        self._rendered = self._timer = None
        self._finish(rendered.closing)

    def _finish(self, data: bytes) -> None:
        self._transport.write(data)
        if self._last:
            self._transport.close()
        else:
            self._next_request()


async def listen(port: int) -> asyncio.Server:
    """A simulator that takes connections at this port, or at any that is free if it is 0."""
    simulator, loop = Simulator(), asyncio.get_running_loop()
    return await loop.create_server(lambda: Connection(simulator), "127.0.0.1", port, backlog=4096)


async def serve(port: int) -> None:
    """Serves until it is killed."""
    async with await listen(port) as server:
        await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1])))
