"""`POST …/stream`: which events, in which protocol, with which sign of life."""

import time
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any, ClassVar, get_args

import httpx
import pytest

from chains.structured import StructuredChain
from schemas import ALWAYS_SENT, Complete, Event, EventName, Start, from_json
from tests.server.configs import CHAINS, CHAT, CHAT_INPUT, MEETING, MEETING_INPUT, both, scripted, text
from tests.server.endpoints import refusal
from tests.server.inprocess import client_of
from tests.server.reading import events_of, terminal

NAMES: tuple[EventName, ...] = get_args(EventName)
BOTH = pytest.mark.parametrize(
    ("path", "wanted", "result"),
    [
        ("/chatbot", CHAT_INPUT, {**CHAT, "recommendation": None}),
        ("/meeting-info", MEETING_INPUT, MEETING),
    ],
)


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(both()) as client:
        yield client


async def stream(client: httpx.AsyncClient, path: str, wanted: Any, **query: str) -> str:
    response = await client.post(f"{path}/stream", json={"input": wanted}, params=query)
    assert response.status_code == 200, response.text
    return response.text


@BOTH
async def test_a_stream_is_whole(client: httpx.AsyncClient, path: str, wanted: Any, result: Any) -> None:
    events = events_of(await stream(client, path, wanted))
    start, end = events[0], terminal(events)
    assert isinstance(start, Start)
    assert isinstance(end, Complete)
    assert end.value == result
    assert {name for name in NAMES if name in ("token", "partial", "field")} <= {event.type for event in events}


async def test_its_headers_keep_relays_from_holding_it_back(client: httpx.AsyncClient) -> None:
    response = await client.post("/chatbot/stream", json={"input": CHAT_INPUT})
    assert response.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert response.headers["cache-control"] == "no-cache, no-store, no-transform"
    assert response.headers["x-accel-buffering"] == "no"
    assert "content-length" not in response.headers
    assert "content-encoding" not in response.headers


class TestEventsThatAClientWants:
    @pytest.mark.parametrize("wanted", ["token", "partial", "field", "token,field", "token,complete", "complete", ""])
    async def test_others_are_left_out(self, client: httpx.AsyncClient, wanted: str) -> None:
        everything = events_of(await stream(client, "/meeting-info", MEETING_INPUT, events=",".join(NAMES)))
        some = events_of(await stream(client, "/meeting-info", MEETING_INPUT, events=wanted))
        names = set(wanted.split(",")) | ALWAYS_SENT
        assert {event.type for event in some} == names & {event.type for event in everything}
        assert some[0].type == "start"
        assert some[-1].type == "complete"

    async def test_numbers_are_those_of_the_log(self, client: httpx.AsyncClient) -> None:
        some = events_of(await stream(client, "/meeting-info", MEETING_INPUT, events="field"))
        numbers = [event.seq for event in some]
        assert numbers == sorted(set(numbers))
        assert numbers[0] == 1
        assert numbers[-1] > len(numbers)

    async def test_by_default_the_settings_say(self) -> None:
        chains = {name: {**chain, "events": ["field"]} for name, chain in CHAINS.items()}
        async with client_of(scripted(text(CHAT), chains=chains)) as client:
            body = await stream(client, "/chatbot", CHAT_INPUT)
            assert {event.type for event in events_of(body)} == {"start", "field", "complete"}
            body = await stream(client, "/chatbot", CHAT_INPUT, events="token")
            assert {event.type for event in events_of(body)} == {"start", "token", "complete"}

    @pytest.mark.parametrize("wanted", ["tokens", "token,nothing", "TOKEN", "*", "token;complete"])
    async def test_an_unknown_name_is_refused(self, client: httpx.AsyncClient, wanted: str) -> None:
        response = await client.post("/chatbot/stream", json={"input": CHAT_INPUT}, params={"events": wanted})
        [breach] = refusal(response, 422, "invalid_request").details or ()
        assert breach.path == "/events"
        assert "token" in breach.message


class TestProtocols:
    ENVELOPE: ClassVar[dict[str, Any]] = {"config": {}, "kwargs": {}}

    async def names(self, client: httpx.AsyncClient, body: dict[str, Any], **query: str) -> list[str]:
        response = await client.post("/chatbot/stream", json={"input": CHAT_INPUT, **body}, params=query)
        return [line[7:] for line in response.text.splitlines() if line.startswith("event: ")]

    async def test_langserves_own_client_is_known_by_its_envelope(self, client: httpx.AsyncClient) -> None:
        names = await self.names(client, self.ENVELOPE)
        assert (names[0], set(names[1:-1]), names[-1]) == ("metadata", {"data"}, "end")

    async def test_anyone_else_gets_typed_events(self, client: httpx.AsyncClient) -> None:
        bodies: list[dict[str, Any]] = [{}, {"config": {}}, {"kwargs": {}}]
        for body in bodies:
            names = await self.names(client, body)
            assert (names[0], names[-1]) == ("start", "complete")

    async def test_the_query_overrides(self, client: httpx.AsyncClient) -> None:
        assert (await self.names(client, {}, protocol="langserve"))[0] == "metadata"
        assert (await self.names(client, self.ENVELOPE, protocol="events"))[0] == "start"

    @pytest.mark.parametrize("query", [{"protocol": "ag-ui"}, {"protocol": ""}, {"ping": "never"}])
    async def test_an_unknown_one_is_refused(self, client: httpx.AsyncClient, query: dict[str, str]) -> None:
        response = await client.post("/chatbot/stream", json={"input": CHAT_INPUT}, params=query)
        refusal(response, 422, "invalid_request")


async def test_the_settings_say_how_long_a_status_is_held(monkeypatch: pytest.MonkeyPatch) -> None:
    held: list[float] = []
    astream_typed = StructuredChain.astream_typed

    def recording(chain: StructuredChain, input: Any, *, hold: float, **more: Any) -> AsyncGenerator[Event]:
        held.append(hold)
        return astream_typed(chain, input, hold=hold, **more)

    monkeypatch.setattr(StructuredChain, "astream_typed", recording)
    async with client_of(both(stream={"hold_ms": 2500})) as client:
        await stream(client, "/chatbot", CHAT_INPUT)
    assert held == [2.5]


class TestPings:
    """In silence, and only then: the model of these tests waits 400 ms before its text, and 20 ms between tokens."""

    CONFIG = scripted(text(CHAT), model={"first_ms": 400, "pace_ms": 20}, stream={"ping_s": 0.1, "hold_ms": 0})

    async def frames(self, **query: str) -> list[str]:
        async with client_of(self.CONFIG) as client:
            return (await stream(client, "/chatbot", CHAT_INPUT, **query)).split("\n\n")[:-1]

    async def test_a_comment(self) -> None:
        began = time.monotonic()
        frames = await self.frames()
        assert 2 <= frames.count(": ping") <= (time.monotonic() - began) / 0.1
        first = frames.index(": ping")
        assert frames[first - 1].startswith("retry: ")
        assert all(from_json(frame.rpartition("\ndata: ")[2]) for frame in frames if frame != ": ping")

    async def test_an_event_outside_the_log(self) -> None:
        frames = await self.frames(ping="event")
        ping = 'event: ping\ndata: {"type":"ping"}'
        assert frames.count(ping) >= 2
        assert ": ping" not in frames

    async def test_none_while_events_come(self) -> None:
        async with client_of(both(stream={"ping_s": 5})) as client:
            assert "ping" not in await stream(client, "/chatbot", CHAT_INPUT)

    @pytest.mark.parametrize("query", [{"events": ""}, {"events": "", "ping": "event"}, {"protocol": "langserve"}])
    async def test_what_a_reader_is_not_sent_is_silence_to_it(self, query: dict[str, str]) -> None:
        """A relay cuts a connection that is silent for long, whatever events were filtered out meanwhile."""
        opening = '{"reply": "Hi", "options": [], "recommendation": {"group_id": "g1", "reason": "'
        reply = {"chunks": [opening, *["because "] * 30, '."}}']}
        wanted = {**CHAT_INPUT, "want": "recommendation", "candidates": [{"id": "g1", "name": "Hikers"}]}
        async with client_of(scripted(reply, model={"pace_ms": 30}, stream={"ping_s": 0.2})) as client:
            body = await stream(client, "/chatbot", wanted, **query)
        assert body.count("ping\n") >= 3
