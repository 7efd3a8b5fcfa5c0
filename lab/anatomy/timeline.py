"""A run as a picture: a lane a field, in form order, from left to right."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from chains.recording import Recorded
from lab.anatomy.drawing import caption, figure, plain
from lab.anatomy.lanes import Kind, Lanes, lanes_of
from lab.form.rows import LOOKS

_WRITING, _VOID = "#56b4e9", "#d55e00"
_PARTIAL = "#777777"
_NARROW = 0.12  # an attempt that takes less of the width than this has only its number above it


class _Look(NamedTuple):
    label: str
    marker: str
    colour: str
    size: float
    filled: bool = True


_LOOKS: dict[Kind, _Look] = {
    "token": _Look("token", "|", "#333333", 9),
    "item": _Look("item settled", ".", LOOKS["settled"].colour, 8),
    "settled": _Look("field settled", "o", LOOKS["settled"].colour, 9),
    "default": _Look("settled by default", "o", LOOKS["default"].colour, 9, filled=False),
    "given": _Look("given", "s", LOOKS["given"].colour, 8),
    "pinned": _Look("pinned by the user", "D", LOOKS["yours"].colour, 8),
    "invalid": _Look("invalid", "X", LOOKS["invalid"].colour, 10),
}


def timeline(recording: Sequence[Recorded], note: str = "") -> Figure:
    """When each field came, settled, broke and was taken over. `note` goes into the caption: seed, parameters."""
    lanes = lanes_of(recording)
    names = [*lanes.by_name, *(["partial"] if lanes.partials else [])]
    drawn = figure(10, 1.9 + 0.36 * len(names))
    axes = drawn.add_subplot()
    _attempts(axes, lanes, recording[-1].ms)
    _lanes(axes, lanes)
    _moments(axes, lanes)
    axes.set_yticks(range(len(names)), [plain(name) for name in names], parse_math=False)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.set_xlim(-0.015 * (recording[-1].ms or 1), 1.015 * (recording[-1].ms or 1))
    axes.set_xlabel("milliseconds since the run began")
    axes.tick_params(axis="y", length=0)
    axes.spines[["top", "right", "left"]].set_visible(False)
    drawn.legend(handles=_legend(lanes), loc="outside upper center", ncols=5, frameon=False, fontsize=8)
    caption(drawn, recording, note)
    return drawn


def _attempts(axes: Axes, lanes: Lanes, end: int) -> None:
    """Every second attempt shaded, each with its number and why it began above it."""
    if len(lanes.attempts) == 1:
        return
    ends = [*(begin for _, _, begin in lanes.attempts[1:]), end]
    for (number, reason, begin), until in zip(lanes.attempts, ends, strict=True):
        if number % 2 == 0:
            axes.axvspan(begin, until, color="#eeeeee", zorder=0, linewidth=0)
        wide = until - begin > _NARROW * end
        said = f"attempt {number}{f': {reason}' if reason else ''}" if wide else f"{number}"
        axes.annotate(
            said,
            (begin, 1),
            xycoords=("data", "axes fraction"),
            xytext=(2, 2),
            textcoords="offset points",
            fontsize=8,
            color="#444444",
            parse_math=False,
        )


def _lanes(axes: Axes, lanes: Lanes) -> None:
    for y, lane in enumerate(lanes.by_name.values()):
        axes.axhline(y, color="#dddddd", linewidth=0.6, zorder=0)
        for span in lane.spans:
            bar = axes.barh(y, span.end - span.begin, left=span.begin, height=0.62, zorder=1, linewidth=0)
            bar.patches[0].set(facecolor=_VOID if span.void else _WRITING, alpha=0.3, hatch="////" if span.void else "")
        for kind, moments in lane.marks.items():
            axes.plot(moments, [y] * len(moments), **_style(_LOOKS[kind]), zorder=2 if kind == "token" else 3)
    if lanes.partials:
        y = len(lanes.by_name)
        axes.plot(lanes.partials, [y] * len(lanes.partials), "|", color=_PARTIAL, markersize=9)


def _moments(axes: Axes, lanes: Lanes) -> None:
    if lanes.first_token is not None:
        axes.axvline(lanes.first_token, color="#333333", linewidth=1, linestyle=":", zorder=1)
    if lanes.end:
        axes.axvline(lanes.end[1], color="#333333", linewidth=1.4, zorder=1)


def _style(look: _Look) -> dict[str, Any]:
    return {
        "linestyle": "none",
        "marker": look.marker,
        "markersize": look.size,
        "color": look.colour,
        "markerfacecolor": look.colour if look.filled else "white",
        "clip_on": False,
    }


def _legend(lanes: Lanes) -> list[Line2D | Patch]:
    """Only what is in this picture."""
    present = {kind for lane in lanes.by_name.values() for kind in lane.marks}
    spans = [span for lane in lanes.by_name.values() for span in lane.spans]
    handles: list[Line2D | Patch] = [
        Line2D([], [], label=look.label, **_style(look)) for kind, look in _LOOKS.items() if kind in present
    ]
    if any(not span.void for span in spans):
        handles.append(Patch(facecolor=_WRITING, alpha=0.3, label="being written"))
    if any(span.void for span in spans):
        handles.append(Patch(facecolor=_VOID, alpha=0.3, hatch="////", label="written and void"))
    if lanes.first_token is not None:
        handles.append(Line2D([], [], color="#333333", linewidth=1, linestyle=":", label="first token"))
    if lanes.end:
        handles.append(Line2D([], [], color="#333333", linewidth=1.4, label=f"the end: {lanes.end[0]}"))
    return handles
