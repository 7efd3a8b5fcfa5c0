"""The owner's hand: what a run writes down goes into the store, and from there to whoever reads.

The log first, then the wire: readers are shown what the store has. If the store is slow to answer, or away, they are
shown the run all the same, in entries that are marked as not certain, and the store gets all of it, in order, when it
is back. So the owner's memory is the log as long as the run goes on, and the store its copy.
"""

import asyncio
import logging
import random
from collections.abc import Sequence
from dataclasses import replace
from math import inf

from chains.faults import log_fault
from chains.wake import Wake
from server.runs.entry import Entry
from server.runs.log import Log
from server.runs.store import Expired, Fenced, Lost, NewRun, Store, StoreUnavailable

_log = logging.getLogger(__name__)

PATIENCE_S = 1.0
"""Seconds that readers wait for the store before they are shown what it may not have."""

RETRY_S = (0.1, 2.0)
"""The first and the longest pause between two tries to reach a store that is away."""

BATCH = 500
"""Entries that go into the store at once."""


class Writer:
    """Brings one run's log into the store, until the store has its end.

    `log` is what readers in this process follow; it is closed if the store refuses this worker, which is not the run's
    owner then. A store that has forgotten the run is given it again, as `new`.
    """

    def __init__(self, store: Store, new: NewRun, log: Log) -> None:
        self._store = store
        self._new = new
        self._log = log
        self._unstored: list[Entry] = []
        self._forgotten = False  # whether the store must be given all of it again
        self._shown = 0  # how many of them readers have been shown
        self._away = False
        self._leaving = False  # nothing more is written
        self._let_go = log.base.seq  # up to which entry the store knows that it may let go
        self._wake = Wake()
        self._task = asyncio.create_task(self._write())

    def write(self, entry: Entry) -> None:
        """The run's next entry. A run that was taken from this worker has none."""
        if self._log.closed:
            return
        self._unstored.append(entry)
        if self._away:
            self._show()
        self._wake()

    def restore(self) -> None:
        """The store has forgotten the run: it is to be given all that there is."""
        self._forgotten = True
        self._wake()

    async def finished(self) -> None:
        """Returns when nothing more will be stored: the store has the run's end, or this worker is not its owner."""
        await asyncio.wait({self._task})

    async def flush(self, within_s: float) -> bool:
        """Stops when the store has all that was written, and in any case after so long. Whether it has."""
        self._leaving = True
        self._wake()
        await asyncio.wait({self._task}, timeout=within_s)
        self._task.cancel()
        await asyncio.wait({self._task})
        return not self._unstored

    async def _write(self) -> None:
        clock, pause = asyncio.get_running_loop().time, RETRY_S[0]
        until = clock() + self._new.lives_s
        try:
            while self._unstored or not (self._log.ended or self._leaving):
                if not (self._unstored or self._forgotten):
                    await self._wake.wait(inf)
                elif await self._store_batch():
                    pause = RETRY_S[0]
                elif clock() > until:
                    return
                else:
                    await asyncio.sleep(pause * random.uniform(0.5, 1))  # noqa: S311
                    pause = min(pause * 2, RETRY_S[1])
        except (Fenced, Expired):
            pass
        except Exception as error:  # noqa: BLE001  # whoever reads must not wait for what never comes
            log_fault(_log, "a run cannot be kept", error)
        finally:
            if not self._log.ended:
                self._log.close()

    async def _store_batch(self) -> bool:
        """Stores what is next. Whether the store took it; readers are shown it in any case."""
        batch = self._unstored[:BATCH]
        storing = asyncio.create_task(self._append(batch))
        try:
            await asyncio.wait({storing}, timeout=PATIENCE_S)
            if not storing.done():
                self._show()
            await storing
        except (StoreUnavailable, Lost):  # or it has forgotten all once more, just now
            self._show()
            return False
        finally:
            storing.cancel()
        self._stored(batch)
        return True

    async def _append(self, batch: Sequence[Entry]) -> None:
        base = self._log.base.copy() if self._log.base.seq > self._let_go else None
        try:
            if self._forgotten:
                raise Lost
            await self._store.append(self._new.id, batch, base)
        except Lost:  # it was restarted empty: it is given all that there is
            await self._store.create(replace(self._new, key=""))
            base = self._log.base.copy() if self._log.base.seq else None
            known = self._log.entries[: max(len(self._log.entries) - self._shown, 0)]
            await self._store.append(self._new.id, [*known, *batch], base)
            self._forgotten = False
        self._let_go = base.seq if base else self._let_go

    def _stored(self, batch: Sequence[Entry]) -> None:
        for entry in batch:
            entry.sure = True
        del self._unstored[: len(batch)]
        for entry in batch[self._shown :]:
            self._log.put(entry)
        self._shown = max(self._shown - len(batch), 0)
        self._away = False

    def _show(self) -> None:
        """Readers need not wait for a store that does not answer."""
        self._away = True
        for entry in self._unstored[self._shown :]:
            entry.sure = False
            self._log.put(entry)
        self._shown = len(self._unstored)
