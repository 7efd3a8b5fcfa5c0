"""What both drivers share: what is known of a run, and how it is asked for."""

import functools
import ssl
from typing import Any

import httpx
from httpx_sse import EventSource

from moim_client.reading import Reading
from moim_client.refusals import refusal
from schemas import Event, copy_json

CONNECT_S = 10.0
ANSWER_S = 10.0
STOP_S = 5.0  # for the goodbye of whoever leaves; should it get lost, the server gives a run up that nobody reads


class Known:
    """A run, as far as it has been read."""

    def __init__(self, reading: Reading, *, keep: bool) -> None:
        self._reading = reading
        self._keep = keep

    @property
    def id(self) -> str | None:
        """The run's id, from its `start` on."""
        return self._reading.state.run_id

    @property
    def last_id(self) -> str:
        """The id of the last event that was read: where `resume_run(..., after=run.last_id)` goes on."""
        return self._reading.last_id

    @property
    def value(self) -> dict[str, Any]:
        """A copy of the object as the events that were read tell it."""
        copy: dict[str, Any] = copy_json(self._reading.state.value)
        return copy

    @property
    def settled(self) -> tuple[str, ...]:
        """Topmost JSON Pointers to what will not change again in this attempt."""
        return self._reading.state.settled

    @property
    def end(self) -> Event | None:
        """The terminal event, once it has been read."""
        return self._reading.state.end

    @property
    def _leaves_it_running(self) -> bool:
        """Whether whoever leaves now need not stop it."""
        return self._keep or self._reading.over

    @property
    def _timeout(self) -> httpx.Timeout:
        """Of a connection that streams. Its silence is counted, not its length."""
        return httpx.Timeout(self._reading.stall_s, connect=CONNECT_S)


@functools.cache
def tls() -> ssl.SSLContext:
    """Made once: it takes longer to make than most requests do."""
    return httpx.create_ssl_context()


def frames_of(response: httpx.Response) -> EventSource:
    """The frames of a response that is a stream of events, however its header spells that."""
    response.headers["content-type"] = "text/event-stream"  # httpx-sse takes it by the letter
    response.encoding = "utf-8-sig"  # whatever is said; and a byte order mark is no part of the stream
    return EventSource(response)


def success(response: httpx.Response) -> bytes:
    """The body of a response that has been read. Raises what it says if it is no success."""
    if response.is_success:
        return response.content
    raise refusal(response.status_code, response.headers, response.content)
