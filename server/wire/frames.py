"""The product's own frames: Server-Sent Events with one event of the log in each (`schemas.sse`)."""

from collections.abc import Iterable, Iterator

from schemas import ALWAYS_SENT, TERMINAL, EventName
from server.runs.entry import Entry


class EventFrames:
    """Writes the events that a reader asked for. `start`, `reset`, `pinned` and the terminal event always come."""

    cut = False

    def __init__(self, names: Iterable[EventName], *, retry_ms: int, ping_event: bool = False) -> None:
        self._names = ALWAYS_SENT | set(names)
        self.over = False
        self._preamble = f"retry: {retry_ms}\n"
        # A comment never reaches EventSource's JavaScript; a client that watches for silence asks for an event.
        self.ping = b'event: ping\ndata: {"type":"ping"}\n\n' if ping_event else b": ping\n\n"

    def write(self, entries: Iterable[Entry]) -> bytes:
        """Consecutive events as one piece; empty if the reader wants none of them."""
        return "".join(self._frames(entries)).encode()

    def _frames(self, entries: Iterable[Entry]) -> Iterator[str]:
        for entry in entries:
            name = entry.name
            self.over = name in TERMINAL
            if name in self._names or entry.resumed:
                yield self._preamble + entry.frame
                self._preamble = ""
