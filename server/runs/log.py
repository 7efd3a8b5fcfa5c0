"""A run's events in this process, in order, followed by any number of readers."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol

from chains.wake import Wake
from schemas import TERMINAL
from schemas.progress import Progress
from server.runs.entry import Entry
from server.runs.waiting import Waiting

AT_ONCE = 100
"""Entries that a reader is given at a time: what is written for it waits in memory until its client has taken it."""


class Moved(Exception):
    """The log goes on, but not here: whoever reads must come again."""


class Reader(Protocol):
    """Follows a run's log from where its reader left off to its end."""

    @property
    def done(self) -> bool:
        """Whether its reader had the run's end before: there is nothing to read."""

    @property
    def afresh(self) -> bool:
        """Whether what its reader has missed comes as what it adds up to, not event by event."""

    async def next(self, until: float) -> Sequence[Entry]:
        """What is new in the log, waited for; nothing, if nothing is by the loop's time `until`. `Moved`."""


class Log:
    """Entries without a hole, the first of which is number `base.seq + 1`.

    - `base`: what the entries before them add up to; they have been let go
    - `keeps`: characters of JSON that it holds at the most, so that readers may join at any time. Without it what every
      reader has read is let go, so that a long stream costs no more memory than a short one
    """

    def __init__(self, *, keeps: int | None = None, base: Progress | None = None) -> None:
        self.entries: list[Entry] = []
        self.base = base or Progress()
        self.ended = bool(self.base.end)
        """Whether its terminal event is there."""
        self.closed = False
        """Whether nothing more will come here, although the run has no end."""
        self._summed = Progress()  # up to where somebody has asked before, so that a thousand who do cost little more
        self._keeps = keeps
        self._size = 0
        self._readers: list[LogReader] = []
        self._waiting = Waiting()

    @property
    def last(self) -> int:
        """The number of the last event; 0 before the first."""
        return self.base.seq + len(self.entries)

    @property
    def over(self) -> bool:
        """Whether nothing more will come."""
        return self.closed or self.ended

    @property
    def readers(self) -> int:
        """How many read it now."""
        return len(self._readers)

    def put(self, entry: Entry) -> None:
        """The next entry."""
        self.entries.append(entry)
        self.ended = entry.name in TERMINAL
        if self._keeps is not None:
            entry.pack()
            self._size += len(entry.data)
            if self._size > self._keeps:
                self._forget(self._keeps // 2)
        self._tell()

    def close(self) -> None:
        """Nothing more comes here: readers are sent elsewhere."""
        self.closed = True
        self._tell()

    def progress(self) -> Progress:
        """What all of it adds up to. Whoever asks again pays for what is new."""
        progress = self._up_to_the_last().copy()
        for entry in self.entries[-1:]:
            progress.apply(entry.event)
        return progress

    async def until(self, seq: int) -> bool:
        """Waits for an entry of this number. Whether it came: the log may end before."""
        await self._waiting.until(lambda: self.last >= seq or self.over)
        return self.last >= seq

    @contextmanager
    def reader(self, after: int = 0, *, sure: bool = True) -> Iterator["LogReader"]:
        """Somebody reads on behind the number `after`, as long as the block lasts.

        `sure`: whether it had been given that number with certainty (`Entry.sure`).
        """
        reader = LogReader(self, after, sure=sure)
        self._readers.append(reader)
        try:
            yield reader
        finally:
            self._readers.remove(reader)
            reader.wake.close()

    def behind(self, reader: "LogReader") -> Sequence[Entry]:
        """What a reader has not been given yet, or the first part of it: now it is."""
        begin = max(reader.read - self.base.seq, 0)
        news: Sequence[Entry] = self.entries[begin : begin + AT_ONCE]
        if self.entries and (reader.strayed or reader.read > self.last):
            news, reader.strayed = self._afresh(), False
        elif reader.read < self.base.seq:
            news = [Entry(self.base.partial()), *news]
        if news:
            reader.read = news[-1].seq
            if self._keeps is None:
                self._let_go(min(other.read for other in self._readers))
        return news

    def _afresh(self) -> Sequence[Entry]:
        """All of it for a reader who knows nothing of it: what it adds up to, and its last event."""
        summed = self._up_to_the_last()
        return [Entry(summed.partial()), self.entries[-1]] if summed.seq else self.entries[:]

    def _up_to_the_last(self) -> Progress:
        """What all but the last entry add up to."""
        if self._summed.seq < self.base.seq:
            self._summed = self.base.copy()
        for entry in self.entries[self._summed.seq - self.base.seq : -1]:
            self._summed.apply(entry.event)
        return self._summed

    def _forget(self, rest: int) -> None:
        """Lets go of the oldest entries until no more than `rest` characters are left, and the last one at least."""
        count = 0
        while self._size > rest and count < len(self.entries) - 1:
            entry = self.entries[count]
            self.base.apply(entry.event)
            self._size -= len(entry.data)
            count += 1
        del self.entries[:count]

    def _let_go(self, seq: int) -> None:
        """Lets go of the entries up to this number: every reader has been given them, and none will join."""
        del self.entries[: seq - self.base.seq]
        self.base.seq = seq

    def _tell(self) -> None:
        for reader in self._readers:
            reader.wake()
        self._waiting.look()


class LogReader:
    """A `Reader` of a log in this process. One for each who reads: `Log.reader` makes it."""

    def __init__(self, log: Log, after: int, *, sure: bool) -> None:
        self.wake = Wake()
        self.read = after
        """The number of the last event that it was given."""
        self.strayed = not sure
        """Whether it may have been given events that are none of this log, for another worker began before them."""
        self._log = log

    @property
    def done(self) -> bool:
        return self._log.ended and self.read == self._log.last and not self.strayed

    @property
    def afresh(self) -> bool:
        return self.strayed or not self._log.base.seq <= self.read <= self._log.last

    async def next(self, until: float) -> Sequence[Entry]:
        clock = asyncio.get_running_loop().time
        while not (news := self._log.behind(self)):
            if self._log.closed:
                raise Moved
            if clock() >= until:
                break
            await self.wake.wait(until)
        return news
