"""How long the model's texts are, each kind of text against its own limit."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lab.bench import lengths as measured
from lab.bench.plots.canvas import GREY, Lane, by_model, canvas, lanes, legend, prompts_in, rows
from lab.bench.trial import Trial

_BEYOND = 1.6  # times its limit: what is longer is drawn here, and counted


def lengths(trials: Sequence[Trial], caption: Sequence[str], limits: Mapping[str, int]) -> Figure:
    """A point a text, in every attempt, as a share of its limit; those beyond it are crosses.

    A top-level text is stopped one character beyond its limit: it may have become longer still.
    """
    models, places = by_model(trials), lanes(prompts_in(trials))
    found = {model: _found(runs) for model, runs in models.items()}
    order = [at for at in limits if any(at == place for texts in found.values() for _, place in texts)]
    each = max(len(order), 1) * (0.1 + 0.13 * len(places)) + 0.35
    figure, panels = canvas("Lengths of texts against their limits", caption, [each] * len(models))
    for axes, (model, texts) in zip(panels, found.items(), strict=True):
        for (prompt, at), sizes in texts.items():
            if at in limits:
                _points(axes, order.index(at), [size / limits[at] for size in sizes], places[prompt])
        axes.axvline(1, color="black", linewidth=1, zorder=0.9)
        if not order:
            axes.text(0.5, 0, "no text was written", ha="center", va="center", fontsize=8, color=GREY)
        rows(axes, [f"{at.removeprefix('/')} ≤ {limits[at]}" for at in order])
        axes.set_title(model, loc="left", fontsize=9)
    panels[-1].set_xlabel("characters, as a share of the limit", fontsize=8)
    panels[-1].set_xlim(0, min(_longest(found, limits), _BEYOND) + 0.12)
    panels[-1].xaxis.set_major_formatter(lambda share, _: f"{share:.0%}")
    legend(figure, [(name, lane.colour) for name, lane in places.items()])
    return figure


def _found(trials: Sequence[Trial]) -> dict[tuple[str, str], list[int]]:
    """By prompt and place, the lengths of its texts."""
    found: dict[tuple[str, str], list[int]] = defaultdict(list)
    for trial in trials:
        for at, size in measured.lengths(trial):
            found[trial.prompt.name, at].append(size)
    return found


def _longest(found: Mapping[str, Mapping[tuple[str, str], Sequence[int]]], limits: Mapping[str, int]) -> float:
    """The greatest share of its limit that any text takes; at least all of it, so that the limit is seen."""
    return max(
        [1, *(max(sizes) / limits[at] for texts in found.values() for (_, at), sizes in texts.items() if at in limits)]
    )


def _points(axes: Axes, row: int, shares: Sequence[float], lane: Lane) -> None:
    """The texts of one kind, spread over the lane's height: many are alike, and would hide one another."""
    spread = [row + lane.offset + lane.height * 0.6 * (number * 0.618 % 1 - 0.5) for number in range(len(shares))]
    drawn = [(min(share, _BEYOND), y, share > 1) for share, y in zip(shares, spread, strict=True)]
    for beyond, marker, size in ((False, "o", 11), (True, "x", 18)):
        found = [(x, y) for x, y, too_long in drawn if too_long is beyond]
        axes.scatter([x for x, _ in found], [y for _, y in found], s=size, color=lane.colour, marker=marker, alpha=0.8)
    if far := sum(share > _BEYOND for share in shares):
        axes.text(_BEYOND + 0.03, row + lane.offset, f"{far} longer", fontsize=6.5, va="center", color=GREY)
