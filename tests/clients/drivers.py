"""Both drivers of the client behind one face, so that one test holds for both."""

import asyncio
from collections.abc import AsyncGenerator, Generator
from contextlib import suppress
from typing import Any, Protocol

import httpx

from moim_client import AsyncRun, Run, aresume_run, astream_run, resume_run, stream_run
from moim_client.known import Known
from schemas import Event


class Reader(Protocol):
    """A run that is read, by whichever driver."""

    @property
    def run(self) -> Known:
        """What is known of it."""

    async def next(self) -> Event | None:
        """The next event; None behind the last."""

    async def leave(self) -> None:
        """Leaves the loop."""

    async def result(self) -> dict[str, Any]: ...

    async def pin(self, path: str, value: Any) -> int: ...

    async def cancel(self) -> None: ...


class Driver(Protocol):
    """Makes readers."""

    def stream(self, url: str, input: Any, **options: Any) -> Reader: ...

    def resume(self, url: str, run_id: str, **options: Any) -> Reader: ...


class Blocking:
    """A reader in threads of its own, one for each step."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self._events: Generator[Event] | None = None

    async def next(self) -> Event | None:
        if self._events is None:
            events = iter(self.run)
            assert isinstance(events, Generator)
            self._events = events
        return await asyncio.to_thread(next, self._events, None)

    async def leave(self) -> None:
        if self._events is not None:
            await asyncio.to_thread(self._events.close)

    async def result(self) -> dict[str, Any]:
        return await asyncio.to_thread(self.run.result)

    async def pin(self, path: str, value: Any) -> int:
        return await asyncio.to_thread(self.run.pin, path, value)

    async def cancel(self) -> None:
        await asyncio.to_thread(self.run.cancel)


class Asynchronous:
    """A reader on the test's own loop."""

    def __init__(self, run: AsyncRun) -> None:
        self.run = run
        self._events: AsyncGenerator[Event] | None = None

    async def next(self) -> Event | None:
        if self._events is None:
            events = aiter(self.run)
            assert isinstance(events, AsyncGenerator)
            self._events = events
        with suppress(StopAsyncIteration):
            return await anext(self._events)
        return None

    async def leave(self) -> None:
        if self._events is not None:
            await self._events.aclose()

    async def result(self) -> dict[str, Any]:
        return await self.run.result()

    async def pin(self, path: str, value: Any) -> int:
        return await self.run.pin(path, value)

    async def cancel(self) -> None:
        await self.run.cancel()


class BlockingDriver:
    """The client for notebooks. `transport`: instead of the network."""

    def __init__(self, transport: httpx.MockTransport | None = None) -> None:
        self._own = {"client": httpx.Client(transport=transport)} if transport else {}

    def stream(self, url: str, input: Any, **options: Any) -> Reader:
        return Blocking(stream_run(url, input, **{**self._own, **options}))

    def resume(self, url: str, run_id: str, **options: Any) -> Reader:
        return Blocking(resume_run(url, run_id, **{**self._own, **options}))


class AsynchronousDriver:
    """The client for services."""

    def __init__(self, transport: httpx.MockTransport | None = None) -> None:
        self._own = {"client": httpx.AsyncClient(transport=transport)} if transport else {}

    def stream(self, url: str, input: Any, **options: Any) -> Reader:
        return Asynchronous(astream_run(url, input, **{**self._own, **options}))

    def resume(self, url: str, run_id: str, **options: Any) -> Reader:
        return Asynchronous(aresume_run(url, run_id, **{**self._own, **options}))


DRIVERS: dict[str, type[BlockingDriver] | type[AsynchronousDriver]] = {
    "blocking": BlockingDriver,
    "asynchronous": AsynchronousDriver,
}


async def rest(reader: Reader) -> list[Event]:
    """All that follows, to the end."""
    events: list[Event] = []
    while event := await reader.next():
        events.append(event)
    return events


async def up_to(reader: Reader, kind: str) -> list[Event]:
    """All up to the first event of this type."""
    events: list[Event] = []
    while not events or events[-1].type != kind:
        event = await reader.next()
        assert event is not None, f"the run ended without {kind}"
        events.append(event)
    return events
