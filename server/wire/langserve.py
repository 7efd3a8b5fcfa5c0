"""LangServe's frames, for its own clients: chunks that add up to the object.

`RemoteRunnable` adds the chunks of a stream (`AddableDict`): strings and lists are concatenated, anything else must
come once. So a string grows by its tokens, a list by its items, and objects, numbers, booleans and null are sent when
they are closed. The sum of all chunks is the object, where stock LangServe sends it whole again for every token.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from schemas import MEANING, Cancelled, Code, Complete, Event, Failed, Start, to_pointer
from server.runs.entry import Entry
from server.wire.additions import Additions
from server.wire.protocol import Reading


def is_langserves(body: Mapping[str, Any]) -> bool:
    """Whether this is the envelope of LangServe's clients, who always send all three."""
    return {"input", "config", "kwargs"} <= body.keys()


class LangServeFrames:
    """Writes a run as `metadata`, `data` …, and `end` or `error`.

    What was sent cannot be taken back, so what voids any of it is an `error`. Only blanks at a text's beginning may
    differ: they are trimmed when it closes, too late here. The client in JavaScript puts a list in place of the one
    before, instead of joining them, and passes on whatever has data: it gets lists whole, and an end without any.
    """

    ping = b": ping\n\n"

    def __init__(self, reading: Reading) -> None:
        self.over = False
        config = reading.body.get("config")
        self._by_item = not (isinstance(config, dict) and "recursionLimit" in config)  # as JavaScript spells it
        self._additions = Additions()
        self._sent: set[str] = set()

    @property
    def cut(self) -> bool:
        """The client in JavaScript takes any end for a good one."""
        return not self.over

    def write(self, entries: Iterable[Entry]) -> bytes:
        """Consecutive events as one piece; empty if they add nothing."""
        return b"".join(_frame(name, data) for entry in entries for name, data in self._chunks(entry.event))

    def _chunks(self, event: Event) -> Iterator[tuple[str, Any]]:
        if isinstance(event, Start):
            yield "metadata", {"run_id": event.run_id}
        for addition in self._additions.of(event):
            if not self.over:
                yield from self._chunk(*addition)
        if self.over:
            return
        match event:
            case Complete():
                yield self._end("end", {} if self._by_item else None)
            case Failed(code=code, message=message):
                yield self._fail(code, message)
            case Cancelled(reason=reason):
                yield self._end("error", {"status_code": 499, "message": f"The run was cancelled: {reason}."})

    def _chunk(self, name: str, kind: str, value: Any) -> Iterator[tuple[str, Any]]:
        if kind == "void":
            if name in self._sent:
                yield self._fail(value, f"{to_pointer((name,))} must be written again, and was already sent.")
        elif chunk := self._worth(kind, value):
            self._sent.add(name)
            yield "data", {name: chunk[0]}

    def _worth(self, kind: str, value: Any) -> list[Any]:
        """What to send of an addition to a field, if anything."""
        match kind:
            case "text" | "value":
                return [value]
            case "item" if self._by_item:
                return [[value]]
            case "closed" if isinstance(value, list) and not self._by_item:
                return [value]
            case _:
                return []

    def _fail(self, code: Code, message: str) -> tuple[str, Any]:
        return self._end("error", {"status_code": MEANING[code].status, "message": message, "code": code})

    def _end(self, name: str, data: dict[str, Any] | None) -> tuple[str, Any]:
        self.over = True
        return name, data


def _frame(name: str, data: Any) -> bytes:
    if data is None:
        return f"event: {name}\n\n".encode("ascii")
    # ASCII only: LangServe's client also breaks lines at U+0085, U+2028 and U+2029.
    return f"event: {name}\ndata: {json.dumps(data, separators=(',', ':'))}\n\n".encode("ascii")
