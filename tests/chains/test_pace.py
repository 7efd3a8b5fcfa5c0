"""Snapshots are spaced: by time while the object is small, by growth once it is large."""

from itertools import pairwise
from typing import Annotated

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field

from chains.pace import Pace
from schemas import Partial
from tests.chains.answers import text
from tests.chains.projecting import Run


class Story(BaseModel):
    """One long text, and many small items."""

    story: str
    words: list[Annotated[str, Field(max_length=10)]] = []


# -- the pace itself ---------------------------------------------------------------------------------------------------


def test_nothing_is_due_before_something_changed() -> None:
    pace = Pace()
    assert pace.due is None
    assert not pace.take(1000.0)


def test_the_first_change_is_told_at_once_and_the_next_after_the_interval() -> None:
    pace = Pace(interval=0.1)
    pace.changed(1)
    assert pace.take(50.0)
    assert not pace.take(50.0)
    pace.changed(2)
    assert pace.due == pytest.approx(50.1)
    assert not pace.take(50.09)
    assert pace.take(50.11)
    assert pace.due is None


def test_a_snapshot_waits_for_the_next_change_but_never_longer_than_the_interval() -> None:
    pace = Pace(interval=0.1)
    pace.changed(1)
    assert pace.take(50.0)
    for now in (50.04, 50.08):
        pace.changed(2)
        assert not pace.take(now)
        assert pace.due == pytest.approx(50.14)
    pace.changed(3)
    assert pace.take(50.12)
    pace.changed(4)
    assert not pace.take(50.15)
    assert pace.due == pytest.approx(50.25)
    assert pace.take(50.25)


def test_a_large_object_waits_until_it_has_grown_by_a_fifteenth() -> None:
    pace = Pace(interval=0.1, small=4096)
    pace.changed(15_000)
    assert pace.take(0.0)
    pace.changed(15_999)
    assert pace.due is None
    pace.changed(16_000)
    assert pace.take(1.0)


def test_up_to_its_bound_an_object_is_small() -> None:
    pace = Pace(interval=0.1, small=4096)
    pace.changed(4095)
    assert pace.take(0.0)
    pace.changed(4096)
    assert pace.take(1.0)
    pace.changed(4097)
    assert not pace.take(2.0)


@given(st.lists(st.tuples(st.integers(0, 3000), st.floats(0, 0.5)), max_size=60))
def test_any_growth_at_any_speed_keeps_the_distance(steps: list[tuple[int, float]]) -> None:
    pace, size, now, taken = Pace(interval=0.1, small=4096), 0, 0.0, list[tuple[float, int]]()
    for grown, wait in steps:
        size, now = size + grown, now + wait
        pace.changed(size)
        if pace.take(now):
            taken.append((now, size))
        else:  # something is kept back only for one of the two reasons
            assert now < taken[-1][0] + 0.1 or (size > 4096 and size * 15 < taken[-1][1] * 16)
    assert all(later - earlier >= 0.0999 for (earlier, _), (later, _) in pairwise(taken))
    assert sum(size for _, size in taken if size > 4096) <= 16 * max(size, 4096) + 4096


# -- partials ----------------------------------------------------------------------------------------------------------


def partials(run: Run) -> list[tuple[float, Partial]]:
    return [(time, event) for time, event in zip(run.times, run.events, strict=True) if isinstance(event, Partial)]


def test_a_change_is_told_within_the_interval_without_further_text() -> None:
    run = Run(Story).feed(['{"story":"a', "b"], every=0.01)
    assert [partial.value for _, partial in partials(run)] == [{"story": "a"}]
    due = run.projection.due
    assert due is not None
    assert due == pytest.approx(run.clock.now + 0.1)
    run.clock.now = due
    assert [event.type for event in run.projection.tick()] == ["partial"]
    assert run.projection.due is None
    assert run.projection.tick() == []


def test_fast_text_gives_ten_partials_a_second_and_not_more() -> None:
    run = Run(Story).feed(['{"story":"', *("x" * 300)], every=0.01)
    assert 27 <= len(partials(run)) <= 31  # each with the text that comes when 100 ms are over


def test_text_that_says_nothing_of_the_object_gives_no_partials() -> None:
    run = Run(Story).feed(["Let me think ..."] * 50 + ["{", " ", '"story"', ":"], every=0.2)
    assert not partials(run)


@pytest.mark.parametrize("every", [0.0, 0.001, 0.2])
@pytest.mark.parametrize(
    "answer",
    [
        text({"story": "옛날 옛적에 " * 30_000}),
        text({"story": '"\n' * 20_000}),
        text({"story": "", "words": ["word"] * 20_000}),
    ],
    ids=["one long text", "a text of escapes", "many items"],
)
def test_all_partials_together_stay_within_a_multiple_of_the_text(answer: str, every: float) -> None:
    run = Run(Story).feed([answer[at : at + 20] for at in range(0, len(answer), 20)], every=every)
    sizes = [len(text(partial.value)) for _, partial in partials(run)]
    assert sum(size for size in sizes if size > 4096) <= 17 * len(answer) + 65_536
