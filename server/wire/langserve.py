"""LangServe's frames, for its own client: chunks that add up to the object.

`RemoteRunnable` adds the chunks of a stream (`AddableDict`): strings and lists are concatenated, anything else must
come once. So a string grows by its tokens, a list by its items, and objects, numbers, booleans and null are sent when
they are closed. The sum of all chunks is the object, where stock LangServe sends it whole again for every token.
"""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from schemas import MEANING, Complete, Event, Failed, FieldSettled, Start, Token, from_pointer


class LangServeFrames:
    """Writes a run as `metadata`, `data` …, and `end` or `error`."""

    ping = b": ping\n\n"

    def __init__(self) -> None:
        self._begun: set[str | int] = set()  # properties of which something was sent

    def write(self, events: Iterable[Event]) -> bytes:
        """Consecutive events as one piece; empty if they add nothing."""
        return b"".join(_frame(name, data) for event in events for name, data in self._chunks(event))

    def _chunks(self, event: Event) -> Iterator[tuple[str, Any]]:
        match event:
            case Start(run_id=run_id):
                yield "metadata", {"run_id": run_id}
            case Token(path=pointer, text=text) if len(path := from_pointer(pointer)) == 1:
                self._begun.add(path[0])
                yield "data", {path[0]: text}
            case FieldSettled(path=pointer, value=value):
                yield from self._settled(from_pointer(pointer), value)
            case Complete():
                yield "end", {}
            case Failed(code=code, message=message):
                yield "error", {"status_code": MEANING[code].status, "message": message, "code": code}

    def _settled(self, path: tuple[str | int, ...], value: Any) -> Iterator[tuple[str, Any]]:
        if len(path) == 2:
            self._begun.add(path[0])
            yield "data", {path[0]: [value]}
        elif path[0] not in self._begun:  # else its tokens or items were sent as they came
            yield "data", {path[0]: value}


def _frame(name: str, data: Any) -> bytes:
    # ASCII only: LangServe's client also breaks lines at U+0085, U+2028 and U+2029.
    return f"event: {name}\ndata: {json.dumps(data, separators=(',', ':'))}\n\n".encode("ascii")
