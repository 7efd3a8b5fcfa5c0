"""Watches a run while it goes on: a form whose fields fill in the cell of a notebook, or in a terminal.

events = await watch(chain.astream_typed({"goal": "a choir for beginners", "language": "en"}))
"""

import asyncio
import os
import sys
from collections.abc import AsyncIterable, AsyncIterator
from contextlib import AbstractAsyncContextManager, aclosing, nullcontext
from typing import Any, Protocol, TextIO

from lab.form import Form
from lab.form.text import cut, shown, visible
from schemas import TERMINAL, Event, FieldSettled, Invalid, Pinned, Reset, Start

EVERY_S = 0.1
"""The least time between two pictures of text that grows; what settles is shown at once."""


class Screen(Protocol):
    """Where a form is shown."""

    def show(self, form: Form, event: Event | None) -> None:
        """The form as it is now; `event` is what has just settled or ended, None if only text has grown."""


async def watch(events: AsyncIterable[Event], *, every_s: float = EVERY_S, screen: Screen | None = None) -> list[Event]:
    """Shows a run as it comes and returns its events: of a chain (`astream_typed`), a client, or a replay.

    Text that grows is shown at most every `every_s` seconds. Leaving (interrupting the cell) stops the run; what its
    producer raises before the first event is raised here.
    """
    form, told = Form(), list[Event]()
    painter = _Painter(form, screen or _screen(sys.stdout), every_s)
    iterator = aiter(events)
    try:
        async with _closing(iterator):
            async for event in iterator:
                told.append(event)
                form.apply(event)
                painter.after(event)
    finally:
        form.left = form.end is None
        painter.close()
    return told


def _closing(iterator: AsyncIterator[Event]) -> AbstractAsyncContextManager[Any]:
    """Closes a generator when it is left: that stops what it reads from. Other iterators have nothing to close."""
    return aclosing(iterator) if hasattr(iterator, "aclose") else nullcontext()


class _Painter:
    """Shows a form at once where something has settled, else at its pace, and never later than that."""

    def __init__(self, form: Form, screen: Screen, every_s: float) -> None:
        self._form = form
        self._screen = screen
        self._every_s = every_s
        self._loop = asyncio.get_running_loop()
        self._last = 0.0
        self._due: asyncio.TimerHandle | None = None
        self._shown = False

    def after(self, event: Event) -> None:
        """An event has come."""
        if _matters(event):
            self._paint(event)
        elif self._due is None:
            self._due = self._loop.call_at(max(self._loop.time(), self._last + self._every_s), self._paint)

    def close(self) -> None:
        """Nothing comes any more. A form that has no end is shown once more; one that never began is not."""
        if self._form.left and (self._due or self._shown):
            self._paint()

    def _paint(self, event: Event | None = None) -> None:
        if self._due:
            self._due.cancel()
        self._due = None
        self._shown = True
        self._last = self._loop.time()
        self._screen.show(self._form, event)


def _matters(event: Event) -> bool:
    """Whether it is shown at once. Items of lists are not: they come by the dozen."""
    if isinstance(event, FieldSettled):
        return event.path.count("/") == 1
    return event.type in TERMINAL or isinstance(event, Start | Invalid | Pinned | Reset)


# -- screens -----------------------------------------------------------------------------------------------------------


def _screen(output: TextIO) -> Screen:
    """A notebook's cell if this is one, a terminal, or lines one after another."""
    # Only what has been imported can be running; whoever is not in a notebook need not have it.
    if (ipython := sys.modules.get("IPython")) and hasattr(ipython.get_ipython(), "kernel"):
        return _Cell()
    return _Terminal(output) if output.isatty() else _Lines(output)


class _Cell:
    """A cell's output, replaced in its place: HTML with plain text beside it."""

    def __init__(self) -> None:
        self._handle: Any = None

    def show(self, form: Form, event: Event | None) -> None:
        from IPython.display import display  # noqa: PLC0415  # it is running, or this would be another screen

        if self._handle:
            self._handle.update(form)
        else:
            self._handle = display(form, display_id=True)  # type: ignore[no-untyped-call]  # IPython has no types


class _Terminal:
    """A block of lines, written over and over."""

    def __init__(self, output: TextIO) -> None:
        self._output = output
        self._height = 0

    def show(self, form: Form, event: Event | None) -> None:
        size = _size(self._output)
        # A line that wrapped would be two to go up again, and nothing goes up beyond the top.
        lines = [cut(line, size.columns) for line in str(form).split("\n")][: size.lines - 1]
        up = f"\x1b[{self._height}A\x1b[J" if self._height else ""
        self._output.write(f"{up}{chr(10).join(lines)}\n")
        self._output.flush()
        self._height = len(lines)


def _size(output: TextIO) -> os.terminal_size:
    """How large the terminal is; some do not know, and say 0."""
    try:
        columns, lines = os.get_terminal_size(output.fileno())
    except (OSError, ValueError):
        columns, lines = 0, 0
    return os.terminal_size((columns or 80, lines or 24))


class _Lines:
    """A line for everything that has settled: for files and pipes, which cannot be written over."""

    def __init__(self, output: TextIO) -> None:
        self._output = output

    def show(self, form: Form, event: Event | None) -> None:
        if event or form.left:
            self._output.writelines(f"{visible(line)}\n" for line in _lines(event, form))
            self._output.flush()


def _lines(event: Event | None, form: Form) -> tuple[str, ...]:
    match event:
        case Start():
            return (form.headline, *form.remarks)
        case FieldSettled(path=path, value=value, source=source, ms=ms):
            return (f"✓ {path} {'settled' if source == 'model' else source} at {ms:,} ms: {shown(value)}",)
        case Invalid(errors=errors):
            return tuple(f"✗ {breach.path or 'the whole'}: {breach.message}" for breach in errors)
        case Pinned(path=path, value=value):
            return (f"◆ {path} pinned: {shown(value)}",)
        case Reset(keep=keep):
            return (f"{form.headline}, keeping {', '.join(keep) or 'nothing'}",)
        case _:
            return form.ending
