"""A growing JSON text, for the Vercel AI SDK's `useObject`.

It reads all of the text again for each piece that comes. So pieces leave when a snapshot is due (`partial`), not for
each token.
"""

import json
from collections.abc import Iterable
from typing import Any

from schemas import Event, Token
from schemas.events import TERMINAL
from schemas.text import escape_line_ends
from server.runs.entry import Entry
from server.wire.additions import Addition, Additions
from server.wire.protocol import Reading

MEDIA_TYPE = "text/plain"


class ObjectText:
    """Writes a run as the JSON text of its object.

    A field that is void, and comes again, stands in it twice: readers of JSON take the last one (RFC 8259, section 4,
    leaves it to them; `useObject` does). There is no word for failure, so what fails breaks off.
    """

    def __init__(self, reading: Reading) -> None:
        self.over = False
        self.cut = True
        self._additions = Additions(exact=True)
        self._unread: list[str] = []  # what is to be written with the next piece
        self._open = ""  # the field that is being written ...
        self._end = ""  # ... and what closes its value
        self._later: list[Addition] = []  # to other fields, meanwhile: a user may take one over
        self._between = "{"  # what stands before the next field

    @property
    def ping(self) -> bytes:
        """A blank, where JSON allows one."""
        return b"" if self._end == '"' else b"\n"

    def write(self, entries: Iterable[Entry]) -> bytes:
        """What these events make ready to be read."""
        due = False
        for entry in entries:
            event = entry.event
            for addition in self._additions.of(event):
                self._add(addition)
            self._finish(event)
            due = due or not isinstance(event, Token)
        if not due:
            return b""
        piece, self._unread = "".join(self._unread), []
        return piece.encode()

    def _add(self, addition: Addition) -> None:
        name, kind, value = addition
        if kind == "void":
            self._later = [later for later in self._later if later.name != name]
        if self._open not in ("", name):
            self._later.append(addition)
            return
        match kind:
            case "text":
                self._unread += [self._entering(name, '"'), _json(value)[1:-1]]
            case "item":
                self._unread += ["," if self._open else self._entering(name, "["), _json(value)]
            case "value":
                self._unread += [self._entering(name, ""), _json(value)]
        if kind in ("value", "closed", "void"):
            self._close()

    def _entering(self, name: str, opening: str) -> str:
        """What stands before the first piece of a field; nothing before a further one."""
        if self._open:
            return ""
        entering = f"{self._between}{_json(name)}:{opening}"
        self._open, self._end, self._between = name, {"[": "]"}.get(opening, opening), ","
        return entering

    def _close(self) -> None:
        self._unread.append(self._end)
        self._open = self._end = ""
        later, self._later = self._later, []
        for addition in later:
            self._add(addition)

    def _finish(self, event: Event) -> None:
        if event.type not in TERMINAL:
            return
        self.over, self.cut = True, event.type != "complete"
        if not self.cut:
            self._unread.append("{}" if self._between == "{" else "}")


def _json(value: Any) -> str:
    return escape_line_ends(json.dumps(value, ensure_ascii=False, separators=(",", ":")))
