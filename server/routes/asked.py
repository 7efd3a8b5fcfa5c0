"""What a reader of a stream asks for in its query and headers, the same on every route that streams."""

import random
import re
from collections.abc import Sequence
from typing import Annotated, Literal

from fastapi import Depends, Header, Query

from schemas import EventName, RequestError
from schemas.events import ALL
from server.auth.user import User, user_of
from server.runs.entry import UNSURE
from server.settings import Settings
from server.wire.frames import EventFrames
from server.wire.protocols import ProtocolName

Names = Annotated[str | None, Query(alias="events", description="Comma-separated event names; by default all")]
Ping = Annotated[Literal["comment", "event"], Query(description="How silence is broken")]
_DOCUMENTED = {"pattern": r"^(\d{1,9}~?)?$"}
LastEventId = Annotated[
    str | None, Header(alias="last-event-id", description="What an EventSource had last", json_schema_extra=_DOCUMENTED)
]
LastEventIdQuery = Annotated[
    str | None,
    Query(alias="last_event_id", description="The same, on a first connection", json_schema_extra=_DOCUMENTED),
]
InProtocol = Annotated[
    ProtocolName | None, Query(description="By default `langserve` for its own client, else `events`")
]
TraceParent = Annotated[str | None, Header(description="The trace that this belongs to (W3C Trace Context)")]
Asking = Annotated[User, Depends(user_of)]

_ID = re.compile(rf"(\d{{1,9}})({re.escape(UNSURE)}?)", re.ASCII)


def event_frames(listed: str | None, default: Sequence[EventName], ping: str, settings: Settings) -> EventFrames:
    """The frames for a reader: the events it named, or the default ones.

    Each is told another time to wait before it reconnects, or those whom one fault has cut would all come back at once.
    """
    names = default if listed is None else _names(listed)
    retry_ms = round(settings.stream.retry_ms * random.uniform(0.5, 1.5))  # noqa: S311
    return EventFrames(names, retry_ms=retry_ms, ping_event=ping == "event")


def position(header: str | None, query: str | None) -> tuple[int, bool]:
    """The number of the last event that a reader had, 0 for none, and whether that number is certain.

    The header is newer than the query, which stays the same when an EventSource reconnects.
    """
    text = header or query or "0"
    if not (known := _ID.fullmatch(text)):
        raise RequestError.at("/last_event_id", "last_event_id", "This is no id of an event of a run.")
    return int(known[1]), not known[2]


def _names(listed: str) -> list[EventName]:
    names = [name for name in listed.split(",") if name]
    for name in names:
        if name not in ALL:
            raise RequestError.at("/events", "enum", f"One of {', '.join(ALL)}.", f"There is no event {name[:40]!r}.")
    return names  # type: ignore[return-value]  # each is one of EventName's
