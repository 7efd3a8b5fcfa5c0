"""When a snapshot of a growing object is worth taking."""

from math import inf


class Pace:
    """Paces snapshots: at most one an `interval`, and by growth once the object is large.

    While the text is under `small` characters a change is told within `interval` seconds: with the first change that
    comes an `interval` behind the last snapshot, for then it costs no write of its own, or by itself when its time is
    up. From there on a snapshot waits until the text has grown by a fifteenth, so that these together stay within 16
    times the text, however long it gets.
    """

    def __init__(self, *, interval: float = 0.1, small: int = 4096) -> None:
        self._interval = interval
        self._small = small
        self._dirty = False
        self._size = 0
        self._taken_size = 0
        self._taken_at = -inf
        self._waits_since = -inf  # when a change was first too early for a snapshot

    @property
    def due(self) -> float | None:
        """When a snapshot must be taken; `None` while there is none to take."""
        return max(self._taken_at, self._waits_since) + self._interval if self._grown else None

    @property
    def _grown(self) -> bool:
        """Whether there is something to tell that is worth a snapshot."""
        return self._dirty and not (self._size > self._small and self._size * 15 < self._taken_size * 16)

    def changed(self, size: int) -> None:
        """The object changed, and `size` characters of text have been read of it by now."""
        self._dirty, self._size = True, size

    def begin_again(self, size: int = 0) -> None:
        """The object changed otherwise than by growing to `size`: the next snapshot does not wait for growth."""
        self._dirty, self._size, self._taken_size = True, size, 0

    def take(self, now: float) -> bool:
        """Whether a snapshot may be taken; if so it counts as taken."""
        if not self._grown:
            return False
        if now < self._taken_at + self._interval:
            if self._waits_since <= self._taken_at:
                self._waits_since = now
            return False
        self._dirty, self._taken_size, self._taken_at = False, self._size, now
        return True
