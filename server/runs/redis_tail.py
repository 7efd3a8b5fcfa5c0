"""Following streams in Redis: everybody in a process shares a few reads that wait.

A read that waits names all its streams. When another one is to be followed it must be sent anew, so it also names a
stream of its own, into which an entry is put to wake it. Unlike CLIENT UNBLOCK that cannot come too early: the read
finds the entry whenever it gets there.
"""

import asyncio
import logging
import random
from collections.abc import AsyncGenerator, Sequence
from contextlib import suppress
from itertools import count
from math import inf
from typing import Any

from redis.asyncio.connection import AbstractConnection
from redis.exceptions import RedisError

from chains.faults import log_fault
from chains.wake import Wake
from server.runs.entry import Entry
from server.runs.redis_pipe import TIMEOUT_S, Connect, Pipe, shut
from server.runs.store import StoreUnavailable
from server.runs.tasks import Tasks

_log = logging.getLogger(__name__)

BLOCK_S = 2.0
"""Seconds for which a read waits before it is sent again: so a connection that went deaf is noticed."""

STREAMS = 256
"""How many streams one read names; more have a further connection."""

PER_STREAM_S = 50e-6
"""Pause before the next read, for each stream that it names: naming them costs, and many would rarely all be silent."""

COUNT = 100
"""Entries of a stream that one read brings at the most."""

HELD = 1_000
"""Entries that wait for a follower. One that is slower than that reads them from the store again."""

RETRY_S = (0.05, 2.0)
"""The first and the longest pause between two tries to reach Redis."""


class Follower:
    """What has come for one who follows a stream, behind the entry that it `read` last."""

    def __init__(self, read: int, *, behind: bool) -> None:
        self.read = read
        self.behind = behind
        """Whether the store has entries for it that did not come this way."""
        self.news: list[Entry] = []
        self.wake = Wake()

    def put(self, entries: Sequence[Entry]) -> None:
        """They have come."""
        if len(self.news) + len(entries) > HELD:
            self.behind = True
            self.news.clear()
        if not self.behind:
            self.news += entries
        self.wake()

    def take(self, entries: Sequence[Entry]) -> Sequence[Entry]:
        """Those of the entries that are new to it: now it has read them."""
        if entries and entries[0].seq <= self.read:
            entries = [entry for entry in entries if entry.seq > self.read]
        if entries:
            self.read = entries[-1].seq
        return entries


class Stream:
    """A stream that is followed, behind the number `at`."""

    def __init__(self, at: int, followers: set[Follower]) -> None:
        self.at = at
        self.has_come = False
        """Whether a read has brought anything: then all that is in front of `at` is there, too."""
        self.followers = followers

    def put(self, items: Sequence[Any]) -> None:
        """Tells all followers what a read has brought. They share it."""
        entries = entries_of(items)
        self.at, self.has_come = entries[-1].seq, True
        for follower in self.followers:
            follower.put(entries)


class WaitingRead:
    """One connection, on which the next entries of its streams are waited for, as long as there are any."""

    def __init__(self, pipe: Pipe, connection: AbstractConnection, wake_key: str) -> None:
        self.streams: dict[str, Stream] = {}
        self.over = False
        """Whether it has ended: nobody followed anything here."""
        self._task = asyncio.create_task(self._run())
        self._pipe = pipe
        self._connection = connection
        self._wake_key = wake_key
        self._woken_at = "0"
        self._waking = Tasks()
        self._named = True  # whether the read that waits, or the next one, names all streams

    @property
    def has_room(self) -> bool:
        """Whether it takes further streams."""
        return not self.over and len(self.streams) < STREAMS

    def join(self, key: str, after: int) -> Follower:
        """Follows a stream from now on."""
        stream = self.streams.get(key)
        if stream is None:
            stream = self._begin(key, after, set())
        elif after < stream.at and not stream.has_come:  # the others are ahead of what is there
            followers, stream.followers = stream.followers, set()
            stream = self._begin(key, after, followers)
        follower = Follower(after, behind=after < stream.at)
        stream.followers.add(follower)
        return follower

    def part(self, key: str, follower: Follower) -> None:
        """No more."""
        followers = self.streams[key].followers
        followers.discard(follower)
        if not followers:
            del self.streams[key]

    def _begin(self, key: str, after: int, followers: set[Follower]) -> Stream:
        stream = self.streams[key] = Stream(after, followers)
        if self._named:
            self._named = False
            _ = self._waking.start(self._wake())
        return stream

    async def close(self) -> None:
        """Nothing is waited for any more."""
        self._task.cancel()
        await asyncio.wait({self._task, *self._waking})

    async def _wake(self) -> None:
        with suppress(StoreUnavailable):  # then the read that waits has failed as well
            await self._pipe.ask_at_once(
                ("XADD", self._wake_key, "MAXLEN", 1, "*", "wake", ""), ("PEXPIRE", self._wake_key, 60_000)
            )

    async def _run(self) -> None:
        pause = RETRY_S[0]
        try:
            while self.streams:
                try:
                    await self._read()
                    pause = RETRY_S[0]
                except Exception as error:  # noqa: BLE001  # whatever it is, its followers must not wait for ever
                    if not isinstance(error, RedisError | OSError):
                        log_fault(_log, "following runs broke", error)
                    await shut(self._connection)
                    await asyncio.sleep(pause * random.uniform(0.5, 1))  # noqa: S311
                    pause = min(pause * 2, RETRY_S[1])
        finally:
            self.over = True
            await shut(self._connection)

    async def _read(self) -> None:
        await self._connection.connect()  # type: ignore[no-untyped-call]
        self._named = True
        streams = dict(self.streams)
        keys = [self._wake_key, *streams]
        ids = [self._woken_at, *(stream.at for stream in streams.values())]
        await self._connection.send_command(
            "XREAD", "COUNT", COUNT, "BLOCK", round(BLOCK_S * 1000), "STREAMS", *keys, *ids, check_health=False
        )
        for key, items in await self._connection.read_response() or ():
            if key == self._wake_key:
                self._woken_at = items[-1][0]
            else:  # not to one of the same key that has been added since, for somebody who is elsewhere in it
                streams[key].put(items)
        await asyncio.sleep(len(keys) * PER_STREAM_S)


class Tail:
    """The streams that anybody in this process follows."""

    def __init__(self, pipe: Pipe, connect: Connect, wake_key: str) -> None:
        self._pipe = pipe
        self._connect = connect
        self._wake_key = wake_key
        self._reads: list[WaitingRead] = []
        self._numbers = count(1)

    async def follow(self, key: str, after: int) -> AsyncGenerator[Sequence[Entry]]:
        """What is in a stream behind the number `after`, and what comes; never ends by itself."""
        read = self._read_of(key)
        follower = read.join(key, after)
        try:
            while True:
                if follower.behind:
                    news = await self._catch_up(key, follower)
                else:
                    news, follower.news = follower.news, []
                if news := follower.take(news):
                    yield news
                elif not follower.behind:
                    await follower.wake.wait(inf)
        finally:
            read.part(key, follower)

    async def close(self) -> None:
        """Nobody follows anything any more."""
        await asyncio.gather(*(read.close() for read in self._reads))
        self._reads.clear()

    def _read_of(self, key: str) -> WaitingRead:
        """The read that names a stream, or has room for it."""
        self._reads = [read for read in self._reads if not read.over]
        for read in self._reads:
            if key in read.streams:
                return read
        for read in self._reads:
            if read.has_room:
                return read
        key = f"{self._wake_key}:{next(self._numbers)}"
        self._reads.append(WaitingRead(self._pipe, self._connect(BLOCK_S + TIMEOUT_S), key))
        return self._reads[-1]

    async def _catch_up(self, key: str, follower: Follower) -> Sequence[Entry]:
        """What the store has behind what was read. What comes meanwhile comes twice, and is taken once."""
        follower.behind = False
        follower.news.clear()
        try:
            items = await self._pipe.ask("XRANGE", key, follower.read + 1, "+", "COUNT", COUNT)
        except StoreUnavailable:
            follower.behind = True
            await asyncio.sleep(RETRY_S[1] * random.uniform(0.5, 1))  # noqa: S311
            return ()
        follower.behind = follower.behind or len(items) == COUNT
        return entries_of(items)


def entries_of(items: Sequence[Any]) -> list[Entry]:
    """Entries as Redis tells them: `["7-0", ["token", "{...}"]]`."""
    return [Entry.stored(int(at.partition("-")[0]), name, data) for at, (name, data) in items]
