"""A recording event by event, as a table; and the pauses between its events, as a plot."""

from collections.abc import Sequence
from itertools import pairwise

import pandas as pd
from matplotlib.figure import Figure

from chains.recording import Recorded
from lab.anatomy.drawing import caption, figure
from lab.form.text import shown
from schemas import (
    Cancelled,
    Complete,
    Event,
    Failed,
    FieldSettled,
    Invalid,
    Partial,
    Pinned,
    Reset,
    Start,
    Token,
    to_frame,
)


def listing(recording: Sequence[Recorded]) -> pd.DataFrame:
    """One row an event, by its `seq`: when it came, its name, which place it is about, what it says, its bytes."""
    return pd.DataFrame(
        [
            (event.seq, ms, event.type, _place(event), _said(event), len(to_frame(event).encode()))
            for ms, event in recording
        ],
        columns=["seq", "ms", "event", "path", "says", "bytes"],
    ).set_index("seq")


def pauses(recording: Sequence[Recorded], note: str = "") -> Figure:
    """How long it was silent between events: the share of pauses that were at most so long. One line a run."""
    gaps = sorted(after.ms - before.ms for before, after in pairwise(recording))
    drawn = figure(8, 3)
    axes = drawn.add_subplot()
    axes.ecdf(gaps or [0], color="#0072b2")
    axes.set(xlabel="milliseconds since the event before", ylabel="share of events", ylim=(0, 1.02))
    axes.set_xlim(left=0)
    axes.grid(visible=True, linewidth=0.4, color="#dddddd")
    axes.spines[["top", "right"]].set_visible(False)
    caption(drawn, recording, note, f"longest {max(gaps, default=0):,} ms")
    return drawn


def _place(event: Event) -> str:
    match event:
        case Token(path=path) | FieldSettled(path=path) | Pinned(path=path):
            return path
        case Invalid(paths=paths):
            return ", ".join(paths)
        case _:
            return ""


def _said(event: Event) -> str:
    match event:
        case Start(fields=fields):
            return f"{len(fields)} places to come"
        case Token(text=text):
            return shown(text)
        case Partial(value=value) | FieldSettled(value=value) | Pinned(value=value) | Complete(value=value):
            return shown(value)
        case Invalid(errors=errors):
            return "; ".join(breach.message for breach in errors)
        case Reset(attempt=attempt, keep=keep, reason=reason):
            return f"attempt {attempt} ({reason}), keeping {', '.join(keep) or 'nothing'}"
        case Failed(code=code, message=message):
            return f"{code}: {message}"
        case Cancelled(reason=reason):
            return reason
