"""Events as frames and back, against readers of event streams that others wrote."""

import io
from collections.abc import Callable, Iterator

import pytest
from httpx_sse import ServerSentEvent
from httpx_sse._decoders import SSEDecoder, SSELineDecoder
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import ValidationError
from sseclient import SSEClient

from schemas import Event, FieldSettled, Partial, Pinned, Token, from_frames, from_json, to_frame
from tests.chains.parsing import ROOTS, cuts
from tests.schemas.samples import EVENTS

_SEQ = st.integers(1, 10**9)
_EVENT: st.SearchStrategy[Event] = (
    st.sampled_from(EVENTS)
    | st.builds(Token, seq=_SEQ, path=st.text(), text=st.text())
    | st.builds(Partial, seq=_SEQ, value=st.dictionaries(st.text(), ROOTS), settled=st.tuples(st.text()))
    | st.builds(FieldSettled, seq=_SEQ, path=st.text(), value=ROOTS, source=st.just("model"), ms=_SEQ)
    | st.builds(Pinned, seq=_SEQ, path=st.text(), value=ROOTS)
)
_PASSED_OVER = st.lists(
    st.sampled_from(
        [
            ": ping\n\n",
            ":\n",
            ": +412\n",
            ':data: {"type":"ping"}\n',
            "\n",
            "retry: 2000\n",
            "id\n",
            "unknown: field\n",
            'event: ping\ndata: {"type":"ping"}\n\n',
            "event: of no data\n\n",
            "data:\n\n",
        ]
    ),
    max_size=3,
).map("".join)
TOKEN = Token(seq=7, path="/reply", text=" 안녕 ")
_LINE_ENDS = st.sampled_from(["\n", "\r\n", "\r"])


@st.composite
def _streams(draw: st.DrawFn) -> tuple[list[Event], str]:
    """Events, and a stream of them among whatever else may stand in one."""
    events = draw(st.lists(_EVENT, max_size=5))
    return events, "".join(draw(_PASSED_OVER) + to_frame(event) for event in events) + draw(_PASSED_OVER)


def read(text: str) -> list[Event]:
    """What is read of a stream's text, in lines that end as they are written."""
    return list(from_frames(io.StringIO(text, newline="")))


def read_by_httpx_sse(pieces: list[str]) -> Iterator[ServerSentEvent]:
    lines, frames = SSELineDecoder(), SSEDecoder()
    for piece in filter(None, pieces):
        yield from filter(None, map(frames.decode, lines.decode(piece)))


# -- there and back ----------------------------------------------------------------------------------------------------


@given(_EVENT)
@example(Token(seq=1, path="/a", text="\n\r\x0b\x0c\x1c\x1d\x1e\u0085\u2028\u2029"))
def test_a_frame_is_four_lines_for_everybody(event: Event) -> None:
    frame = to_frame(event)
    assert frame == "\n".join([*frame.splitlines(), ""])  # `splitlines` breaks at more than LF
    number, name, data, blank = frame.splitlines()
    assert (number, name, blank) == (f"id:{event.seq}", f"event: {event.type}", "")
    assert data.startswith("data: {")


@given(_streams(), _LINE_ENDS)
def test_events_come_back_as_they_were_whatever_stands_between(stream: tuple[list[Event], str], line_end: str) -> None:
    events, text = stream
    assert read(text.replace("\n", line_end)) == events


@given(st.data(), _streams())
def test_a_stream_that_was_cut_gives_the_frames_that_were_whole(
    data: st.DataObject, stream: tuple[list[Event], str]
) -> None:
    events, text = stream
    cut = data.draw(st.integers(0, len(text)))
    whole, end = [], 0
    for event in events:
        end = text.index(to_frame(event), end) + len(to_frame(event))
        if end <= cut:
            whole.append(event)
    assert read(text[:cut]) == whole


def test_the_last_frame_counts_from_its_blank_line_on() -> None:
    frame = to_frame(TOKEN)
    assert read(frame[:-1]) == []
    assert read(frame) == [TOKEN]


def test_an_event_does_not_wait_for_the_next_line() -> None:
    def lines() -> Iterator[str]:
        yield from to_frame(TOKEN).splitlines()
        raise AssertionError("more was read than the frame")

    assert next(from_frames(lines())) == TOKEN


# -- other readers agree -----------------------------------------------------------------------------------------------


@given(st.data(), _streams(), _LINE_ENDS)
def test_httpx_sse_reads_the_same(data: st.DataObject, stream: tuple[list[Event], str], line_end: str) -> None:
    text = stream[1].replace("\n", line_end)
    pieces = [*data.draw(cuts(text)), "\n"]  # it cannot tell a CR at the end before something follows
    frames = list(read_by_httpx_sse(pieces))
    told = [frame for frame in frames if frame.data and frame.event != "ping"]
    assert [from_json(frame.data) for frame in told] == read(text)
    assert [(frame.id, frame.event) for frame in told] == [(str(event.seq), event.type) for event in stream[0]]


@given(st.data(), _streams())
def test_sseclient_reads_the_same(data: st.DataObject, stream: tuple[list[Event], str]) -> None:
    pieces = [piece.encode() for piece in data.draw(cuts(stream[1]))]
    told = [frame for frame in SSEClient(iter(pieces)).events() if frame.data and frame.event != "ping"]
    assert [from_json(frame.data) for frame in told] == read(stream[1])


# -- what relays may do to a frame -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        lambda frame: frame.replace(": ", ":", 3),
        lambda frame: frame.replace(',"seq"', ',\ndata: "seq"'),
        lambda frame: "".join(sorted(frame.splitlines(keepends=True)[:3])) + "\n",
        lambda frame: frame.replace("event: token\n", ""),
        lambda frame: frame.replace(',"seq"', ',\n:\ndata: "seq"'),
    ],
    ids=["no blanks", "data over two lines", "another order", "no name", "a comment inside"],
)
def test_what_the_standard_allows_is_read(change: Callable[[str], str]) -> None:
    changed = change(to_frame(TOKEN))
    assert changed != to_frame(TOKEN)
    assert read(changed) == [TOKEN]


def test_nothing_of_a_ping_is_left_to_the_next_frame() -> None:
    nameless = to_frame(TOKEN).replace("event: token\n", "")
    assert read('event: ping\ndata: {"type":"ping"}\n\n' + nameless) == [TOKEN]


@pytest.mark.parametrize(
    "data", ["no", "{}", "[]", '{"type":"ping"}', '{"type":"token","seq":1}', to_frame(TOKEN)[-40:-10], "한강"]
)
def test_data_that_is_no_event_is_refused(data: str) -> None:
    events = from_frames([*to_frame(TOKEN).splitlines(), f"data: {data}", ""])
    assert next(events) == TOKEN
    with pytest.raises(ValidationError):
        next(events)
