"""Requests as bytes, sound or not, and the replies to them as HTTP."""

import http.client
import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import NamedTuple

from schemas import ErrorEnvelope
from tests.server.process import ServerProcess
from tests.server.reading import PATIENCE_S

BODY = b'{"input":{"goal":"x"}}'
CHUNKS = b"%x\r\n%s\r\n0\r\n\r\n" % (len(BODY), BODY)


class Reply(NamedTuple):
    """A response, read to its end."""

    status: int
    kind: str
    body: bytes

    @property
    def code(self) -> str:
        """Of its envelope, which it must have."""
        return ErrorEnvelope.model_validate_json(self.body).code


def get(target: bytes, *headers: bytes, method: bytes = b"GET") -> bytes:
    """A request without a body."""
    return b"\r\n".join([method + b" " + target + b" HTTP/1.1", b"host: localhost", *headers, b"", b""])


def post(*headers: bytes, body: bytes = BODY, target: bytes = b"/meeting-info/invoke") -> bytes:
    """A request with a body, whose headers say its length or, if they do so themselves, what they like."""
    framed = any(header.lower().startswith((b"content-length", b"transfer-encoding")) for header in headers)
    length = [] if framed else [b"content-length: %d" % len(body)]
    return get(target, b"content-type: application/json", *length, *headers, method=b"POST") + body


class Line:
    """A connection."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection

    def say(self, data: bytes) -> bool:
        """Sends it. False if the server hangs up meanwhile: it has heard enough, and has said so."""
        try:
            self._connection.sendall(data)
        except ConnectionError:
            return False
        return True

    def reply(self, method: bytes = b"GET") -> Reply:
        """The response, to a request of this method. What follows it may be lost: it is read in pieces of any size."""
        response = http.client.HTTPResponse(self._connection, method=method.decode("ascii"))
        response.begin()
        return Reply(response.status, response.headers.get("content-type", ""), response.read())

    def hears(self, words: bytes) -> bool:
        """Whether these come next."""
        heard = b""
        while len(heard) < len(words) and (data := self._connection.recv(len(words) - len(heard))):
            heard += data
        return heard == words

    def statuses(self) -> list[int]:
        """Those of all responses until the server hangs up, which it must."""
        return [int(status) for status in re.findall(rb"HTTP/1\.1 (\d{3}) ", self.rest())]

    def rest(self) -> bytes:
        """All that still comes until the server hangs up, which it must."""
        heard = b""
        with suppress(ConnectionResetError):  # what it had not read was thrown away
            while data := self._connection.recv(65536):
                heard += data
        return heard


@contextmanager
def line(server: ServerProcess) -> Iterator[Line]:
    """A connection of its own."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE_S) as connection:
        yield Line(connection)


def serves(server: ServerProcess) -> bool:
    """Whether an ordinary request is answered, in time."""
    with line(server) as one:
        one.say(post(b"connection: close"))
        return one.reply().status == 200
