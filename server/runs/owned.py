"""A run that this worker owns: its chain, its log, and its copy in the store."""

import asyncio
from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager
from typing import Any

from chains import Pins
from schemas import Code, Event, RequestError, StreamError
from server.runs.errands import no_answer
from server.runs.log import Log, LogReader
from server.runs.run import Run
from server.runs.store import NewRun, Store, Unknown
from server.runs.watch import Watch
from server.runs.writer import Writer

FLUSH_S = 2.0
"""Seconds that the store gets to take the rest of a run that is handed over."""


class Owned:
    """Goes on until the store has the run's end, whether or not anybody reads, or until the run is not this worker's.

    `log` holds what another worker has written already, if it was the one to begin.
    """

    def __init__(
        self,
        store: Store,
        new: NewRun,
        events: AsyncGenerator[Event],
        pins: Pins,
        log: Log,
        watch: Watch | None = None,
    ) -> None:
        self.id = new.id
        self.chain = new.chain
        self.user = new.user
        self.log = log
        self._clock = asyncio.get_running_loop().time
        self._wanted_at = self._clock()
        self._store = store
        self._writer = Writer(store, new, log)
        self._run = Run(events, self._writer.write, pins, log.progress(), watch)
        self._attending = asyncio.create_task(self._attend())

    async def opened(self) -> None:
        """Returns when readers have its first event. Raises the `StreamError` of a run that failed before it."""
        try:
            await self._run.opened()
        except BaseException:
            await self.abandon()
            raise
        await self.log.until(1)

    async def finished(self) -> None:
        """Returns when there is nothing more to do for it here."""
        await asyncio.wait({self._attending})

    @property
    def running(self) -> bool:
        """Whether its chain still works."""
        return not self._run.over

    def reaches(self, after: int) -> bool:
        """Whether this log is the one to read on behind the number `after`.

        A worker that was paused does not know yet that another one has gone on with the run; its readers do.
        """
        return after <= self.log.last and not self.log.closed

    @contextmanager
    def read(self, after: int, *, sure: bool) -> Iterator[LogReader]:
        """As `Log.reader`."""
        try:
            with self.log.reader(after, sure=sure) as reader:
                yield reader
        finally:
            self.want()

    def want(self) -> None:
        """Somebody wants it, now."""
        self._wanted_at = self._clock()

    @property
    def unwanted_s(self) -> float:
        """Seconds for which nobody here has read it or asked after it."""
        return 0 if self.log.readers else self._clock() - self._wanted_at

    async def pin(self, path: str, value: Any) -> int:
        """As `Run.pin`, but the pin also stands where it outlives this process."""
        seq = await self._run.pin(path, value)
        if await self.log.until(seq):
            return seq
        raise RequestError("The run was stopped.", code=Code.CONFLICT) if self.log.ended else no_answer()

    async def end(self, end: StreamError | str) -> bool:
        """Stops the model. When this returns the log has ended: with `failed`, or with `cancelled` and this reason.

        Whether that is certain: the run may be another worker's by now, or its store away.
        """
        if isinstance(end, str):
            await self._run.cancel(end)
        else:
            await self._run.fail(end)
        await self.log.until(self._run.progress.seq)
        return self.log.ended and self.log.entries[-1].sure

    async def assure(self) -> None:
        """Makes sure that the store knows the run: it may have been restarted empty."""
        try:
            await self._store.record(self.id)
        except Unknown:
            self._writer.restore()

    async def abandon(self) -> None:
        """Stops the model and lets go of the run, which is another worker's. Readers are sent there."""
        await self._run.abandon()
        await self._writer.flush(0)

    async def hand_over(self) -> None:
        """Stops the model and gives the run away, unless it has ended. Readers are sent elsewhere.

        A run of which the store has not got everything in time is not given away: it is taken over when its lease ends.
        """
        if not self._run.over:
            await self._run.abandon()
        if await self._writer.flush(FLUSH_S) and not self.log.ended:
            await self._store.release(self.id)

    async def _attend(self) -> None:
        await self._writer.finished()
        if not self.log.ended:
            await self._run.abandon()
