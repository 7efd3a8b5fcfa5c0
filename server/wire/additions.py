"""A run as additions to its object: for protocols whose clients put together what they get."""

from collections.abc import Collection, Iterator
from typing import Any, Literal, NamedTuple

from schemas import (
    Code,
    Complete,
    Event,
    FieldSettled,
    Partial,
    Path,
    Pinned,
    Reset,
    Token,
    from_pointer,
    to_pointer,
)
from server.wire.growing import Growing


class Addition(NamedTuple):
    """What is new of the top-level field `name`.

    - `text`: it is a text, and this is more of it
    - `item`: it is a list, and this is its next item
    - `value`: this is all of it, and nothing came before
    - `closed`: it is whole, in what came before: this
    - `void`: what came before counts no longer, for the code that is the `value`. It may come again
    """

    name: str
    kind: Literal["text", "item", "value", "closed", "void"]
    value: Any = None


class Additions:
    """Folds a run's events into additions that add up to its object.

    Texts grow by their tokens and lists by their items; everything else comes once, when it is closed. `exact`: a text
    is void, and comes again, if only blanks at its beginning have been trimmed.
    """

    def __init__(self, *, exact: bool = False) -> None:
        self._exact = exact
        self._texts: dict[str, Growing] = {}  # what was sent, by field: of texts that grow,
        self._items: dict[str, list[Any]] = {}  # of lists, item by item,
        self._closed: dict[str, Any] = {}  # and of what is whole

    def of(self, event: Event) -> Iterator[Addition]:
        """What an event adds."""
        match event:
            case Token(path=pointer, text=text) if len(path := from_pointer(pointer)) == 1:
                yield from self._more(str(path[0]), text)
            case FieldSettled(path=pointer, value=value) | Pinned(path=pointer, value=value):
                yield from self._settled(from_pointer(pointer), value)
            case Reset(keep=keep, reason=reason):
                kept = {str(from_pointer(pointer)[0]) for pointer in keep}
                yield from self._forget({*self._texts, *self._sent} - kept, reason)
            case Partial(resumed=True, value=value, settled=settled):
                yield from self._caught_up(value, settled)
            case Complete(value=value):
                for name in value:
                    yield from self._whole(name, value[name])

    @property
    def _sent(self) -> list[str]:
        """The fields of which anything was, in order."""
        return list(
            {**dict.fromkeys(name for name, text in self._texts.items() if text.sent), **self._items, **self._closed}
        )

    def _more(self, name: str, text: str) -> Iterator[Addition]:
        if piece := self._texts.setdefault(name, Growing()).more(text):
            yield Addition(name, "text", piece)

    def _settled(self, path: Path, value: Any) -> Iterator[Addition]:
        name = str(path[0])
        if len(path) == 1:
            yield from self._whole(name, value)
        elif len(self._items.get(name, ())) == path[1]:
            self._items.setdefault(name, []).append(value)
            yield Addition(name, "item", value)

    def _whole(self, name: str, value: Any) -> Iterator[Addition]:
        if name in self._closed and self._closed[name] == value:
            return
        if name not in self._sent:
            yield Addition(name, "value", value)
        elif (rest := self._rest(name, value)) is not None:
            yield from (*rest, Addition(name, "closed", value))
        else:
            yield self._void(name, Code.INVALID_OUTPUT)
            yield Addition(name, "value", value)
        self._closed[name] = value

    def _rest(self, name: str, value: Any) -> list[Addition] | None:
        """What is missing to the whole value; None if it is another one than what was sent."""
        if name in self._closed:
            return None
        if (growing := self._texts.get(name)) and isinstance(value, str):
            rest = growing.rest(value, exact=self._exact)
            return None if rest is None else [Addition(name, "text", rest)] if rest else []
        if (items := self._items.get(name)) and isinstance(value, list) and value[: len(items)] == items:
            return [Addition(name, "item", item) for item in value[len(items) :]]
        return None

    def _caught_up(self, value: dict[str, Any], settled: Collection[str]) -> Iterator[Addition]:
        """What a reader had missed who comes late, or is too slow: the object so far, and what of it is closed.

        What it was told and is no longer so was written by a worker that was lost.
        """
        open_again = {name for name in self._closed if to_pointer((name,)) not in settled}
        yield from self._forget({name for name in self._sent if name not in value} | open_again, Code.WORKER_LOST)
        for pointer in settled:
            path = from_pointer(pointer)
            yield from self._settled(path, _at(value, path))
        for name, text in value.items():
            if isinstance(text, str) and name not in self._closed:
                if (piece := self._texts.setdefault(name, Growing()).up_to(text)) is None:
                    yield self._void(name, Code.INVALID_OUTPUT)
                    yield from self._more(name, text)
                elif piece:
                    yield Addition(name, "text", piece)

    def _forget(self, names: Collection[str], reason: Code) -> Iterator[Addition]:
        """These begin anew. Of what was sent of them, it is said."""
        void = [name for name in self._sent if name in names]
        for name in names:
            self._texts.pop(name, None)
        for name in void:
            yield self._void(name, reason)

    def _void(self, name: str, reason: Code) -> Addition:
        self._texts.pop(name, None)
        self._items.pop(name, None)
        self._closed.pop(name, None)
        return Addition(name, "void", reason)


def _at(value: Any, path: Path) -> Any:
    for key in path:
        value = value[key]
    return value
