"""What the plots show, read off the figures, and that every label is only text."""

from collections.abc import Callable
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from chains.prompts import Prompt
from lab.bench import Bench
from schemas import Code, Usage
from tests.lab.bench.trials import (
    KO,
    TOO_LONG,
    WARM,
    complete,
    failed,
    failure,
    field,
    reset,
    token,
    trial,
    whole,
)

PLOTS: dict[str, Callable[[Bench], Figure]] = {
    "waterfall": Bench.waterfall,
    "validity": Bench.validity,
    "lengths": Bench.lengths,
    "tokens": Bench.tokens,
}
every_plot = pytest.mark.parametrize("plot", PLOTS.values(), ids=PLOTS)


def of(*trials: object) -> Bench:
    began = datetime(2026, 1, 2, tzinfo=UTC)
    return Bench("meeting_info", trials, seed=5, began=began, about={"m": "A script."})  # type: ignore[arg-type]


def bars(axes: Axes) -> list[tuple[float, float]]:
    return [(patch.get_x(), patch.get_width()) for patch in axes.patches if isinstance(patch, Rectangle)]


def drawn(figure: Figure) -> str:
    """The figure with its labels as text."""
    file = StringIO()
    with mpl.rc_context({"svg.fonttype": "none"}):
        figure.savefig(file, format="svg", metadata={"Date": None})
    return file.getvalue()


def test_the_waterfall_has_each_field_behind_the_one_before_it() -> None:
    runs = [whole(first, total) for first, total in ((10, 110), (20, 220), (30, 330))]
    broken = trial((5, token("/name", "한")), (900, field("/name", 900)), (999, failure(Code.UPSTREAM_CUT)))
    figure = of(*runs, broken).waterfall()
    (axes,) = figure.axes
    assert [label.get_text() for label in axes.get_yticklabels()] == ["first token", "name"]
    assert bars(axes) == [(0, 20), (20, 100)]
    assert np.asarray(axes.lines[0].get_xdata()).tolist() == [15, 25]  # the middle half
    assert axes.get_title(loc="left") == "m, 3 of 4 runs complete"


def test_the_ends_are_counted() -> None:
    repaired = trial((10, token("/name", "한")), (30, reset()), (50, complete(attempts=2)))
    figure = of(whole(1, 2), whole(1, 2), repaired, failed(), failed(prompt=WARM), whole(1, 2, model="n")).validity()
    first, second = figure.axes
    assert bars(first) == [(0, 2), (2, 1), (3, 1), (0, 1)]
    assert [text.get_text() for text in first.texts] == ["2", "1", "1", "1"]
    assert bars(second) == [(0, 1)]


def test_lengths_are_shares_of_their_limits() -> None:
    value = {"name": "가" * 32, "summary": "나" * 50, "tags": ["다" * 5]}
    broken, far = (
        trial((9, failure(Code.INVALID_OUTPUT, TOO_LONG, partial={"summary": "가" * length}))) for length in (75, 200)
    )
    (axes,) = of(whole(1, 2, value=value), broken, far).lengths().axes
    assert [label.get_text() for label in axes.get_yticklabels()] == ["name ≤ 64", "summary ≤ 50", "tags/- ≤ 10"]
    found = sorted(x for points in axes.collections for x, _ in np.asarray(points.get_offsets()).tolist())
    assert found == [0.5, 0.5, 1.0, 1.5, 1.6]
    assert [text.get_text() for text in axes.texts] == ["1 longer"]


def test_tokens_are_those_that_were_counted() -> None:
    stopped = trial((9, complete(usage=Usage(input_tokens=9, output_tokens=9, total_tokens=18, uncounted=1))))
    (axes,) = of(whole(1, 2, (10, 100)), whole(1, 2, (30, 300)), whole(1, 2), stopped).tokens().axes
    assert axes.get_title(loc="left") == "m, 2 of 4 runs counted"
    assert [text.get_text() for text in axes.texts] == ["20", "200"]


@every_plot
def test_every_plot_says_of_what_it_is(plot: Callable[[Bench], Figure]) -> None:
    own = Prompt.parse(KO.text.replace("language: ko", "language: ko\nparameters: {seed: 9}"), "own")
    trials = [
        whole(1, 2, cached=True),
        whole(1, 2, case="g-1"),
        whole(1, 2, prompt=own, parameters={"temperature": 0.9, "seed": 9}),
    ]
    caption = plot(of(*trials)).get_supxlabel().replace("\n", " ")
    assert (
        "3 runs: 2 cases by 2 prompts by 1 model by 1 repeat; seed 5; 2026-01-02; 1 of them from the cache" in caption
    )
    assert f"{KO.reference}, {own.reference}" in caption
    assert "m (gpt): by ko: temperature 0.5; by own: temperature 0.9, seed 9. A script." in caption


@every_plot
def test_a_label_is_only_text(plot: Callable[[Bench], Figure]) -> None:
    names = [r"$\frac$", "_hidden", "a$b$c", "<script>"]
    trials = [
        whole(1, 2, (1, 2), prompt=Prompt.parse(KO.text, name), model=model) for name in names for model in ("$x$", "m")
    ]
    picture = drawn(plot(of(*trials)))
    for name in (r"$\frac$", "_hidden", "a$b$c", "$x$", "&lt;script&gt;"):
        assert name in picture
    assert "<script" not in picture


@every_plot
@pytest.mark.parametrize(
    "trials",
    [
        [failed(Code.UPSTREAM_CUT)],
        [failed(Code.UPSTREAM_CUT), whole(5, 10, prompt=WARM)],
        [trial((5, field("/name", 5)), (9, complete({})))],
    ],
    ids=["none complete", "one of two complete", "nothing in it"],
)
def test_a_plot_can_be_drawn_of_whatever_there_is(plot: Callable[[Bench], Figure], trials: list[object]) -> None:
    assert "seed 5" in drawn(plot(of(*trials)))


@every_plot
def test_a_plot_leaves_nothing_behind(plot: Callable[[Bench], Figure], tmp_path: Path) -> None:
    before = dict(mpl.rcParams)
    plot(of(whole(1, 2))).savefig(tmp_path / "plot.png")
    assert dict(mpl.rcParams) == before
