"""The gate calls B worse when it is, hardly ever when it is not, and says when it cannot know."""

import numpy as np
import pytest

from lab.evaluate.gate import Gate, Outcome, gate
from lab.evaluate.statistics import Shares
from tests.lab.evaluate.test_statistics import draws

Both = tuple[Shares, Shares]


def both(gains: int, losses: int, same: int) -> Both:
    """One answer a case: so many that only B passed, that only A passed, that both passed."""
    counts = [gains, losses, same]
    return np.repeat([0.0, 1.0, 1.0], counts), np.repeat([1.0, 0.0, 1.0], counts)


def outcome(scores: dict[str, Both]) -> Outcome:
    return gate(scores).outcome


def alike(rng: np.random.Generator, cases: int, repeats: int, chances: list[float]) -> dict[str, Both]:
    """Scores of which A and B pass with the same chances, in part the same way in all repeats of a case."""
    return {
        str(number): (draws(rng, cases, repeats, chance, 0.3), draws(rng, cases, repeats, chance, 0.3))
        for number, chance in enumerate(chances)
    }


# -- counted over seeded evaluations -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("cases", "repeats", "evaluations"), [(12, 1, 500), (60, 1, 500), (12, 3, 150)])
def test_prompts_that_are_alike_are_hardly_ever_told_apart(cases: int, repeats: int, evaluations: int) -> None:
    rng = np.random.default_rng(11)
    chances = [0.5, 0.7, 0.8, 0.9, 0.95, 0.98]
    found = [outcome(alike(rng, cases, repeats, chances)) for _ in range(evaluations)]
    assert found.count(Outcome.WORSE) <= 0.05 * evaluations


def test_one_score_alone_is_no_more_often_wrong() -> None:
    rng = np.random.default_rng(12)
    found = [outcome(alike(rng, 200, 1, [0.8])) for _ in range(500)]
    assert 1 <= found.count(Outcome.WORSE) <= 0.05 * 500


def test_a_big_drop_in_one_of_many_scores_is_nearly_always_seen() -> None:
    rng = np.random.default_rng(13)
    for_all = [alike(rng, 60, 1, [0.5, 0.7, 0.8, 0.9, 0.95, 0.98]) for _ in range(100)]
    drops = [(draws(rng, 60, 1, 0.95, 0.3), draws(rng, 60, 1, 0.6, 0.3)) for _ in range(100)]
    found = [gate(scores | {"drop": drop}) for scores, drop in zip(for_all, drops, strict=True)]
    assert sum(each.outcome is Outcome.WORSE for each in found) >= 98
    assert all(each.comparisons[0].name == "drop" for each in found if each.outcome is Outcome.WORSE)


def test_a_drop_of_the_margin_hardly_ever_passes() -> None:
    rng = np.random.default_rng(14)
    found = [outcome({"drop": (draws(rng, 100, 1, 1.0, 0), draws(rng, 100, 1, 0.95, 0))}) for _ in range(500)]
    assert found.count(Outcome.NOT_WORSE) <= 0.08 * 500


# -- single outcomes ---------------------------------------------------------------------------------------------------


def test_sixty_that_all_pass_are_enough_and_twelve_are_not() -> None:
    assert outcome({"check": both(0, 0, 60)}) is Outcome.NOT_WORSE
    few = gate({"check": both(0, 0, 12)})
    assert few.outcome is Outcome.CANNOT_TELL
    assert 50 <= few.needed <= 60


def test_a_wider_margin_is_easier_kept() -> None:
    scores = {"check": both(1, 2, 57)}
    assert gate(scores, 0.05).outcome is Outcome.CANNOT_TELL
    assert gate(scores, 0.2).outcome is Outcome.NOT_WORSE


def test_a_drop_that_is_no_accident_but_within_the_margin_is_not_worse() -> None:
    [found] = gate({"check": both(0, 20, 1980)}).comparisons
    assert found.chance < 0.001
    assert found.outcome is Outcome.NOT_WORSE


def test_what_gets_better_is_not_worse() -> None:
    assert outcome({"check": both(30, 0, 30)}) is Outcome.NOT_WORSE


def test_many_questions_are_corrected_for() -> None:
    five = both(0, 5, 55)  # by accident once in 32
    assert outcome({"check": five}) is Outcome.WORSE
    assert outcome({str(number): five for number in range(2)}) is Outcome.CANNOT_TELL


def test_scores_that_could_never_say_worse_cost_the_others_nothing() -> None:
    silent = {f"few{number}": both(2, 2, 56) for number in range(30)} | {"none": both(0, 0, 60)}
    found = gate(silent | {"drop": both(0, 6, 54)})
    assert [one.name for one in found.having(Outcome.WORSE)] == ["drop"]
    assert found.comparisons[0].chance == pytest.approx(1 / 64)


def test_no_number_of_four_changes_is_called_worse() -> None:
    assert outcome({"check": both(0, 4, 0)}) is Outcome.CANNOT_TELL


# -- all of them together ----------------------------------------------------------------------------------------------


def test_the_worst_is_what_all_come_to_and_stands_on_top() -> None:
    scores = {"fine": both(0, 0, 60), "few": both(1, 1, 10), "less": both(0, 3, 9), "drop": both(0, 20, 40)}
    found = gate(scores)
    assert [one.name for one in found.comparisons] == ["drop", "less", "few", "fine"]
    assert found.outcome is Outcome.WORSE
    assert outcome({name: scores[name] for name in ("fine", "few")}) is Outcome.CANNOT_TELL
    assert outcome({"fine": scores["fine"]}) is Outcome.NOT_WORSE


def test_only_what_cannot_be_told_needs_more_cases() -> None:
    found = {one.name: one for one in gate({"drop": both(0, 20, 40), "few": both(1, 1, 10)}).comparisons}
    assert found["drop"].needed is None
    assert found["few"].needed is not None


def test_among_many_questions_it_takes_more_cases_to_see_a_drop() -> None:
    alone = gate({"drop": both(1, 5, 14)})
    among = gate({"drop": both(1, 5, 14)} | {str(number): both(3, 3, 54) for number in range(9)})
    assert among.comparisons[0].name == alone.comparisons[0].name == "drop"
    assert 20 < (alone.comparisons[0].needed or 0) < (among.comparisons[0].needed or 0)


def test_no_score_is_no_pass() -> None:
    assert Gate(0.05, ()).outcome is Outcome.CANNOT_TELL
