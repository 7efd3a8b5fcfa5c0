"""Frames of protocols that hold conversations: JSON and nothing else, in server-sent events without name or number."""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from schemas import Event, Fold
from schemas.text import escape_line_ends
from server.runs.entry import Entry
from server.wire.additions import Additions
from server.wire.protocol import Reading

Told = dict[str, Any]


class DataFrames:
    """Writes what a protocol tells of a run: when it begins, of the field that is spoken, and of each event."""

    ping = b": ping\n\n"

    def __init__(self, reading: Reading) -> None:
        self.over = False
        self._reading = reading
        self._fold = Fold()
        self._additions = Additions()
        self._begun = False

    @property
    def cut(self) -> bool:
        """Their clients take any end of a stream for a good one."""
        return not self.over

    def write(self, entries: Iterable[Entry]) -> bytes:
        """Consecutive events as one piece; empty if the protocol has nothing to tell of them."""
        return "".join(_frame(told) for entry in entries for told in self._tell(entry.event)).encode()

    def _tell(self, event: Event) -> Iterator[Told]:
        if not self._begun:
            self._begun = True
            yield from self._begin()
        self._fold.apply(event)
        for name, kind, value in self._additions.of(event):
            if name == self._reading.spoken:
                yield from self._spoken(kind, value)
        yield from self._told(event)

    def _begin(self) -> Iterator[Told]:
        """What is told before any event."""
        raise NotImplementedError

    def _spoken(self, kind: str, value: Any) -> Iterator[Told]:
        """What is told of an addition to the field that is spoken."""
        raise NotImplementedError

    def _told(self, event: Event) -> Iterator[Told]:
        """What else is told of an event."""
        raise NotImplementedError


def _frame(told: Told) -> str:
    return f"data: {escape_line_ends(json.dumps(told, ensure_ascii=False, separators=(',', ':')))}\n\n"
