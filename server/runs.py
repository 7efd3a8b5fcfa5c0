"""A run: one execution of a chain, its log of events, and whoever reads it.

The log is filled by a task of its own and readers follow it, so that a slow reader never slows the model, and an end
from outside (a cancel, a shutdown) is an event in the log like any other.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from contextlib import contextmanager
from math import inf
from typing import Any

from chains import Pins
from chains.faults import log_fault
from chains.wake import Wake
from schemas import (
    TERMINAL,
    Cancelled,
    Code,
    Event,
    Failed,
    Fold,
    Partial,
    Pinned,
    RequestError,
    ServerError,
    Start,
    StreamError,
    copy_json,
    to_frame,
)

_log = logging.getLogger(__name__)

MAX_PINS = 1000
"""How many pins one run takes. Its log keeps every one of them, so there must be an end."""


class Entry:
    """One event in a run's log. It is written as a frame once, for the first who asks, whoever reads it after that."""

    __slots__ = ("_frame", "event")

    def __init__(self, event: Event) -> None:
        self.event = event
        self._frame = ""

    @property
    def frame(self) -> str:
        """The event as a frame (`schemas.to_frame`)."""
        if not self._frame:
            self._frame = to_frame(self.event)
        return self._frame


class Reader:
    """Follows a run's log from what is left of it to its end. One for each who reads: `Run.reader` makes it."""

    def __init__(self, run: "Run", read: int) -> None:
        self.wake = Wake()
        self.read = read
        """How many entries of the log it has been given."""
        self._run = run

    async def next(self, until: float) -> Sequence[Entry]:
        """What is new in the log, waited for; nothing, if nothing is by the loop's time `until`."""
        clock = asyncio.get_running_loop().time
        while not (news := self._run.behind(self)) and clock() < until:
            await self.wake.wait(until)
        return news


class Run:
    """Fills its log from `events` until the terminal event; ends with exactly one, whatever happens.

    - `pins`: those that the chain listens to; without them nobody can take a field of this run over
    - `keeps`: whether readers may join at any time. Else what all who read have read is let go, so that a long stream
      costs no more memory than a short one
    """

    def __init__(self, events: AsyncGenerator[Event], pins: Pins | None = None, *, keeps: bool = True) -> None:
        self.log: list[Entry] = []
        """All events so far, but for those that were let go."""
        self._events = events
        self._pins = pins
        self._keeps = keeps
        self._pinned: set[int] = set()  # the numbers of the pins that the log has told
        self._id = ""
        self._last: Event | None = None
        self._let_go = 0  # how many entries that were in front of the log ...
        self._before = Fold()  # ... and what they add up to
        self._readers: list[Reader] = []
        self._waiting: list[Wake] = []
        self._refused: StreamError | None = None
        self._task = asyncio.create_task(self._fill())

    @property
    def id(self) -> str:
        """What `start` tells clients. Only a run that has opened has it."""
        if not self._id:
            raise ValueError("a run has its id from its first event, which must be its start")
        return self._id

    async def opened(self) -> None:
        """Returns when the log has its first event. Raises the `StreamError` of a run that failed before it."""
        await self._until(lambda: self._last or self._refused)
        if self._refused:
            raise self._refused

    @contextmanager
    def reader(self) -> Iterator[Reader]:
        """Somebody reads the log, as long as the block lasts."""
        reader = Reader(self, self._let_go)
        self._readers.append(reader)
        try:
            yield reader
        finally:
            self._readers.remove(reader)
            reader.wake.close()

    def behind(self, reader: Reader) -> Sequence[Entry]:
        """What a reader has not been given yet: now it is."""
        news = self.log[reader.read - self._let_go :]
        reader.read += len(news)
        if news and not self._keeps:
            self._let_go_of(min(other.read for other in self._readers))
        return news

    async def pin(self, path: str, value: Any) -> int:
        """The user takes a field over. Returns the number of the event that tells it, once that stands in the log.

        `RequestError` if the run has no such field, the value breaks its rules, or the run takes no pins (any more).
        """
        if self._pins is None:
            raise _conflict("This run is read in LangServe's frames, which can take nothing back.")
        if self._ended:
            raise _conflict("The run has ended.")
        if len(self._pinned) >= MAX_PINS:
            raise _conflict("This run has had as many pins as a run takes.")
        seq = await self._pins.pin(path, value)
        # A chain numbers a pin before it hands its event over, and may be stopped in between.
        await self._until(lambda: seq in self._pinned or self._ended)
        if seq not in self._pinned:
            raise _conflict("The run was stopped.")
        return seq

    async def cancel(self, reason: str) -> None:
        """Stops the model; the log ends with `cancelled`. Does nothing to a run that has ended."""
        await self._stop(reason)

    async def fail(self, error: StreamError) -> None:
        """Stops the model; the log ends with `failed`. Does nothing to a run that has ended."""
        await self._stop(error)

    @property
    def _ended(self) -> bool:
        return self._last is not None and self._last.type in TERMINAL

    async def _until(self, holds: Callable[[], object]) -> None:
        wake = Wake()
        self._waiting.append(wake)
        try:
            while not holds():
                await wake.wait(inf)
        finally:
            self._waiting.remove(wake)

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
            self._append_end(ServerError("The server has a fault."))  # nothing, if the log has its end
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
        self.log.append(Entry(event))
        self._last = event
        if isinstance(event, Start):
            self._id = event.run_id
        elif isinstance(event, Pinned):
            self._pinned.add(event.seq)
        self._tell()

    def _append_end(self, end: StreamError | str) -> None:
        """Ends the log from outside the chain: with an event, or by refusing a run that has none yet."""
        if not self._last:
            refused = end if isinstance(end, StreamError) else ServerError(f"The run was cancelled: {end}.")
            self._refused = self._refused or refused
            self._tell()
        elif not self._ended:
            self._append(self._ending(end, self._last.seq + 1))

    def _ending(self, end: StreamError | str, seq: int) -> Event:
        for entry in self.log:  # nobody folds into it again: this is the end
            self._before.apply(entry.event)
        partial = copy_json(self._before.value)
        if isinstance(end, str):
            return Cancelled(seq=seq, reason=end, partial=partial)
        return Failed.by(end, seq=seq, partial=partial)

    def _let_go_of(self, read: int) -> None:
        """Lets go of the first so many entries: every reader has been given them."""
        for entry in self.log[: read - self._let_go]:
            if not isinstance(entry.event, Partial):  # which says nothing new
                self._before.apply(entry.event)
        del self.log[: read - self._let_go]
        self._let_go = read

    def _tell(self) -> None:
        for reader in self._readers:
            reader.wake()
        for wake in self._waiting:
            wake()


def _conflict(message: str) -> RequestError:
    return RequestError(message, code=Code.CONFLICT)
