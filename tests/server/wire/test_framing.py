"""Nothing that users or models write becomes a frame, in any protocol and on any path that streams."""

import json
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas import Complete, Event, FieldSettled, Pinned, Token, from_json
from schemas.events import ALL
from server.runs.entry import Entry
from server.wire.frames import EventFrames
from server.wire.langserve import LangServeFrames
from server.wire.protocol import Reading
from server.wire.serializer import WireSerializer
from tests.framing import CANCELS, COMPLETES, EVENTS, FAILURES, PIECES, STARTS, TEXT, VALUE, expected, read_alike
from tests.server.configs import by_chain, text
from tests.server.inprocess import client_of
from tests.whatwg import Message

EVIL = "".join(PIECES) + "end"
"""All of it in one text."""

LINE = "".join(EVIL.splitlines()).strip()
CHAT = {"reply": EVIL, "options": [LINE[:20].strip(), "data: x"]}
MEETING: dict[str, Any] = {
    "name": "Sunday",
    "category": "기타",
    "summary": LINE[-50:],
    "description": EVIL[:400],
    "tags": ["data:", "id:99", "event:"],
    "period": "1~3개월",
    "max_members": 12,
}
ASKED: dict[str, dict[str, Any]] = {
    "chatbot": {"messages": [{"role": "user", "content": EVIL}]},
    "meeting-info": {"goal": EVIL[:256], "name": LINE[:64], "location": EVIL[:255]},
}
RESULTS = {"chatbot": CHAT | {"recommendation": None}, "meeting-info": MEETING | {"name": LINE[:64]}}
LANGSERVES = {"metadata", "data", "error", "end"}


@pytest.fixture(scope="module")
def config() -> str:
    return by_chain({"chatbot": text(CHAT), "meeting-info": text(MEETING)})


# -- our own frames ----------------------------------------------------------------------------------------------------


@given(EVENTS, st.data(), st.booleans())
def test_what_is_written_is_what_was_told_and_pings(events: list[Event], data: st.DataObject, pings: bool) -> None:
    frames = EventFrames(ALL, retry_ms=7, ping_event=pings)
    stream = b""
    sent: list[str] = []
    for event in events:
        if data.draw(st.booleans()):
            stream += frames.ping
            sent += ["ping"] if pings else []
        entry = data.draw(st.sampled_from([Entry, _packed, _stored]))(event)
        stream += frames.write([entry])
        sent.append(event.type)
    told = read_alike(stream)
    assert [message.type for message in told] == sent
    own = [message for message in told if message.type != "ping"]
    assert [(message.id, message.type) for message in own] == expected(events)
    assert [from_json(message.data) for message in own] == events


def _packed(event: Event) -> Entry:
    entry = Entry(event)
    entry.pack()
    return entry


def _stored(event: Event) -> Entry:
    """As it comes back out of the store."""
    return Entry.stored(event.seq, event.type, Entry(event).data)


# -- LangServe's -------------------------------------------------------------------------------------------------------


@given(
    STARTS, st.dictionaries(TEXT, st.lists(TEXT, min_size=1, max_size=3), max_size=3), CANCELS | FAILURES | COMPLETES
)
def test_langserves_chunks_are_what_was_told(start: Any, texts: dict[str, list[str]], end: Any) -> None:
    tokens = [Token(seq=2, path=_pointer(name), text=piece) for name, pieces in texts.items() for piece in pieces]
    if isinstance(end, Complete):
        end = end.model_copy(update={"value": {name: "".join(pieces) for name, pieces in texts.items()}})
    told = _langserve([start, *tokens, end])
    first, *chunks, last = told
    assert (first.type, json.loads(first.data)) == ("metadata", {"run_id": start.run_id})
    assert [chunk.type for chunk in chunks] == ["data"] * len(chunks)
    said_of = {name: "".join(pieces) for name, pieces in texts.items()}
    sums: dict[str, str] = {}
    for chunk in chunks:
        for name, piece in json.loads(chunk.data).items():
            sums[name] = sums.get(name, "") + piece
    if end.type != "complete":  # blanks at the end wait for what follows
        said_of = {name: text.rstrip() for name, text in said_of.items() if text.rstrip()}
    assert sums == said_of
    said = json.loads(last.data)
    match end.type:
        case "complete":
            assert (last.type, said) == ("end", {})
        case "failed":
            assert (last.type, said["message"], said["code"]) == ("error", end.message, end.code)
        case _:
            assert last.type == "error"
            assert end.reason in said["message"]


@given(STARTS, TEXT, VALUE, st.sampled_from([FieldSettled, Pinned]))
def test_langserves_values_are_what_was_told(start: Any, name: str, value: Any, kind: Any) -> None:
    known = {"source": "model", "ms": 0} if kind is FieldSettled else {}
    _, chunk = _langserve([start, kind(seq=2, path=_pointer(name), value=value, **known)])
    assert (chunk.type, json.loads(chunk.data)) == ("data", {name: value})


def _langserve(events: list[Event]) -> list[Message]:
    stream = LangServeFrames(Reading("a run")).write(map(Entry, events))
    assert (
        stream.isascii()
    )  # its client, and whoever reads with `str.splitlines`, breaks lines at three more characters
    return read_alike(stream)


def _pointer(name: str) -> str:
    return "/" + name.replace("~", "~0").replace("/", "~1")


@given(VALUE)
def test_langserves_own_endpoints_write_one_line(value: Any) -> None:
    written = WireSerializer().dumps(value).decode()
    assert written.splitlines() == [written]
    assert json.loads(written) == value


# -- whole streams -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("chain", ASKED)
async def test_a_stream_holds_the_runs_frames_and_no_others(config: str, chain: str) -> None:
    async with client_of(config) as client:
        streamed = (await client.post(f"/{chain}/stream", json={"input": ASKED[chain]})).content
        told = read_alike(streamed)
        assert [message.id for message in told] == [str(number) for number in range(1, len(told) + 1)]
        end = _whole(told)
    assert end == RESULTS[chain]


@pytest.mark.parametrize("chain", ASKED)
async def test_langserves_client_reads_the_object_and_nothing_else(config: str, chain: str) -> None:
    async with client_of(config) as client:
        body = {"input": ASKED[chain], "config": {}, "kwargs": {}}
        told = read_alike((await client.post(f"/{chain}/stream", json=body)).content)
    first, *chunks, last = told
    assert (first.type, last) == ("metadata", Message("", "end", "{}"))
    assert [chunk.type for chunk in chunks] == ["data"] * len(chunks)
    sums: dict[str, Any] = {}
    for chunk in chunks:
        for name, value in json.loads(chunk.data).items():
            sums[name] = sums[name] + value if name in sums else value
    assert sums == RESULTS[chain]


@pytest.mark.parametrize("path", ["stream_events", "stream_log"])
@pytest.mark.parametrize("chain", ASKED)
async def test_the_insides_of_a_run_are_told_in_langserves_frames_alone(config: str, chain: str, path: str) -> None:
    async with client_of(config) as client:
        told = read_alike((await client.post(f"/{chain}/{path}", json={"input": ASKED[chain]})).content)
    assert {message.type for message in told} <= LANGSERVES
    assert all(message.id == told[0].id for message in told)
    assert "end" in json.dumps([json.loads(message.data) for message in told if message.data.strip()])


@pytest.mark.parametrize("key", ["id: 99", "event: complete", "data: {}", '"}\t\tdata: x', "\\n\\ndata: x", "\xa0:"])
async def test_the_key_of_a_run_is_nowhere_in_its_frames(config: str, key: str) -> None:
    async with client_of(config) as client:
        headers = {"idempotency-key": key.encode("latin-1")}
        receipt = await client.post("/chatbot/runs", json={"input": ASKED["chatbot"]}, headers=headers)  # type: ignore[arg-type]
        assert receipt.status_code == 201
        assert receipt.json().keys() == {"run_id", "events_url", "ticket"}
        told = read_alike((await client.get(receipt.json()["events_url"])).content)
    assert _whole(told)["reply"] == EVIL


@pytest.mark.parametrize("evil", PIECES)
async def test_what_is_asked_for_is_refused_in_json_not_in_frames(config: str, evil: str) -> None:
    async with client_of(config) as client:
        for answer in (
            await client.get(f"/runs/{quote(evil)}x/events"),
            await client.get("/runs/none/events", params={"last_event_id": "1" + evil}),
            await client.post("/chatbot/stream", params={"events": evil + "x"}, json={"input": ASKED["chatbot"]}),
            await client.post("/chatbot/stream", json={"input": {"messages": [{"role": evil, "content": evil}]}}),
        ):
            assert 400 <= answer.status_code < 500
            assert answer.headers["content-type"] == "application/json"
            assert answer.json()["code"] in ("not_found", "invalid_request", "gone")
            assert b"\n" not in answer.content


def _whole(told: list[Message]) -> dict[str, Any]:
    """The object that a run's frames end with, each of which is the event that it says it is."""
    events = [from_json(message.data) for message in told]
    assert [(message.id, message.type) for message in told] == expected(events)
    assert events[-1].type == "complete", events[-1]
    return events[-1].value
