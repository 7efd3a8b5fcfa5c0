"""The two plots of docs/performance.md. matplotlib is imported only here, and only when there is something to draw."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.findings import KB, Curves, Findings

COLOURS = {
    "this project": "#0b6e4f",
    "token,field,complete": "#0b6e4f",
    "partial,complete": "#5fa777",
    "stock LangServe": "#c0392b",
    "Vercel AI SDK": "#2c5aa0",
    "OpenAI SDK": "#d08c1d",
    "OpenAI's own stream": "#d08c1d",
    "raw pass-through": "#777777",
}
TITLES = {
    "cpu": ("cpu-per-token.svg", "CPU of the server for each token, in bursts", "µs per token"),
    "bytes": ("bytes.svg", "Bytes that a client receives for each byte of the object", "bytes per byte"),
}


def draw(folder: Path, findings: Sequence[Findings]) -> None:
    """Writes the plots for which there are curves."""
    found: Mapping[str, Curves] = {name: curves for one in findings for name, curves in one.curves.items()}
    for name, curves in found.items():
        file, title, unit = TITLES[name]
        _plot(folder / file, title, unit, curves)


def _plot(path: Path, title: str, unit: str, curves: Curves) -> None:
    import matplotlib as mpl  # noqa: PLC0415  # a benchmark's dependency: tests of the rest run without it

    mpl.use("Agg")
    from matplotlib import pyplot as plt  # noqa: PLC0415

    mpl.rcParams |= {"svg.hashsalt": path.name, "svg.fonttype": "none", "font.size": 10, "font.family": "sans-serif"}
    figure, axes = plt.subplots(figsize=(8, 4.5), layout="constrained")
    ends = []
    for label, points in curves.items():
        sizes, values = zip(*points, strict=True)
        axes.plot(sizes, values, marker="o", markersize=4, linewidth=1.8, color=COLOURS[label])
        ends.append((sizes[-1], values[-1], label))
    axes.set(xscale="log", yscale="log", xlabel="size of the object", ylabel=unit, title=title)
    ticks = sorted({size for points in curves.values() for size, _ in points})
    axes.set_xticks(ticks, [f"{size // KB} KB" for size in ticks], minor=False)
    axes.set_xticks([], minor=True)
    axes.set_xlim(ticks[0] * 0.85, ticks[-1] * 6)  # room for the labels at the ends of the lines
    axes.yaxis.set_major_formatter("{x:g}")
    axes.grid(visible=True, which="major", linewidth=0.4, color="#dddddd")
    axes.spines[["top", "right"]].set_visible(False)
    for (size, value, label), y in zip(ends, _apart(ends), strict=True):
        axes.annotate(label, (size, value), xytext=(size * 1.12, y), va="center", color=COLOURS[label])
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)


def _apart(ends: Sequence[tuple[int, float, str]]) -> list[float]:
    """Where the labels go: beside their lines' ends, but those at the same size no closer than can be read."""
    placed: dict[int, float] = {}
    where = [0.0] * len(ends)
    for index in sorted(range(len(ends)), key=lambda index: ends[index][1]):
        size, value, _ = ends[index]
        where[index] = placed[size] = max(value, placed.get(size, 0.0) * 1.35)
    return where
