"""This worker as the owner of runs: it begins them, takes over those of lost workers, and gives its own away."""

import asyncio
import hashlib
import json
import time
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from math import inf
from typing import Any, NamedTuple
from uuid import UUID, uuid4

from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.runnables import RunnableConfig

from chains import Pins, Resumption
from chains.meter import Meter, metered
from chains.structured import StructuredChain
from schemas import Code, Event, ServerError, StreamError
from server.auth.user import ANYBODY, User
from server.limited import Full, Limited, TooMany
from server.runs.log import Log, Moved
from server.runs.owned import Owned
from server.runs.reading import log_of, store_reader
from server.runs.store import Expired, NewRun, Record, Store, StoreUnavailable, Unknown
from server.runs.tasks import Tasks
from server.runs.watch import Unwatched, Watching

MAX_UNDONE = 1_000
"""How many are remembered; what is beyond is found by its lease."""

JOIN_S = 10.0
"""Seconds that a repeated request waits for the first one's run to begin."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """What runs may take.

    - `running`, `readers`: kept runs, and readers of runs, in this process at once
    - `user_running`: kept runs of one user among them; None for no bound
    - `log_chars`: characters of JSON that a log holds; beyond it its beginning becomes a snapshot
    - `grace_s`: seconds after which a run that nobody reads is cancelled
    - `lease_s`: seconds of silence after which a worker is given up
    - `takeovers`: how often a run may be taken over from a worker that was lost
    """

    running: int = 500
    readers: int = 10_000
    log_chars: int = 1 << 20
    grace_s: float = 60.0
    lease_s: float = 10.0
    takeovers: int = 1
    user_running: int | None = None

    def longest_s(self, totals: Iterable[float]) -> float:
        """Seconds that a run may go on at the most, with all its takeovers, by what its chain may take."""
        return max(totals) + (self.takeovers + 2) * self.lease_s


class Beginning(NamedTuple):
    """A run that is being made, and the task that gives its id."""

    new: NewRun
    task: asyncio.Task[str]


class Owner:
    """Owns runs.

    - `totals`: the seconds that a chain's run may take, by its name
    - `meter_of`: who counts what models read and write for a user
    - `watching`: who is told how runs go
    """

    def __init__(
        self,
        store: Store,
        chains: Mapping[str, StructuredChain],
        totals: Mapping[str, float],
        bounds: Bounds,
        meter_of: Callable[[str], Meter | None] = lambda _: None,
        watching: Watching = lambda *_: Unwatched(),
    ) -> None:
        self.owned: dict[str, Owned] = {}
        """Its runs, by their id."""
        self.draining = False
        """Whether this process is going, and begins nothing more."""
        self.undone: set[str] = set()
        """Runs that were given up before they began, which the store may have been told of."""
        self._store = store
        self._chains = chains
        self._totals = totals
        self._bounds = bounds
        self._meter_of = meter_of
        self._watching = watching
        self._beginning: dict[str, Beginning] = {}  # by their key, if they have one
        self._tasks = Tasks()

    @property
    def room(self) -> int:
        """How many more runs this worker could take."""
        beginning = sum(one.new.id not in self.owned for one in self._beginning.values())
        return 0 if self.draining else max(self._bounds.running - len(self.owned) - beginning, 0)

    def admit(self) -> None:
        """Refuses what would begin something while this process is going."""
        if self.draining:
            raise going()

    async def begin(
        self, name: str, request: Any, key: str = "", user: User = ANYBODY, traceparent: str | None = None
    ) -> str:
        """Begins a user's run that is kept. Returns its id, or that of the run which was begun under this key.

        Once begun it no longer depends on who asked for it: somebody else may have joined.
        """
        self.admit()
        new = self._new(name, request, key, user.key)
        if key and (beginning := self._beginning.get(new.key)):
            beginning.new.must_repeat(new.print)
            return await asyncio.shield(beginning.task)
        if (full := self._full(user)) and not key:
            raise full
        beginning = self._beginning[new.key or new.id] = Beginning(
            new, self._tasks.start(self._begin(new, traceparent, full))
        )
        beginning.task.add_done_callback(lambda _: self._beginning.pop(new.key or new.id))
        return await asyncio.shield(beginning.task)

    def _full(self, user: User) -> Limited | None:
        """Why no further run of this user begins here, if none does. One that has begun can be joined all the same."""
        if not self.room:
            return Full("runs")
        if user.limited and self._had_by(user.key) >= (self._bounds.user_running or inf):
            return TooMany("user_streams", "runs at once", wait_s=2)
        return None

    async def _begin(self, new: NewRun, traceparent: str | None, full: Limited | None) -> str:
        while True:
            run_id = await self._create(new)
            if run_id == new.id:
                if full:
                    await self._drop(new.id)
                    raise full
                await self._opened(self._own(new, Log(keeps=self._bounds.log_chars), traceparent=traceparent))
            elif not await self._joined(run_id, new):
                continue  # it was refused before it began, and so is this one, or not
            return run_id

    async def _create(self, new: NewRun) -> str:
        try:
            return await self._store.create(new)
        except StoreUnavailable:
            if len(self.undone) < MAX_UNDONE:
                self.undone.add(new.id)  # it may have been made all the same: nobody runs it
            raise

    def _events(
        self, new: NewRun, pins: Pins, callbacks: list[BaseCallbackHandler], resume: Resumption | None
    ) -> AsyncGenerator[Event]:
        config: RunnableConfig = {"run_id": UUID(new.id)}
        if callbacks:
            config["callbacks"] = callbacks
        return self._chains[new.chain].astream_typed(new.request, config, hold=0, pins=pins, resume=resume)

    async def _opened(self, owned: Owned) -> None:
        """Returns when the first event is told. A run that is refused before has never been."""
        try:
            await owned.opened()
        except BaseException:
            await self._drop(owned.id)
            raise

    async def _drop(self, run_id: str) -> None:
        """Forgets a run that has not begun; later, if the store is away."""
        self.undone.add(run_id)
        with suppress(StoreUnavailable):
            await self._store.drop(run_id)
            self.undone.discard(run_id)

    async def _joined(self, run_id: str, new: NewRun) -> bool:
        """Whether there is such a run, which has begun."""
        try:
            new.must_repeat((await self._store.record(run_id)).print)
            async with store_reader(self._store, run_id, 0, sure=True, user=new.user) as reader:
                return bool(await reader.next(asyncio.get_running_loop().time() + JOIN_S))
        except (Unknown, Expired, Moved):
            return False

    def _new(self, name: str, request: Any, key: str, user: str) -> NewRun:
        keyed = {"key": _digest(user, name, key), "print": _digest(name, request)} if key else {}
        return NewRun(str(uuid4()), name, request, time.time(), self._lives_s(name), user=user, **keyed)

    def _had_by(self, user: str) -> int:
        """How many runs of a user go on here, or are being made."""
        beginning = sum(one.new.user == user and one.new.id not in self.owned for one in self._beginning.values())
        return beginning + sum(owned.user == user and owned.running for owned in self.owned.values())

    def _lives_s(self, name: str) -> float:
        """How long a run may go on at the most, with all its takeovers."""
        return self._bounds.longest_s([self._totals.get(name, 0)])

    def _own(
        self,
        new: NewRun,
        log: Log,
        resume: Resumption | None = None,
        *,
        ending: bool = False,
        traceparent: str | None = None,
    ) -> Owned:
        """Begins a run, or goes on with it, behind what its log holds. `ending`: it is only to be ended."""
        pins, watch = Pins(), self._watching(new.id, new.chain, new.user, traceparent, new.request)
        events = _nothing() if ending else self._events(new, pins, watch.callbacks, resume)
        with metered(self._meter_of(new.user)):
            owned = self.owned[new.id] = Owned(self._store, new, events, pins, log, watch)
        _ = self._tasks.start(self._let_go(owned))
        return owned

    async def _let_go(self, owned: Owned) -> None:
        await owned.finished()
        if self.owned.get(owned.id) is owned:
            del self.owned[owned.id]

    async def take_over(self, record: Record) -> None:
        """Goes on with a run that this worker has claimed, or ends it if it may not."""
        if record.id in self.owned:
            return
        log = log_of(await self._store.read(record.id), self._bounds.log_chars)
        if log.ended:
            return
        progress = log.progress()
        new = NewRun(
            record.id, record.chain, record.request, record.began, self._lives_s(record.chain), user=record.user
        )
        end = self._end_of(record)
        if progress.seq:
            reason = Code.SHUTTING_DOWN if record.handed else Code.WORKER_LOST
            resume = Resumption(progress, max(time.time() - record.began, 0), reason)
            owned = self._own(new, log, resume, ending=bool(end))
        elif end:
            await self._store.drop(record.id)  # nobody has been told anything of it
            return
        else:
            owned = self._own(new, log)
            _ = self._tasks.start(self._opened(owned))
        if end := end or (await self._store.record(record.id)).cancelled:  # which may have come meanwhile
            await owned.end(end)

    def _end_of(self, record: Record) -> StreamError | str:
        """Why a run that this worker has claimed may not go on; empty if it may."""
        if record.cancelled:
            return record.cancelled
        if record.chain not in self._chains or record.claims > self._bounds.takeovers:
            return ServerError("The worker of this run was lost.", code=Code.WORKER_LOST, retry_after_ms=1000)
        return ""

    async def end_unread(self) -> None:
        """Cancels the runs that nobody has read for too long, here or elsewhere."""
        for run_id, owned in list(self.owned.items()):
            if owned.running and owned.unwanted_s > self._bounds.grace_s:
                if await self._store.is_read(run_id):
                    owned.want()
                else:
                    await owned.end("nobody reads it")

    async def give_up(self) -> None:
        """This process is going: what goes on is handed to other workers if it can be, else told its end."""
        await asyncio.gather(*(self._give_up(owned) for owned in list(self.owned.values())))

    async def _give_up(self, owned: Owned) -> None:
        if not self._store.shared:
            await owned.end(going())
            return
        with suppress(StoreUnavailable):
            await owned.hand_over()


def going() -> ServerError:
    """This process is going."""
    message = "The server is shutting down. Try again shortly."
    return ServerError(message, code=Code.SHUTTING_DOWN, retry_after_ms=1000)


async def _nothing() -> AsyncGenerator[Event]:
    """The events of a run that is only to be ended."""
    await asyncio.Event().wait()
    yield  # type: ignore[misc]  # never


def _digest(*parts: Any) -> str:
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
