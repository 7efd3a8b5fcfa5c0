"""aiohttp beneath the OpenAI SDK: reading an answer costs half of what it does through httpx2's own transport.

httpx2 reads HTTP/1.1 in Python, with a timer for each read, and hands each chunk on by itself. aiohttp reads it in C,
and one read gives all that has come by then. What the SDK does (retries, time-outs, errors) stays as it is.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import contextmanager

import aiohttp
import httpx2
from yarl import URL

# The first that fits: aiohttp's classes overlap.
_MEANING: tuple[tuple[type[Exception], type[httpx2.TransportError]], ...] = (
    (aiohttp.ConnectionTimeoutError, httpx2.ConnectTimeout),
    (TimeoutError, httpx2.ReadTimeout),
    (aiohttp.ClientProxyConnectionError, httpx2.ProxyError),
    (aiohttp.ClientHttpProxyError, httpx2.ProxyError),
    (aiohttp.ClientConnectorError, httpx2.ConnectError),
    (aiohttp.InvalidURL, httpx2.UnsupportedProtocol),
    (aiohttp.ServerDisconnectedError, httpx2.RemoteProtocolError),
    (aiohttp.ClientPayloadError, httpx2.RemoteProtocolError),
    (aiohttp.ClientResponseError, httpx2.RemoteProtocolError),
    (aiohttp.ClientError, httpx2.ReadError),
    (OSError, httpx2.ReadError),
)
_OF_HTTPX2 = ("accept", "accept-encoding", "content-type", "user-agent")
"""Headers that aiohttp would add by itself."""


class AiohttpTransport(httpx2.AsyncBaseTransport):
    """Sends httpx2's requests through aiohttp. Proxies are taken from the environment (HTTPS_PROXY, NO_PROXY).

    A connection belongs to one event loop, and scripts run one loop after another. So each loop has connections of its
    own, whoever asks, and they are closed when it shuts down its asynchronous generators, as `asyncio.run` does.
    """

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        session = await _session()
        seconds = request.extensions.get("timeout", {})
        with _told_as_httpx2s():
            response = await session.request(
                request.method,
                URL(str(request.url), encoded=True),
                headers=request.headers.multi_items(),
                data=await request.aread() or None,
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(
                    connect=seconds.get("pool"), sock_connect=seconds.get("connect"), sock_read=seconds.get("read")
                ),
            )
        return httpx2.Response(response.status, headers=response.raw_headers, stream=_Body(response), request=request)


_Sessions = AsyncGenerator[aiohttp.ClientSession]
_open: dict[asyncio.AbstractEventLoop, tuple[aiohttp.ClientSession, _Sessions]] = {}


async def _session() -> aiohttp.ClientSession:
    """The running loop's session. The generator that made it is held, since its end is the session's."""
    loop = asyncio.get_running_loop()
    if loop not in _open:
        keeping = _keep(loop)
        _open[loop] = await anext(keeping), keeping
    return _open[loop][0]


async def _keep(loop: asyncio.AbstractEventLoop) -> _Sessions:
    session = aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0, ssl=httpx2.create_ssl_context()),  # the model's gate is the limit
        cookie_jar=aiohttp.DummyCookieJar(),
        skip_auto_headers=_OF_HTTPX2,
        auto_decompress=False,  # httpx2 does
        trust_env=True,
    )
    try:
        yield session
    finally:
        del _open[loop]
        await session.close()


class _Body(httpx2.AsyncByteStream):
    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self._response = response

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with _told_as_httpx2s():
            while read := await self._response.content.readany():
                yield read

    async def aclose(self) -> None:
        self._response.release()  # a response that was not read to its end has its connection closed


@contextmanager
def _told_as_httpx2s() -> Iterator[None]:
    """Raises aiohttp's errors as the errors of httpx2 that the SDK knows."""
    try:
        yield
    except (aiohttp.ClientError, OSError) as error:
        kind = next(own for theirs, own in _MEANING if isinstance(error, theirs))
        raise kind(str(error)) from error
