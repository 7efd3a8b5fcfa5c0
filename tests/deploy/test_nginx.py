"""What nginx, as it is deployed, passes on, refuses, says in its own name, and writes down."""

import json
import re
import socket
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest

from schemas import Code
from schemas.errors import MEANING, ErrorEnvelope
from tests.deploy.front import CONFIG, NAME, Front, fronting, port_of
from tests.server.endpoints import refusal
from tests.server.process import free_port
from tests.upstream import Upstream, answer, cut

BODY: dict[str, Any] = {"input": {}}
LARGEST = b'"' + b"a" * ((1 << 20) - 2) + b'"'
TOO_LARGE = LARGEST + b" "
LIES = {
    "x-forwarded-for": "6.6.6.6",
    "x-forwarded-proto": "http",
    "x-forwarded-host": "evil",
    "forwarded": "for=6.6.6.6",
}
METRICS = [
    "/metrics",
    "/metrics/",
    "/metrics/x",
    "/metrics?x",
    "//metrics",
    "/%6detrics",
    "/./metrics",
    "/a/../metrics",
]


class Place(NamedTuple):
    """A scripted server that says anything, in the server's place behind nginx."""

    front: Front
    server: Upstream


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    with Upstream() as server, fronting(tmp_path_factory.mktemp("place"), [port_of(server)]) as front:
        yield Place(front, server)


@pytest.mark.parametrize("status", [400, 401, 404, 413, 429, 500, 502, 503, 504])
def test_what_the_server_refuses_is_passed_on_as_it_is(place: Place, status: int) -> None:
    said = {"code": "too_busy", "message": "서버가 바빠요", "retryable": True}
    place.server.plays(answer(status, said, retry_after="7"))
    with place.front.client() as client:
        got = client.post("/chatbot/stream", json=BODY)
    assert (got.status_code, got.json(), got.headers["retry-after"]) == (status, said, "7")


def test_what_a_client_claims_about_itself_ends_here(place: Place) -> None:
    script = place.server.plays(answer(200, {}))
    with place.front.client() as client:
        client.post("/chatbot/stream", json=BODY, headers={**LIES, "last-event-id": "57", "authorization": "Bearer x"})
    headers = script.next_call().headers
    assert (headers["x-forwarded-for"], headers["x-forwarded-proto"]) == ("127.0.0.1", "https")
    assert headers["host"] == NAME
    assert not {"x-forwarded-host", "forwarded"} & headers.keys()
    assert (headers["last-event-id"], headers["authorization"]) == ("57", "Bearer x")


@pytest.mark.parametrize(
    "path",
    ["/metrics", "/metrics/", "/metrics/x", "/metrics?x", "//metrics", "/%6detrics", "/./metrics", "/a/../metrics"],
)
def test_metrics_are_not_for_everybody(place: Place, path: str) -> None:
    script = place.server.plays(answer(200, {"secret": 1}))
    said = spoken(place.front, f"GET {path} HTTP/1.1\r\nhost: {NAME}\r\nconnection: close\r\n\r\n".encode())
    assert (status_of(said), envelope_of(said).code) == (404, Code.NOT_FOUND)
    assert script.count == 0


def test_a_body_may_be_as_large_as_the_server_takes_and_no_larger(place: Place) -> None:
    script = place.server.plays(answer(200, {}))
    with place.front.client() as client:
        assert client.post("/chatbot/stream", content=LARGEST).status_code == 200
        refusal(client.post("/chatbot/stream", content=TOO_LARGE), 413, "request_too_large")
    assert script.count == 1


def test_a_server_that_is_away_is_a_502(tmp_path: Path) -> None:
    with fronting(tmp_path, [free_port()]) as front, front.client() as client:
        away = client.post("/chatbot/stream", json=BODY)
    refusal(away, 502, "worker_lost")
    assert int(away.headers["retry-after"]) > 0


def test_a_server_that_does_not_answer_is_a_504(tmp_path: Path) -> None:
    """It listens, but its queue of connections is full, as that of a machine is that stands still."""
    with ExitStack() as sockets:
        listening = sockets.enter_context(closing(socket.create_server(("127.0.0.1", 0), backlog=0)))
        for _ in range(3):
            waiting = sockets.enter_context(closing(socket.socket()))
            waiting.setblocking(False)
            waiting.connect_ex(listening.getsockname())
        with fronting(tmp_path, [listening.getsockname()[1]]) as front, front.client() as client:
            silent = client.post("/chatbot/stream", json=BODY)
    refusal(silent, 504, "time_limit")
    assert int(silent.headers["retry-after"]) > 0


@pytest.mark.parametrize(
    ("request_head", "status", "code"),
    [
        (b"GET / HTTP/1.1\r\nhost: a b\r\n", 400, "invalid_request"),
        (b"TRACE / HTTP/1.1\r\nhost: %s\r\n", 405, "method_not_allowed"),
        (b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\nhost: %s\r\n", 414, "invalid_request"),
        (b"GET / HTTP/1.1\r\nhost: %s\r\nx-long: " + b"a" * 20_000 + b"\r\n", 431, "invalid_request"),
    ],
)
def test_what_is_no_proper_http_is_told_so_too(place: Place, request_head: bytes, status: int, code: str) -> None:
    said = spoken(place.front, request_head.replace(b"%s", NAME.encode()) + b"connection: close\r\n\r\n")
    assert (status_of(said), envelope_of(said).code) == (status, code)


def test_every_error_of_its_own_says_of_retries_what_the_server_says() -> None:
    envelopes = re.findall(r"^ +(\d{3}|default) '(\{.*\})';$", CONFIG.read_text(), flags=re.MULTILINE)
    assert len(envelopes) >= 8
    for status, text in envelopes:
        envelope = ErrorEnvelope.model_validate_json(text)
        meaning = MEANING[envelope.code]
        assert envelope.retryable == meaning.retryable
        if status != "default" and envelope.code is not Code.INVALID_REQUEST:  # which is 422 of what is proper HTTP
            assert int(status) == meaning.status


def test_a_post_is_never_sent_twice(tmp_path: Path) -> None:
    """The first server takes it and dies without a word: it may have begun a run."""
    with Upstream() as first, Upstream() as second:
        taken = [first.plays(cut), second.plays(cut)]
        with fronting(tmp_path, [port_of(first), port_of(second)]) as front, front.client() as client:
            refusal(client.post("/chatbot/stream", json=BODY), 502, "worker_lost")
    assert sum(script.count for script in taken) == 1


def test_a_post_that_was_not_sent_yet_goes_to_another_server(tmp_path: Path) -> None:
    with Upstream() as server, fronting(tmp_path, [free_port(), port_of(server)]) as front, front.client() as client:
        server.plays(answer(200, {}))
        assert [client.post("/chatbot/stream", json=BODY).status_code for _ in range(2)] == [200, 200]


def test_logs_hold_no_ticket_and_no_run(tmp_path: Path) -> None:
    with fronting(tmp_path, [free_port()]) as front, front.client() as client:
        client.get("/runs/01a2secretrun/events?ticket=secretticket", headers={"referer": "https://a/?secretreferer"})
        client.get("/runs/01a2secretrun?ticket=secretticket")
        client.post("/chatbot/stream?ticket=secretticket", content=TOO_LARGE)
        client.get("/health")
    entries = [json.loads(line) for line in (tmp_path / "access.log").read_text().splitlines()]
    assert [(entry["request"], entry["status"]) for entry in entries] == [
        ("GET /runs/*/events", 502),
        ("GET /runs/*", 502),
        ("POST /chatbot/stream", 413),
        ("GET /health", 502),
    ]
    assert "secret" not in front.log


def test_http_without_tls_leads_to_https(place: Place) -> None:
    asked = httpx.get(f"http://127.0.0.1:{place.front.plain_port}/page/a?b=c", headers={"host": NAME})
    assert (asked.status_code, asked.headers["location"]) == (308, f"https://{NAME}/page/a?b=c")


def test_whoever_asks_for_another_name_gets_no_answer(place: Place) -> None:
    with pytest.raises(httpx.TransportError):
        httpx.get(f"http://127.0.0.1:{place.front.plain_port}/")
    with place.front.client() as client, pytest.raises(httpx.ConnectError):
        client.get("https://other.example.com/")
    said = spoken(place.front, b"GET / HTTP/1.1\r\nhost: other.example.com\r\nconnection: close\r\n\r\n")
    assert said == b""


def test_what_it_says_itself_keeps_to_tls_and_tells_no_version(place: Place) -> None:
    """In what it passes on, it is the server that says so (X-Forwarded-Proto), and it must not be said twice."""
    place.server.plays(answer(200, {}))
    with place.front.client() as client:
        own, passed_on = client.get("/metrics"), client.post("/", json=BODY)
    assert own.headers["server"] == passed_on.headers["server"] == "nginx"
    assert "max-age" in own.headers["strict-transport-security"]
    assert "strict-transport-security" not in passed_on.headers


def spoken(front: Front, request: bytes) -> bytes:
    """All that a request is answered with, over a connection of its own."""
    said = b""
    with front.connected() as connection:
        connection.sendall(request)
        while piece := connection.recv(1 << 16):
            said += piece
    return said


def status_of(said: bytes) -> int:
    return int(said.split(b" ", 2)[1])


def envelope_of(said: bytes) -> ErrorEnvelope:
    return ErrorEnvelope.model_validate_json(said.partition(b"\r\n\r\n")[2])
