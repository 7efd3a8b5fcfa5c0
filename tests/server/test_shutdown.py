"""The server is told to end: running streams have the time that the settings give them, and readers a last word."""

import socket
from contextlib import ExitStack, closing

import httpx

from tests.server.configs import MEETING, MEETING_INPUT, openai, text
from tests.server.endpoints import body_of
from tests.server.process import ServerProcess, Start
from tests.server.reading import PATIENCE_S, data_of, follow
from tests.server.requests import post_bytes
from tests.upstream import DONE, Upstream, chunk, ends, forever, gate, pause, says, stall, stream

ENDLESS = stream(says('{"name": "a'), forever(says(" ")))  # blanks, of which no text has too many: they may be trimmed
SOON_S = 8.0
"""uvicorn's own patience is `drain_s` and five seconds; whoever ends later was ended by force."""
NOTICED_S = 1.0
"""sse-starlette looks every half second whether the server is ending."""


def chain_of(server: ServerProcess) -> str:
    return f"{server.url}/meeting-info"


def test_without_a_drain_the_reader_is_told_and_the_model_stopped(start: Start, upstream: Upstream) -> None:
    server = start(openai(upstream.base_url, limits={"drain_s": 0}))
    script = upstream.plays(*ENDLESS)
    with httpx.Client(timeout=PATIENCE_S) as client, closing(follow(client, chain_of(server), MEETING_INPUT)) as frames:
        while next(frames).event != "token":
            pass
        server.terminate()
        *_, last = frames
    end = data_of(last)
    assert (last.event, end["code"], end["phase"]) == ("failed", "shutting_down", "server")
    assert end["retryable"]
    assert end["retry_after_ms"] > 0
    assert end["partial"]["name"].startswith("a")
    assert script.next_call().left.wait(1)
    assert server.wait(SOON_S) is not None


def test_langserves_client_is_told_too(start: Start, upstream: Upstream) -> None:
    server = start(openai(upstream.base_url, limits={"drain_s": 0}))
    upstream.plays(*ENDLESS)
    with (
        httpx.Client(timeout=PATIENCE_S) as client,
        closing(follow(client, chain_of(server), MEETING_INPUT, protocol="langserve")) as frames,
    ):
        while next(frames).event != "data":
            pass
        server.terminate()
        *_, last = frames
    assert (last.event, data_of(last)["code"], data_of(last)["status_code"]) == ("error", "shutting_down", 503)


def test_within_the_drain_a_stream_comes_to_its_end(start: Start, upstream: Upstream) -> None:
    """The rest of the text comes long after the server was told to end. Until then it says that it is going."""
    server = start(openai(upstream.base_url, limits={"drain_s": 30}))
    whole = text(MEETING)
    script = upstream.plays(*stream(says(whole[:20]), gate, pause(NOTICED_S), says(whole[20:]), ends(), DONE))
    with httpx.Client(timeout=PATIENCE_S) as client, closing(follow(client, chain_of(server), MEETING_INPUT)) as frames:
        while next(frames).event != "token":
            pass
        server.terminate()
        server.wait_until_going()
        script.next_call().permit()
        *_, last = frames
    assert (last.event, data_of(last)["value"]) == ("complete", MEETING)
    assert server.wait(SOON_S) is not None


def test_told_twice_it_ends_at_once(start: Start, upstream: Upstream) -> None:
    server = start(openai(upstream.base_url, limits={"drain_s": 60}))
    upstream.plays(*ENDLESS)
    with httpx.Client(timeout=PATIENCE_S) as client, closing(follow(client, chain_of(server), MEETING_INPUT)) as frames:
        while next(frames).event != "token":
            pass
        server.terminate()
        server.wait_until_going()
        server.terminate()
        assert server.wait(SOON_S) is not None


def test_no_model_that_is_silent_keeps_it_alive(start: Start, upstream: Upstream) -> None:
    server = start(openai(upstream.base_url, limits={"drain_s": 0}))
    script = upstream.plays(*stream(chunk({"role": "assistant"}), stall))
    waiting: dict[str, socket.socket] = {}
    with ExitStack() as clients:
        for name in ("stream", "stream_events", "invoke", "batch"):
            path = f"/meeting-info/{name}"
            client = clients.enter_context(socket.create_connection(("127.0.0.1", server.port)))
            client.sendall(post_bytes(path, body_of(path, MEETING_INPUT)))
            waiting[name] = client
        calls = [script.next_call() for _ in range(4)]
        server.terminate()
        assert server.wait(SOON_S) is not None
        for name in ("invoke", "batch"):  # the others have their end in their stream
            said = waiting[name].recv(65_536)
            assert said.startswith(b"HTTP/1.1 503 ")
            assert b'"shutting_down"' in said
    assert all(call.left.is_set() for call in calls)
