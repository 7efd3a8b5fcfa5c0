"""A simulator within the test, at an address of its own."""

from collections.abc import AsyncIterator

import pytest

from benchmarks.simulator import listen


@pytest.fixture
async def upstream() -> AsyncIterator[str]:
    """The address of a simulator that has nothing on record."""
    server = await listen(0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
