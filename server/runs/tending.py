"""What a worker does for its runs from time to time: it says that it lives, and takes over from those that do not."""

import asyncio
import logging
import time
from collections.abc import Callable
from math import inf

from chains.faults import log_fault
from server.runs.owner import Bounds
from server.runs.service import Runs
from server.runs.store import Record, Store, StoreUnavailable

_log = logging.getLogger(__name__)

AT_ONCE = 20
"""How many runs are claimed at a time, so that those of a lost worker spread over all the others."""


class Tending:
    """Tends this worker's runs for ever. `trouble` says in words what is wrong with the store, if anything is;
    `told` is told each time whether it could be reached.

    A store that was away has heard nobody renew a lease, so it lets nobody claim one for a while (`Store.claim`). It
    may have been restarted empty, so what it does not know is not held to be unknown yet (`Runs.doubtful`).
    """

    def __init__(
        self, runs: Runs, store: Store, bounds: Bounds, told: Callable[[bool], None] = lambda reachable: None
    ) -> None:
        self.trouble = ""
        self.opened = asyncio.Event()
        """Set when the store has been there for the first time."""
        self._runs = runs
        self._told = told
        self._store = store
        self._bounds = bounds
        self._renewed_at = self._noted_at = -inf

    async def run(self) -> None:
        """Looks after everything, again and again."""
        while True:
            try:
                await self._look_after()
                self.trouble = ""
            except StoreUnavailable as error:
                self.trouble, self._renewed_at, self._noted_at = error.message, -inf, -inf
            except Exception as error:  # noqa: BLE001  # tried again the next time
                log_fault(_log, "runs cannot be tended", error)
            self._told(not self.trouble)
            await asyncio.sleep(min(self._bounds.lease_s / 4, 1.0))

    async def _look_after(self) -> None:
        now = time.monotonic()
        if not self.opened.is_set():
            await self._store.open()
            self.opened.set()
        if now - self._renewed_at >= self._bounds.lease_s / 3:
            await self._renew()
            self._renewed_at = now
        for run_id in list(self._runs.owner.undone)[:AT_ONCE]:
            await self._store.drop(run_id)
            self._runs.owner.undone.discard(run_id)
        if room := self._runs.owner.room:
            lease_s = self._bounds.lease_s
            for record in await self._store.claim(lease_s, min(room, AT_ONCE), steady_s=lease_s):
                await self._take_over(record)
        if not self._runs.doubtful:  # else it may have forgotten who reads
            await self._runs.owner.end_unread()
        if now - self._noted_at >= self._bounds.grace_s / 3:
            await self._note_readers()
            self._noted_at = now

    async def _take_over(self, record: Record) -> None:
        """One that cannot be taken over must not stand in the way of the others."""
        try:
            await self._runs.owner.take_over(record)
        except StoreUnavailable:
            raise
        except Exception as error:  # noqa: BLE001  # tried again when its lease is over once more
            log_fault(_log, "a run cannot be taken over", error)

    async def _renew(self) -> None:
        for run_id in await self._store.renew(list(self._runs.owner.owned)):
            if owned := self._runs.owner.owned.get(run_id):
                await owned.abandon()
        if self._runs.doubtful:
            for owned in list(self._runs.owner.owned.values()):
                await owned.assure()

    async def _note_readers(self) -> None:
        if read := self._runs.read_elsewhere:
            await self._store.note_readers(read, self._bounds.grace_s)
