"""Reading a run that goes on, or went on, elsewhere: from the store."""

import asyncio
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager

from chains.wake import Wake
from schemas import TERMINAL
from server.runs.entry import Entry
from server.runs.log import AT_ONCE, Log, Moved
from server.runs.store import Expired, Store, StoreUnavailable, Stretch, Unknown, only_theirs

RESTORED_S = 60.0
"""Seconds after which a store that has come back empty has been told again of every run that goes on."""


class StoreReader:
    """A `Reader` of what a store has. One for each who reads: `store_reader` makes it."""

    def __init__(self, store: Store, run_id: str, news: Sequence[Entry], read: int, *, done: bool) -> None:
        self.done = done
        """Whether its reader has had the run's end."""
        self._store = store
        self._run_id = run_id
        self._news = list(news)
        self._read = news[-1].seq if news else read
        self._wake = Wake()
        self._away = False

    @property
    def afresh(self) -> bool:
        return bool(self._news) and self._news[0].resumed

    async def next(self, until: float) -> Sequence[Entry]:
        clock = asyncio.get_running_loop().time
        while not self._news:
            if self._away:
                raise Moved
            if clock() >= until:
                await self._look_again()
                break
            await self._wake.wait(until)
        news, self._news = self._news[:AT_ONCE], self._news[AT_ONCE:]
        return news

    def send_away(self) -> None:
        """This process is going: the reader must come again, to another one."""
        self._away = True
        self._wake()

    async def pump(self) -> None:
        """Takes in what the store has behind what was read, as it comes."""
        async with aclosing(self._store.follow(self._run_id, self._read)) as stretches:
            async for entries in stretches:
                if entries[0].seq > self._read + 1:  # it was let go before it was read
                    stretch = await self._store.read(self._run_id, self._read)
                    self._take(_joined(stretch))
                self._take(entries)
                if self._news and self._news[-1].name in TERMINAL:
                    return

    def close(self) -> None:
        """Nobody reads any more."""
        self._wake.close()

    def _take(self, entries: Sequence[Entry]) -> None:
        news = [entry for entry in entries if entry.seq > self._read]
        if news:
            self._news += news
            self._read = news[-1].seq
            self._wake()

    async def _look_again(self) -> None:
        """It has been silent for long: is the run still there at all?"""
        try:
            self._take(_joined(await self._store.read(self._run_id, self._read)))
        except Expired:
            self._away = True
        except Unknown:  # unless it has only just come back, and will be told
            self._away = self._store.steady_s > RESTORED_S
        except StoreUnavailable:
            pass  # it goes on when it is back


@asynccontextmanager
async def store_reader(
    store: Store, run_id: str, after: int, *, sure: bool, user: str = ""
) -> AsyncIterator[StoreReader]:
    """A user reads on behind the number `after`, as long as the block lasts. `Unknown`, `Expired`."""
    reader = await _open(store, run_id, after, sure=sure, user=user)
    pumping = asyncio.create_task(_pump(reader))
    try:
        yield reader
    finally:
        pumping.cancel()
        await asyncio.wait({pumping})
        reader.close()


async def _pump(reader: StoreReader) -> None:
    try:
        await reader.pump()
    except (Unknown, Expired, StoreUnavailable):
        reader.send_away()


async def _open(store: Store, run_id: str, after: int, *, sure: bool, user: str) -> StoreReader:
    stretch = await store.read(run_id, max(after - 1, 0))
    only_theirs(stretch.user, user)
    if after == 0:
        return StoreReader(store, run_id, _joined(stretch), 0, done=False)
    if sure and stretch.base and stretch.base.seq > after:
        return StoreReader(store, run_id, _joined(stretch), after, done=False)
    if sure and stretch.entries and stretch.entries[0].seq == after:
        had, *news = stretch.entries
        return StoreReader(store, run_id, news, after, done=had.name in TERMINAL)
    return await _afresh(store, run_id, after, sure=sure)


async def _afresh(store: Store, run_id: str, after: int, *, sure: bool) -> StoreReader:
    """For a reader who may have been shown what is not in the log: the whole log says what it needs."""
    stretch = await store.read(run_id)
    log = log_of(stretch)
    with log.reader(after, sure=sure) as reader:
        news = log.behind(reader)
        return StoreReader(store, run_id, news, min(reader.read, log.last), done=log.ended and not news)


def log_of(stretch: Stretch, keeps: int = sys.maxsize) -> Log:
    """All that a store has of a run, as a log of this process."""
    log = Log(keeps=keeps, base=stretch.base)
    for entry in stretch.entries:
        log.put(entry)
    return log


def _joined(stretch: Stretch) -> Sequence[Entry]:
    return [Entry(stretch.base.partial()), *stretch.entries] if stretch.base else stretch.entries
