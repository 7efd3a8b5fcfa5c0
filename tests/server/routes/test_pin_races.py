"""Pins at the same moment as other pins, as a repair, as the end: each is acknowledged and told, or refused."""

import asyncio
from collections import Counter
from collections.abc import Callable
from itertools import count
from typing import Any, NamedTuple

import httpx
import pytest

from schemas import Complete, Event, Pinned, Reset, from_frames
from server import create_app
from server.runs import run
from server.settings import parse_settings
from tests.server.configs import MEETING, MEETING_INPUT, both, openai, scripted, text
from tests.server.endpoints import refusal
from tests.server.inprocess import app_of, client_of
from tests.server.process import ServerProcess
from tests.server.reading import PATIENCE_S, events_of, terminal
from tests.server.thread import ThreadServer
from tests.upstream import DONE, Upstream, ends, gate, says, stream

PACED = {"pace_ms": 2, "chunk_size": 4}


class Answer(NamedTuple):
    """What one pin was answered."""

    status: int
    seq: int | None
    value: str


class Pinner:
    """Pins one value after another as fast as it can, until it is refused."""

    def __init__(self, client: httpx.AsyncClient, name: str) -> None:
        self._client = client
        self._name = name

    async def pin(self, run_id: str, path: str = "/name") -> list[Answer]:
        answers: list[Answer] = []
        for number in count():
            value = f"{self._name} {number}"
            response = await self._client.post(f"/runs/{run_id}/pins", json={"path": path, "value": value})
            answers.append(Answer(response.status_code, response.json().get("seq"), value))
            if response.status_code != 200:
                return answers
        raise AssertionError


async def read_while(
    client: httpx.AsyncClient, pinners: list[Pinner], over: Callable[[], None] = lambda: None
) -> tuple[list[Event], list[Answer]]:
    """A whole stream, and what the pinners were answered meanwhile. `over` is called when all of them are done."""
    lines: list[str] = []
    pinning: asyncio.Future[list[list[Answer]]] | None = None
    async with client.stream("POST", "/meeting-info/stream", json={"input": MEETING_INPUT}) as response:
        async for line in response.aiter_lines():
            lines.append(line)
            if not pinning and line.startswith("data: "):
                run_id = line.split('"run_id":"')[1].split('"')[0]
                pinning = asyncio.gather(*(pinner.pin(run_id) for pinner in pinners))
                pinning.add_done_callback(lambda _: over())
    assert pinning
    return list(from_frames([*lines, ""])), [answer for answers in await pinning for answer in answers]


def client_for(url: str) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=url, timeout=PATIENCE_S)


def pinned_in(events: list[Event]) -> dict[int, Any]:
    """The values that the log tells, by number."""
    return {event.seq: event.value for event in events if isinstance(event, Pinned)}


@pytest.mark.parametrize("repaired", [False, True])
async def test_until_the_end_and_beyond(shared: Callable[[str], ServerProcess], repaired: bool) -> None:
    broken = text({**MEETING, "category": "none"})
    replies = [broken, text(MEETING)] if repaired else [text(MEETING)]
    async with client_for(shared(scripted(*replies, model=PACED)).url) as client:
        for _ in range(5):
            events, answers = await read_while(client, [Pinner(client, name) for name in "abcd"])
            end = terminal(events)
            assert isinstance(end, Complete)
            assert any(isinstance(event, Reset) for event in events) == repaired
            told = pinned_in(events)
            assert told == {answer.seq: answer.value for answer in answers if answer.seq}
            assert end.value == {**MEETING, "name": told[max(told)]}
            refused = Counter(answer.status for answer in answers if answer.status != 200)
            assert refused.total() == 4
            assert set(refused) <= {404, 409}


async def test_a_flood(upstream: Upstream, monkeypatch: pytest.MonkeyPatch) -> None:
    """The run takes so many and no more, tells every one it took, and ends well."""
    monkeypatch.setattr(run, "MAX_PINS", 100)
    script = upstream.plays(*stream(says(text(MEETING)[:20]), gate, says(text(MEETING)[20:]), ends(), DONE))
    app = create_app(parse_settings(openai(upstream.base_url), "the test's settings"))
    with ThreadServer(app) as server:
        async with client_for(server.url) as client:
            pinners = [Pinner(client, name) for name in "abcdefgh"]
            events, answers = await read_while(client, pinners, over=lambda: script.next_call().permit())
    end, told = terminal(events), pinned_in(events)
    assert isinstance(end, Complete)
    assert told == {answer.seq: answer.value for answer in answers if answer.seq}
    assert 100 <= len(told) < 108  # the others were on their way together
    assert Counter(answer.status for answer in answers) == {200: len(told), 409: 8}
    assert end.value["name"] == told[max(told)]


async def test_between_its_end_and_its_last_byte() -> None:
    """A reader that is slow to take the end still reads this run, which takes no pins any more."""
    config = both()
    sent, at_its_end, read_on = b"", asyncio.Event(), asyncio.Event()
    body = {"type": "http.request", "body": text({"input": MEETING_INPUT}).encode()}
    waiting: list[dict[str, Any]] = [body]

    async def receive() -> dict[str, Any]:
        if not waiting:
            await asyncio.Event().wait()
        return waiting.pop()

    async def send(message: Any) -> None:
        nonlocal sent
        sent += message.get("body", b"")
        if b"event: complete\n" in sent:
            at_its_end.set()
            await read_on.wait()

    scope = {"type": "http", "method": "POST", "path": "/meeting-info/stream", "query_string": b"",
             "headers": [(b"host", b"127.0.0.1"), (b"content-type", b"application/json")],
             "http_version": "1.1", "scheme": "http", "server": ("test", 80), "client": ("test", 1),
             "asgi": {"version": "3.0"}}  # fmt: skip
    streaming = asyncio.create_task(app_of(config)(scope, receive, send))
    await asyncio.wait_for(at_its_end.wait(), PATIENCE_S)
    run_id = sent.decode().split('"run_id":"')[1].split('"')[0]
    async with client_of(config) as client:
        url, pin = f"/runs/{run_id}/pins", {"path": "/name", "value": "mine"}
        refusal(await client.post(url, json=pin), 409, "conflict")
        read_on.set()
        await asyncio.wait_for(streaming, PATIENCE_S)
        refusal(await client.post(url, json=pin), 404, "not_found")
    assert pinned_in(events_of(sent.decode().removeprefix("retry: 2000\n"))) == {}
