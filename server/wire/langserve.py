"""LangServe's frames, for its own client: chunks that add up to the object.

`RemoteRunnable` adds the chunks of a stream (`AddableDict`): strings and lists are concatenated, anything else must
come once. So a string grows by its tokens, a list by its items, and objects, numbers, booleans and null are sent when
they are closed. The sum of all chunks is the object, where stock LangServe sends it whole again for every token.
"""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from schemas import (
    MEANING,
    Cancelled,
    Code,
    Complete,
    Event,
    Failed,
    FieldSettled,
    Path,
    Pinned,
    Reset,
    Start,
    Token,
    from_pointer,
    to_pointer,
)
from server.runs.entry import Entry


class LangServeFrames:
    """Writes a run as `metadata`, `data` …, and `end` or `error`.

    What was sent cannot be taken back. So a reset that voids any of it ends in `error`, and so does a value that is not
    what its pieces add up to. Only blanks around a text may differ: they are trimmed when it closes, too late here.
    """

    ping = b": ping\n\n"

    def __init__(self) -> None:
        self.over = False
        self._texts: dict[str | int, list[str]] = {}  # of each string that grows, what was sent of it
        self._values: dict[str | int, Any] = {}  # the same of everything else, added up

    def write(self, entries: Iterable[Entry]) -> bytes:
        """Consecutive events as one piece; empty if they add nothing."""
        return b"".join(_frame(name, data) for entry in entries for name, data in self._chunks(entry.event))

    def _chunks(self, event: Event) -> Iterator[tuple[str, Any]]:
        if self.over:
            return
        match event:
            case Start(run_id=run_id):
                yield "metadata", {"run_id": run_id}
            case Token(path=pointer, text=text) if len(path := from_pointer(pointer)) == 1:
                self._texts.setdefault(path[0], []).append(text)
                yield "data", {path[0]: text}
            case FieldSettled(path=pointer, value=value) | Pinned(path=pointer, value=value):
                yield from self._settled(from_pointer(pointer), value)
            case Reset(keep=keep, reason=reason):
                yield from self._reset(keep, reason)
            case Complete():
                yield from self._end("end", {})
            case Failed(code=code, message=message):
                yield from self._fail(code, message)
            case Cancelled(reason=reason):
                yield from self._end("error", {"status_code": 499, "message": f"The run was cancelled: {reason}."})

    def _settled(self, path: Path, value: Any) -> Iterator[tuple[str, Any]]:
        name = path[0]
        if len(path) == 2:
            self._values.setdefault(name, []).append(value)
            yield "data", {name: [value]}
        elif name not in self._texts and name not in self._values:
            self._values[name] = value
            yield "data", {name: value}
        elif not self._was_sent(name, value):
            yield from self._end("error", {"status_code": 502, "message": f"{name} was changed after it was sent."})

    def _was_sent(self, name: str | int, value: Any) -> bool:
        if name in self._texts and isinstance(value, str):
            return "".join(self._texts[name]).strip() == value.strip()
        return name in self._values and bool(self._values[name] == value)

    def _reset(self, keep: Iterable[str], reason: Code) -> Iterator[tuple[str, Any]]:
        void = {to_pointer((name,)) for name in {*self._texts, *self._values}} - set(keep)
        if void:
            places = ", ".join(sorted(void))
            yield from self._fail(reason, f"The model must write {places} again, which was already sent.")

    def _fail(self, code: Code, message: str) -> Iterator[tuple[str, Any]]:
        return self._end("error", {"status_code": MEANING[code].status, "message": message, "code": code})

    def _end(self, name: str, data: dict[str, Any]) -> Iterator[tuple[str, Any]]:
        self.over = True
        yield name, data


def _frame(name: str, data: Any) -> bytes:
    # ASCII only: LangServe's client also breaks lines at U+0085, U+2028 and U+2029.
    return f"event: {name}\ndata: {json.dumps(data, separators=(',', ':'))}\n\n".encode("ascii")
