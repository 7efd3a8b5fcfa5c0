"""Whose name a request may be for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.types import Message

from schemas import ErrorEnvelope
from server.guard.hosts import Hosts
from tests.server.guard.asgi import Answer, answering, call

SERVED = Hosts(answering(), ["api.example.com", "localhost", "127.0.0.1", "[::1]"])


async def asked(*hosts: bytes, path: str = "/runs/x") -> Answer:
    return await call(SERVED, path, headers=[(b"accept", b"*/*"), *((b"host", host) for host in hosts)])


def refused(answer: Answer, status: int) -> None:
    assert answer.status == status
    assert ErrorEnvelope.model_validate_json(answer.body).code == "invalid_request"
    assert answer.headers[b"connection"] == b"close"


@pytest.mark.parametrize(
    "host",
    [
        b"api.example.com",
        b"api.example.com:443",
        b"api.example.com:",
        b"API.Example.COM:8000",
        b"api.example.com.",
        b"api.example.com.:8000",
        b" api.example.com ",
        b"localhost:8000",
        b"127.0.0.1:8000",
        b"[::1]",
        b"[::1]:8000",
        b"[0:0:0:0:0:0:0:1]:8000",
        b"[::0001]",
    ],
)
async def test_its_own_names_however_they_are_spelt(host: bytes) -> None:
    assert (await asked(host)).body == b"said"


@pytest.mark.parametrize(
    "host",
    [
        b"evil.example.com",
        b"example.com",
        b"api.example.com.evil.com",
        b"evil-api.example.com",
        b"api.example.comx",
        b"xn--pi-7ja.example.com",
        b"127.0.0.2",
        b"0177.0.0.1",
        b"2130706433",
        b"[::2]",
        b"[::ffff:127.0.0.1]",
        b"..",
    ],
)
async def test_a_name_of_somebody_else_is_misdirected(host: bytes) -> None:
    refused(await asked(host), 421)


@pytest.mark.parametrize(
    "host",
    [
        b"",
        b" ",
        b":8000",
        b"api.example.com:port",
        b"api.example.com:8000:8000",
        b"api.example.com:123456",
        b"user@api.example.com",
        b"http://api.example.com",
        b"api.example.com/path",
        b"api.example.com,evil.com",
        b"api.example.com evil.com",
        b"api.example.com\x00",
        b"api.example.com\n",
        b"\xe5api.example.com",
        b"::1",
        b"[::1",
        b"[]",
        b"[::1]evil",
        b"*",
    ],
)
async def test_what_is_no_host_is_a_bad_request(host: bytes) -> None:
    refused(await asked(host), 400)


async def test_none_is_a_bad_request() -> None:
    refused(await asked(), 400)


@pytest.mark.parametrize("second", [b"api.example.com", b"evil.example.com"])
async def test_two_are_a_bad_request(second: bytes) -> None:
    refused(await asked(b"api.example.com", second), 400)
    refused(await asked(second, b"api.example.com"), 400)


@pytest.mark.parametrize("hosts", [[b"10.0.0.7:8000"], [b"evil.example.com"], [], [b"a", b"b"], [b"\xff"]])
@pytest.mark.parametrize("path", ["/health", "/ready"])
async def test_a_load_balancer_may_ask_by_address(path: str, hosts: list[bytes]) -> None:
    assert (await asked(*hosts, path=path)).body == b"said"


@pytest.mark.parametrize("path", ["/health/", "/healthy", "/ready/../runs/x", "//health", "/HEALTH", ""])
async def test_only_there(path: str) -> None:
    refused(await asked(b"10.0.0.7", path=path), 421)


async def test_without_names_nobody_is_served() -> None:
    assert (await call(Hosts(answering(), []), headers=[(b"host", b"localhost")])).status == 421


async def test_websockets_are_closed() -> None:
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "websocket.connect"}

    async def send(message: Message) -> None:
        sent.append(message)

    await SERVED({"type": "websocket", "path": "/health", "headers": [(b"host", b"localhost")]}, receive, send)
    assert [message["type"] for message in sent] == ["websocket.close"]


async def test_what_is_no_request_goes_through() -> None:
    seen: list[str] = []

    async def app(scope: Message, receive: object, send: object) -> None:
        seen.append(scope["type"])

    await Hosts(app, [])({"type": "lifespan"}, None, None)  # type: ignore[arg-type]  # nothing is said there
    assert seen == ["lifespan"]


@given(st.lists(st.binary(max_size=40), max_size=2))
async def test_nothing_else_gets_in(hosts: list[bytes]) -> None:
    answer = await asked(*hosts)
    own = (
        any(name in hosts[0].lower() for name in (b"api.example.com", b"localhost", b"127.0.0.1", b"["))
        if hosts
        else False
    )
    assert answer.status in ((200, 400, 421) if own else (400, 421))


@pytest.mark.parametrize(
    ("host", "status"),
    [(b"10.1.2.3:8000", 200), (b"[fd00::1]:8000", 200), (b"localhost:8000", 200), (b"evil.example.com", 421)],
)
async def test_metrics_are_asked_by_address(host: bytes, status: int) -> None:
    """As Prometheus does, and no page can whose name somebody has pointed here."""
    app = Hosts(answering(), ["api.example.com"])
    assert (await call(app, "/metrics", headers=[(b"host", host)])).status == status


@pytest.mark.parametrize("path", ["/runs/x/events\n", "/\n", "/health\n", "/a\x00b", "/\x7f", "/a\rb"])
async def test_no_path_has_a_control_character(path: str) -> None:
    app = Hosts(answering(), ["api.example.com"])
    assert (await call(app, path, headers=[(b"host", b"api.example.com")])).status == 404
