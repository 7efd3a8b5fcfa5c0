"""LangServe's frames, for its own client: chunks that add up to the object.

`RemoteRunnable` adds the chunks of a stream (`AddableDict`): strings and lists are concatenated, anything else must
come once. So a string grows by its tokens, a list by its items, and objects, numbers, booleans and null are sent when
they are closed. The sum of all chunks is the object, where stock LangServe sends it whole again for every token.
"""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from schemas import MEANING, Cancelled, Complete, Event, Failed, FieldSettled, Path, Start, Token, from_pointer


class LangServeFrames:
    """Writes a run as `metadata`, `data` …, and `end` or `error`.

    What was sent cannot be taken back: a value that its validators changed after its text had gone out ends in `error`.
    """

    ping = b": ping\n\n"

    def __init__(self) -> None:
        self._sent: dict[str | int, list[Any]] = {}  # of each property: its texts, or its items
        self._over = False

    def write(self, events: Iterable[Event]) -> bytes:
        """Consecutive events as one piece; empty if they add nothing."""
        return b"".join(_frame(name, data) for event in events for name, data in self._chunks(event))

    def _chunks(self, event: Event) -> Iterator[tuple[str, Any]]:
        if self._over:
            return
        match event:
            case Start(run_id=run_id):
                yield "metadata", {"run_id": run_id}
            case Token(path=pointer, text=text) if len(path := from_pointer(pointer)) == 1:
                self._sent.setdefault(path[0], []).append(text)
                yield "data", {path[0]: text}
            case FieldSettled(path=pointer, value=value):
                yield from self._settled(from_pointer(pointer), value)
            case Complete():
                yield from self._end("end", {})
            case Failed(code=code, message=message):
                yield from self._end("error", {"status_code": MEANING[code].status, "message": message, "code": code})
            case Cancelled(reason=reason):
                yield from self._end("error", {"status_code": 499, "message": f"The run was cancelled: {reason}."})

    def _settled(self, path: Path, value: Any) -> Iterator[tuple[str, Any]]:
        if len(path) == 2:
            self._sent.setdefault(path[0], []).append(value)
            yield "data", {path[0]: [value]}
        elif path[0] not in self._sent:
            yield "data", {path[0]: value}
        elif value != (sent := self._sent[path[0]]) and value != "".join(map(str, sent)):
            yield from self._end("error", {"status_code": 502, "message": f"{path[0]} was changed after it was sent."})

    def _end(self, name: str, data: dict[str, Any]) -> Iterator[tuple[str, Any]]:
        self._over = True
        yield name, data


def _frame(name: str, data: Any) -> bytes:
    # ASCII only: LangServe's client also breaks lines at U+0085, U+2028 and U+2029.
    return f"event: {name}\ndata: {json.dumps(data, separators=(',', ':'))}\n\n".encode("ascii")
