"""What all plots share: a figure with one panel a model and its caption, colours, labels that are only text."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from textwrap import wrap

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from lab.bench.trial import Trial

COLOURS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#f0e442", "#000000")
"""Okabe and Ito's, which people tell apart whatever colours they see."""

GREY, GRID = "#555555", "#dddddd"
WIDTH = 9.0
_LINE = 150  # characters of a caption's line at that width


def canvas(title: str, caption: Sequence[str], heights: Sequence[float]) -> tuple[Figure, list[Axes]]:
    """A figure with a panel under another for each of these heights (inches), sharing the horizontal axis."""
    lines = [line for part in caption for line in wrap(part, _LINE)]
    figure = Figure(figsize=(WIDTH, sum(heights) + 0.95 + 0.14 * len(lines)), layout="constrained")
    panels = figure.subplots(len(heights), 1, sharex=True, squeeze=False, height_ratios=heights)
    figure.suptitle(title, x=0.01, ha="left", fontsize=11, fontweight="bold")
    figure.supxlabel(text("\n".join(lines)), x=0.01, ha="left", fontsize=7, color=GREY)
    return figure, [_bare(axes) for axes in panels[:, 0]]


def _bare(axes: Axes) -> Axes:
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(visible=True, axis="x", linewidth=0.5, color=GRID)
    axes.set_axisbelow(True)
    axes.tick_params(labelsize=8)
    return axes


def text(label: str) -> str:
    """A label that stands as it is written: a `$` in it begins no formula."""
    return label.replace("$", r"\$")


def legend(figure: Figure, entries: Iterable[tuple[str, str]]) -> None:
    """What each colour means, above the panels."""
    handles = [Patch(color=colour, label=text(label)) for label, colour in entries]
    figure.legend(handles=handles, loc="outside upper right", ncols=4, fontsize=8, frameon=False, handlelength=1)


def rows(axes: Axes, labels: Sequence[str]) -> None:
    """Names the rows of a panel, the first on top."""
    axes.set_yticks(range(len(labels)), [text(label) for label in labels])
    axes.set_ylim(max(len(labels), 1) - 0.5, -0.5)
    axes.tick_params(axis="y", length=0)


@dataclass(frozen=True)
class Lane:
    """A variant's place within each row, and its colour."""

    offset: float
    height: float
    colour: str


def lanes(prompts: Sequence[str]) -> dict[str, Lane]:
    """Side by side within a row, the first on top."""
    height = 0.8 / len(prompts)
    return {
        name: Lane((number + 0.5) * height - 0.4, height, COLOURS[number % len(COLOURS)])
        for number, name in enumerate(prompts)
    }


def by_model(trials: Sequence[Trial]) -> dict[str, list[Trial]]:
    """The runs of each model, in the bench's order."""
    found: dict[str, list[Trial]] = {}
    for trial in trials:
        found.setdefault(trial.model, []).append(trial)
    return found


def prompts_in(trials: Sequence[Trial]) -> list[str]:
    """The prompts' names, in the bench's order."""
    return list(dict.fromkeys(trial.prompt.name for trial in trials))
