"""A reader as `EventSource` is one: it keeps what came whole, and comes again with the last id when it is cut."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from yarl import URL

from schemas import TERMINAL

PATIENCE_S = 30.0
"""How long a stream may be silent: there are pings, so this is a fault."""

_END = re.compile(rb"\nevent: (?:%s)\n" % "|".join(sorted(TERMINAL)).encode())


class Refused(Exception):
    """An answer that is no stream: `status` and the error's envelope."""

    def __init__(self, status: int, body: bytes) -> None:
        super().__init__(status, body)
        self.status = status
        self.envelope: dict[str, Any] = json.loads(body) if body.startswith(b"{") else {}


@dataclass
class Journal:
    """What one reader has had of a run, over all its connections: frames without `retry` and pings."""

    frames: list[bytes] = field(default_factory=list)
    connections: int = 0
    over: bool = False
    """Whether the server has said that there is nothing more (204)."""
    _rest: bytes = b""

    @property
    def last_id(self) -> str:
        return self.frames[-1].partition(b"\n")[0].removeprefix(b"id:").decode() if self.frames else ""

    @property
    def ended(self) -> bool:
        """Whether it has had the run's terminal event."""
        return bool(self.frames and _END.search(self.frames[-1]))

    @property
    def events(self) -> list[dict[str, Any]]:
        return [json.loads(frame.rpartition(b"\ndata: ")[2]) for frame in self.frames]

    @property
    def joined(self) -> bytes:
        return b"".join(frame + b"\n\n" for frame in self.frames)

    def take(self, data: bytes) -> None:
        """Takes in what came; what is not a whole frame yet waits."""
        *frames, self._rest = (self._rest + data).split(b"\n\n")
        for frame in frames:
            whole = re.sub(rb"^retry: \d+\n", b"", frame)
            if whole.startswith(b"id:"):
                self.frames.append(whole)

    def cut(self) -> None:
        """The connection is gone, and half a frame with it."""
        self._rest = b""


async def until(holds: Callable[[], object], within_s: float = PATIENCE_S) -> None:
    """Returns when something holds that other tasks or processes bring about: it can only be looked at."""
    async with asyncio.timeout(within_s):
        while not holds():  # noqa: ASYNC110  # nobody tells
            await asyncio.sleep(0.01)


async def until_had(journal: Journal, kind: str) -> None:
    """Returns when a reader has had such an event."""
    await until(lambda: any(b"\nevent: %s\n" % kind.encode() in frame for frame in journal.frames))


async def post(url: str, body: Any, **headers: str) -> tuple[int, dict[str, Any]]:
    """The status and the JSON that a POST is answered with."""
    return await call("POST", url, body, **headers)


async def call(method: str, url: str, body: Any = None, **headers: str) -> tuple[int, dict[str, Any]]:
    """The status and the JSON of an answer."""
    async with _asked(method, url, body, headers) as answer:
        data = await answer.read()
        return answer.status, json.loads(data) if data.startswith(b"{") else {}


async def read(
    url: str, journal: Journal, *, at_most: int | None = None, shown: Mapping[str, str] | None = None
) -> None:
    """One connection: reads on from where the journal ends, to the end of the stream, or for so many bytes of it.

    `Refused` if the answer is no stream; `OSError` if there is none.
    """
    journal.connections += 1
    headers = dict(shown or {})
    if journal.frames:
        headers["last-event-id"] = journal.last_id
    try:
        async with _asked("GET", url, None, headers) as answer:
            if answer.status == 204:
                journal.over = True
                return
            if answer.status != 200:
                raise Refused(answer.status, await answer.read())
            left = at_most
            while left is None or left > 0:
                data = await answer.content.read(left or 65536)
                if not data:
                    return
                journal.take(data)
                left = None if left is None else left - len(data)
            answer.close()  # in the middle of it
    finally:
        journal.cut()


async def read_to_end(
    url: str, journal: Journal | None = None, *, again_s: float = 0.05, shown: Mapping[str, str] | None = None
) -> Journal:
    """Comes again until it has the run's end, whatever cuts it. 502 to 504 mean: later."""
    journal = journal or Journal()
    while not journal.ended:
        try:
            await read(url, journal, shown=shown)
        except Refused as refused:
            if refused.status not in (502, 503, 504):
                raise
            await asyncio.sleep(again_s)
        except OSError:
            await asyncio.sleep(again_s)
    return journal


@asynccontextmanager
async def _asked(method: str, url: str, body: Any, headers: dict[str, str]) -> AsyncIterator[aiohttp.ClientResponse]:
    """An answer, on a connection of its own, as everybody's is."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    waits = aiohttp.ClientTimeout(total=None, sock_connect=PATIENCE_S, sock_read=PATIENCE_S)
    connector = aiohttp.TCPConnector(force_close=True)
    try:
        async with (
            aiohttp.ClientSession(connector=connector, timeout=waits) as session,
            session.request(method, URL(url, encoded=True), json=body, headers=named) as answer,
        ):
            yield answer
    except (aiohttp.ClientPayloadError, aiohttp.ServerDisconnectedError) as error:
        raise ConnectionResetError("cut") from error
