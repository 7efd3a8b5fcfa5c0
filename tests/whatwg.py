"""A reader of `text/event-stream` to the letter of WHATWG HTML, section 9.2.6: no kinder, and no stricter.

Bytes are decoded as UTF-8, one byte order mark at the beginning is no part of the stream, lines end at CR LF, LF or CR
and nowhere else, and what no blank line ends is dropped.
"""

import re
from typing import NamedTuple


class Message(NamedTuple):
    """What a browser would dispatch: `lastEventId`, the event's type, `data`."""

    id: str
    type: str
    data: str


def messages(stream: bytes) -> list[Message]:
    """The messages of a whole stream."""
    text = stream.decode("utf-8", errors="replace").removeprefix("\ufeff")
    lines = re.split("\r\n|\n|\r", text)[:-1]  # the last has no end
    told: list[Message] = []
    last_id, kind, data = "", "", ""
    for line in lines:
        if not line:
            if data:
                told.append(Message(last_id, kind or "message", data.removesuffix("\n")))
            kind, data = "", ""
            continue
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if field == "event":
            kind = value
        elif field == "data":
            data += value + "\n"
        elif field == "id" and "\0" not in value:
            last_id = value
    return told
