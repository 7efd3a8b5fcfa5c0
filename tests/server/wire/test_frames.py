"""The frames, read by three independent decoders and by the letter of the format."""

import json
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import httpx
import httpx_sse
import pytest
import sseclient
from langserve.server_sent_events import SSEDecoder

from schemas import Event, Token, from_json
from server.runs.entry import Entry
from server.wire.frames import EventFrames
from tests.server.configs import CHAT_INPUT, MEETING, MEETING_INPUT, by_chain, text
from tests.server.process import ServerProcess
from tests.server.reading import PATIENCE_S, events_of, terminal

AWKWARD = "a\r\nb\rc\nd\x85e\u2028f\u2029g\x00h\x0bi\x0cj\x1ck data: x\n\nevent: y\n: z 😀👩‍👩‍👧 " + " 뒤 "
CHAT = {"reply": AWKWARD, "options": []}
CHAT_RESULT: dict[str, Any] = {
    "reply": AWKWARD.removesuffix(" "),
    "options": [],
    "recommendation": None,
}  # trimmed as it settles
Frame = tuple[str, str, str]  # id, event, data
FRAME = re.compile(r"(?:retry: \d+\n)?id:[1-9]\d*\nevent: [a-z]+\ndata: \{[^\r\n\x85\u2028\u2029]*\}")


@pytest.fixture(scope="module")
def server(shared: Callable[[str], ServerProcess]) -> ServerProcess:
    return shared(by_chain({"chatbot": text(CHAT), "meeting-info": text(MEETING)}))


def body_of(url: str, value: Any) -> bytes:
    return httpx.post(url, json={"input": value}, timeout=PATIENCE_S).content


def by_httpx_sse(url: str, value: Any) -> Iterator[Frame]:
    with (
        httpx.Client(timeout=PATIENCE_S) as client,
        httpx_sse.connect_sse(client, "POST", url, json={"input": value}) as source,
    ):
        for frame in source.iter_sse():
            yield str(frame.id), frame.event, frame.data


def by_sseclient(url: str, value: Any) -> Iterator[Frame]:
    with (
        httpx.Client(timeout=PATIENCE_S) as client,
        client.stream("POST", url, json={"input": value}) as response,
    ):
        for frame in sseclient.SSEClient(response.iter_bytes()).events():
            yield str(frame.id), frame.event, frame.data


def by_langserve(url: str, value: Any) -> Iterator[Frame]:
    decoder = SSEDecoder()
    with (
        httpx.Client(timeout=PATIENCE_S) as client,
        client.stream("POST", url, json={"input": value}) as response,
    ):
        for line in response.iter_lines():
            if frame := decoder.decode(line.rstrip("\n")):
                yield str(frame["id"]), str(frame["event"]), str(frame["data"])


@pytest.mark.parametrize("read", [by_httpx_sse, by_sseclient, by_langserve])
@pytest.mark.parametrize(("chain", "value"), [("chatbot", CHAT_INPUT), ("meeting-info", MEETING_INPUT)])
def test_every_reader_reads_the_same(
    server: ServerProcess, read: Callable[[str, Any], Iterable[Frame]], chain: str, value: Any
) -> None:
    frames = list(read(f"{server.url}/{chain}/stream", value))
    events = [from_json(data) for _, _, data in frames]
    assert [(number, name) for number, name, _ in frames] == [(str(event.seq), event.type) for event in events]
    end = terminal(events)
    assert end.type == "complete"
    assert end.value == (MEETING if chain == "meeting-info" else CHAT_RESULT)


def test_text_is_exact_through_its_tokens(server: ServerProcess) -> None:
    events = events_of(body_of(f"{server.url}/chatbot/stream", CHAT_INPUT).decode())
    assert "".join(event.text for event in events if isinstance(event, Token)) == AWKWARD


@pytest.mark.parametrize(("chain", "value"), [("chatbot", CHAT_INPUT), ("meeting-info", MEETING_INPUT)])
def test_the_bytes_are_plain(server: ServerProcess, chain: str, value: Any) -> None:
    body = body_of(f"{server.url}/{chain}/stream", value)
    assert b"\r" not in body
    assert body.endswith(b"}\n\n")
    frames = body.decode("utf-8").split("\n\n")[:-1]
    assert [frame for frame in frames if not FRAME.fullmatch(frame)] == []
    assert [frame.startswith("retry: ") for frame in frames] == [True] + [False] * (len(frames) - 1)


def test_no_two_readers_come_back_at_once(server: ServerProcess) -> None:
    """Those whom one fault has cut would be one flood."""
    told = [int(body_of(f"{server.url}/chatbot/stream", CHAT_INPUT).split(b"\n")[0].split()[1]) for _ in range(20)]
    assert all(1000 <= retry_ms <= 3000 for retry_ms in told)
    assert len(set(told)) > 10


class TestEventFrames:
    EVENTS: tuple[Event, ...] = (Token(seq=2, path="/a", text="x"), Token(seq=3, path="/a", text="y"))

    def test_consecutive_events_leave_in_one_write(self) -> None:
        piece = EventFrames(["token"], retry_ms=1).write(map(Entry, self.EVENTS))
        assert piece.count(b"\n\n") == 2

    def test_nothing_wanted_is_nothing_written(self) -> None:
        assert EventFrames(["complete"], retry_ms=1).write(map(Entry, self.EVENTS)) == b""

    def test_retry_comes_with_the_first_frame_that_is_written(self) -> None:
        frames = EventFrames(["token"], retry_ms=77)
        assert frames.write([]) == b""
        assert frames.write(map(Entry, self.EVENTS[:1])).startswith(b"retry: 77\nid:2\n")
        assert b"retry" not in frames.write(map(Entry, self.EVENTS[1:]))

    def test_what_the_store_may_not_have_is_marked(self) -> None:
        unsure = Entry(self.EVENTS[0])
        unsure.sure = False
        assert b"\nid:2~\nevent: token\n" in EventFrames(["token"], retry_ms=1).write([unsure])

    @pytest.mark.parametrize("as_event", [False, True])
    def test_a_ping_is_no_part_of_the_log(self, as_event: bool) -> None:
        ping = EventFrames([], retry_ms=1, ping_event=as_event).ping.decode()
        assert "id:" not in ping
        assert ping.endswith("\n\n")
        if as_event:
            assert json.loads(ping.splitlines()[1].removeprefix("data: ")) == {"type": "ping"}
        else:
            assert ping.startswith(":")
