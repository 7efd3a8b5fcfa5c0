"""A run as a memory keeps it."""

import json
import sys
from collections.abc import Sequence
from dataclasses import replace

from schemas import TERMINAL
from schemas.progress import Progress
from server.runs.entry import Entry
from server.runs.store import Fenced, Lost, Record, Stretch, in_order

_PER_ENTRY = 110
"""Bytes that an entry takes beside its JSON, measured."""


class MemoryRun:
    """Its record, what its log holds, and what lies before that."""

    def __init__(self, record: Record, key: str, now: float) -> None:
        self.record = record
        self.key = key
        self.renewed = now
        self.log: list[Entry] = []
        self.base = ""  # as JSON, since the progress itself goes on
        self.base_seq = 0
        self.last = 0
        self.bytes = 0

    def append(self, entries: Sequence[Entry], base: Progress | None) -> None:
        """See `Store.append`."""
        if not in_order(entries):
            raise Lost
        fresh = entries[max(0, self.last + 1 - entries[0].seq) :] if entries else entries
        if fresh and self.record.end:
            raise Fenced
        reach = max(self.last, base.seq if base else 0)
        if fresh and fresh[0].seq > reach + 1:
            raise Lost
        self.log.extend(fresh)
        self.bytes += sum(map(_size, fresh))
        self.last = max(reach, fresh[-1].seq) if fresh else reach
        if fresh and fresh[-1].name in TERMINAL:
            self.record = replace(self.record, end=fresh[-1].name, request=None)
        if base and base.seq > self.base_seq:
            self._begin_behind(base)

    def read(self, after: int) -> Stretch:
        """See `Store.read`."""
        if after < self.base_seq:
            return Stretch(Progress.load(json.loads(self.base)), self.log[:], self.record.user)
        return Stretch(None, self.behind(after), self.record.user)

    def behind(self, after: int) -> Sequence[Entry]:
        """What the log still has behind a number."""
        return self.log[max(0, after - self.base_seq) :]

    def _begin_behind(self, base: Progress) -> None:
        before = [entry for entry in self.log if entry.seq <= base.seq]
        self.bytes -= len(self.base) + sum(map(_size, before))
        self.log = self.log[len(before) :]
        self.base, self.base_seq = json.dumps(base.dump()), base.seq
        self.bytes += len(self.base)


def _size(entry: Entry) -> int:
    """What an entry takes, about. Its JSON is made for this, but its readers need that anyway."""
    return _PER_ENTRY + sys.getsizeof(entry.data)
