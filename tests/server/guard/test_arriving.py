"""Requests that never arrive whole: half a line, half a head, half a body, a head without end."""

import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, suppress

import httpx
import pytest

from schemas import ErrorEnvelope
from tests.server.configs import MEETING_INPUT, both
from tests.server.process import ServerProcess
from tests.server.reading import PATIENCE_S
from tests.server.requests import post_bytes

SOUND = post_bytes("/meeting-info/invoke", {"input": MEETING_INPUT}).replace(b"host: test", b"host: localhost")
HEAD, _, BODY = SOUND.partition(b"\r\n\r\n")
CHUNKED = HEAD.rpartition(b"\r\n")[0] + b"\r\ntransfer-encoding: chunked\r\n\r\n"
HALVES = {
    "half a line": b"POST /meet",
    "a blank line": b"\r\n",
    "half a head": HEAD[:-30],
    "no body": HEAD + b"\r\n\r\n",
    "half a body": SOUND[:-1],
    "half a chunk": CHUNKED + b"ff\r\n" + BODY,
    "a body without its end": CHUNKED + b"%x\r\n%s\r\n" % (len(BODY), BODY),
}
SLOW = {"limits": {"request_s": 1, "requests": 600}}


@pytest.fixture(scope="module")
def server(shared: Callable[[str], ServerProcess]) -> ServerProcess:
    return shared(both(**SLOW))


@pytest.fixture
def connection(server: ServerProcess) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE_S) as connection:
        yield connection


def rest(connection: socket.socket) -> bytes:
    """All that comes until the server hangs up."""
    heard = b""
    while data := connection.recv(65536):
        heard += data
    return heard


def told(connection: socket.socket, status: int) -> None:
    head, _, body = rest(connection).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 %d " % status)
    assert not ErrorEnvelope.model_validate_json(body).retryable


def whole(connection: socket.socket) -> bool:
    """Whether a sound request is answered, and the connection stands."""
    connection.sendall(SOUND)
    heard = b""
    while b'"metadata"' not in heard:
        heard += connection.recv(65536)
    return heard.startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize("half", HALVES)
def test_half_a_request_is_waited_for_only_so_long(connection: socket.socket, half: str) -> None:
    connection.sendall(HALVES[half])
    told(connection, 408)


@pytest.mark.parametrize("half", HALVES)
def test_so_is_half_of_a_second_one(connection: socket.socket, half: str) -> None:
    assert whole(connection)
    connection.sendall(HALVES[half])
    told(connection, 408)


def test_dripping_does_not_help(connection: socket.socket) -> None:
    connection.settimeout(0.05)
    heard = b""
    for byte in HEAD:
        connection.sendall(bytes([byte]))
        try:
            heard = connection.recv(65536)
        except TimeoutError:
            continue
        break
    assert heard.startswith(b"HTTP/1.1 408 ")


def test_who_says_nothing_at_all_is_told_nothing(connection: socket.socket) -> None:
    """Browsers open connections ahead, and would take a 408 for the answer to what they ask next."""
    assert rest(connection) == b""


def test_between_two_requests_there_is_time(server: ServerProcess, connection: socket.socket) -> None:
    assert whole(connection)
    with socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE_S) as later:
        assert rest(later) == b""  # by which time the first has been silent for as long
    assert whole(connection)


@pytest.mark.parametrize("junk", [b"x: " + b"a" * 200_000, b"x: y\r\n" * 50_000], ids=["one header", "many headers"])
def test_a_head_without_end_is_cut(connection: socket.socket, junk: bytes) -> None:
    connection.sendall(HEAD + b"\r\n")
    with suppress(ConnectionError):  # it has heard enough
        connection.sendall(junk * 10)
    assert connection.recv(65536).startswith(b"HTTP/1.1 431 ")


def test_so_are_trailers_without_end(server: ServerProcess, connection: socket.socket) -> None:
    connection.sendall(CHUNKED + b"0\r\nx: ")
    with suppress(ConnectionError):
        connection.sendall(b"a" * 2_000_000)
        while connection.recv(65536):
            pass
    assert httpx.get(f"{server.url}/health").status_code == 200


UPGRADE = b"\r\nConnection: Upgrade, HTTP2-Settings\r\nUPGRADE: h2c\r\nHTTP2-Settings: AAEAAEAAAAIAAAABAAMAAABk\r\n\r\n"


@pytest.mark.parametrize("pieces", [[UPGRADE + BODY], [UPGRADE, BODY]], ids=["at once", "head and body"])
def test_an_upgrade_that_is_offered_is_passed_over(connection: socket.socket, pieces: list[bytes]) -> None:
    """As Java's `HttpClient` offers one with each request, whose body must not be lost by that."""
    for piece in [HEAD, *pieces] if len(pieces) > 1 else [HEAD + pieces[0]]:
        connection.sendall(piece)
    heard = b""
    while b'"metadata"' not in heard:
        data = connection.recv(65536)
        assert data, heard
        heard += data
    assert heard.startswith(b"HTTP/1.1 200 ")
    assert whole(connection)


def test_hundreds_of_them_hold_no_place(server: ServerProcess) -> None:
    """As many as the server has places: who comes behind them is served as soon as their time is over."""
    with ExitStack() as slow:
        for _ in range(600):
            one = slow.enter_context(closing(socket.create_connection(("127.0.0.1", server.port))))
            one.sendall(HALVES["half a body"])
        with httpx.Client(base_url=server.url, timeout=PATIENCE_S) as client:
            assert client.get("/health").status_code == 200
            while (answer := client.post("/meeting-info/invoke", json={"input": MEETING_INPUT})).status_code == 503:
                pass  # all places are taken
            assert answer.status_code == 200
