"""An incremental reader of `text/event-stream`: bytes as they come in, the data of each finished event out.

WHATWG HTML, section 9.2.6, "Interpreting an event stream". What is left out is of no use to a model's answer: events'
names, ids and `retry`.
"""

MAX_EVENT_BYTES = 4 * 1024 * 1024
"""Far beyond any event of a model's answer: a server that sends more is not heard to its end."""

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class EventTooLarge(ValueError):
    """A line, or an event's data, is longer than anybody may make this process hold."""


class EventStream:
    """Gives the data of each event as soon as its blank line has come. What no blank line ends is never given."""

    def __init__(self, max_bytes: int = MAX_EVENT_BYTES) -> None:
        self.commented = False
        """Whether the last bytes fed ended a comment: how servers say that they live while they have nothing to say."""
        self._max_bytes = max_bytes
        self._line: list[bytes] = []  # pieces of the line that has not ended
        self._data: list[bytes] = []  # the lines of the event that has not ended
        self._held = 0  # bytes in both
        self._begun = False  # whether a line has ended
        self._after_cr = False  # whether a line feed that comes next belongs to a line end that was told already

    def feed(self, fed: bytes) -> list[bytes]:
        """The data of the events that these bytes end. Raises `EventTooLarge`."""
        *ended, rest = self._with_line_feeds(fed).split(b"\n")
        events: list[bytes] = []
        self.commented = False
        if ended:
            ended[0] = self._first_line(ended[0])
            for line in ended:
                if line.startswith(b"data: "):
                    self._keep(line[6:])
                elif not line:
                    if self._data:
                        events.append(self._event())
                elif line.startswith(b":"):
                    self.commented = True
                elif line.startswith(b"data:"):
                    self._keep(line[5:])
                elif line == b"data":  # a field without a colon has an empty value
                    self._keep(b"")
        if rest:
            self._line.append(rest)
            self._hold(len(rest))
        return events

    def _with_line_feeds(self, fed: bytes) -> bytes:
        """The same lines, all ended by LF. A CR ends its line at once: the LF of a pair may come much later."""
        if self._after_cr and fed:
            fed = fed.removeprefix(b"\n")
            self._after_cr = False
        if b"\r" not in fed:
            return fed
        self._after_cr = fed.endswith(b"\r")
        return fed.replace(b"\r\n", b"\n").replace(b"\r", b"\n")

    def _first_line(self, end: bytes) -> bytes:
        """The whole of the line that these bytes end."""
        if self._line:
            self._held -= sum(map(len, self._line))
            end = b"".join([*self._line, end])
            self._line.clear()
        if not self._begun:
            self._begun = True
            end = end.removeprefix(_BYTE_ORDER_MARK)
        return end

    def _keep(self, data: bytes) -> None:
        self._data.append(data)
        self._hold(len(data))

    def _hold(self, size: int) -> None:
        self._held += size
        if self._held > self._max_bytes:
            raise EventTooLarge(f"The model's server sent an event of more than {self._max_bytes} bytes.")

    def _event(self) -> bytes:
        data = self._data[0] if len(self._data) == 1 else b"\n".join(self._data)
        self._data.clear()
        self._held = 0
        return data
