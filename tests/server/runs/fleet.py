"""What the tests of stores are made of: several workers over one store, time that passes at once, and entries."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Protocol

from schemas import Cancelled, Event, Token
from schemas.progress import Progress
from server.runs.entry import Entry
from server.runs.store import NewRun, Store

TTL_S = 60.0
LEASE_S = 10.0
LIVES_S = 300.0


class Fleet(Protocol):
    """Workers over one store. The first is there from the beginning."""

    first: Store

    async def another(self) -> Store:
        """A further worker, open."""

    async def pass_time(self, seconds: float) -> None:
        """So much time passes for the store, at once."""


def new(run_id: str, **other: object) -> NewRun:
    known: dict[str, object] = {"chain": "chatbot", "request": {"q": "안녕"}, "began": 1.5, "lives_s": LIVES_S}
    return NewRun(run_id, **{**known, **other})  # type: ignore[arg-type]


def event(seq: int, text: str = "") -> Event:
    return Token(seq=seq, path="/reply", text=text or f"<{seq}>")


def entries(first: int, last: int, text: str = "") -> list[Entry]:
    """Tokens by their numbers, from the first to the last."""
    return [Entry(event(seq, text)) for seq in range(first, last + 1)]


def ending(seq: int) -> Entry:
    return Entry(Cancelled(seq=seq, reason="enough", partial={}))


def progress(seq: int) -> Progress:
    """What the tokens up to this number add up to."""
    told = Progress()
    for number in range(1, seq + 1):
        told.apply(event(number))
    return told


def said(read: Sequence[Entry]) -> list[tuple[int, str, str]]:
    """Entries in a form that can be compared."""
    return [(entry.seq, entry.name, entry.data) for entry in read]


async def followed(follower: AsyncGenerator[Sequence[Entry]], up_to: int) -> list[Entry]:
    """What a follower gets until it has the entry of this number; the follower is closed then."""
    got: list[Entry] = []
    async with asyncio.timeout(20), aclosing(follower):
        async for news in follower:
            assert news
            got += news
            if got[-1].seq >= up_to:
                break
    return got


async def begun(follower: AsyncGenerator[Sequence[Entry]]) -> asyncio.Task[Sequence[Entry]]:
    """A follower's next stretch as a task that is already waiting for it."""
    task = asyncio.ensure_future(anext(follower))
    await asyncio.sleep(0)
    return task
