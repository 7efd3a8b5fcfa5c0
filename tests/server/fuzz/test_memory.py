"""Bodies without end: the server's memory does not see them, and their connections end."""

import re
import sys
from pathlib import Path

import pytest

from tests import figures
from tests.server.fuzz.raw import get, line, post, serves
from tests.server.process import ServerProcess

GB = 1 << 30
PIECE = b" " * (1 << 20)
CHUNK = b"100000\r\n" + PIECE + b"\r\n"
ALLOWED_MB = 16  # some buffers of the kernel's size, and what any request takes

ENDLESS = {
    "announced": (post(b"content-length: %d" % GB, body=b""), PIECE),
    "announced, to nobody": (get(b"/nowhere", b"content-length: %d" % GB, method=b"POST"), PIECE),
    "announced, where none belongs": (get(b"/health", b"content-length: %d" % GB), PIECE),
    "chunked": (post(b"transfer-encoding: chunked", body=b""), CHUNK),
    "chunked, to nobody": (get(b"/nowhere", b"transfer-encoding: chunked", method=b"POST"), CHUNK),
    "chunked, of another kind": (get(b"/chatbot/invoke", b"transfer-encoding: chunked", method=b"POST"), CHUNK),
    "chunked, for a method of nobody": (get(b"/chatbot/invoke", b"transfer-encoding: chunked", method=b"PUT"), CHUNK),
    "chunked, where none belongs": (get(b"/runs/x/events", b"transfer-encoding: chunked"), CHUNK),
}


def peak_mb(server: ServerProcess) -> float:
    """The most memory that the server has had so far."""
    status = Path(f"/proc/{server.pid}/status").read_text(encoding="ascii")
    [kilobytes] = re.findall(r"VmHWM:\s+(\d+) kB", status)
    return int(kilobytes) / 1024


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells the most memory that another process has had")
@pytest.mark.parametrize("case", ENDLESS)
def test_a_gigabyte_is_not_read(server: ServerProcess, case: str) -> None:
    head, piece = ENDLESS[case]
    assert serves(server)
    before, sent = peak_mb(server), 0
    with line(server) as one:
        one.say(head)
        while sent < GB and one.say(piece):
            sent += len(piece)
        assert one.rest().startswith(b"HTTP/1.1 4")
    grown = peak_mb(server) - before
    figures.measured.append(f"a body of 1 GB, {case}: {sent / (1 << 20):.0f} MB sent, {grown:.1f} MB more memory")
    assert sent < GB / 10
    assert grown < ALLOWED_MB
    assert serves(server)
