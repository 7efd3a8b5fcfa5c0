"""How the runs ended: whole at once, whole after a repair, or not at all, and then by which code."""

from collections import Counter
from collections.abc import Sequence

from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from lab.bench.plots.canvas import COLOURS, by_model, canvas, legend, prompts_in, rows
from lab.bench.trial import Trial

_WHOLE = {"complete": "#009e73", "repaired": "#56b4e9"}
_FAILED = [colour for colour in COLOURS if colour not in _WHOLE.values()]
_DARK = {"#0072b2", "#000000", "#009e73", "#d55e00"}


def validity(trials: Sequence[Trial], caption: Sequence[str]) -> Figure:
    """A bar a prompt and model, of as many parts as there were ends, each with its count."""
    prompts, models = prompts_in(trials), by_model(trials)
    codes = sorted({trial.outcome for trial in trials} - _WHOLE.keys())
    colours = _WHOLE | {code: _FAILED[number % len(_FAILED)] for number, code in enumerate(codes)}
    figure, panels = canvas("How the runs ended", caption, [0.3 * len(prompts) + 0.35] * len(models))
    for axes, (model, runs) in zip(panels, models.items(), strict=True):
        for row, prompt in enumerate(prompts):
            counts, left = Counter(trial.outcome for trial in runs if trial.prompt.name == prompt), 0
            for outcome, colour in colours.items():
                if count := counts[outcome]:
                    bar = axes.barh(row, count, left=left, height=0.7, color=colour)
                    ink = "white" if colour in _DARK else "black"
                    axes.bar_label(bar, [str(count)], label_type="center", fontsize=8, color=ink)
                    left += count
        rows(axes, prompts)
        axes.set_title(model, loc="left", fontsize=9)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    panels[-1].set_xlabel("runs", fontsize=8)
    legend(figure, colours.items())
    return figure
