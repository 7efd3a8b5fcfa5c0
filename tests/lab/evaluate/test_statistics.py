"""What is said of few cases is true as often as it is claimed to be, also where all of them agree."""

from fractions import Fraction
from math import comb, inf, log

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import optimize, stats

from lab.evaluate.statistics import (
    SURE,
    Shares,
    cases_needed,
    chance_of_drop,
    difference,
    holm,
    least_chance,
    median,
    share,
)

CHANGES = st.integers(1, 5).flatmap(
    lambda repeats: st.lists(st.integers(-repeats, repeats), min_size=1, max_size=80).map(
        lambda counts: np.array(counts, dtype=np.float64) / repeats
    )
)


def passes(passed: int, failed: int) -> Shares:
    """One answer a case."""
    return np.repeat([1.0, 0.0], [passed, failed])


def draws(rng: np.random.Generator, cases: int, repeats: int, chance: float, alike: float) -> Shares:
    """Shares of cases; in a part of the cases all repeats come out the same."""
    each = rng.random((cases, repeats))
    same = rng.random((cases, 1)) < alike
    drawn: Shares = (np.where(same, rng.random((cases, 1)), each) < chance).mean(axis=1)
    return drawn


# -- a share -----------------------------------------------------------------------------------------------------------


@given(st.integers(0, 200), st.integers(0, 200))
def test_of_one_answer_a_case_it_is_wilsons_interval(passed: int, failed: int) -> None:
    if passed + failed == 0:
        return
    found = share(passes(passed, failed))
    wilson = stats.binomtest(passed, passed + failed).proportion_ci(SURE, method="wilson")
    assert found == pytest.approx((passed / (passed + failed), wilson.low, wilson.high), abs=1e-12)


def test_all_that_passed_is_no_certainty_and_more_cases_are_more() -> None:
    lows = [share(passes(cases, 0)).low for cases in (5, 20, 60, 500)]
    assert lows == sorted(lows)
    assert lows[0] < 0.6
    assert lows[2] < 0.95 < lows[3]


def test_repeats_that_differ_make_it_narrower_and_those_that_do_not_are_worth_nothing() -> None:
    yes_or_no, halves = share(passes(30, 30)), share(np.full(60, 0.5))
    assert halves.value == yes_or_no.value
    assert halves.high - halves.low < 0.5 * (yes_or_no.high - yes_or_no.low)
    repeated = np.array([passes(30, 30)] * 5).mean(axis=0)
    assert share(repeated) == yes_or_no


@pytest.mark.parametrize(("cases", "repeats"), [(12, 1), (20, 3), (60, 5)])
@pytest.mark.parametrize(("chance", "alike"), [(0.95, 0.0), (0.95, 0.9), (0.8, 0.5), (0.5, 0.8)])
def test_it_holds_the_true_share_about_as_often_as_it_says(
    cases: int, repeats: int, chance: float, alike: float
) -> None:
    rng = np.random.default_rng(1)
    found = [share(draws(rng, cases, repeats, chance, alike)) for _ in range(500)]
    held = sum(each.low <= chance <= each.high for each in found)
    assert held >= 0.91 * 500  # 95 % on average over all shares; Wilson's is known to dip near some


# -- a difference ------------------------------------------------------------------------------------------------------


def score(gains: int, losses: int, cases: int, change: float) -> float:
    """Tango's statistic with the likelihood under this true change searched for, instead of solved."""

    def unlikely(lost: float) -> float:
        chances = (lost + change, lost, 1 - 2 * lost - change)
        counts = (gains, losses, cases - gains - losses)
        return -sum(count * log(max(chance, 1e-300)) for count, chance in zip(counts, chances, strict=True) if count)

    found = optimize.minimize_scalar(
        unlikely, bounds=(max(0.0, -change), (1 - change) / 2), method="bounded", options={"xatol": 1e-12}
    )
    spread = cases * (2 * float(found.x) + change * (1 - change))
    return (gains - losses - cases * change) / float(np.sqrt(spread))


@pytest.mark.parametrize(("gains", "losses", "cases"), [(0, 6, 60), (9, 1, 40), (3, 3, 20), (25, 40, 200), (1, 2, 8)])
def test_of_yes_and_no_it_is_tangos_interval(gains: int, losses: int, cases: int) -> None:
    changes = np.repeat([1.0, -1.0, 0.0], [gains, losses, cases - gains - losses])
    found = difference(changes)
    z = float(stats.norm.ppf(SURE))
    assert score(gains, losses, cases, found.low) == pytest.approx(z, abs=1e-3)
    assert score(gains, losses, cases, found.high) == pytest.approx(-z, abs=1e-3)


@given(CHANGES)
def test_it_is_the_same_from_the_other_side(changes: Shares) -> None:
    there, back = difference(changes), difference(-changes)
    assert (there.value, there.low, there.high) == pytest.approx((-back.value, -back.high, -back.low), abs=1e-6)


@given(CHANGES)
def test_it_is_never_a_point_and_holds_its_value(changes: Shares) -> None:
    found = difference(changes)
    assert -1 <= found.low <= found.value <= found.high <= 1
    assert found.high - found.low > 1 / (len(changes) + 10)


@pytest.mark.parametrize("cases", [20, 60, 150])
@pytest.mark.parametrize("repeats", [1, 3])
@pytest.mark.parametrize(("chance", "alike"), [(1.0, 0.0), (0.95, 0.8), (0.55, 0.5)])
def test_a_drop_of_the_margin_is_rarely_taken_for_less(cases: int, repeats: int, chance: float, alike: float) -> None:
    rng = np.random.default_rng(2)
    found = [
        difference(draws(rng, cases, repeats, chance - 0.05, alike) - draws(rng, cases, repeats, chance, alike))
        for _ in range(500)
    ]
    assert sum(each.low > -0.05 for each in found) <= 0.08 * 500  # 5 % are claimed; two deviations of 500 draws more


def test_repeats_that_differ_make_a_change_surer() -> None:
    rng = np.random.default_rng(3)
    once = difference(draws(rng, 60, 1, 0.8, 0.0) - draws(rng, 60, 1, 0.8, 0.0))
    often = difference(draws(rng, 60, 5, 0.8, 0.0) - draws(rng, 60, 5, 0.8, 0.0))
    assert often.high - often.low < 0.7 * (once.high - once.low)


# -- whether a drop is an accident -------------------------------------------------------------------------------------


@given(st.integers(0, 30), st.integers(0, 30), st.integers(0, 30))
def test_of_yes_and_no_it_is_mcnemars_exact_test(gains: int, losses: int, same: int) -> None:
    changed = gains + losses
    tail = Fraction(sum(comb(changed, count) for count in range(losses, changed + 1)), 2**changed)
    changes = np.repeat([1.0, -1.0, 0.0], [gains, losses, same])
    assert chance_of_drop(changes) == pytest.approx(float(tail))


def test_changes_of_several_sizes_are_flipped_in_every_way() -> None:
    assert chance_of_drop(np.array([-1.0, -2 / 3, -1 / 3, 0.0])) == pytest.approx(1 / 8)
    assert chance_of_drop(np.array([-1.0, 2 / 3, -2 / 3])) == pytest.approx(3 / 8)
    assert chance_of_drop(np.array([1.0, 1 / 3, 2 / 3])) == 1


def test_the_least_chance_is_what_all_of_them_for_the_worse_would_give() -> None:
    changes = np.array([1.0, -2 / 3, 1 / 3, 0.0, -1.0])
    assert least_chance(changes) == pytest.approx(chance_of_drop(-np.abs(changes)))
    assert least_chance(np.zeros(9)) == 1


def test_where_the_flips_are_too_many_they_are_drawn_the_same_each_time() -> None:
    changes = draws(np.random.default_rng(4), 40, 3, 0.6, 0.2) - draws(np.random.default_rng(5), 40, 3, 0.7, 0.2)
    found = chance_of_drop(changes)
    assert found == chance_of_drop(changes)
    assert found == pytest.approx(chance_of_drop(changes, seed=2), abs=0.02)


# -- many questions at once --------------------------------------------------------------------------------------------


def test_holm_multiplies_by_how_many_are_left() -> None:
    raised = holm({"third": 0.04, "first": 0.01, "fourth": 0.5, "second": 0.011})
    assert raised == pytest.approx({"first": 0.04, "second": 0.04, "third": 0.08, "fourth": 0.5})


@given(st.dictionaries(st.text(), st.floats(0, 1), max_size=12))
def test_holm_keeps_the_order_and_lowers_nothing(chances: dict[str, float]) -> None:
    raised = holm(chances)
    assert raised.keys() == chances.keys()
    assert all(chances[name] <= raised[name] <= 1 for name in chances)
    ordered = sorted(chances, key=lambda name: chances[name])
    assert [raised[name] for name in ordered] == sorted(raised.values())


# -- how many cases it takes -------------------------------------------------------------------------------------------


def test_where_nothing_changes_as_many_are_needed_as_the_interval_takes() -> None:
    needed = cases_needed(np.zeros(12), 0.05)
    assert difference(np.zeros(needed)).low > -0.05 >= difference(np.zeros(needed - 1)).low


@pytest.mark.parametrize(("chance", "repeats"), [(0.95, 1), (0.8, 1), (0.8, 3)])
def test_with_as_many_cases_it_can_be_told_in_most_tries(chance: float, repeats: int) -> None:
    rng = np.random.default_rng(6)

    def changes(cases: int) -> Shares:
        return draws(rng, cases, repeats, chance, 0.3) - draws(rng, cases, repeats, chance, 0.3)

    needed = cases_needed(changes(2000), 0.05)
    told = sum(difference(changes(needed)).low > -0.05 for _ in range(200))
    assert 0.7 * 200 <= told <= 0.9 * 200


@pytest.mark.parametrize("questions", [1, 10])
def test_a_drop_that_is_real_is_seen_with_as_many_cases_in_most_tries(questions: int) -> None:
    rng = np.random.default_rng(7)

    def changes(cases: int) -> Shares:
        return draws(rng, cases, 1, 0.75, 0.0) - draws(rng, cases, 1, 0.9, 0.0)

    needed = cases_needed(changes(2000), 0.05, questions=questions)
    seen = sum(chance_of_drop(changes(needed)) * questions <= 1 - SURE for _ in range(200))
    assert 0.65 * 200 <= seen <= 0.9 * 200


# -- medians -----------------------------------------------------------------------------------------------------------


def test_a_median_lies_between_order_statistics() -> None:
    values = [float(value) for value in range(12)]
    assert median(values, 0.9) == (5.5, 2, 9)  # the third and the tenth: P(fewer than 3 of 12 below) = 79/4096 < 0.05


def test_a_median_of_few_is_unbounded() -> None:
    assert median([3.0, 1.0, 2.0]) == (2.0, -inf, inf)
