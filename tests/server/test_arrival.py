"""Nothing between the model and the client holds text back.

The upstream sends each piece only after the client has shown that the piece before it arrived. So whatever buffers, be
it by size, by time or to the end, stops the stream for good: no clock decides.
"""

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import httpx_sse
import pytest
from starlette.middleware.base import BaseHTTPMiddleware, RequestResponseEndpoint
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from server import create_app
from server.settings import parse_settings
from tests.server.configs import MEETING, MEETING_INPUT, openai, text
from tests.server.process import ServerProcess
from tests.server.reading import PATIENCE_S
from tests.server.thread import ThreadServer
from tests.upstream import DONE, Script, Step, Upstream, chunk, ends, gate, says, stream

NAME = "가나다라abcd"
REST = text({**MEETING, "name": NAME}).partition(NAME)[2]
PATIENT = {"stream": {"hold_ms": 10_000}}
PROTOCOLS = pytest.mark.parametrize("protocol", ["events", "langserve"])


def gated() -> tuple[Step, ...]:
    """The name letter by letter, a gate before each; then the rest at once."""
    letters: list[Step] = []
    for piece in ('{"name": "' + NAME[0], *NAME[1:], REST):
        letters += [gate, says(piece)]
    return stream(chunk({"role": "assistant"}), *letters, ends(), DONE)


def texts(frames: Iterator[httpx_sse.ServerSentEvent]) -> Iterator[str]:
    """The name's letters as either protocol brings them, and an empty text for its opening."""
    for frame in frames:
        data: Any = frame.json()
        if frame.event in ("start", "metadata"):
            yield ""
        elif frame.event == "token" and data["path"] == "/name":
            yield data["text"]
        elif frame.event == "data" and isinstance(data.get("name"), str):
            yield data["name"]


def read_gated(url: str, script: Script, protocol: str, patience_s: float = PATIENCE_S) -> str:
    """Reads a stream and opens the upstream's gates one by one, each for what has arrived. `ReadTimeout` if held up."""
    body = {"input": MEETING_INPUT}
    with (
        httpx.Client(timeout=patience_s) as client,
        httpx_sse.connect_sse(
            client, "POST", f"{url}/meeting-info/stream", json=body, params={"protocol": protocol}
        ) as source,
    ):
        call = script.next_call()
        name = ""
        for letter in texts(source.iter_sse()):
            name += letter
            call.permit()
        return name


@PROTOCOLS
def test_every_piece_arrives_before_the_next_is_made(
    shared: Callable[[str], ServerProcess], upstream: Upstream, protocol: str
) -> None:
    server = shared(openai(upstream.base_url, **PATIENT))
    script = upstream.plays(*gated())
    assert read_gated(server.url, script, protocol) == NAME


async def collect(request: Request, call_next: RequestResponseEndpoint) -> Response:
    """What many a middleware does that wants to see a response's body."""
    response: Any = await call_next(request)
    body = b"".join([piece async for piece in response.body_iterator])
    return Response(body, response.status_code, response.headers)


class InBlocks:
    """Passes a body on in blocks of 4 KiB, as a relay does that was not told to leave streams alone."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        held = b""

        async def hold(message: Message) -> None:
            nonlocal held
            held += message.get("body", b"")
            if len(held) >= 4096 or not message.get("more_body", True):
                message, held = {**message, "body": held}, b""
            elif message["type"] == "http.response.body":
                return
            await send(message)

        await self._app(scope, receive, hold)


class TestThisTestCanFail:
    """The same test in front of what buffers, and once without, so that it is the buffering that fails it."""

    SHORT_S = 0.5

    @pytest.fixture
    def app(self, upstream: Upstream) -> Any:
        return create_app(parse_settings(openai(upstream.base_url, **PATIENT), "the test's settings"))

    @PROTOCOLS
    def test_it_passes_in_a_thread(self, upstream: Upstream, app: Any, protocol: str) -> None:
        with ThreadServer(app) as server:
            assert read_gated(server.url, upstream.plays(*gated()), protocol) == NAME

    @PROTOCOLS
    def test_a_middleware_that_collects_the_body_is_caught(self, upstream: Upstream, app: Any, protocol: str) -> None:
        app.add_middleware(BaseHTTPMiddleware, dispatch=collect)
        with ThreadServer(app) as server, pytest.raises(httpx.ReadTimeout):
            read_gated(server.url, upstream.plays(*gated()), protocol, self.SHORT_S)

    @PROTOCOLS
    def test_a_relay_that_fills_blocks_is_caught(self, upstream: Upstream, app: Any, protocol: str) -> None:
        app.add_middleware(InBlocks)
        with ThreadServer(app) as server, pytest.raises(httpx.ReadTimeout):
            read_gated(server.url, upstream.plays(*gated()), protocol, self.SHORT_S)
