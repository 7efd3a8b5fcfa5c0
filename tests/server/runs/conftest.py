"""What several tests of runs begin with."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from server.runs.log import Log
from tests.chains.clock import Clock
from tests.server.runs.troubled import Trouble, TroubledStore
from tests.server.runs.workers import NAME_STANDS, WHOLE, Workers, hiring
from tests.server.runs.writing import NEW, Desk, Sits


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


@pytest.fixture
async def chatting() -> AsyncIterator[Workers]:
    """Workers on a model that answers a chat."""
    async with hiring(WHOLE["chatbot"]) as workers:
        yield workers


@pytest.fixture
async def stalling() -> AsyncIterator[Workers]:
    """Workers on a model that stops in the middle of a meeting's form."""
    async with hiring(NAME_STANDS) as workers:
        yield workers


@pytest.fixture
async def desk(clock: Clock) -> AsyncIterator[Sits]:
    """Sits down at a store with these troubles; the writer is stopped at the end."""
    desks: list[Desk] = []

    async def sit(*troubles: Trouble, keeps: int = 1_000_000, keyed: bool = False) -> Desk:
        store, run = TroubledStore(*troubles), replace(NEW, key="key") if keyed else NEW
        await store.create(run)
        desks.append(Desk(store, run, Log(keeps=keeps), clock))
        return desks[-1]

    yield sit
    for each in desks:
        await each.writer.flush(0)
