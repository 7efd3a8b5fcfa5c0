"""A run while it goes on in this process: one execution of a chain, whose events it writes down as they come.

It is a task of its own, which readers only follow, so that a slow reader never slows the model, and an end from outside
(a cancel, a shutdown) is an event in the log like any other.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable
from typing import Any

from chains import Pins
from chains.faults import log_fault
from schemas import (
    Cancelled,
    Code,
    Event,
    Failed,
    Pinned,
    RequestError,
    ServerError,
    StreamError,
    copy_json,
)
from schemas.progress import Progress
from server.runs.entry import Entry
from server.runs.waiting import Waiting
from server.runs.watch import Unwatched, Watch

_log = logging.getLogger(__name__)

MAX_PINS = 1000
"""How many pins one run takes. Its log keeps every one of them, so there must be an end."""


class Run:
    """Writes `events` down until the terminal event; ends with exactly one, unless it is abandoned.

    - `write`: takes each entry, in order
    - `pins`: those that the chain listens to; without them nobody can take a field of this run over
    - `progress`: what the log says already, if another worker began it
    - `watch`: who is told of it beside its readers
    """

    def __init__(
        self,
        events: AsyncGenerator[Event],
        write: Callable[[Entry], None],
        pins: Pins | None = None,
        progress: Progress | None = None,
        watch: Watch | None = None,
    ) -> None:
        self.progress = progress or Progress()
        """How far it has come."""
        self._events = events
        self._write = write
        self._pins = pins
        self._watch = watch or Unwatched()
        self._pinned: set[int] = set()  # the numbers of the pins that have been written down
        self._begun = False
        self._abandoned = False
        self._refused: StreamError | None = None
        self._waiting = Waiting()
        self._task = asyncio.create_task(self._fill())

    @property
    def over(self) -> bool:
        """Whether it writes nothing more."""
        return bool(self._abandoned or self._refused or self.progress.end)

    async def opened(self) -> None:
        """Returns when the first event is written. Raises the `StreamError` of a run that failed before it."""
        await self._waiting.until(lambda: self._begun or self.over)
        if self._refused:
            raise self._refused

    async def finished(self) -> None:
        """Returns when it writes nothing more."""
        await self._waiting.until(lambda: self.over)

    async def pin(self, path: str, value: Any) -> int:
        """The user takes a field over. Returns the number of the event that tells it, once that is written down.

        `RequestError` if the run has no such field, the value breaks its rules, or the run takes no pins (any more).
        """
        if self._pins is None:
            raise _conflict("This run is read in LangServe's frames, which can take nothing back.")
        if self.over:
            raise _conflict("The run has ended.")
        if len(self._pinned) >= MAX_PINS:
            raise _conflict("This run has had as many pins as a run takes.")
        await self._waiting.until(lambda: self._begun or self.over)  # one that is taken over does not take pins at once
        seq = await self._pins.pin(path, value)
        # A chain numbers a pin before it hands its event over, and may be stopped in between.
        await self._waiting.until(lambda: seq in self._pinned or self.over)
        if seq not in self._pinned:
            raise _conflict("The run was stopped.")
        return seq

    async def cancel(self, reason: str) -> None:
        """Stops the model; the log ends with `cancelled`. Does nothing to a run that has ended."""
        await self._stop(reason)

    async def fail(self, error: StreamError) -> None:
        """Stops the model; the log ends with `failed`. Does nothing to a run that has ended."""
        await self._stop(error)

    async def abandon(self) -> None:
        """Stops the model and writes nothing more: the run is another worker's, or nobody's."""
        self._abandoned = True
        self._task.cancel()
        await asyncio.wait({self._task})
        self._watch.gone()
        self._waiting.look()

    async def _stop(self, end: StreamError | str) -> None:
        self._task.cancel()
        try:
            await asyncio.wait({self._task})
        finally:
            self._append_end(end)

    async def _fill(self) -> None:
        try:
            async for event in self._events:
                self._append(event)
            self._append_end(ServerError("The server has a fault."))  # nothing, if it has its end
        except StreamError as error:
            self._append_end(error)
        except asyncio.CancelledError:
            if not self._task.cancelling():  # else who cancels says why
                self._append_end(ServerError("The server has a fault."))
        except Exception as error:  # noqa: BLE001  # every path ends in one terminal event
            log_fault(_log, "a run broke", error)
            self._append_end(ServerError("The server has a fault."))
        finally:
            await self._events.aclose()

    def _append(self, event: Event) -> None:
        if self._abandoned:
            return
        self._begun = True
        self.progress.apply(event)
        if isinstance(event, Pinned):
            self._pinned.add(event.seq)
        self._write(Entry(event))
        self._watch.told(event)
        self._waiting.look()

    def _append_end(self, end: StreamError | str) -> None:
        """Ends it from outside the chain: with an event, or by refusing a run that has none yet."""
        if self.over:
            return
        if self.progress.seq:
            self._append(self._ending(end))
        else:
            self._refused = end if isinstance(end, StreamError) else ServerError(f"The run was cancelled: {end}.")
            self._watch.ended(end)
            self._waiting.look()

    def _ending(self, end: StreamError | str) -> Event:
        seq, partial = self.progress.seq + 1, copy_json(self.progress.value)
        if isinstance(end, str):
            return Cancelled(seq=seq, reason=end, partial=partial)
        return Failed.by(end, seq=seq, partial=partial)


def _conflict(message: str) -> RequestError:
    return RequestError(message, code=Code.CONFLICT)
