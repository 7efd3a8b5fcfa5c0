"""The product's own frames: Server-Sent Events (WHATWG HTML, section 9.2) with one event of the log in each.

Always LF line ends, an `id`, and one line of JSON in `data`, never bare text: relays trim leading blanks.
"""

from collections.abc import Iterable, Iterator

from schemas import ALWAYS_SENT, Event, EventName, to_json


class EventFrames:
    """Writes the events that a reader asked for. `start`, `reset`, `pinned` and the terminal event always come."""

    def __init__(self, names: Iterable[EventName], *, retry_ms: int, ping_event: bool = False) -> None:
        self._names = ALWAYS_SENT | set(names)
        self._preamble = f"retry: {retry_ms}\n"
        # A comment never reaches EventSource's JavaScript; a client that watches for silence asks for an event.
        self.ping = b'event: ping\ndata: {"type":"ping"}\n\n' if ping_event else b": ping\n\n"

    def write(self, events: Iterable[Event]) -> bytes:
        """Consecutive events as one piece; empty if the reader wants none of them."""
        return "".join(self._frames(events)).encode()

    def _frames(self, events: Iterable[Event]) -> Iterator[str]:
        for event in events:
            if event.type in self._names:
                yield f"{self._preamble}id: {event.seq}\nevent: {event.type}\ndata: {to_json(event)}\n\n"
                self._preamble = ""
