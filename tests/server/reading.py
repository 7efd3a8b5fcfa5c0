"""Reads streams as clients do, and knows what a sound one looks like."""

import json
from collections.abc import Generator
from typing import Any

import httpx
import httpx_sse

from schemas import TERMINAL, Event, from_json

PATIENCE_S = 10.0
"""How long a silent server may keep a test waiting; a fault, not a pace."""


def events_of(body: str) -> list[Event]:
    """The events of a whole body, of which nothing but events is expected."""
    frames = [frame for frame in body.split("\n\n") if frame]
    return [from_json(frame.rpartition("\ndata: ")[2]) for frame in frames]


def ask(url: str, value: Any, **query: str) -> list[Event]:
    """Asks a chain's `stream` and reads all of it."""
    with httpx.Client(timeout=PATIENCE_S) as client:
        response = client.post(f"{url}/stream", json={"input": value}, params=query)
    assert response.status_code == 200, response.text
    return events_of(response.text)


def follow(client: httpx.Client, url: str, value: Any, **query: str) -> Generator[httpx_sse.ServerSentEvent]:
    """Asks a chain's `stream` and gives each frame when it arrives. Closing the iterator leaves the stream."""
    with httpx_sse.connect_sse(client, "POST", f"{url}/stream", json={"input": value}, params=query) as source:
        yield from source.iter_sse()


def data_of(frame: httpx_sse.ServerSentEvent) -> dict[str, Any]:
    data: dict[str, Any] = json.loads(frame.data)
    return data


def terminal(events: list[Event]) -> Event:
    """The last event, which is the only terminal one, behind `start` and numbers without a hole."""
    assert events[0].type == "start"
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    assert [event.type for event in events if event.type in TERMINAL] == [events[-1].type]
    return events[-1]
