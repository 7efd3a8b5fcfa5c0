"""A run: one execution of a chain, its log of events, and whoever reads it.

The log is filled by a task of its own and readers follow it, so that a slow reader never slows the model, and an end
from outside (a cancel, a shutdown) is an event in the log like any other.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, Sequence
from contextlib import suppress
from typing import Any

from chains import Pins
from chains.faults import log_fault
from schemas import (
    TERMINAL,
    Cancelled,
    Code,
    Event,
    Failed,
    Fold,
    RequestError,
    ServerError,
    Start,
    StreamError,
    copy_json,
)

_log = logging.getLogger(__name__)

MAX_PINS = 1000
"""How many pins one run takes. Its log keeps every one of them, so there must be an end."""


class Run:
    """Fills its log from `events` until the terminal event; ends with exactly one, whatever happens.

    `pins` are those that the chain listens to; without them nobody can take a field of this run over.
    """

    def __init__(self, events: AsyncGenerator[Event], pins: Pins | None = None) -> None:
        self.log: list[Event] = []
        self._events = events
        self._pins = pins
        self._pinned = 0
        self._refused: StreamError | None = None
        self._news = asyncio.Event()
        self._task = asyncio.create_task(self._fill())

    @property
    def id(self) -> str:
        """What `start` tells clients. Only a run that has opened has it."""
        start = self.log[0]
        if not isinstance(start, Start):
            raise TypeError(f"a run's first event is its start, not {start.type}")
        return start.run_id

    async def opened(self) -> None:
        """Returns when the log has its first event. Raises the `StreamError` of a run that failed before it."""
        while not self.log and not self._refused:
            await self._news.wait()
        if self._refused:
            raise self._refused

    async def since(self, read: int, until: float) -> Sequence[Event]:
        """The log behind its first `read` events, waited for; nothing, if there is none by the loop's time `until`."""
        news = self._news
        if read == len(self.log):
            with suppress(TimeoutError):
                async with asyncio.timeout_at(until):
                    await news.wait()
        return self.log[read:]

    async def pin(self, path: str, value: Any) -> int:
        """The user takes a field over. Returns the number of the event that tells it, once that stands in the log.

        `RequestError` if the run has no such field, the value breaks its rules, or the run takes no pins (any more).
        """
        if self._pins is None:
            raise _conflict("This run is read in LangServe's frames, which can take nothing back.")
        if self._ended:
            raise _conflict("The run has ended.")
        if self._pinned >= MAX_PINS:
            raise _conflict("This run has had as many pins as a run takes.")
        seq = await self._pins.pin(path, value)
        if not await self._tells(seq):
            raise _conflict("The run was stopped.")
        self._pinned += 1
        return seq

    async def cancel(self, reason: str) -> None:
        """Stops the model; the log ends with `cancelled`. Does nothing to a run that has ended."""
        await self._stop(reason)

    async def fail(self, error: StreamError) -> None:
        """Stops the model; the log ends with `failed`. Does nothing to a run that has ended."""
        await self._stop(error)

    @property
    def _ended(self) -> bool:
        return bool(self.log) and self.log[-1].type in TERMINAL

    async def _tells(self, seq: int) -> bool:
        """Whether the log comes to tell the pin of this number.

        A chain numbers a pin before it hands its event over, and may be stopped in between.
        """
        while len(self.log) < seq and not self._ended:
            await self._news.wait()
        return len(self.log) >= seq and self.log[seq - 1].type == "pinned"

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
        self.log.append(event)
        self._tell()

    def _append_end(self, end: StreamError | str) -> None:
        """Ends the log from outside the chain: with an event, or by refusing a run that has none yet."""
        if not self.log:
            refused = end if isinstance(end, StreamError) else ServerError(f"The run was cancelled: {end}.")
            self._refused = self._refused or refused
            self._tell()
        elif not self._ended:
            self._append(self._ending(end))

    def _ending(self, end: StreamError | str) -> Event:
        so_far = Fold()
        for event in self.log:
            so_far.apply(event)
        seq, partial = self.log[-1].seq + 1, copy_json(so_far.value)
        if isinstance(end, str):
            return Cancelled(seq=seq, reason=end, partial=partial)
        return Failed.by(end, seq=seq, partial=partial)

    def _tell(self) -> None:
        news, self._news = self._news, asyncio.Event()
        news.set()


def _conflict(message: str) -> RequestError:
    return RequestError(message, code=Code.CONFLICT)
