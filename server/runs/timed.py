"""A dictionary whose items have a time each."""

import heapq
from collections.abc import Callable, Iterator
from math import inf
from typing import Generic, TypeVar

V = TypeVar("V")


class Timed(Generic[V]):
    """Holds each item until its time is over, or it is set again. `sweep` frees the room of those that are over."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._items: dict[str, tuple[float, V]] = {}
        self._due: list[tuple[float, str]] = []  # a heap; what was set again since is passed over

    def __iter__(self) -> Iterator[tuple[str, V]]:
        return ((key, value) for key, (_, value) in self._items.items())

    def get(self, key: str) -> V | None:
        until, value = self._items.get(key, (-inf, None))
        return value if until > self._clock() else None

    def set(self, key: str, value: V, for_s: float) -> None:
        until = self._clock() + for_s
        self._items[key] = until, value
        heapq.heappush(self._due, (until, key))

    def until(self, key: str) -> float:
        return self._items[key][0] if key in self._items else -inf

    def pop(self, key: str) -> V | None:
        return self._items.pop(key, (0.0, None))[1]

    def sweep(self) -> Iterator[tuple[str, V]]:
        """Lets those go whose time is over."""
        now = self._clock()
        while self._due and self._due[0][0] <= now:
            until, key = heapq.heappop(self._due)
            if self.until(key) == until:
                yield key, self._items.pop(key)[1]
