"""What the events so far add up to: the object, what of it has settled, and the run's end."""

from typing import Any

from moim_client.errors import RunCancelled
from schemas import (
    TERMINAL,
    Cancelled,
    Complete,
    Event,
    Failed,
    FieldSettled,
    Fold,
    Partial,
    Pinned,
    Reset,
    Start,
    from_pointer,
    to_pointer,
)
from schemas.progress import topmost


class State:
    """A fold over the events of any reading, also of one that begins in the middle.

    `schemas.Progress` is the same for whoever has all of them; it takes nothing from a `partial`, which may be all that
    a reading has, and all that a reader who was away too long is told.
    """

    def __init__(self) -> None:
        self.run_id: str | None = None
        self.end: Event | None = None
        self._fold = Fold()
        self._settled: dict[str, None] = {}  # an ordered set

    @property
    def value(self) -> dict[str, Any]:
        """The object so far, live."""
        return self._fold.value

    @property
    def settled(self) -> tuple[str, ...]:
        """The topmost pointers to what does not change any more in this attempt, as they settled."""
        return topmost(self._settled)

    def apply(self, event: Event) -> None:
        """Takes the next event in."""
        self._fold.apply(event)
        match event:
            case Start(run_id=run_id):
                self.run_id = run_id
                self._settled = {}
            case Partial(settled=settled):
                self._settled = dict.fromkeys(settled)
            case FieldSettled(path=path) | Pinned(path=path):
                self._settled[path] = None
            case Reset(keep=keep):
                kept = set(map(_property, keep))
                self._settled = {path: None for path in self._settled if _property(path) in kept}
            case Complete(value=value):
                self._settled.update(dict.fromkeys(to_pointer((name,)) for name in value))
        if event.type in TERMINAL:
            self.end = event

    def result(self) -> dict[str, Any]:
        """The whole object that the run ended in. Raises what it failed by, or `RunCancelled`."""
        match self.end:
            case Complete(value=value):
                return value
            case Failed() as failed:
                raise failed.error()
            case Cancelled(reason=reason, partial=partial):
                raise RunCancelled(reason, partial)
            case _:
                raise LookupError("the run's end has not been read")


def _property(pointer: str) -> str:
    """The top-level property that a pointer leads to, or into."""
    return str(from_pointer(pointer)[0])
