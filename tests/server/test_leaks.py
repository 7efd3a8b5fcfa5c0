"""Whoever comes and goes, however often, leaves nothing behind: no task, no place taken, no turn of the model."""

import socket
import time
from collections.abc import Iterator
from itertools import cycle, islice
from typing import Any

import httpx
import pytest

from schemas import from_frames
from server import app, create_app
from server.runs.service import Runs
from server.settings import parse_settings
from tests.server.configs import MEETING, MEETING_INPUT, openai, text
from tests.server.endpoints import body_of
from tests.server.reading import PATIENCE_S
from tests.server.requests import post_bytes
from tests.server.thread import ThreadServer
from tests.upstream import Upstream, forever, says, stream, whole

PATHS = [f"/meeting-info/{name}" for name in ("stream", "stream_events", "invoke", "batch")]
WRITING = stream(says('{"name": "a'), forever(says(" ")))  # blanks, of which no text has too many: they may be trimmed
NARROW = {"max_concurrency": 3}
LIMITS = {"requests": 20}


class Remembering(Runs):
    """The server's runs, which also remember those that came and went."""

    made: "Remembering"

    def __init__(self, *known: Any, **named: Any) -> None:
        super().__init__(*known, **named)
        self.seen: list[str] = []
        Remembering.made = self

    def attached(self, run_id: str, run: Any, user: str = "") -> Any:
        self.seen.append(run_id)
        return super().attached(run_id, run, user)

    @property
    def held(self) -> list[Any]:
        """What they hold of anything."""
        counts = len(self._tasks), len(self.owner._tasks), self._readers
        return [*self.owner.owned, *self._attached, *self._elsewhere, *filter(None, counts)]


@pytest.fixture
def server(upstream: Upstream, monkeypatch: pytest.MonkeyPatch) -> Iterator[ThreadServer]:
    monkeypatch.setattr(app, "Runs", Remembering)
    settings = parse_settings(openai(upstream.base_url, NARROW, limits=LIMITS), "the test's settings")
    with ThreadServer(create_app(settings)) as server:
        yield server


def ask_all(server: ThreadServer, upstream: Upstream) -> None:
    upstream.plays(*whole(text(MEETING)))
    with httpx.Client(timeout=PATIENCE_S) as client:
        for path in PATHS:
            response = client.post(server.url + path, json=body_of(path, MEETING_INPUT))
            assert response.status_code == 200
            assert MEETING["name"] in response.text


def drop(server: ThreadServer, request: bytes, received: int) -> None:
    """Asks, reads at least so many bytes of the answer, and is gone."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE_S) as connection:
        connection.sendall(request)
        while received > 0:
            received -= len(connection.recv(received))


def nothing_is_left(server: ThreadServer, before: set[str]) -> None:
    """The server's loop is asked again and again: each question is a turn of it."""
    deadline = time.monotonic() + PATIENCE_S
    while (server.tasks() - before or Remembering.made.held) and time.monotonic() < deadline:
        pass
    assert server.tasks() - before == set()
    assert Remembering.made.held == []


def test_two_hundred_clients_that_leave(server: ThreadServer, upstream: Upstream) -> None:
    ask_all(server, upstream)  # whatever is made once and stays, is made now
    before = server.tasks()
    upstream.plays(*WRITING)
    visits = [*((path, 0) for path in PATHS), (PATHS[0], 1), (PATHS[0], 900), (PATHS[1], 900)]
    for path, received in islice(cycle(visits), 200):
        drop(server, post_bytes(path, body_of(path, MEETING_INPUT)), received)
    nothing_is_left(server, before)
    assert len(set(Remembering.made.seen)) > 50
    ask_all(server, upstream)


def test_two_hundred_readers_that_leave_runs_which_go_on(server: ThreadServer, upstream: Upstream) -> None:
    ask_all(server, upstream)
    before = server.tasks()
    upstream.plays(*WRITING)
    with httpx.Client(base_url=server.url, timeout=PATIENCE_S, headers={"connection": "close"}) as client:
        for _ in range(20):
            begun = client.post("/meeting-info/runs", json={"input": MEETING_INPUT})
            url = begun.json()["events_url"]
            for number, received in enumerate([0, 0, 1, 100, 900] * 2):
                lines = [f"GET {url}?last_event_id={number % 3} HTTP/1.1", "host: 127.0.0.1", "", ""]
                drop(server, "\r\n".join(lines).encode(), received)
            assert len(Remembering.made.owner.owned) == 1
            assert client.delete(url.removesuffix("/events")).status_code == 204
            events = list(from_frames(client.get(url).text.split("\n")))
            assert [event.seq for event in events] == list(range(1, len(events) + 1))
            assert events[-1].type == "cancelled"
    nothing_is_left(server, before)
    ask_all(server, upstream)
