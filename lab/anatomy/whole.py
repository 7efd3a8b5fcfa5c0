"""How many bytes stock LangServe would send for the same run: the whole object again whenever it has changed.

Stock LangServe writes each chunk of its chain as a frame, and a chain that parses its model's JSON yields the object so
far with every token. How long that object is can be kept up to date without ever writing it, so this is linear.
"""

import json
from collections.abc import Iterable
from typing import Any

from schemas import Event, FieldSettled, Path, Pinned, Reset, Token, from_pointer

FRAME = len(b"event: data\r\ndata: \r\n\r\n")


def whole_object_bytes(events: Iterable[Event]) -> int:
    """The bytes of its `data` frames, one for each event that changes the object.

    It is a lower bound, computed from this run's events. They do not tell how numbers and categories grew, which stock
    LangServe would show; and it would not have stopped or repaired what broke a rule.
    """
    length, sent = Length(), 0
    for event in events:
        if isinstance(event, Reset):
            length.keep({from_pointer(pointer) for pointer in event.keep})
        elif length.take(event):
            sent += FRAME + length.total
    return sent


class Length:
    """The length of an object as JSON, in bytes, as its events make it grow.

    A text is as long as its tokens are, each written by itself: no token ends within a character.
    """

    def __init__(self) -> None:
        self._lengths: dict[Path, int] = {(): 2}
        self._children: dict[Path, int] = {}

    @property
    def total(self) -> int:
        """Of the object so far."""
        return self._lengths[()]

    def take(self, event: Event) -> bool:
        """Takes an event in; whether that changed the object. What closes as it stood does not; a pin is taken to."""
        before = self.total
        match event:
            case Token(path=pointer, text=text):
                path = from_pointer(pointer)
                if path not in self._lengths:
                    self._open(path, 2)
                self._grow(path, json_bytes(text) - 2)
            case FieldSettled(path=pointer, value=value) | Pinned(path=pointer, value=value):
                path = from_pointer(pointer)
                self._open(path, 0)
                self._grow(path, json_bytes(value) - self._lengths[path])
            case _:
                return False
        return self.total != before or isinstance(event, Pinned)

    def keep(self, paths: set[Path]) -> None:
        """Forgets everything but these properties."""
        kept = {path: length for path, length in self._lengths.items() if path in paths}
        self._lengths, self._children = {(): 2}, {}
        for path, length in kept.items():
            self._open(path, length)

    def _open(self, path: Path, length: int) -> None:
        """Makes a place, and those around it, unless it is there."""
        if path in self._lengths:
            return
        around = path[:-1]
        self._open(around, 2)
        comma = 1 if self._children.get(around) else 0
        name = 0 if isinstance(path[-1], int) else json_bytes(path[-1]) + 1
        self._children[around] = self._children.get(around, 0) + 1
        self._lengths[path] = length
        self._grow(around, comma + name + length)

    def _grow(self, path: Path, by: int) -> None:
        """A place is longer, and everything around it."""
        for depth in range(len(path) + 1):
            self._lengths[path[:depth]] += by


def json_bytes(value: Any) -> int:
    """How long a value is as JSON in UTF-8 without blanks, as LangServe writes it."""
    return len(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode())
