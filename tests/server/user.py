"""A user in front of a form: reads a stream event by event, and takes fields over meanwhile."""

import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import httpx

from schemas import TERMINAL, Event, Start, from_json
from tests.server.endpoints import JSON
from tests.server.reading import PATIENCE_S, follow, terminal


class User:
    """One stream, and the way to pin into its run. `events` are those that were read so far."""

    def __init__(self, client: httpx.Client, base_url: str, frames: Iterator[Any]) -> None:
        self.events: list[Event] = []
        self._client = client
        self._base_url = base_url
        self._events = (from_json(frame.data) for frame in frames if frame.data)  # a ping has none

    @property
    def run_id(self) -> str:
        """What `start` said."""
        start = self.events[0]
        assert isinstance(start, Start)
        return start.run_id

    def read(self, name: str, path: str = "") -> Event:
        """Reads on to the next event of this name (at this path), which it returns."""
        for event in self._events:
            self.events.append(event)
            if event.type == name and getattr(event, "path", "").startswith(path):
                return event
            assert event.type not in TERMINAL, f"no {name} {path} came before {event}"
        raise AssertionError(f"the stream was cut before its {name}")

    def read_on(self) -> Event:
        """Reads the rest of a stream that may be filtered, and returns its last event."""
        self.events += self._events
        return self.events[-1]

    def read_to_end(self) -> Event:
        """Reads the rest of a whole stream, and returns its end."""
        self.read_on()
        return terminal(self.events)

    def pin(self, path: str, value: Any) -> httpx.Response:
        """Takes a field over."""
        return self.post(json.dumps({"path": path, "value": value}).encode())

    def post(self, body: bytes) -> httpx.Response:
        """Sends what may be a pin."""
        return self._client.post(f"{self._base_url}/runs/{self.run_id}/pins", content=body, headers=JSON)


@contextmanager
def reading(base_url: str, chain: str, value: Any, **query: str) -> Iterator[User]:
    """Asks a chain's `stream` and reads to its `start`."""
    with (
        httpx.Client(timeout=PATIENCE_S) as client,
        closing(follow(client, f"{base_url}/{chain}", value, **query)) as frames,
    ):
        user = User(client, base_url, frames)
        user.read("start")
        yield user
