"""Whoever comes and goes, however often, leaves nothing behind: no task, no place taken, no turn of the model."""

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import cycle, islice

import httpx
import pytest

from schemas import RequestError
from server import app, create_app
from server.live import LiveRuns
from server.runs import Run
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


class Remembering(LiveRuns):
    """The list of the server's runs, which also remembers those that were on it."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[str] = []

    @contextmanager
    def listed(self, run: Run) -> Iterator[None]:
        self.seen.append(run.id)
        with super().listed(run):
            yield


@pytest.fixture
def live(monkeypatch: pytest.MonkeyPatch) -> Remembering:
    live = Remembering()
    monkeypatch.setattr(app, "LiveRuns", lambda: live)
    return live


@pytest.fixture
def server(upstream: Upstream, live: Remembering) -> Iterator[ThreadServer]:
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


def drop(server: ThreadServer, path: str, received: int) -> None:
    """Asks, reads at least so many bytes of the answer, and is gone."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE_S) as connection:
        connection.sendall(post_bytes(path, body_of(path, MEETING_INPUT)))
        while received > 0:
            received -= len(connection.recv(received))


def test_two_hundred_clients_that_leave(server: ThreadServer, live: Remembering, upstream: Upstream) -> None:
    ask_all(server, upstream)  # whatever is made once and stays, is made now
    before = server.tasks()
    upstream.plays(*WRITING)
    visits = [*((path, 0) for path in PATHS), (PATHS[0], 1), (PATHS[0], 900), (PATHS[1], 900)]
    for path, received in islice(cycle(visits), 200):
        drop(server, path, received)
    deadline = time.monotonic() + PATIENCE_S
    while (left := server.tasks() - before) and time.monotonic() < deadline:
        pass  # the server's loop is asked again and again: each question is a turn of it
    assert left == set()
    assert len(live.seen) > 50
    for run_id in live.seen:
        with pytest.raises(RequestError):
            live.find(run_id)
    ask_all(server, upstream)
