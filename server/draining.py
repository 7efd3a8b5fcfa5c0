"""Between being told to end and ending: nothing new begins, and what goes on comes to its end or to another worker.

Nobody is cut: while it drains the server goes on listening, says at `/ready` that it is going, and serves its readers.
"""

import asyncio
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from server.runs.service import Runs

TOLD_BY = [getattr(signal, name) for name in ("SIGTERM", "SIGINT", "SIGHUP") if hasattr(signal, name)]


@contextmanager
def drained(runs: Runs, drain_s: float, *, deaf: bool) -> Iterator[None]:
    """In this block, a signal to end first drains the runs, for at most so long, and then does what it did before.

    `deaf`: does that at once, so that the server takes no new connections while it drains: other workers listen on the
    same socket, and a request that comes here would only be refused.
    """
    loop, before = asyncio.get_running_loop(), _handlers()
    draining: list[asyncio.Task[None]] = []

    def told(number: int, frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(begin, number)

    def begin(number: int) -> None:
        number = signal.SIGINT if number == signal.SIGINT else signal.SIGTERM  # nobody else ends at a SIGHUP in order
        if draining or deaf:
            _do(before[number], number)
        if draining:  # who says it twice has no more patience: a server that is ending is forced to by a SIGINT
            _do(before[signal.SIGINT], signal.SIGINT)
        if not draining:
            draining.append(asyncio.create_task(drain(number)))

    async def drain(number: int) -> None:
        await _come_to_rest(runs, drain_s)
        if not deaf:
            _do(before[number], number)

    for number in before:
        signal.signal(number, told)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


async def _come_to_rest(runs: Runs, within_s: float) -> None:
    runs.owner.draining = True
    await runs.finished(within_s)
    await runs.give_up()


def _do(handler: Any, number: int) -> None:
    """What would have been done at a signal."""
    if callable(handler):
        handler(number, None)
    else:
        signal.signal(number, handler)
        signal.raise_signal(number)


def _handlers() -> dict[int, Any]:
    """What is done at each signal now. Only the main thread may ask, and only it is told."""
    if threading.current_thread() is not threading.main_thread():
        return {}
    return {number: signal.getsignal(number) for number in TOLD_BY}
