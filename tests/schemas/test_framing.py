"""Nothing that stands in an event ends its frame or begins another, for three readers that know nothing of us."""

import json
from typing import Any

import pytest
from hypothesis import given

from schemas import Event, Token, from_frames, from_json, to_frame, to_json
from tests import whatwg
from tests.framing import EVENTS, PIECES, expected, read_alike


@given(EVENTS)
def test_exactly_the_events_that_were_framed_come_back(events: list[Event]) -> None:
    stream = "".join(map(to_frame, events))
    told = read_alike(stream.encode())
    assert [message[:2] for message in told] == expected(events)
    assert [from_json(message.data) for message in told] == events
    assert [message.data for message in told] == list(map(to_json, events))
    assert list(from_frames(stream.split("\n"))) == events


@given(EVENTS)
def test_the_json_of_an_event_is_one_line_to_whoever_breaks_lines(events: list[Event]) -> None:
    for event in events:
        line = to_json(event)
        assert line.splitlines() == [line]
        assert not {*line} & set(map(chr, (*range(0x20), 0x85, 0x2028, 0x2029)))
        assert json.loads(line)["seq"] == event.seq


@pytest.mark.parametrize("piece", PIECES)
@pytest.mark.parametrize("where", ["begins", "ends", "alone"])
def test_no_text_is_changed_on_its_way(piece: str, where: str) -> None:
    text = {"begins": piece + "x", "ends": "x" + piece, "alone": piece}[where]
    [message] = read_alike(to_frame(Token(seq=1, path="/" + text.replace("~", "~0"), text=text)).encode())
    told = from_json(message.data)
    assert isinstance(told, Token)
    assert told.text == text


# -- the strict reader itself is to be trusted -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("stream", "read"),
    [
        (b"data: YHOO\ndata: +2\ndata: 10\n\n", [("", "message", "YHOO\n+2\n10")]),
        (
            b": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n\n",
            [("1", "message", "first event"), ("", "message", "second event"), ("", "message", " third event")],
        ),
        (b"data\n\ndata\ndata\n\ndata:", [("", "message", ""), ("", "message", "\n")]),
        (b"data:test\n\ndata: test\n\n", [("", "message", "test")] * 2),
        (b"\xef\xbb\xbfdata: a\r\rdata: b\r\n\r\ndata: c\n\n", [("", "message", text) for text in "abc"]),
        (b"\xef\xbb\xbf\xef\xbb\xbfdata: a\n\n", []),
        (b"id: 1\0\nevent: e\ndata: a\n\nevent: f\n\ndata: b\n\n", [("", "e", "a"), ("", "message", "b")]),
        ("data: a\u2028data: b\u0085data: c\n\n".encode(), [("", "message", "a\u2028data: b\u0085data: c")]),
        (b"data: a\n", []),
    ],
)
def test_the_strict_reader_reads_the_standards_own_examples(stream: bytes, read: list[Any]) -> None:
    assert whatwg.messages(stream) == read
