"""Runs in the memory of one process: the default, and the measure of what every other store does.

Several stores may share one `Memory`, each a worker of its own: so one process can play several.
"""

import secrets
import time
from collections import deque
from collections.abc import AsyncGenerator, Callable, Collection, Iterator, Sequence
from dataclasses import replace
from math import inf

from chains.wake import Wake
from schemas.progress import Progress
from server.runs.entry import Entry
from server.runs.memory_run import MemoryRun
from server.runs.store import Expired, Fenced, Lost, NewRun, Record, Stretch, Unknown
from server.runs.timed import Timed

TTL_S = 600.0
MAX_BYTES = 256 * 2**20
REMEMBERED = 10_000
"""How many runs are told from those that never were, when their time is over."""


class Memory:
    """What the workers of one process share.

    - `ttl_s`: for how long a run is kept after its end
    - `max_bytes`: what all runs together may take, about. Beyond it, those that ended first go before their time
    - `clock`: seconds, from any beginning
    """

    def __init__(
        self, ttl_s: float = TTL_S, max_bytes: int = MAX_BYTES, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.clock = clock
        self.readers = Timed[bool](clock)
        self.located = Timed[str](clock)
        self.inboxes: dict[str, deque[str]] = {}
        self._claims_since = self._claimed_at = -inf
        self._ttl_s = ttl_s
        self._max_bytes = max_bytes
        self._bytes = 0
        self._runs = Timed[MemoryRun](clock)
        self._keys: dict[str, str] = {}
        self._ended: dict[str, None] = {}  # in the order in which they did
        self._over: dict[str, str] = {}  # whose they were
        self._waiting: dict[str, set[Wake]] = {}

    def claimed_without_break(self, longest_s: float) -> float:
        """Seconds since when somebody has claimed again and again, with no pause longer than this."""
        now = self.clock()
        if now - self._claimed_at > longest_s:
            self._claims_since = now
        self._claimed_at = now
        return now - self._claims_since

    def get(self, run_id: str) -> MemoryRun | None:
        """A run by its id, if it is kept."""
        return self._runs.get(run_id)

    def find(self, run_id: str) -> MemoryRun:
        """A run by its id. `Unknown`, `Expired`."""
        if run := self._runs.get(run_id):
            return run
        self.sweep()
        if (user := self._over.get(run_id)) is not None:
            raise Expired(user)
        raise Unknown

    def going_on(self) -> Iterator[MemoryRun]:
        """The runs that have no end."""
        return (run for _, run in self._runs if not run.record.end and self._runs.get(run.record.id))

    def add(self, new: NewRun, owner: str) -> str:
        """Makes a run, unless there is one with its id or its key: returns the id."""
        self.sweep()
        if new.key and (known := self._keys.get(new.key)):
            return known
        if self._runs.get(new.id) is None:
            record = Record(new.id, new.chain, new.request, new.began, owner, print=new.print, user=new.user)
            self._runs.set(new.id, MemoryRun(record, new.key, self.clock()), new.lives_s)
            self._over.pop(new.id, None)
            if new.key:
                self._keys[new.key] = new.id
        return new.id

    def append(self, run: MemoryRun, entries: Sequence[Entry], base: Progress | None) -> None:
        """Adds to a run's log, and wakes whoever follows it."""
        before, had_end = run.bytes, run.record.end
        run.append(entries, base)
        self._bytes += run.bytes - before
        if run.record.end and not had_end:
            self._runs.set(run.record.id, run, self._ttl_s)
            self._ended[run.record.id] = None
        while self._bytes > self._max_bytes and self._ended:
            self._let_go(first := next(iter(self._ended)), self._runs.pop(first))
        self.wake(run.record.id)

    def drop(self, run: MemoryRun) -> None:
        """Forgets a run altogether."""
        self._let_go(run.record.id, self._runs.pop(run.record.id))
        del self._over[run.record.id]

    def sweep(self) -> None:
        """Lets go of all whose time is over."""
        for run_id, run in self._runs.sweep():
            self._let_go(run_id, run)
        for timed in (self.readers, self.located):
            deque(timed.sweep(), maxlen=0)

    def listen(self, name: str, wake: Wake) -> None:
        """Wakes whenever something comes under a name: a run's id, or a worker's."""
        self._waiting.setdefault(name, set()).add(wake)

    def unlisten(self, name: str, wake: Wake) -> None:
        """No more."""
        self._waiting[name].discard(wake)
        if not self._waiting[name]:
            del self._waiting[name]

    def wake(self, name: str) -> None:
        """Something has come under a name."""
        for wake in self._waiting.get(name, ()):
            wake()

    def _let_go(self, run_id: str, run: MemoryRun | None) -> None:
        if run is None:
            return
        self._bytes -= run.bytes
        self._ended.pop(run_id, None)
        if self._keys.get(run.key) == run_id:
            del self._keys[run.key]
        self._over[run_id] = run.record.user
        if len(self._over) > REMEMBERED:
            del self._over[next(iter(self._over))]


class MemoryStore:
    """One worker's view of a memory; a memory of its own if it is given none."""

    def __init__(self, memory: Memory | None = None, worker: str = "", *, shared: bool = True) -> None:
        self._memory = memory or Memory()
        self._shared = shared and memory is not None
        self._worker = worker or secrets.token_hex(8)

    @property
    def worker(self) -> str:
        return self._worker

    @property
    def shared(self) -> bool:
        return self._shared

    @property
    def steady_s(self) -> float:
        return inf

    async def open(self) -> None:
        self._memory.inboxes[self._worker] = deque()

    async def close(self) -> None:
        self._memory.inboxes.pop(self._worker, None)

    async def create(self, new: NewRun) -> str:
        return self._memory.add(new, self._worker)

    async def drop(self, run_id: str) -> None:
        run = self._mine(run_id)
        if run and not run.last:
            self._memory.drop(run)

    async def record(self, run_id: str) -> Record:
        return self._memory.find(run_id).record

    async def append(self, run_id: str, entries: Sequence[Entry], base: Progress | None = None) -> None:
        run = self._memory.get(run_id)
        if run is None:
            raise Lost
        if run.record.owner != self._worker:
            raise Fenced
        self._memory.append(run, entries, base)

    async def read(self, run_id: str, after: int = 0) -> Stretch:
        return self._memory.find(run_id).read(after)

    async def follow(self, run_id: str, after: int) -> AsyncGenerator[Sequence[Entry]]:
        wake = Wake()
        self._memory.listen(run_id, wake)
        try:
            while True:
                if entries := self._behind(run_id, after):
                    after = entries[-1].seq
                    yield entries
                else:
                    await wake.wait(inf)
        finally:
            self._memory.unlisten(run_id, wake)

    async def cancel(self, run_id: str, reason: str) -> Record:
        run = self._memory.find(run_id)
        if not run.record.end and not run.record.cancelled:
            run.record = replace(run.record, cancelled=reason)
        return run.record

    async def renew(self, run_ids: Collection[str]) -> set[str]:
        lost = set()
        for run_id in run_ids:
            run = self._memory.get(run_id)
            if run and run.record.owner == self._worker:
                run.renewed = self._memory.clock()
            elif run:
                lost.add(run_id)
        return lost

    async def claim(self, idle_s: float, at_most: int, steady_s: float = 0) -> list[Record]:
        claimed: list[Record] = []
        if self._memory.claimed_without_break(steady_s / 2) < steady_s:
            idle_s = inf  # as only those are that were given away
        for run in self._memory.going_on():
            if len(claimed) < at_most and self._memory.clock() - run.renewed >= idle_s:
                self._take(run)
                claimed.append(run.record)
        return claimed

    async def release(self, run_id: str) -> None:
        if (run := self._mine(run_id)) and not run.record.end:
            run.record = replace(run.record, owner="")
            run.renewed = -inf

    async def note_readers(self, run_ids: Collection[str], for_s: float) -> None:
        self._memory.sweep()
        for run_id in run_ids:
            if self._memory.readers.until(run_id) < self._memory.clock() + for_s:
                self._memory.readers.set(run_id, True, for_s)

    async def is_read(self, run_id: str) -> bool:
        return bool(self._memory.readers.get(run_id))

    async def locate(self, run_id: str, for_s: float) -> None:
        self._memory.sweep()
        self._memory.located.set(run_id, self._worker, for_s)

    async def leave(self, run_id: str) -> None:
        self._memory.located.pop(run_id)

    async def worker_of(self, run_id: str) -> str:
        if worker := self._memory.located.get(run_id):
            return worker
        record = self._memory.find(run_id).record
        return "" if record.end else record.owner

    async def send(self, worker: str, message: str) -> None:
        if worker not in self._memory.inboxes:
            raise Unknown
        self._memory.inboxes[worker].append(message)
        self._memory.wake(worker)

    async def inbox(self) -> AsyncGenerator[str]:
        wake = Wake()
        self._memory.listen(self._worker, wake)
        try:
            while True:
                if messages := self._memory.inboxes.get(self._worker):
                    yield messages.popleft()
                else:
                    await wake.wait(inf)
        finally:
            self._memory.unlisten(self._worker, wake)

    def _mine(self, run_id: str) -> MemoryRun | None:
        run = self._memory.get(run_id)
        return run if run and run.record.owner == self._worker else None

    def _behind(self, run_id: str, after: int) -> Sequence[Entry]:
        run = self._memory.get(run_id)
        return run.behind(after) if run else ()

    def _take(self, run: MemoryRun) -> None:
        """Makes a run this worker's. If it was so already, only its lease is new."""
        run.renewed = self._memory.clock()
        if run.record.owner != self._worker:
            handed = not run.record.owner
            claims = run.record.claims + (not handed)
            run.record = replace(run.record, owner=self._worker, handed=handed, claims=claims)
