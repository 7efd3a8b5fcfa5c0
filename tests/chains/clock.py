"""Time in the hands of a test: it stands still, and passes when somebody sleeps or the test says so."""

import asyncio

import pytest


class Clock:
    """What event loops and `asyncio.sleep` go by once it is installed. Nobody really waits."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1000.0
        self.slept: list[float] = []
        self.late = 0.0
        """By how much every timer wakes too late."""
        self._turn = asyncio.sleep
        monkeypatch.setattr(asyncio.BaseEventLoop, "time", lambda loop: self.now)
        monkeypatch.setattr(asyncio, "sleep", self._sleep)

    async def _sleep(self, delay: float) -> None:
        self.slept.append(delay)
        if delay > 0:
            self.now += delay + self.late
        await self._turn(0)
