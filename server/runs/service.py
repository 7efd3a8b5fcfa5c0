"""The runs of this process, and the way to all the others: begin, read, look, pin, cancel, take over, hand over."""

import asyncio
import hashlib
import json
import time
from collections.abc import AsyncGenerator, AsyncIterator, Coroutine, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar
from uuid import UUID, uuid4

from langchain_core.runnables import RunnableConfig

from chains import Pins, Resumption
from chains.structured import StructuredChain
from schemas import Code, Event, RequestError, RunView, ServerError, StreamError, copy_json
from server.runs.errands import Errands, no_answer
from server.runs.log import Log, Moved, Reader
from server.runs.owned import Owned
from server.runs.reading import StoreReader, log_of, store_reader
from server.runs.run import Run
from server.runs.store import Expired, NewRun, Record, Store, StoreUnavailable, Unknown

T = TypeVar("T")

JOIN_S = 10.0
"""Seconds that a repeated request waits for the first one's run to begin."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """What runs may take.

    - `running`, `readers`: kept runs, and readers of runs, in this process at once
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


class Beginning(NamedTuple):
    """A run that is being made, and the task that gives its id."""

    new: NewRun
    task: asyncio.Task[str]


class Runs:
    """All runs that can be asked after here. `totals` gives the seconds that a chain's run may take, by its name."""

    def __init__(
        self, store: Store, chains: Mapping[str, StructuredChain], totals: Mapping[str, float], bounds: Bounds
    ) -> None:
        self.owned: dict[str, Owned] = {}
        """Those that this worker owns."""
        self.draining = False
        """Whether this process is going, and begins nothing more."""
        self.undone: set[str] = set()
        """Runs that were given up before they began, which the store may have been told of."""
        self.errands = Errands(store, self._do)
        self._store = store
        self._chains = chains
        self._totals = totals
        self._bounds = bounds
        self._attached: dict[str, Run] = {}  # those that end with their one reader
        self._beginning: dict[str, Beginning] = {}  # by their key, if they have one
        self._readers = 0
        self._elsewhere: dict[str, set[StoreReader]] = {}  # who reads runs that are not here, by run
        self._tasks: set[asyncio.Task[Any]] = set()

    @property
    def read_elsewhere(self) -> list[str]:
        """The runs that are read here and go on elsewhere."""
        return list(self._elsewhere)

    @property
    def doubtful(self) -> bool:
        """Whether the store has just come back, and may not know every run yet."""
        return self._store.steady_s < self._bounds.lease_s

    @property
    def room(self) -> int:
        """How many more runs this worker could take."""
        beginning = sum(one.new.id not in self.owned for one in self._beginning.values())
        return 0 if self.draining else max(self._bounds.running - len(self.owned) - beginning, 0)

    # -- beginning -----------------------------------------------------------------------------------------------------

    def admit(self) -> None:
        """Refuses what would begin something while this process is going."""
        if self.draining:
            raise _going()

    async def begin(self, name: str, request: Any, key: str = "") -> str:
        """Begins a run that is kept. Returns its id, or that of the run which was begun under this key.

        Once begun it no longer depends on who asked for it: somebody else may have joined.
        """
        self.admit()
        if key and (beginning := self._beginning.get(_digest(name, key))):
            beginning.new.must_repeat(_digest(name, request))
            return await asyncio.shield(beginning.task)
        if not self.room:
            raise ServerError("The server is busy. Try again shortly.", code=Code.TOO_BUSY, retry_after_ms=2000)
        new = self._new(name, request, key)
        beginning = self._beginning[new.key or new.id] = Beginning(new, self._task(self._begin(new)))
        beginning.task.add_done_callback(lambda _: self._beginning.pop(new.key or new.id))
        return await asyncio.shield(beginning.task)

    async def _begin(self, new: NewRun) -> str:
        while True:
            run_id = await self._create(new)
            if run_id == new.id:
                pins = Pins()
                log = Log(keeps=self._bounds.log_chars)
                await self._opened(self._own(new, self._events(new, pins), pins, log))
            elif not await self._joined(run_id, new):
                continue  # it was refused before it began, and so is this one, or not
            return run_id

    async def _create(self, new: NewRun) -> str:
        try:
            return await self._store.create(new)
        except StoreUnavailable:
            self.undone.add(new.id)  # it may have been made all the same: nobody runs it
            raise

    def _events(self, new: NewRun, pins: Pins, resume: Resumption | None = None) -> AsyncGenerator[Event]:
        config: RunnableConfig = {"run_id": UUID(new.id)}
        return self._chains[new.chain].astream_typed(new.request, config, hold=0, pins=pins, resume=resume)

    async def _opened(self, owned: Owned) -> None:
        """Returns when the first event is told. A run that is refused before has never been."""
        try:
            await owned.opened()
        except BaseException:
            self.undone.add(owned.id)
            with suppress(StoreUnavailable):
                await self._store.drop(owned.id)
                self.undone.discard(owned.id)
            raise

    async def _joined(self, run_id: str, new: NewRun) -> bool:
        """Whether there is such a run, which has begun."""
        try:
            new.must_repeat((await self._store.record(run_id)).print)
            async with store_reader(self._store, run_id, 0, sure=True) as reader:
                return bool(await reader.next(asyncio.get_running_loop().time() + JOIN_S))
        except (Unknown, Expired, Moved):
            return False

    def _new(self, name: str, request: Any, key: str) -> NewRun:
        keyed = {"key": _digest(name, key), "print": _digest(name, request)} if key else {}
        return NewRun(str(uuid4()), name, request, time.time(), self._lives_s(name), **keyed)

    def _lives_s(self, name: str) -> float:
        """How long a run may go on at the most, with all its takeovers."""
        return self._totals.get(name, 0) + (self._bounds.takeovers + 2) * self._bounds.lease_s

    def _own(self, new: NewRun, events: AsyncGenerator[Event], pins: Pins, log: Log) -> Owned:
        owned = self.owned[new.id] = Owned(self._store, new, events, pins, log)
        _ = self._task(self._let_go(owned))
        return owned

    async def _let_go(self, owned: Owned) -> None:
        await owned.finished()
        if self.owned.get(owned.id) is owned:
            del self.owned[owned.id]

    @contextmanager
    def attached(self, run_id: str, run: Run) -> Iterator[None]:
        """A run that is not kept goes on here, as long as the block lasts: it can be pinned and cancelled."""
        self._attached[run_id] = run
        locating = self._task(self._locate(run_id)) if self._store.shared else None
        try:
            yield
        finally:
            del self._attached[run_id]
            if locating:
                _ = self._task(self._leave(run_id, locating))

    async def _locate(self, run_id: str) -> None:
        with suppress(StoreUnavailable):  # then it is found here only
            await self._store.locate(run_id, max(self._totals.values()))

    async def _leave(self, run_id: str, located: asyncio.Task[Any]) -> None:
        await asyncio.wait({located})
        with suppress(StoreUnavailable):
            await self._store.leave(run_id)

    # -- reading -------------------------------------------------------------------------------------------------------

    @asynccontextmanager
    async def reader(self, run_id: str, after: int = 0, *, sure: bool = True) -> AsyncIterator[Reader]:
        """Somebody reads a run on behind the number `after`, as long as the block lasts.

        `sure`: whether it had been given that number with certainty. `RequestError` if there is no such run (any more).
        """
        if self._readers >= self._bounds.readers:
            raise ServerError("Too many are reading here. Try again shortly.", code=Code.TOO_BUSY, retry_after_ms=2000)
        self._readers += 1
        try:
            async with AsyncExitStack() as held:
                if (owned := self.owned.get(run_id)) and owned.reaches(after):
                    yield held.enter_context(owned.read(after, sure=sure))
                    return
                with self._doubted():
                    reader = await held.enter_async_context(store_reader(self._store, run_id, after, sure=sure))
                with self._noted(run_id, reader):
                    yield reader
        finally:
            self._readers -= 1

    @contextmanager
    def _doubted(self) -> Iterator[None]:
        """A store that has just come back may be told of a run yet."""
        try:
            yield
        except Unknown:
            if self.doubtful:
                raise StoreUnavailable from None
            raise

    @contextmanager
    def _noted(self, run_id: str, reader: StoreReader) -> Iterator[None]:
        self._elsewhere.setdefault(run_id, set()).add(reader)
        try:
            yield
        finally:
            self._elsewhere[run_id].remove(reader)
            if not self._elsewhere[run_id]:
                del self._elsewhere[run_id]

    async def view(self, run_id: str) -> RunView:
        """How far a run has come. `RequestError` if there is no such run (any more)."""
        if owned := self.owned.get(run_id):
            owned.want()
            return _view(run_id, owned.chain, owned.log)
        with self._doubted():
            record, stretch = await self._store.record(run_id), await self._store.read(run_id)
        if not record.end:
            await self._store.note_readers([run_id], self._bounds.grace_s)
        return _view(run_id, record.chain, log_of(stretch))

    # -- from outside --------------------------------------------------------------------------------------------------

    async def pin(self, run_id: str, path: str, value: Any) -> int:
        """The user takes a field over. Returns the number of the event that tells it, once that stands in the log.

        `RequestError` if there is no such run, or it takes no such pin.
        """
        if run := self._attached.get(run_id) or self.owned.get(run_id):
            return await run.pin(path, value)
        seq = await self._ask(run_id, {"do": "pin", "run": run_id, "path": path, "value": value})
        return int(seq)

    async def cancel(self, run_id: str, reason: str) -> bool:
        """Stops a run, which ends with `cancelled` unless it has ended. Whether it has by now: else it will.

        `RequestError` if there is no such run.
        """
        if await self._cancelled_here(run_id, reason):
            return True
        with suppress(Unknown):  # one that is not kept may go on elsewhere
            if (await self._store.cancel(run_id, reason)).end:
                return True
        try:
            return bool(await self._ask(run_id, {"do": "cancel", "run": run_id, "reason": reason}))
        except ServerError as error:
            if error.code is not Code.WORKER_LOST:
                raise
            return False  # whoever takes it over finds that it is to be stopped

    async def _ask(self, run_id: str, errand: dict[str, Any]) -> Any:
        with self._doubted():
            worker = await self._store.worker_of(run_id)
        if worker in ("", self._store.worker):  # it has ended, or is just being handed over or taken over
            with suppress(Unknown):
                if not (await self._store.record(run_id)).end:
                    raise no_answer()
            raise _over()
        return await self.errands.ask(worker, errand)

    async def _do(self, errand: dict[str, Any]) -> Any:
        """What another worker asks for."""
        run_id = errand["run"]
        if errand["do"] == "cancel":
            return await self._cancelled_here(run_id, errand["reason"])
        if run := self._attached.get(run_id) or self.owned.get(run_id):
            return await run.pin(errand["path"], errand["value"])
        raise _over()

    async def _cancelled_here(self, run_id: str, reason: str) -> bool:
        if attached := self._attached.get(run_id):
            await attached.cancel(reason)
        elif owned := self.owned.get(run_id):
            await owned.end(reason)
        else:
            return False
        return True

    # -- owning --------------------------------------------------------------------------------------------------------

    async def take_over(self, record: Record) -> None:
        """Goes on with a run that this worker has claimed, or ends it if it may not."""
        if record.id in self.owned:
            return
        log = log_of(await self._store.read(record.id), self._bounds.log_chars)
        if log.ended:
            return
        pins, progress = Pins(), log.progress()
        new = NewRun(record.id, record.chain, record.request, record.began, self._lives_s(record.chain))
        end = self._end_of(record)
        if progress.seq:
            reason = Code.SHUTTING_DOWN if record.handed else Code.WORKER_LOST
            resume = Resumption(progress, max(time.time() - record.began, 0), reason)
            owned = self._own(new, _nothing() if end else self._events(new, pins, resume), pins, log)
        elif end:
            await self._store.drop(record.id)  # nobody has been told anything of it
            return
        else:
            owned = self._own(new, self._events(new, pins), pins, log)
            _ = self._task(self._opened(owned))
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

    # -- ending --------------------------------------------------------------------------------------------------------

    async def finished(self, within_s: float) -> None:
        """Returns when nothing goes on here any more, and in any case after so long."""
        clock = asyncio.get_running_loop().time
        until = clock() + within_s
        while (going := self._going()) and clock() < until:
            await asyncio.wait([self._task(one) for one in going], timeout=until - clock())

    def _going(self) -> list[Coroutine[Any, Any, None]]:
        """The ends of all that goes on here."""
        attached = [run.finished() for run in self._attached.values() if not run.over]
        return [*attached, *(owned.finished() for owned in self.owned.values())]

    async def give_up(self) -> None:
        """This process is going: what goes on is handed to other workers if it can be, else told its end."""
        await asyncio.gather(
            *(run.fail(_going()) for run in list(self._attached.values())),
            *(self._give_up(owned) for owned in list(self.owned.values())),
        )
        for readers in list(self._elsewhere.values()):
            for reader in readers:
                reader.send_away()

    async def _give_up(self, owned: Owned) -> None:
        if not self._store.shared:
            await owned.end(_going())
            return
        with suppress(StoreUnavailable):
            await owned.hand_over()

    def _task(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            task.exception()  # who waited for it has it, unless they have left


async def _nothing() -> AsyncGenerator[Event]:
    """The events of a run that is only to be ended."""
    await asyncio.Event().wait()
    yield  # type: ignore[misc]  # never


def _digest(*parts: Any) -> str:
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _going() -> ServerError:
    message = "The server is shutting down. Try again shortly."
    return ServerError(message, code=Code.SHUTTING_DOWN, retry_after_ms=1000)


def _over() -> RequestError:
    return RequestError("The run has ended.", code=Code.CONFLICT)


def _view(run_id: str, chain: str, log: Log) -> RunView:
    progress = log.progress()
    return RunView(
        run_id=run_id,
        chain=chain,
        state=progress.end or "running",  # type: ignore[arg-type]  # a terminal event's name
        seq=progress.seq,
        attempt=progress.attempt,
        value=copy_json(progress.value),
        settled=progress.topmost,
        end=log.entries[-1].event if log.ended else None,
    )
