"""Those who begin runs and read them, many at once: each reader on a connection of its own, which keeps only counts."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from itertools import count
from time import monotonic
from urllib.parse import urlsplit

import httpx2

from benchmarks.bench import CheckFailed
from benchmarks.contenders import SUBJECT
from benchmarks.processes import Served
from benchmarks.simulator import Script

PATIENCE_S = 60.0
_EVENT = b"\nevent: "
_STATUS = slice(9, 12)  # where it stands in an answer
_KEPT = 64  # bytes of what came before, in which a name may begin
_numbers = count(1)


class Reading(asyncio.Protocol):
    """A reader of a run, for as long as the server writes to it. It keeps how many events came, and the times of some.

    - `kinds`: events of which it keeps when the first of each came
    """

    def __init__(self, request: bytes, kinds: Iterable[str] = ()) -> None:
        self.events = 0
        self.bytes = 0
        self.status = 0
        loop = asyncio.get_running_loop()
        self.first: dict[str, asyncio.Future[float]] = {kind: loop.create_future() for kind in kinds}
        self.answered: asyncio.Future[None] = loop.create_future()
        self.over: asyncio.Future[None] = loop.create_future()
        self._request = request
        self._tail = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]  # a TCP client's transports are read and written
        transport.write(self._request)  # type: ignore[attr-defined]

    def data_received(self, data: bytes) -> None:
        joined = self._tail + data
        self.bytes += len(data)
        if not self.status and len(joined) >= _STATUS.stop:
            self.status = int(joined[_STATUS])
            self.answered.set_result(None)
        self.events += joined.count(_EVENT) - self._tail.count(_EVENT)
        for kind, came in self.first.items():
            if not came.done() and b"%s%s\n" % (_EVENT, kind.encode()) in joined:
                came.set_result(monotonic())
        self._tail = joined[-_KEPT:]

    def connection_lost(self, exc: Exception | None) -> None:
        for waited in (self.answered, self.over):
            if not waited.done():
                waited.set_result(None)

    def leave(self) -> None:
        """Drops the connection."""
        if self._transport:
            self._transport.abort()


async def read(
    served: Served,
    paths: Sequence[str],
    readers: int,
    *,
    last_id: str = "",
    kinds: Iterable[str] = (),
    at_once: int = 100,
) -> list[Reading]:
    """So many readers, dealt out over these runs. Returns when all have been answered, `at_once` asking at a time.

    `CheckFailed` if one is refused.
    """
    places, address = asyncio.Semaphore(at_once), urlsplit(served.base)
    host, port = address.hostname or "", address.port or 0

    async def one(path: str) -> Reading:
        asked = f"GET {path} HTTP/1.1\r\nhost: {host}:{port}\r\naccept: text/event-stream\r\nconnection: close\r\n"
        had = f"last-event-id: {last_id}\r\n" if last_id else ""
        async with places:
            _, reading = await asyncio.get_running_loop().create_connection(
                lambda: Reading(f"{asked}{had}\r\n".encode(), kinds), host, port
            )
            await asyncio.wait_for(asyncio.shield(reading.answered), PATIENCE_S)
        if reading.status != 200:
            raise CheckFailed(f"a reader was answered with {reading.status}")
        return reading

    return await asyncio.gather(*(one(paths[number % len(paths)]) for number in range(readers)))


async def first(readings: Iterable[Reading], kind: str) -> list[float]:
    """When the first event of a kind came to each of them, waited for."""
    return await asyncio.wait_for(asyncio.gather(*(reading.first[kind] for reading in readings)), PATIENCE_S)


async def leave(readings: Iterable[Reading]) -> None:
    """Drops them all. Returns when the last is gone from here."""
    for reading in readings:
        reading.leave()
    await asyncio.gather(*(reading.over for reading in readings))


@asynccontextmanager
async def asking() -> AsyncIterator[httpx2.AsyncClient]:
    """Somebody who asks, and fails at what is no success."""

    async def check(answer: httpx2.Response) -> None:
        if answer.is_error:
            raise CheckFailed(f"{answer.request.url} was answered with {answer.status_code}")

    async with httpx2.AsyncClient(timeout=PATIENCE_S, event_hooks={"response": [check]}) as client:
        yield client


async def tell(client: httpx2.AsyncClient, upstream: str, script: Script) -> None:
    """Tells the simulator how to answer from now on."""
    await client.post(f"{upstream}/script", json=script._asdict())


async def begin(client: httpx2.AsyncClient, served: Served, runs: int, *, over_s: float = 0) -> list[str]:
    """Begins so many runs, evenly over this time. Returns where their events are."""

    async def one(delay: float) -> str:
        await asyncio.sleep(delay)
        question = {"input": {"subject": SUBJECT.replace("{stream}", str(next(_numbers)))}}
        answer = await client.post(f"{served.base}/item/runs", json=question)
        path: str = answer.json()["events_url"]
        return path

    return await asyncio.gather(*(one(over_s * number / runs) for number in range(runs)))


async def health(client: httpx2.AsyncClient, served: Served, times: int) -> list[float]:
    """Milliseconds until the server has answered that it is alive, one time after another."""
    waits = []
    for _ in range(times):
        began = monotonic()
        await client.get(f"{served.base}/health")
        waits.append((monotonic() - began) * 1000)
        await asyncio.sleep(0.01)  # a probe, not a load
    return waits
