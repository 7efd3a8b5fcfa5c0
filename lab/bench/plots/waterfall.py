"""When what is there: the first token and each field, one after another, as a reader sees the form fill."""

from collections.abc import Sequence
from statistics import quantiles

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lab.bench.plots.canvas import GREY, Lane, by_model, canvas, lanes, legend, prompts_in, rows
from lab.bench.trial import Trial

FIRST = "first token"


def waterfall(trials: Sequence[Trial], caption: Sequence[str], fields: Sequence[str]) -> Figure:
    """For each prompt and model the medians of the runs that completed, and where the middle half of them lies.

    A bar begins where the field before it ended. `fields`: the pointers, in form order.
    """
    models = by_model(trials)
    written = {at for trial in trials for at in trial.field_ms if trial.complete}
    order = [FIRST, *(at for at in fields if at in written)]
    places = lanes(prompts_in(trials))
    each = len(order) * (0.08 + 0.16 * len(places)) + 0.35
    figure, panels = canvas("Time to the first token and to each field", caption, [each] * len(models))
    for axes, (model, runs) in zip(panels, models.items(), strict=True):
        for prompt, lane in places.items():
            _bars(axes, _moments([trial for trial in runs if trial.prompt.name == prompt], order), lane)
        rows(axes, [at.removeprefix("/") for at in order])
        axes.set_title(_heading(model, runs), loc="left", fontsize=9)
    panels[-1].set_xlabel("ms since the run began: the median, and the middle half of the runs", fontsize=8)
    panels[-1].set_xlim(left=0)
    legend(figure, [(name, lane.colour) for name, lane in places.items()])
    return figure


def _heading(model: str, trials: Sequence[Trial]) -> str:
    whole = sum(trial.complete for trial in trials)
    return f"{model}, {whole} of {len(trials)} runs complete"


def _moments(trials: Sequence[Trial], order: Sequence[str]) -> dict[int, list[int]]:
    """By row, when it came in each of the runs that completed; rows of which nothing came are left out."""
    whole = [trial for trial in trials if trial.complete]
    told = [{FIRST: trial.first_token_ms, **trial.field_ms} for trial in whole]
    found = {row: [ms for run in told if (ms := run.get(name)) is not None] for row, name in enumerate(order)}
    return {row: times for row, times in found.items() if times}


def _bars(axes: Axes, moments: dict[int, list[int]], lane: Lane) -> None:
    before = 0.0
    for row, times in moments.items():
        at, (low, middle, high) = row + lane.offset, _quartiles(times)
        left = min(before, middle)  # of fields that not every run has, the medians need not follow one another
        axes.barh(at, max(middle - left, 0), left=left, height=lane.height * 0.8, color=lane.colour, alpha=0.75)
        axes.plot([low, high], [at, at], color=GREY, linewidth=0.8, marker="|", markersize=4)
        axes.plot(middle, at, marker="o", markersize=3.5, color=lane.colour, markeredgecolor="white")
        before = middle


def _quartiles(times: Sequence[int]) -> list[float]:
    return quantiles(times, n=4, method="inclusive") if len(times) > 1 else [times[0]] * 3
