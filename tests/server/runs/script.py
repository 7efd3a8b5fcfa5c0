"""What the tests of runs are made of: a chain that does what the test says, and somebody who reads to the end."""

import asyncio
from collections.abc import AsyncGenerator, Iterable, Sequence
from typing import Any

from chains import Pins
from schemas import TERMINAL, Complete, Event, Pinned, RequestError, SchemaRef, Start, Timings, Token
from schemas.progress import Progress
from server.runs.entry import Entry
from server.runs.log import Log, Reader

RUN_ID = "00000000-0000-4000-8000-000000000001"
START = Start(
    seq=1, run_id=RUN_ID, chain="c", model="m", attempt=1, schema_=SchemaRef(name="s", hash="h"), fields=(), notes=()
)
TOKEN = Token(seq=2, path="/a", text="half")
END = Complete(
    seq=3,
    value={"a": "half"},
    finish_reason="stop",
    usage=None,
    timings=Timings(first_token_ms=0, fields={}, total_ms=0),
    attempts=1,
    repaired=False,
)
SOON = 5.0
"""Seconds after which what a test waits for does not come any more."""


class Source:
    """Events as a chain gives them; then it stalls, fails, or ends. `closed` says that it was not left running."""

    def __init__(self, *events: Event, stalls: bool = False, error: BaseException | None = None) -> None:
        self._events = events
        self._stalls = stalls
        self._error = error
        self.closed = asyncio.Event()

    async def __call__(self) -> AsyncGenerator[Event]:
        try:
            for event in self._events:
                yield event
            if self._error:
                raise self._error
            if self._stalls:
                await asyncio.Event().wait()
        finally:
            self.closed.set()


class Chain(Pins):
    """A chain that numbers each pin at once, and tells it when the test says so. `first` is the first one's number."""

    def __init__(self, first: int = 2) -> None:
        super().__init__()
        self._first = first
        self.numbered: list[Pinned] = []
        self._told: asyncio.Queue[Event] = asyncio.Queue()

    async def pin(self, path: str, value: Any) -> int:
        if value is None:
            raise RequestError("Not so.")
        self.numbered.append(Pinned(seq=self._first + len(self.numbered), path=path, value=value))
        return self.numbered[-1].seq

    def tell(self, event: Event) -> None:
        """The chain gives this event now."""
        self._told.put_nowait(event)

    async def events(self) -> AsyncGenerator[Event]:
        """`start`, and what the test tells."""
        yield START
        async for event in self.told():
            yield event

    async def told(self) -> AsyncGenerator[Event]:
        """What the test tells, and nothing else."""
        while True:
            yield await self._told.get()


async def turns(count: int) -> None:
    """So many turns of the event loop."""
    for _ in range(count):
        await asyncio.sleep(0)


async def read_on(reader: Reader, until: int | None = None) -> list[Entry]:
    """What a reader is given up to the entry of this number, or to the end."""
    read: list[Entry] = []
    by = asyncio.get_running_loop().time() + SOON
    while not read or (read[-1].name not in TERMINAL and (until is None or read[-1].seq < until)):
        news = await reader.next(by)
        assert news, "the log goes no further"
        read += news
    return read


async def all_of(log: Log, after: int = 0, *, sure: bool = True) -> list[Event]:
    """A log behind a number, to its end, as a reader gets it."""
    with log.reader(after, sure=sure) as reader:
        return [entry.event for entry in await read_on(reader)]


def events_in(log: Log) -> list[Event]:
    """What a log holds."""
    return [entry.event for entry in log.entries]


def sum_of(events: Iterable[Event]) -> Progress:
    """What events add up to."""
    progress = Progress()
    for event in events:
        progress.apply(event)
    return progress


def is_a_reading(got: Sequence[Event], told: Sequence[Event]) -> bool:
    """Whether these are the first events of a run, where a snapshot may stand for what the reader was too slow for."""
    had = 0
    for event in got:
        if event.type == "partial":
            if event.seq <= had or event != sum_of(told[: event.seq]).partial():
                return False
        elif (event.seq, event) != (had + 1, told[had]):
            return False
        had = event.seq
    return True
