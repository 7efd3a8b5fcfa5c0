"""The way to all runs, wherever they go on: to read them, look at them, take their fields over, stop them."""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from typing import Any, NamedTuple

from schemas import Code, RequestError, RunView, ServerError, copy_json
from server.limited import Full
from server.runs.errands import Errands, no_answer
from server.runs.log import Log, Reader
from server.runs.owned import Owned
from server.runs.owner import Bounds, Owner, going
from server.runs.reading import StoreReader, log_of, store_reader
from server.runs.run import Run
from server.runs.store import Expired, Record, Store, StoreUnavailable, Unknown, only_theirs
from server.runs.tasks import Tasks


class Attached(NamedTuple):
    """A run that ends with its one reader, and whose it is."""

    run: Run
    user: str


class Runs:
    """All runs that can be asked after here: those of this worker's `owner`, those that end with their one reader, and
    those of other workers, by way of the `store`.

    `longest_s`: seconds that any run may take.
    """

    def __init__(self, store: Store, owner: Owner, bounds: Bounds, longest_s: float) -> None:
        self.owner = owner
        self.errands = Errands(store, self._do)
        self._store = store
        self._bounds = bounds
        self._longest_s = longest_s
        self._attached: dict[str, Attached] = {}
        self._readers = 0
        self._elsewhere: dict[str, set[StoreReader]] = {}  # who reads runs that are not here, by run
        self._tasks = Tasks()

    @property
    def read_elsewhere(self) -> list[str]:
        """The runs that are read here and go on elsewhere."""
        return list(self._elsewhere)

    @property
    def doubtful(self) -> bool:
        """Whether the store has just come back, and may not know every run yet."""
        return self._store.steady_s < self._bounds.lease_s

    @contextmanager
    def attached(self, run_id: str, run: Run, user: str = "") -> Iterator[None]:
        """A user's run that is not kept goes on here, as long as the block lasts: it can be pinned and cancelled."""
        self._attached[run_id] = Attached(run, user)
        locating = self._tasks.start(self._locate(run_id)) if self._store.shared else None
        try:
            yield
        finally:
            del self._attached[run_id]
            if locating:
                _ = self._tasks.start(self._leave(run_id, locating))

    async def _locate(self, run_id: str) -> None:
        with suppress(StoreUnavailable):  # then it is found here only
            await self._store.locate(run_id, self._longest_s)

    async def _leave(self, run_id: str, located: asyncio.Task[Any]) -> None:
        await asyncio.wait({located})
        with suppress(StoreUnavailable):
            await self._store.leave(run_id)

    @asynccontextmanager
    async def reader(self, run_id: str, after: int = 0, *, sure: bool = True, user: str = "") -> AsyncIterator[Reader]:
        """A user reads a run on behind the number `after`, as long as the block lasts.

        `sure`: whether it had been given that number with certainty. `RequestError` if there is no such run (any more).
        """
        if self._readers >= self._bounds.readers:
            raise Full("readers", "Too many are reading here. Try again shortly.")
        self._readers += 1
        try:
            async with AsyncExitStack() as held:
                if (owned := self.owner.owned.get(run_id)) and owned.reaches(after):
                    self._only(owned.user, user)
                    yield held.enter_context(owned.read(after, sure=sure))
                    return
                with self._doubted(user):
                    reading = store_reader(self._store, run_id, after, sure=sure, user=user)
                    reader = await held.enter_async_context(reading)
                with self._noted(run_id, reader):
                    yield reader
        finally:
            self._readers -= 1

    @contextmanager
    def _doubted(self, user: str) -> Iterator[None]:
        """A store that has just come back may be told of a run yet. And a run that is over was its user's alone."""
        try:
            yield
        except (Unknown, Expired) as error:
            if isinstance(error, Expired) and error.user == user:
                raise
            raise (StoreUnavailable if self.doubtful else Unknown) from None

    def _only(self, whose: str, user: str) -> None:
        """Another user is told what is told of a run that is not there, in doubt as well."""
        with self._doubted(user):
            only_theirs(whose, user)

    @contextmanager
    def _noted(self, run_id: str, reader: StoreReader) -> Iterator[None]:
        self._elsewhere.setdefault(run_id, set()).add(reader)
        _ = self._tasks.start(self._note(run_id))
        try:
            yield
        finally:
            self._elsewhere[run_id].remove(reader)
            if not self._elsewhere[run_id]:
                del self._elsewhere[run_id]

    async def _note(self, run_id: str) -> None:
        """Tells the run's own worker that it is read; later `Tending` does, now and then."""
        with suppress(StoreUnavailable):
            await self._store.note_readers([run_id], self._bounds.grace_s)

    async def check(self, run_id: str, user: str) -> None:
        """`RequestError` unless there is such a run, kept or not, and it is this user's."""
        if self._here(run_id, user) is None:
            with self._doubted(user):
                only_theirs((await self._store.record(run_id)).user, user)

    async def chain_of(self, run_id: str, user: str) -> str:
        """The chain of a user's run that is kept. `RequestError` if there is no such run (any more)."""
        if owned := self.owner.owned.get(run_id):
            self._only(owned.user, user)
            return owned.chain
        with self._doubted(user):
            record = await self._store.record(run_id)
            only_theirs(record.user, user)
        return record.chain

    async def view(self, run_id: str, user: str = "") -> RunView:
        """How far a user's run has come. `RequestError` if there is no such run (any more)."""
        if (owned := self.owner.owned.get(run_id)) and not owned.log.closed:
            self._only(owned.user, user)
            owned.want()
            return _view(run_id, owned.chain, owned.log)
        with self._doubted(user):
            record, stretch = await self._store.record(run_id), await self._store.read(run_id)
            only_theirs(record.user, user)
        if not record.end:
            await self._store.note_readers([run_id], self._bounds.grace_s)
        return _view(run_id, record.chain, log_of(stretch))

    async def pin(self, run_id: str, path: str, value: Any, user: str = "") -> int:
        """The user takes a field over. Returns the number of the event that tells it, once that stands in the log.

        `RequestError` if there is no such run, or it takes no such pin.
        """
        if run := self._here(run_id, user):
            return await run.pin(path, value)
        seq = await self._ask(run_id, user, {"do": "pin", "path": path, "value": value})
        return int(seq)

    async def cancel(self, run_id: str, reason: str, user: str = "") -> bool:
        """Stops a run, which ends with `cancelled` unless it has ended. Whether it has by now: else it will.

        `RequestError` if there is no such run.
        """
        if await self._cancelled_here(run_id, reason, user):
            return True
        # One that is not kept may go on elsewhere.
        if await self._kept(run_id, user) and (await self._store.cancel(run_id, reason)).end:
            return True
        if run_id in self.owner.owned:
            return False  # it is not certain that it is this worker's, or will be
        try:
            return bool(await self._ask(run_id, user, {"do": "cancel", "reason": reason}))
        except ServerError as error:
            if error.code is not Code.WORKER_LOST:
                raise
            return False  # whoever takes it over finds that it is to be stopped
        except RequestError as error:
            if error.code is Code.CONFLICT:  # it has just ended by itself
                return True
            raise

    async def _kept(self, run_id: str, user: str) -> Record | None:
        """The record of a user's run; None if none is kept. To everybody else it is as if it were not there."""
        try:
            record = await self._store.record(run_id)
        except Unknown:
            return None
        except Expired as error:
            self._only(error.user, user)
            raise
        self._only(record.user, user)
        return record

    async def _ask(self, run_id: str, user: str, errand: dict[str, Any]) -> Any:
        record = await self._kept(run_id, user)
        with self._doubted(user):
            worker = await self._store.worker_of(run_id)
        if worker in ("", self._store.worker):  # it has ended, or is just being handed over or taken over
            if record and not record.end:
                raise no_answer()
            raise _over()
        return await self.errands.ask(worker, {**errand, "run": run_id, "user": user})

    async def _do(self, errand: dict[str, Any]) -> Any:
        """What another worker asks for."""
        run_id, user = errand["run"], errand["user"]
        if errand["do"] == "cancel":
            return await self._cancelled_here(run_id, errand["reason"], user)
        if run := self._here(run_id, user):
            return await run.pin(errand["path"], errand["value"])
        raise _over()

    def _here(self, run_id: str, user: str) -> Run | Owned | None:
        """A user's run that goes on here, kept or not. `Unknown` if it is another user's."""
        if attached := self._attached.get(run_id):
            self._only(attached.user, user)
            return attached.run
        if owned := self.owner.owned.get(run_id):
            self._only(owned.user, user)
        return owned

    async def _cancelled_here(self, run_id: str, reason: str, user: str) -> bool:
        match self._here(run_id, user):
            case Run() as run:
                await run.cancel(reason)
                return True
            case Owned() as owned:
                return await owned.end(reason)
        return False

    async def finished(self, within_s: float) -> None:
        """Returns when nothing goes on here any more, and in any case after so long."""
        clock = asyncio.get_running_loop().time
        until = clock() + within_s
        while clock() < until and (going := self._going()):
            await asyncio.wait([self._tasks.start(one) for one in going], timeout=until - clock())

    def _going(self) -> list[Coroutine[Any, Any, None]]:
        """The ends of all that goes on here."""
        attached = [run.finished() for run, _ in self._attached.values() if not run.over]
        return [*attached, *(owned.finished() for owned in self.owner.owned.values())]

    async def give_up(self) -> None:
        """This process is going: what goes on is handed to other workers if it can be, else told its end."""
        await asyncio.gather(
            *(run.fail(going()) for run, _ in list(self._attached.values())),
            self.owner.give_up(),
        )
        for readers in list(self._elsewhere.values()):
            for reader in readers:
                reader.send_away()


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
