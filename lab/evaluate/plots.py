"""The scores of A and B as a forest plot: each with its interval, and the change beside them."""

from collections.abc import Sequence
from textwrap import wrap
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lab.bench.plots.canvas import COLOURS, GREY, GRID, text
from lab.evaluate.gate import Comparison, Gate, Outcome
from lab.evaluate.statistics import Estimate

BLUE, ORANGE = COLOURS[0], COLOURS[5]
MARKERS = {Outcome.WORSE: "v", Outcome.CANNOT_TELL: "o", Outcome.NOT_WORSE: "D"}
WIDTH = 10.0
_LINE = 165  # characters of a caption's line at that width


def forest(gate: Gate, a: str, b: str, title: str, caption: Sequence[str]) -> Figure:
    """A row a score, the worst on top."""
    drawn = gate.comparisons
    lines = [line for part in caption for line in wrap(part, _LINE, break_on_hyphens=False)]
    height = 0.42 * len(drawn) + 1.5 + 0.14 * len(lines)
    figure = Figure(figsize=(WIDTH, height), layout="constrained")
    figure.suptitle(text(title), x=0.01, ha="left", fontsize=11, fontweight="bold")
    figure.supxlabel(text("\n".join(lines)), x=0.01, ha="left", fontsize=7, color=GREY)
    shares, changes = figure.subplots(1, 2, sharey=True, width_ratios=[3, 2])
    _shares(shares, drawn, a, b)
    _changes(changes, drawn, gate.margin)
    figure.legend(*shares.get_legend_handles_labels(), loc="outside upper right", ncols=2, fontsize=8, frameon=False)
    return figure


def _shares(axes: Axes, drawn: Sequence[Comparison], a: str, b: str) -> None:
    sides = (
        (f"A: {a}", [one.paired.a for one in drawn], -0.14, BLUE, "o"),
        (f"B: {b}", [one.paired.b for one in drawn], 0.14, ORANGE, "s"),
    )
    for label, estimates, offset, colour, marker in sides:
        places = [row + offset for row in range(len(estimates))]
        _bars(axes, estimates, places, color=colour, marker=marker, label=text(label))
    axes.set_yticks(range(len(drawn)), [text(f"{one.name} (n={one.paired.cases})") for one in drawn])
    axes.set_ylim(len(drawn) - 0.5, -0.5)
    axes.set_xlim(-3, 103)
    axes.xaxis.set_major_formatter("{x:.0f} %")
    axes.set_title("share of cases that passed, 95 % interval", loc="left", fontsize=8)
    _bare(axes)


def _changes(axes: Axes, drawn: Sequence[Comparison], margin: float) -> None:
    axes.axvline(0, color="black", linewidth=0.8)
    axes.axvline(-margin * 100, color=GREY, linewidth=0.8, linestyle="--")
    for row, one in enumerate(drawn):
        face = "white" if one.outcome is Outcome.CANNOT_TELL else "black"
        _bars(axes, [one.paired.change], [row], color="black", marker=MARKERS[one.outcome], markerfacecolor=face)
        axes.annotate(
            one.outcome, (1.01, row), xycoords=("axes fraction", "data"), va="center", fontsize=8, annotation_clip=False
        )
    axes.set_title(f"B less A, points; dashed: the margin, {-margin * 100:+g}", loc="left", fontsize=8)
    axes.xaxis.set_major_formatter(lambda points, _: f"{points:+.0f}" if points else "0")
    axes.tick_params(axis="y", length=0)
    _bare(axes)


def _bars(axes: Axes, estimates: Sequence[Estimate], places: Sequence[float], **style: Any) -> None:
    values = [each.value * 100 for each in estimates]
    below = [(each.value - each.low) * 100 for each in estimates]
    above = [(each.high - each.value) * 100 for each in estimates]
    axes.errorbar(values, places, xerr=[below, above], linestyle="none", markersize=5, linewidth=1.2, **style)


def _bare(axes: Axes) -> None:
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(visible=True, axis="x", linewidth=0.5, color=GRID)
    axes.set_axisbelow(True)
    axes.tick_params(labelsize=8)
