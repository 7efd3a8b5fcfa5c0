"""Reads runs without blocking: for services."""

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping
from contextlib import aclosing, asynccontextmanager, suppress
from inspect import isawaitable
from typing import Any, Self, Unpack

import httpx
from anyio import move_on_after, sleep
from pydantic import BaseModel

from moim_client.asking import Ask
from moim_client.errors import ConnectionLost
from moim_client.known import ANSWER_S, STOP_S, Known, frames_of, success, tls
from moim_client.reading import Options, Reading
from schemas import Event, PinReceipt

Headers = Mapping[str, str] | Callable[[], Mapping[str, str] | Awaitable[Mapping[str, str]]]


def astream_run(
    url: str,
    input: Mapping[str, Any] | BaseModel,
    *,
    idempotency_key: str | None = None,
    headers: Headers | None = None,
    client: httpx.AsyncClient | None = None,
    keep: bool = False,
    **options: Unpack[Options],
) -> "AsyncRun":
    """As `stream_run`. `headers` may be a coroutine function."""
    return AsyncRun(Reading.of_new(url, input, idempotency_key, **options), headers, client, keep=keep)


def aresume_run(
    url: str,
    run_id: str,
    *,
    after: str = "",
    headers: Headers | None = None,
    client: httpx.AsyncClient | None = None,
    keep: bool = True,
    **options: Unpack[Options],
) -> "AsyncRun":
    """As `resume_run`."""
    return AsyncRun(Reading.of_known(url, run_id, after, **options), headers, client, keep=keep)


class AsyncRun(Known):
    """As `Run`. Without an `async with` block a loop that is left is seen to a moment later, by the event loop."""

    def __init__(
        self, reading: Reading, headers: Headers | None, client: httpx.AsyncClient | None, *, keep: bool
    ) -> None:
        super().__init__(reading, keep=keep)
        self._headers = headers
        self._given = client
        self._block: AsyncGenerator[Event] | None = None

    def __aiter__(self) -> AsyncIterator[Event]:
        return self._block or self._events()

    async def __aenter__(self) -> Self:
        self._block = self._events()
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._block:
            await self._block.aclose()

    async def result(self) -> dict[str, Any]:
        """As `Run.result`."""
        async for _ in self:
            pass
        return self._reading.state.result()

    async def pin(self, path: str, value: Any) -> int:
        """As `Run.pin`."""
        async with self._line() as client:
            ask = self._reading.addresses.pin(self._reading.run_id, path, value)
            return PinReceipt.model_validate_json(await self._send(client, ask)).seq

    async def cancel(self) -> None:
        """Stops the run. Whoever reads it reads on, to its `cancelled`."""
        async with self._line() as client:
            await self._stop(client)

    async def _events(self) -> AsyncGenerator[Event]:
        reading = self._reading
        async with self._line() as client:
            try:
                while not reading.over:
                    async with aclosing(self._connection(client)) as events:
                        async for event in events:
                            yield event
                    if not reading.over:
                        await sleep(reading.pause_s())
            finally:
                if not self._leaves_it_running:
                    with move_on_after(STOP_S, shield=True), suppress(Exception):  # a cancelled task says goodbye
                        await self._stop(client)

    async def _connection(self, client: httpx.AsyncClient) -> AsyncGenerator[Event]:
        """The news that one connection brings."""
        reading, ask = self._reading, self._reading.ask()
        try:
            async with client.stream(**await self._arguments(ask), timeout=self._timeout) as response:
                if not reading.opens(response.status_code, response.headers):
                    reading.answered(response.status_code, response.headers, await response.aread())
                    return
                async with aclosing(frames_of(response).aiter_sse()) as frames:
                    async for frame in frames:
                        if event := reading.take(frame):
                            yield event
                        if reading.over:
                            return
        except httpx.RequestError as fault:
            reading.cut(fault)

    async def _stop(self, client: httpx.AsyncClient) -> None:
        if ask := self._reading.ask_which():
            self._reading.learn(await self._send(client, ask))
        await self._send(client, self._reading.addresses.stop(self._reading.run_id))

    async def _send(self, client: httpx.AsyncClient, ask: Ask) -> bytes:
        try:
            return success(await client.request(**await self._arguments(ask), timeout=ANSWER_S))
        except httpx.RequestError as fault:
            raise ConnectionLost("nobody answers") from fault

    async def _arguments(self, ask: Ask) -> dict[str, Any]:
        given = self._headers() if callable(self._headers) else self._headers
        headers = httpx.Headers(await given if isawaitable(given) else given)
        headers.update(ask.headers)
        return {"method": ask.method, "url": ask.url, "params": ask.params, "headers": headers, "json": ask.json}

    @asynccontextmanager
    async def _line(self) -> AsyncIterator[httpx.AsyncClient]:
        """The caller's client, or one for as long as the block lasts."""
        if self._given:
            yield self._given
        else:
            async with httpx.AsyncClient(verify=tls()) as own:
                yield own
