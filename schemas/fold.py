"""What a client makes of the events: the reference reducer.

`Fold` rebuilds the object from any reading of a stream: `token,field`, `partial`, or everything. The producer
itself keeps its value so far with it, so that a `partial` is by construction what the events before it add up to.
"""

from itertools import pairwise
from typing import Any

from schemas.events import Cancelled, Complete, Event, Failed, FieldSettled, Partial, Pinned, Reset, Start, Token
from schemas.pointer import Path, from_pointer

_JOINED = 64


def copy_json(value: Any) -> Any:
    """A copy of plain JSON that shares no container with the original."""
    if isinstance(value, dict):
        return {key: copy_json(item) for key, item in value.items()}
    if isinstance(value, list):
        return [copy_json(item) for item in value]
    return value


class Fold:
    """The object as the events so far tell it. A growing string is joined when it is looked at, not per token."""

    def __init__(self) -> None:
        self._value: dict[str, Any] = {}
        self._at = ""  # the pointer of the string that is growing ...
        self._chunks: list[str] = []  # ... and what came of it since it was last looked at:
        self._pieces: list[str] = []  # a string of four characters takes sixty bytes, so sixty-four of them become one

    @property
    def value(self) -> dict[str, Any]:
        """The live object: copy it (`copy_json`) before keeping it."""
        self._join()
        return self._value

    def reaches(self, path: Path) -> bool:
        """Whether a value at `path` leaves no gap: every list on the way has all the items before it."""
        self._join()
        holder: Any = self._value
        for key in path:
            known = len(holder) if isinstance(holder, list) else 0
            if isinstance(key, int) and key > known and not isinstance(holder, dict):
                return False
            holder = _get(holder, key)
        return True

    def apply(self, event: Event) -> None:
        """Take one event in. Events that say nothing of the object (`start`, `invalid`) change nothing."""
        match event:
            case Token(path=path, text=text):
                if path != self._at:
                    self._join()
                    self._at = path
                self._pieces.append(text)
                if len(self._pieces) == _JOINED:
                    self._chunks.append("".join(self._pieces))
                    self._pieces = []
            case FieldSettled(path=path, value=value) | Pinned(path=path, value=value):
                self._join()
                self._put(from_pointer(path), copy_json(value))
            case Reset(keep=keep):
                kept = {from_pointer(pointer)[0] for pointer in keep}
                self._replace({key: item for key, item in self.value.items() if key in kept})
            case Start():
                self._replace({})
            case Partial(value=whole) | Complete(value=whole) | Failed(partial=whole) | Cancelled(partial=whole):
                self._replace(copy_json(whole))

    def _replace(self, value: dict[str, Any]) -> None:
        self._value, self._at, self._chunks, self._pieces = value, "", [], []

    def _join(self) -> None:
        if not (self._chunks or self._pieces):
            return
        path = from_pointer(self._at)
        before = _get(self._holder(path), path[-1])
        self._put(path, "".join([before or "", *self._chunks, *self._pieces]))
        self._chunks, self._pieces = [], []

    def _put(self, path: Path, value: Any) -> None:
        _set(self._holder(path), path[-1], value)

    def _holder(self, path: Path) -> Any:
        """The container that `path` ends in, made on the way if need be."""
        holder: Any = self._value
        for key, below in pairwise(path):
            if _get(holder, key) is None:
                _set(holder, key, [] if isinstance(below, int) else {})
            holder = _get(holder, key)
        return holder


def _get(holder: Any, key: str | int) -> Any:
    """What stands there; `None` if nothing does. A number is an index only in a list."""
    if isinstance(holder, list):
        return holder[key] if isinstance(key, int) and key < len(holder) else None
    return holder.get(str(key)) if isinstance(holder, dict) else None


def _set(holder: Any, key: str | int, value: Any) -> None:
    """Puts a value into a container; items of a list that this reading has not been told of are null until they are."""
    if isinstance(holder, list) and isinstance(key, int):
        holder.extend([None] * (key + 1 - len(holder)))
        holder[key] = value
    else:
        holder[str(key)] = value
