"""Workers that tend their runs over a store that can be away, in time that passes when a test says so."""

import asyncio
import heapq
from collections.abc import Callable, Collection
from itertools import count

import pytest

from server.runs.memory import Memory, MemoryStore
from server.runs.owner import Bounds
from server.runs.store import Record, StoreUnavailable
from server.runs.tending import Tending
from tests.server.runs.script import turns
from tests.server.runs.workers import Worker, Workers

LEASE_S = 10.0
BOUNDS = Bounds(lease_s=LEASE_S, grace_s=10_000.0)


class Watched(MemoryStore):
    """Notes how many runs are claimed, and when each; can be away, and knows since when it has been there."""

    def __init__(self, memory: Memory, worker: str) -> None:
        super().__init__(memory, worker)
        self._since = memory.clock()
        self._away = False
        self.wanted: list[int] = []
        self.claimed: dict[str, float] = {}

    @property
    def steady_s(self) -> float:
        return 0.0 if self._away else self._memory.clock() - self._since

    def goes(self) -> None:
        """It cannot be reached any more."""
        self._away = True

    def comes(self) -> None:
        """It can be reached again."""
        self._away, self._since = False, self._memory.clock()

    def forget(self, memory: Memory) -> None:
        """It is restarted empty."""
        self._memory = memory

    def _reach(self) -> None:
        if self._away:
            raise StoreUnavailable("The store is away.")

    async def open(self) -> None:
        self._reach()
        await super().open()

    async def record(self, run_id: str) -> Record:
        self._reach()
        return await super().record(run_id)

    async def renew(self, run_ids: Collection[str]) -> set[str]:
        self._reach()
        return await super().renew(run_ids)

    async def is_read(self, run_id: str) -> bool:
        self._reach()
        return await super().is_read(run_id)

    async def note_readers(self, run_ids: Collection[str], for_s: float) -> None:
        self._reach()
        await super().note_readers(run_ids, for_s)

    async def claim(self, idle_s: float, at_most: int, steady_s: float = 0) -> list[Record]:
        self._reach()
        records = await super().claim(idle_s, at_most, steady_s)
        self.wanted.append(at_most)
        self.claimed |= {record.id: self._memory.clock() for record in records}
        return records


class Time:
    """Time that passes when the test says so, from one sleeper's waking to the next one's."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1000.0
        self._turn = asyncio.sleep
        self._sleeping: list[tuple[float, int, asyncio.Event]] = []
        self._number = count()
        monkeypatch.setattr(asyncio.BaseEventLoop, "time", lambda loop: self.now)
        monkeypatch.setattr(asyncio, "sleep", self._sleep)
        monkeypatch.setattr("server.runs.tending.time.monotonic", lambda: self.now)

    async def step(self, until: float) -> bool:
        """On to the next who wakes, if that is not later. Whether anybody did."""
        await turns(50)
        if not self._sleeping or self._sleeping[0][0] > until:
            return False
        due, _, wake = heapq.heappop(self._sleeping)
        self.now = max(self.now, due)
        wake.set()
        await turns(50)
        return True

    async def _sleep(self, delay: float) -> None:
        if delay <= 0:
            await self._turn(0)
            return
        wake = asyncio.Event()
        heapq.heappush(self._sleeping, (self.now + delay, next(self._number), wake))
        await wake.wait()


class Yard:
    """Workers that tend their runs."""

    def __init__(self, workers: Workers, time: Time) -> None:
        self.workers = workers
        self.time = time
        self.tending: dict[str, Tending] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}

    @property
    def stores(self) -> list[Watched]:
        """Those of all workers."""
        return [store for worker in self.workers.hired if isinstance(store := worker.store, Watched)]

    async def hire(self, name: str, bounds: Bounds = BOUNDS, *, tends: bool = True) -> Worker:
        """A worker, and its store."""
        worker = await self.workers.hire(name, bounds, kind=Watched)
        self.tending[name] = Tending(worker.runs, worker.store, bounds)
        if tends:
            self.tend(worker)
        return worker

    def tend(self, worker: Worker) -> None:
        """It looks after its runs from now on."""
        with worker.here():
            self._tasks[worker.name] = asyncio.create_task(self.tending[worker.name].run())

    async def kill(self, worker: Worker) -> None:
        """It is gone at once."""
        await self.workers.kill(worker)

    async def until(self, holds: Callable[[], bool], within_s: float = 1000.0) -> float:
        """Waits until something is so. How many seconds that took."""
        began = self.time.now
        while not holds():
            assert await self.time.step(began + within_s), "it never came"
        return self.time.now - began

    async def wait(self, seconds: float) -> None:
        """So much time passes."""
        until = self.time.now + seconds
        while await self.time.step(until):
            pass
        self.time.now = until
        await turns(50)

    def store_is(self, *, away: bool) -> None:
        """For all workers."""
        for store in self.stores:
            if away:
                store.goes()
            else:
                store.comes()
