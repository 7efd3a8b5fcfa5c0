"""The load client: many streams at once over raw sockets. While they run it notes what came when, and nothing else."""

import asyncio
import json
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from time import monotonic_ns, process_time
from urllib.parse import urlsplit

import uvloop

from benchmarks.simulator import Script
from benchmarks.wire import Dechunker, Frame, frames


@dataclass(frozen=True)
class Load:
    """Streams to ask for: `{stream}` in the body becomes `first`, `first` + 1 …

    `at_once` of them run at a time, begun over `ramp` seconds. `script` is what the simulator is told first.
    """

    url: str
    body: str
    script: Script
    streams: int = 1
    at_once: int = 1
    ramp: float = 0.0
    first: int = 0


@dataclass
class Received:
    """One stream as it came: `reads` are the bytes of each read, with the time of it."""

    stream: int
    began: int
    reads: list[tuple[int, bytes]] = field(default_factory=list)
    whole: bool = False
    """Whether the response was a 200 and came to its end."""

    @cached_property
    def pieces(self) -> list[tuple[int, bytes]]:
        """The body without HTTP, in the pieces in which it came."""
        (at, first), *others = self.reads
        waiting = b""
        while b"\r\n\r\n" not in (waiting := waiting + first):
            (at, first), *others = others
        head, _, body = waiting.partition(b"\r\n\r\n")
        if b"chunked" not in head.lower():
            return [(at, body), *others]
        dechunker = Dechunker()
        return [(at, dechunker.feed(piece)) for at, piece in [(at, body), *others]]

    @property
    def body(self) -> bytes:
        """The body without HTTP."""
        return b"".join(piece for _, piece in self.pieces)

    @property
    def frames(self) -> list[Frame]:
        """The body's events."""
        return list(frames(self.pieces))

    @property
    def wire_bytes(self) -> int:
        """Everything that came through the socket, HTTP included."""
        return sum(len(data) for _, data in self.reads)

    @property
    def ended(self) -> int:
        """When the last read was made."""
        return self.reads[-1][0]


@dataclass(frozen=True)
class Run:
    """What came of loads that ran beside one another, and the seconds of CPU that this client needed meanwhile."""

    loads: Sequence[Sequence[Received]]
    cpu: float


class _Stream(asyncio.Protocol):
    """Asks on a connection of its own and collects until the server closes it. Calls `answered` at the first bytes."""

    def __init__(self, request: bytes, received: Received, answered: Callable[[], object]) -> None:
        self._request = request
        self._received = received
        self._answered = answered
        self.over: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport.write(self._request)  # type: ignore[attr-defined]  # a TCP client's transports are written to

    def data_received(self, data: bytes) -> None:
        self._received.reads.append((monotonic_ns(), data))
        if len(self._received.reads) == 1:
            self._answered()

    def connection_lost(self, exc: Exception | None) -> None:
        begins = b"".join(data for _, data in self._received.reads[:3])
        ends = b"".join(data for _, data in self._received.reads[-5:])
        self._received.whole = exc is None and begins.startswith(b"HTTP/1.1 200") and ends.endswith(b"\r\n0\r\n\r\n")
        self._answered()  # nobody waits on for one that never was
        self.over.set_result(None)


def run(upstream: str, loads: Sequence[Load]) -> Run:
    """Loads that run beside one another. Each is begun when all streams of the one before have been answered.

    So the simulator can be told each load's script without touching the streams that already run.
    """
    before = process_time()
    received = uvloop.run(_run(upstream, loads))
    return Run(received, process_time() - before)


async def _run(upstream: str, loads: Sequence[Load]) -> list[list[Received]]:
    tasks = []
    for load in loads:
        await _tell(f"{upstream}/script", load.script)  # so that nothing is rendered while streams run
    async with asyncio.TaskGroup() as running:
        for load in loads:
            await _tell(f"{upstream}/script", load.script)
            answered = asyncio.Semaphore(0)
            tasks.append(running.create_task(_load(load, answered.release)))
            for _ in range(load.at_once):
                await answered.acquire()
    return [task.result() for task in tasks]


async def _tell(url: str, script: Script) -> None:
    """Tells the simulator its script. It answers when the script is rendered."""
    reader, writer = await asyncio.open_connection(*_address(url))
    writer.write(_request(url, json.dumps(script._asdict())))
    await reader.read()  # to its end
    writer.close()


async def _load(load: Load, answered: Callable[[], object]) -> list[Received]:
    waiting = deque(range(load.first, load.first + load.streams))
    received: list[Received] = []

    async def one_after_another(delay: float) -> None:
        await asyncio.sleep(delay)
        while waiting:
            stream = waiting.popleft()
            received.append(await _ask(load.url, load.body.replace("{stream}", str(stream)), stream, answered))

    await asyncio.gather(*(one_after_another(load.ramp * n / load.at_once) for n in range(load.at_once)))
    return received


async def _ask(url: str, body: str, stream: int, answered: Callable[[], object]) -> Received:
    received = Received(stream, monotonic_ns())
    _, protocol = await asyncio.get_running_loop().create_connection(
        lambda: _Stream(_request(url, body), received, answered), *_address(url)
    )
    await protocol.over
    return received


def _address(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    return parts.hostname or "", parts.port or 80


def _request(url: str, body: str) -> bytes:
    parts = urlsplit(url)
    path = parts.path + (f"?{parts.query}" if parts.query else "")
    head = (
        f"POST {path} HTTP/1.1\r\nhost: {parts.netloc}\r\ncontent-type: application/json\r\n"
        f"accept: text/event-stream\r\ncontent-length: {len(body.encode())}\r\nconnection: close\r\n\r\n"
    )
    return (head + body).encode()
