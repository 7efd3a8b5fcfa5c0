"""Waiting until something holds that others bring about."""

from collections.abc import Callable
from math import inf

from chains.wake import Wake


class Waiting:
    """Those who wait. Call `look` whenever what they wait for may have come."""

    def __init__(self) -> None:
        self._wakes: list[Wake] = []

    async def until(self, holds: Callable[[], object]) -> None:
        """Returns when it holds."""
        wake = Wake()
        self._wakes.append(wake)
        try:
            while not holds():
                await wake.wait(inf)
        finally:
            self._wakes.remove(wake)

    def look(self) -> None:
        """Something has happened."""
        for wake in self._wakes:
            wake()
