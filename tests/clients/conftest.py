"""Servers and drivers for the tests of clients."""

from collections.abc import Callable
from types import SimpleNamespace

import pytest

import moim_client.asynchronous
import moim_client.patience
import moim_client.synchronous
from tests.clients.drivers import DRIVERS, Driver
from tests.clients.scripted import Answer, Answering, Scripted
from tests.server.conftest import shared, start, upstream

__all__ = ["shared", "start", "upstream"]

Serves = Callable[..., tuple[Scripted, Driver]]


@pytest.fixture(params=DRIVERS)
def driver(request: pytest.FixtureRequest) -> Driver:
    """Each test holds for both."""
    return DRIVERS[request.param]()


@pytest.fixture(params=DRIVERS)
def serves(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Serves:
    """A server that gives these answers, and a driver that asks it. What is waited for passes at once."""
    now = 0.0

    def serve(*answers: Answer | Answering) -> tuple[Scripted, Driver]:
        server = Scripted(*answers)

        def pause(seconds: float) -> None:
            nonlocal now
            now += seconds
            server.pauses.append(seconds)

        async def apause(seconds: float) -> None:
            pause(seconds)

        monkeypatch.setattr(moim_client.synchronous, "sleep", pause)
        monkeypatch.setattr(moim_client.asynchronous, "sleep", apause)
        monkeypatch.setattr(moim_client.patience, "time", SimpleNamespace(monotonic=lambda: now))
        return server, DRIVERS[request.param](server.transport())

    return serve
