"""The plot of docs/scaling.md: the storm with and without jitter."""

from collections.abc import Sequence
from pathlib import Path

from benchmarks.scaling.storm import BUCKET_S, Outcome, back_by

COLOURS = ("#c0392b", "#0b6e4f")


def draw(path: Path, title: str, storms: Sequence[tuple[str, Outcome]]) -> None:
    """Attempts a second on the left, who is back on the right; a colour for each of two storms."""
    import matplotlib as mpl  # noqa: PLC0415  # a benchmark's dependency: tests of the rest run without it

    mpl.use("Agg")
    from matplotlib import pyplot as plt  # noqa: PLC0415

    mpl.rcParams |= {"svg.hashsalt": path.name, "svg.fonttype": "none", "font.size": 10, "font.family": "sans-serif"}
    figure, (rates, shares) = plt.subplots(1, 2, figsize=(8, 3.6), layout="constrained")
    for (label, outcome), colour in zip(storms, COLOURS, strict=True):
        starts, values = zip(*outcome.rates(), strict=True)
        rates.bar(starts, values, width=BUCKET_S, align="edge", color=colour, alpha=0.75, label=label)
        times, parts = zip(*back_by(outcome), strict=True)
        shares.plot((0, times[0] - BUCKET_S, *times), (0, 0, *parts), linewidth=1.8, color=colour, label=label)
    rates.set(yscale="log", ylim=(1_000, None), xlabel="seconds after the loss", title="attempts a second")
    rates.yaxis.set_major_formatter("{x:,.0f}")
    shares.set(xlabel="seconds after the loss", title="readers that are back", ylim=(0, 1.02))
    shares.yaxis.set_major_formatter(lambda share, _: f"{share:.0%}")
    for axes in (rates, shares):
        axes.set_xlim(left=0)
        axes.grid(visible=True, which="major", linewidth=0.4, color="#dddddd")
        axes.spines[["top", "right"]].set_visible(False)
    shares.legend(frameon=False, loc="upper left")
    figure.suptitle(title)
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)
