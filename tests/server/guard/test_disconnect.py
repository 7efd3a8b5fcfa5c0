"""A client that leaves stops the model within a second, whatever it had asked for and however far it had come."""

import socket
from collections.abc import Callable
from contextlib import closing
from typing import Any

import httpx
import pytest

from tests.server.configs import MEETING_INPUT, openai
from tests.server.endpoints import body_of
from tests.server.process import ServerProcess
from tests.server.reading import PATIENCE_S
from tests.server.requests import post_bytes
from tests.server.turns import in_turn
from tests.upstream import Call, Step, Upstream, chunk, forever, says, stall, stream

A_SECOND = 1.0
PATHS = [f"/meeting-info/{name}" for name in ("stream", "stream_events", "stream_log", "invoke", "batch")]
WRITING = stream(says('{"name": "a'), forever(says(" ")))  # blanks, of which no text has too many: they may be trimmed
SILENT = stream(chunk({"role": "assistant"}), stall)


@pytest.fixture(scope="module")
def server(shared: Callable[[str], ServerProcess], upstream: Upstream) -> ServerProcess:
    return shared(openai(upstream.base_url, stream={"hold_ms": 10_000}))


def send(server: ServerProcess, path: str, **more: Any) -> socket.socket:
    """A request on a connection of its own, whose answer is not waited for."""
    connection = socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE_S)
    connection.sendall(post_bytes(path, {**body_of(path, MEETING_INPUT), **more}))
    return connection


def left_soon(call: Call) -> bool:
    return call.left.wait(A_SECOND)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("steps", [WRITING, SILENT, (stall,)], ids=["writing", "silent", "not yet answering"])
def test_leaving_stops_the_model(server: ServerProcess, upstream: Upstream, path: str, steps: tuple[Step, ...]) -> None:
    script = upstream.plays(*steps)
    with closing(send(server, path)):
        call = script.next_call()
        assert not call.left.is_set()
    assert left_soon(call)


@pytest.mark.parametrize("path", ["/meeting-info/stream", "/meeting-info/stream_events"])
@pytest.mark.parametrize("langserve", [False, True], ids=["events", "langserve"])
def test_leaving_in_the_middle_of_the_text(
    server: ServerProcess, upstream: Upstream, path: str, langserve: bool
) -> None:
    script = upstream.plays(*WRITING)
    sign = b"\nevent: " if path.endswith("/stream") else b"on_chat_model_stream"
    count = 1 if langserve and path.endswith("/stream") else 5  # a chunk waits for what follows blanks
    with closing(send(server, path, **({"config": {}, "kwargs": {}} if langserve else {}))) as connection:
        received = b""
        while received.count(sign) < count:
            received += connection.recv(65536)
        call = script.next_call()
        assert not call.left.is_set()
    assert left_soon(call)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("second", [WRITING, SILENT, (stall,)], ids=["writing", "silent", "not yet answering"])
def test_leaving_when_the_model_was_asked_again(
    server: ServerProcess, upstream: Upstream, path: str, second: tuple[Step, ...]
) -> None:
    script = upstream.plays(in_turn(stream(says('{"name": "a", "category": "none"'), stall), second))
    with closing(send(server, path)):
        first, again = script.next_call(), script.next_call()
        assert left_soon(first)
        assert not again.left.is_set()
    assert left_soon(again)
    assert script.count == 2


def test_leaving_a_batch_stops_all_of_it(server: ServerProcess, upstream: Upstream) -> None:
    script = upstream.plays(*SILENT)
    with closing(send(server, "/meeting-info/batch", inputs=[MEETING_INPUT] * 3)):
        calls = [script.next_call() for _ in range(3)]
    assert all(left_soon(call) for call in calls)


def test_a_client_that_stays_gets_its_answer_after_many_that_left(server: ServerProcess, upstream: Upstream) -> None:
    for path in PATHS * 3:
        script = upstream.plays(*WRITING)
        with closing(send(server, path)):
            call = script.next_call()
        assert left_soon(call)
    upstream.plays(*stream(says("[]")))
    response = httpx.post(f"{server.url}/meeting-info/invoke", json={"input": MEETING_INPUT}, timeout=PATIENCE_S)
    assert response.json()["code"] in ("invalid_output", "not_json")


def test_a_connection_is_used_again_after_an_answer(server: ServerProcess, upstream: Upstream) -> None:
    """The watch over one request must not swallow the next one on the same connection."""
    with httpx.Client(timeout=PATIENCE_S) as client:
        for path in PATHS:
            upstream.plays(*stream(says('{"name": 5}')))
            client.post(server.url + path, json=body_of(path, MEETING_INPUT))
        assert client.get(f"{server.url}/health").json() == {"status": "alive"}


def test_half_a_request_that_leaves_costs_nothing(server: ServerProcess, upstream: Upstream) -> None:
    script = upstream.plays(*WRITING)
    whole = post_bytes("/meeting-info/invoke", {"input": MEETING_INPUT})
    for size in (10, len(whole) - 20, len(whole) - 1):
        with socket.create_connection(("127.0.0.1", server.port)) as connection:
            connection.sendall(whole[:size])
    assert httpx.get(f"{server.url}/health").status_code == 200
    assert script.count == 0
