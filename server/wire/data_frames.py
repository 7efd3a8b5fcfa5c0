"""Frames that are JSON and nothing else: server-sent events without a name or a number."""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from schemas import Event
from schemas.text import escape_line_ends
from server.runs.entry import Entry

Told = dict[str, Any]


class DataFrames:
    """Writes what a protocol tells of each event."""

    ping = b": ping\n\n"

    def __init__(self) -> None:
        self.over = False

    @property
    def cut(self) -> bool:
        """Their clients take any end of a stream for a good one."""
        return not self.over

    def write(self, entries: Iterable[Entry]) -> bytes:
        """Consecutive events as one piece; empty if the protocol has nothing to tell of them."""
        return "".join(_frame(told) for entry in entries for told in self.tell(entry.event)).encode()

    def tell(self, event: Event) -> Iterator[Told]:
        """What the protocol tells of an event."""
        raise NotImplementedError


def _frame(told: Told) -> str:
    return f"data: {escape_line_ends(json.dumps(told, ensure_ascii=False, separators=(',', ':')))}\n\n"
