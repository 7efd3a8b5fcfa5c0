"""Event streams as bytes, and the data that they carry: each whole, in every two pieces, and byte by byte."""

import pytest

from chains.models.event_stream import EventStream, EventTooLarge

ENDED: dict[str, tuple[bytes, list[bytes]]] = {
    "nothing": (b"", []),
    "one event": (b"data: a\n\n", [b"a"]),
    "two events": (b"data: a\n\ndata: b\n\n", [b"a", b"b"]),
    "line ends of CRLF": (b"data: a\r\n\r\ndata: b\r\n\r\n", [b"a", b"b"]),
    "line ends of CR": (b"data: a\r\rdata: b\r\r", [b"a", b"b"]),
    "line ends of all kinds": (b"data: a\r\n\ndata: b\n\r\ndata: c\r\r\ndata: d\n\r", [b"a", b"b", b"c", b"d"]),
    "LF, CR is two line ends": (b"data: a\n\rdata: b\n\n", [b"a", b"b"]),
    "several lines of data": (b"data: a\ndata: b\ndata:c\n\n", [b"a\nb\nc"]),
    "several lines of data with CRLF": (b"data: a\r\ndata: b\r\n\r\ndata: c\r\n\r\n", [b"a\nb", b"c"]),
    "several lines of data with CR": (b"data: a\rdata: b\r\rdata: c\r\r", [b"a\nb", b"c"]),
    "no blank": (b"data:a\n\n", [b"a"]),
    "only the first blank is left out": (b"data:  a \n\n", [b" a "]),
    "a tab is no blank": (b"data:\ta\n\n", [b"\ta"]),
    "colons within": (b"data: a: b\n\n", [b"a: b"]),
    "empty data": (b"data:\n\ndata: \n\ndata\n\n", [b"", b"", b""]),
    "empty lines of data": (b"data\ndata: a\ndata:\n\n", [b"\na\n"]),
    "blank lines": (b"\n\n\ndata: a\n\n\n\n", [b"a"]),
    "comments": (b": x\n\n:\ndata: a\n:data: no\ndata: b\n\n:\n\n", [b"a\nb"]),
    "other fields": (b"id: 1\nevent: x\nretry: 5\nhi\nhi: 5\ndata: a\nid\n\n", [b"a"]),
    "events without data": (b"id: 1\n\nretry: 2000\n\nevent: ping\n\ndata: a\n\n\n", [b"a"]),
    "names that only begin so": (b"dat: a\ndata2: b\nDATA: c\n data: d\ndata : e\n\n", []),
    "a byte order mark": (b"\xef\xbb\xbfdata: a\n\n", [b"a"]),
    "a byte order mark before a comment": (b"\xef\xbb\xbf: x\ndata: a\n\n", [b"a"]),
    "a second byte order mark": (b"\xef\xbb\xbf\xef\xbb\xbfdata: a\n\n", []),
    "a byte order mark later": (b"\n\xef\xbb\xbfdata: a\n\ndata: \xef\xbb\xbf\n\n", [b"\xef\xbb\xbf"]),
    "characters of several bytes": ("data: 모임 🐢\n\n".encode(), ["모임 🐢".encode()]),
    "what is no character": (b"data: \xff\xfe\n\n", [b"\xff\xfe"]),
    "line ends of Unicode are none": ("data:\u2028\u0085\x0b\x0c\n\n".encode(), ["\u2028\u0085\x0b\x0c".encode()]),
}  # fmt: skip
"""Streams behind which a new event can begin."""

CUT: dict[str, tuple[bytes, list[bytes]]] = {
    "no blank line": (b"data: a\n\ndata: b\n", [b"a"]),
    "no line end": (b"data: a\n\ndata: b", [b"a"]),
    "within a name": (b"data: a\n\nda", [b"a"]),
    "within a byte order mark": (b"\xef\xbb", []),
}
"""Streams that end where an event is not over: it is never given."""

each_stream = pytest.mark.parametrize(("stream", "events"), (ENDED | CUT).values(), ids=(ENDED | CUT).keys())
each_ended = pytest.mark.parametrize(("stream", "events"), ENDED.values(), ids=ENDED.keys())


def read(*pieces: bytes) -> list[bytes]:
    stream = EventStream()
    return [event for piece in pieces for event in stream.feed(piece)]


@each_stream
def test_whole(stream: bytes, events: list[bytes]) -> None:
    assert read(stream) == events


@each_stream
def test_in_every_two_pieces(stream: bytes, events: list[bytes]) -> None:
    for at in range(len(stream) + 1):
        assert read(stream[:at], stream[at:]) == events, at


@each_stream
def test_byte_by_byte_with_nothing_in_between(stream: bytes, events: list[bytes]) -> None:
    pieces = [piece for at in range(len(stream)) for piece in (stream[at : at + 1], b"")]
    assert read(*pieces) == events


@each_ended
def test_with_something_behind(stream: bytes, events: list[bytes]) -> None:
    assert read(stream + b"data: behind\n\n") == [*events, b"behind"]
    assert read(stream, b"data: behind\n\n") == [*events, b"behind"]


@pytest.mark.parametrize("line_end", [b"\n", b"\r", b"\r\n"])
def test_an_event_is_given_with_the_first_byte_of_its_blank_line(line_end: bytes) -> None:
    stream = EventStream()
    assert stream.feed(b"data: a" + line_end) == []
    assert stream.feed(line_end[:1]) == [b"a"]


class TestComments:
    @pytest.mark.parametrize("comment", [b": keep-alive\n\n", b":\n", b": a\r\n\r\n", b"data: a\n: b\n", b": a\n: b"])
    def test_are_noticed(self, comment: bytes) -> None:
        stream = EventStream()
        stream.feed(comment)
        assert stream.commented

    @pytest.mark.parametrize("other", [b"", b"\n", b": unfinished", b"data: : a\n\n", b"id: 1\n\n"])
    def test_other_bytes_are_none(self, other: bytes) -> None:
        stream = EventStream()
        stream.feed(b": before\n\n")
        stream.feed(other)
        assert not stream.commented

    def test_one_in_pieces_counts_where_it_ends(self) -> None:
        stream = EventStream()
        heard = []
        for piece in (b": keep", b"-alive", b"\n", b"\n"):
            stream.feed(piece)
            heard.append(stream.commented)
        assert heard == [False, False, True, False]


class TestSize:
    """An event, or a line, may be so long; how long the stream is does not matter."""

    @pytest.mark.parametrize("stream", [b"data: " + b"a" * 11, b"data: 12345\ndata: 123456\n", b": " + b"a" * 15])
    def test_beyond_its_limit(self, stream: bytes) -> None:
        for pieces in ([stream], [stream[at : at + 1] for at in range(len(stream))]):
            with pytest.raises(EventTooLarge, match="more than 10 bytes"):
                self.feed_all(*pieces)

    def test_a_whole_event_beyond_its_limit(self) -> None:
        with pytest.raises(EventTooLarge):
            self.feed_all(b"data: " + b"a" * 11 + b"\n\n")

    def test_within_it(self) -> None:
        pieces = [b"data: 1234", b"\ndata:1", b"\n", b"\n", b": 12345678", b"\n", b"id: 4567\n\n"] * 5
        assert self.feed_all(*pieces) == [b"1234\n1"] * 5

    def feed_all(self, *pieces: bytes) -> list[bytes]:
        stream = EventStream(max_bytes=10)
        return [event for piece in pieces for event in stream.feed(piece)]
