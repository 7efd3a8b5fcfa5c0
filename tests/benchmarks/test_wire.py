"""What a client received, taken apart: wherever reads cut it."""

import pytest

from benchmarks.wire import Dechunker, Frame, frames

BODY = b"b\r\ndata: {1}\n\n\r\nd\r\ndata: 0\r\n\r\n\n\n\r\n3;x=1\r\nend\r\n0\r\n\r\n"
PLAIN = b"data: {1}\n\ndata: 0\r\n\r\n\n\nend"


@pytest.mark.parametrize("size", range(1, len(BODY) + 1))
def test_a_chunked_body_is_the_same_however_it_is_cut(size: int) -> None:
    dechunker = Dechunker()
    pieces = [dechunker.feed(BODY[at : at + size]) for at in range(0, len(BODY), size)]
    assert b"".join(pieces) == PLAIN
    assert dechunker.over


def test_what_has_come_is_given_at_once() -> None:
    dechunker = Dechunker()
    assert dechunker.feed(b"64\r\nfirst") == b"first"
    assert dechunker.feed(b", second") == b", second"
    assert not dechunker.over


def test_a_body_that_is_not_chunked_is_refused() -> None:
    with pytest.raises(ValueError, match="invalid literal"):
        Dechunker().feed(b"data: {}\r\n")


STREAM = b'retry: 2000\nid: 1\nevent: token\ndata: {"a": 1}\n\n: ping\n\nevent: end\n\ndata: two\ndata:  lines\n\n'


@pytest.mark.parametrize("stream", [STREAM, STREAM.replace(b"\n", b"\r\n")], ids=["LF", "CRLF"])
@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_frames_are_read_however_they_are_cut(stream: bytes, size: int) -> None:
    pieces = [(0, stream[at : at + size]) for at in range(0, len(stream), size)]
    assert list(frames(pieces)) == [Frame(0, "token", '{"a": 1}'), Frame(0, "message", "two\n lines")]


def test_a_frame_has_the_time_of_the_read_that_completed_it() -> None:
    pieces = [(10, b"data: a\n"), (20, b"\ndata: b"), (30, b"\n\ndata: c\n\ndata: d\n\n"), (40, b"data: cut")]
    assert [(frame.at, frame.data) for frame in frames(pieces)] == [(20, "a"), (30, "b"), (30, "c"), (30, "d")]
