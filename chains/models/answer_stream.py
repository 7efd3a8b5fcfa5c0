"""The chunks of an answer that OpenAI's SDK has asked for, read from the response's bytes instead of by the SDK."""

import asyncio
import ssl
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, suppress
from typing import Any, Self

import anyio
import httpx2
import openai

from chains.models.completion import Completion, Joined
from chains.models.event_stream import EventStream

DRAIN_S = 0.1
"""How long a server may take to end its response behind `[DONE]`: then its connection can be used again."""

_BROKEN = (httpx2.RequestError, ssl.SSLError, anyio.EndOfStream)  # httpx2's own transport passes on some of TLS's


class AnswerStream:
    """What `ChatOpenAI` expects of the SDK's `AsyncStream`: chunks to iterate, a context that closes the response."""

    def __init__(self, response: httpx2.Response) -> None:
        self._response = response
        self._chunks = _chunks(response)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        try:
            await self._chunks.aclose()
        finally:
            await self._response.aclose()  # which nobody else does where nothing was read

    def __aiter__(self) -> AsyncIterator[dict[str, Any]]:
        return self._chunks


async def _chunks(response: httpx2.Response) -> AsyncGenerator[dict[str, Any]]:
    """The answer's chunks. A read that brought only a comment gives an empty one: a server that queues is alive."""
    events, completion, alive = EventStream(), Completion(response.request), False
    encoded = "content-encoding" in response.headers
    try:
        async with aclosing(response.aiter_bytes() if encoded else response.aiter_raw()) as reads:
            async for read in reads:
                finished = events.feed(read)
                for chunk in completion.read(finished):
                    yield chunk
                if completion.done:
                    await _drain(reads)
                    break
                if events.commented and not finished:
                    alive = True
                    yield Joined()
    except httpx2.TimeoutException as error:
        raise openai.APITimeoutError(response.request) from error
    except _BROKEN as error:
        raise openai.APIConnectionError(request=response.request) from error
    if alive and not completion.begun:
        raise ValueError("The model's server sent nothing but comments.")


async def _drain(reads: AsyncIterator[bytes]) -> None:
    """Waits a moment for the end of the response, of which nothing is of interest any more."""
    with suppress(TimeoutError, *_BROKEN):
        async with asyncio.timeout(DRAIN_S):
            async for _ in reads:
                pass
