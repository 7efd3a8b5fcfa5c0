"""What LangChain's methods give of a run: folds over its events."""

from collections.abc import Iterable
from typing import Any

from chains.pace import Pace
from schemas import Complete, Event, Failed, FieldSettled, Fold, Pinned, Reset, Token, copy_json


class Snapshots:
    """The value after each event that changed it; spaced by growth once it is large, as `partial` events are."""

    def __init__(self) -> None:
        self._fold = Fold()
        self._pace = Pace(interval=0)
        self._size = 0
        self._last: dict[str, Any] = {}

    def after(self, event: Event) -> Iterable[dict[str, Any]]:
        """The values that this event is worth telling. Raises the `StreamError` of a run that failed."""
        if isinstance(event, Complete | Failed):
            return [value_of(event)]
        match event:
            case Token(text=text):
                self._grew(len(text))
            case FieldSettled(path=path, value=value):
                self._grew(len(path) + len(str(value)))
            case Reset() | Pinned():
                self._pace.begin_again(self._size)
            case _:
                return []
        self._fold.apply(event)
        if not self._pace.take(0) or self._fold.value == self._last:
            return []
        self._last = copy_json(self._fold.value)
        return [copy_json(self._last)]

    def _grew(self, size: int) -> None:
        self._size += size
        self._pace.changed(self._size)


def value_of(terminal: Event) -> dict[str, Any]:
    """The whole value that a run ended in. Raises the `StreamError` that it failed by."""
    match terminal:
        case Complete():
            return terminal.value
        case Failed():
            raise terminal.error()
        case _:
            raise TypeError(f"{terminal.type} is not the end of a chain's run")
