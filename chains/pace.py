"""When a snapshot of a growing object is worth taking."""

from math import inf


class Pace:
    """Paces snapshots: at most one an `interval`, and by growth once the object is large.

    While the text is under `small` characters a change is told within `interval` seconds. From there on a snapshot
    waits until the text has grown by a fifteenth, so that these together stay within 16 times the text, however long
    it gets.
    """

    def __init__(self, *, interval: float = 0.1, small: int = 4096) -> None:
        self._interval = interval
        self._small = small
        self._dirty = False
        self._size = 0
        self._taken_size = 0
        self._taken_at = -inf

    @property
    def due(self) -> float | None:
        """When the next snapshot may be taken; `None` while there is none to take."""
        if not self._dirty or (self._size > self._small and self._size * 15 < self._taken_size * 16):
            return None
        return self._taken_at + self._interval

    def changed(self, size: int) -> None:
        """The object changed, and `size` characters of text have been read of it by now."""
        self._dirty, self._size = True, size

    def begin_again(self, size: int = 0) -> None:
        """The object changed otherwise than by growing to `size`: the next snapshot does not wait for growth."""
        self._dirty, self._size, self._taken_size = True, size, 0

    def take(self, now: float) -> bool:
        """Whether a snapshot is due; if so it counts as taken."""
        if self.due is None or self.due > now:
            return False
        self._dirty, self._taken_size, self._taken_at = False, self._size, now
        return True
