"""One event in a run's log, in whichever form it came, and in whichever it is wanted."""

from schemas import Event, Partial, from_json, to_json
from schemas.sse import frame_of

UNSURE = "~"
"""Behind a frame's number: the event was not in the run's store yet."""


class Entry:
    """An event as an object, as JSON and as a frame. Its JSON is made once, for the first who asks.

    `sure`: whether it stands in the run's store, or needs none. While a store is away readers are shown a run all the
    same, and should its worker then die, another one may go on differently: so these numbers carry a mark.
    """

    __slots__ = ("_data", "_event", "name", "seq", "sure")

    def __init__(self, event: Event) -> None:
        self.seq = event.seq
        self.name: str = event.type
        self.sure = True
        self._event: Event | None = event
        self._data = ""

    @classmethod
    def stored(cls, seq: int, name: str, data: str) -> "Entry":
        """An entry that was written elsewhere: its number, its event's name, and `data` as it was there."""
        entry = cls.__new__(cls)
        entry.seq, entry.name, entry.sure = seq, name, True
        entry._event, entry._data = None, data
        return entry

    def pack(self) -> None:
        """Keeps the JSON alone: the object takes several times as much, and hardly anybody asks for it again."""
        self._data, self._event = self.data, None

    @property
    def event(self) -> Event:
        """The event itself."""
        return self._event or from_json(self._data)

    @property
    def resumed(self) -> bool:
        """Whether it tells a reader who comes late how far the run had come: it is made for one reader."""
        return isinstance(self._event, Partial) and bool(self._event.resumed)

    @property
    def data(self) -> str:
        """The event as one line of JSON."""
        if not self._data:
            self._data = to_json(self.event)
        return self._data

    @property
    def frame(self) -> str:
        """The event as a frame (`schemas.sse`)."""
        return frame_of(self.seq if self.sure else f"{self.seq}{UNSURE}", self.name, self.data)
