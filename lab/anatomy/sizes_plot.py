"""The same as bars: bytes by event, and by what a client asks for."""

from collections.abc import Sequence

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from chains.recording import Recorded
from lab.anatomy.drawing import caption, figure
from lab.anatomy.sizes import STOCK, readings, sizes

_OURS, _OTHER = "#0072b2", "#d55e00"


def sizes_plot(recording: Sequence[Recorded], note: str = "") -> Figure:
    """Two bar charts. `note` goes into the caption: seed, parameters."""
    drawn = figure(10, 3.6)
    by_event, by_reading = drawn.subplots(1, 2)
    frame = sizes(recording)
    said = [f"{size:,} ({share:.0%}, {count} of them)" for size, share, count in _cells(frame)]
    _bars(by_event, frame["bytes"], said, "bytes by event")
    frame = readings(recording)
    said = [f"{size:,} ({times:.1f}x)" for size, times in zip(frame["bytes"], frame["times the object"], strict=True)]
    _bars(by_reading, frame["bytes"], said, "bytes by what a client asks for")
    caption(drawn, recording, note, f"{STOCK}: the whole object for each change, folded from these events")
    return drawn


def _cells(frame: pd.DataFrame) -> list[tuple[int, float, int]]:
    return list(zip(frame["bytes"], frame["share"], frame["count"], strict=True))


def _bars(axes: Axes, lengths: "pd.Series[int]", said: Sequence[str], title: str) -> None:
    names = [str(name) for name in lengths.index]
    bars = axes.barh(names, lengths, color=[_OTHER if name == STOCK else _OURS for name in names])
    axes.bar_label(bars, said, padding=3, fontsize=7.5)
    axes.invert_yaxis()
    axes.set_xlim(0, 1.6 * lengths.max())  # room for what is said behind the bars
    axes.set_title(title, fontsize=10, loc="left")
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.tick_params(axis="both", labelsize=8)
    axes.tick_params(axis="y", length=0)
    axes.locator_params(axis="x", nbins=4)
    axes.spines[["top", "right"]].set_visible(False)
