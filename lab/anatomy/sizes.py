"""What a run costs on the wire: bytes by event, and by what a client asks for."""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from typing import get_args

import pandas as pd

from chains.recording import Recorded
from lab.anatomy.whole import json_bytes, whole_object_bytes
from schemas import ALWAYS_SENT, Event, EventName, Fold, to_frame

READINGS: dict[str, Collection[str]] = {
    "all events": get_args(EventName),
    "token,field,complete": ("token", "field"),
    "token,complete": ("token",),
    "partial,complete": ("partial",),
}
"""What clients ask for by `?events=`; what always comes is not repeated."""

STOCK = "stock LangServe (computed)"
OBJECT = "the object itself"


def sizes(recording: Sequence[Recorded]) -> pd.DataFrame:
    """By event: how many there are, their frames' bytes, and which share of all bytes that is.

    Frames alone are counted: no pings, no HTTP around them, nothing compressed.
    """
    count = Counter(event.type for _, event in recording)
    size: Counter[str] = Counter()
    for _, event in recording:
        size[event.type] += _bytes(event)
    names = [name for name in get_args(EventName) if count[name]]
    frame = pd.DataFrame({"count": [count[name] for name in names], "bytes": [size[name] for name in names]}, names)
    frame["share"] = frame["bytes"] / frame["bytes"].sum()
    frame["bytes each"] = frame["bytes"] / frame["count"]
    return frame.rename_axis("event")


def readings(recording: Sequence[Recorded]) -> pd.DataFrame:
    """By what a client asks for: bytes, and how many times the object that is.

    Beside it what stock LangServe would send for the same run, with the whole object again whenever it has changed:
    that is not measured but computed from these events, and a lower bound (`lab.anatomy.whole`).
    """
    events = [event for _, event in recording]
    sent = {name: sum(map(_bytes, _read(events, wanted))) for name, wanted in READINGS.items()}
    fold = Fold()
    for event in events:
        fold.apply(event)
    whole = json_bytes(fold.value)
    frame = pd.DataFrame({"bytes": {OBJECT: whole, **sent, STOCK: whole_object_bytes(events)}})
    frame["times the object"] = frame["bytes"] / whole
    return frame.rename_axis("reading")


def _read(events: Iterable[Event], wanted: Collection[str]) -> Iterable[Event]:
    return (event for event in events if event.type in wanted or event.type in ALWAYS_SENT)


def _bytes(event: Event) -> int:
    return len(to_frame(event).encode())
