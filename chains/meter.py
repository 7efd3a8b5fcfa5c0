"""Counts the tokens of every call of a model, for whoever pays: also of calls that fail, or that nobody waits for."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

Meter = Callable[[int], None]
"""Takes the tokens of one call, read and written, when it is over."""

_meter: ContextVar[Meter | None] = ContextVar("meter", default=None)


@contextmanager
def metered(meter: Meter | None) -> Iterator[None]:
    """In this block, and in the tasks that it begins, what models read and write is counted by `meter`."""
    before = _meter.set(meter)
    try:
        yield
    finally:
        _meter.reset(before)


def set_meter(meter: Meter | None) -> None:
    """The same for the rest of this task."""
    _meter.set(meter)


def meter_of_this_task() -> Meter | None:
    """Who counts here, if anybody does."""
    return _meter.get()
