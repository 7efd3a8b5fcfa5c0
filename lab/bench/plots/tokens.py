"""What the runs cost in tokens, read and written, as the model's server counts them."""

from collections.abc import Sequence
from statistics import median

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lab.bench.plots.canvas import GREY, Lane, by_model, canvas, lanes, legend, prompts_in, rows
from lab.bench.trial import Trial
from schemas import Usage

_KINDS = ("read", "written")


def tokens(trials: Sequence[Trial], caption: Sequence[str]) -> Figure:
    """A point a run that was counted whole, and a line at their median."""
    models, places = by_model(trials), lanes(prompts_in(trials))
    each = len(_KINDS) * (0.12 + 0.2 * len(places)) + 0.35
    figure, panels = canvas("Tokens of each run", caption, [each] * len(models))
    for axes, (model, runs) in zip(panels, models.items(), strict=True):
        counted = [(trial.prompt.name, trial.usage) for trial in runs if trial.usage and not trial.usage.uncounted]
        for prompt, lane in places.items():
            _points(axes, [usage for name, usage in counted if name == prompt], lane)
        rows(axes, _KINDS)
        axes.set_title(f"{model}, {len(counted)} of {len(runs)} runs counted", loc="left", fontsize=9)
    panels[-1].set_xlabel("tokens, in all attempts", fontsize=8)
    panels[-1].set_xlim(left=0)
    legend(figure, [(name, lane.colour) for name, lane in places.items()])
    return figure


def _points(axes: Axes, usages: Sequence[Usage], lane: Lane) -> None:
    for row, kind in enumerate(([usage.input_tokens for usage in usages], [usage.output_tokens for usage in usages])):
        at = row + lane.offset
        axes.scatter(kind, [at] * len(kind), s=16, color=lane.colour, alpha=0.6, linewidths=0)
        if kind:
            axes.vlines(median(kind), at - lane.height * 0.4, at + lane.height * 0.4, color=lane.colour, linewidth=2)
            axes.annotate(
                f"{median(kind):,.0f}",
                (median(kind), at),
                xytext=(5, 4),
                textcoords="offset points",
                fontsize=6.5,
                color=GREY,
            )
