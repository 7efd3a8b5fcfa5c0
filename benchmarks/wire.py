"""What a client received, taken apart after the run: chunked bodies, and the frames of Server-Sent Events in them."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple


class Frame(NamedTuple):
    """An event of a stream, and when the read that completed it was made."""

    at: int
    name: str
    data: str


class Dechunker:
    """Takes HTTP/1.1's chunked encoding off a body that comes in pieces, wherever they were cut."""

    def __init__(self) -> None:
        self.over = False
        self._pending = b""
        self._left = 0  # bytes of the current chunk that are still to come, its line end included

    def feed(self, data: bytes) -> bytes:
        """The body's next bytes. `ValueError` if this is no chunked body."""
        data = self._pending + data
        body, at = [], 0
        while not self.over:
            if self._left > 2:
                piece = data[at : at + self._left - 2]
                body.append(piece)
                at += len(piece)
                self._left -= len(piece)
            if self._left > 2 or len(data) < at + self._left:
                break
            at += self._left
            self._left = 0
            end = data.find(b"\r\n", at)
            if end < 0:
                break
            size = int(data[at:end].partition(b";")[0], 16)
            at, self._left, self.over = end + 2, size + 2, size == 0
        self._pending = data[at:]
        return b"".join(body)


def frames(pieces: Iterable[tuple[int, bytes]]) -> Iterator[Frame]:
    """The events in the pieces of a body, each piece with its time. Comments and frames without data are left out."""
    pending = b""
    for at, piece in pieces:
        received = pending + piece.replace(b"\r", b"")  # LangServe's line ends are CRLF; JSON has none inside
        whole, found, pending = received.rpartition(b"\n\n")
        if found:
            for block in whole.decode().split("\n\n"):
                yield from _frame(at, block)


def _frame(at: int, block: str) -> Iterator[Frame]:
    name, data = "message", []
    for line in block.split("\n"):
        field, _, value = line.partition(":")
        if field == "event":
            name = value.removeprefix(" ")
        elif field == "data":
            data.append(value.removeprefix(" "))
    if data:
        yield Frame(at, name, "\n".join(data))
