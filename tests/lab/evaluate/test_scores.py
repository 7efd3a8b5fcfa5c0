"""What is counted: every run, also those that gave no answer; each case once, however often it was asked."""

import pytest

from lab.evaluate.failures import failures
from lab.evaluate.scores import COMPLETE, beside, by_case, scores, unbroken
from lab.evaluate.statistics import Estimate
from schemas import Code
from tests.lab.evaluate.trials import GOOD, WRONG_CATEGORY, A, B, case, trial

FITS = "category-fits"


def test_a_whole_good_answer_passes_all() -> None:
    frame = scores("meeting_info", [trial(case(), A)])
    assert {COMPLETE, FITS} <= set(frame.check)
    assert frame.passed.all()
    assert not frame.why.any()


def test_a_run_that_failed_fails_every_check_that_a_whole_one_is_asked() -> None:
    whole, failed = (scores("meeting_info", [trial(case(), A, end)]) for end in (GOOD, Code.TIME_LIMIT))
    assert list(failed.check) == list(whole.check)
    assert not failed.passed.any()
    assert failed.why[failed.check == COMPLETE].item() == "the run ended in time_limit"


def test_why_not_is_told() -> None:
    frame = scores("meeting_info", [trial(case(), A, WRONG_CATEGORY)])
    [row] = frame[~frame.passed].to_dict("records")
    assert row["check"] == FITS
    assert "기타" in row["why"]


def test_repeats_are_averaged_by_case_and_both_stand_in_one_order() -> None:
    trials = [
        trial(case(2), B, WRONG_CATEGORY),
        trial(case(1), B, GOOD),
        trial(case(1), A, GOOD),
        trial(case(1), A, WRONG_CATEGORY, repeat=1),
        trial(case(2), B, WRONG_CATEGORY, repeat=1),
        trial(case(2), A, GOOD, repeat=1),
        trial(case(2), A, GOOD),
        trial(case(1), B, Code.NOT_JSON, repeat=1),
    ]
    a, b = by_case(scores("meeting_info", trials), "plain", "loud")[FITS]
    assert sorted(zip(a, b, strict=True)) == [(0.5, 0.5), (1, 0)]


def test_what_no_whole_answer_failed_is_known_with_its_cases() -> None:
    trials = [trial(case(1), A, WRONG_CATEGORY), trial(case(1), B, Code.NOT_JSON), trial(case(2), A), trial(case(2), B)]
    whole = unbroken(scores("meeting_info", trials))
    assert whole["limits-name"] == 2  # failed by the run that failed, and by no answer
    assert not {FITS, COMPLETE} & set(whole)


# -- beside the checks -------------------------------------------------------------------------------------------------


def test_times_are_medians_over_cases_and_changes_are_paired() -> None:
    a = [trial(case(number), A, first_ms=number, total_ms=100 * number) for number in range(1, 13)]
    b = [trial(case(number), B, first_ms=number, total_ms=100 * number + 7) for number in range(12, 0, -1)]
    found = {each.name: each for each in beside(a, b)}
    whole = found["whole answer, ms"]
    assert (whole.a.value, whole.b.value, whole.cases) == (650, 657, 12)
    assert whole.change == Estimate(7, 7, 7)  # although the two medians' intervals overlap widely
    assert whole.a.high > whole.b.low
    assert found["first token, ms"].change.value == 0


def test_repeats_count_once_for_their_case() -> None:
    a = [trial(case(1), A, total_ms=ms, repeat=repeat) for repeat, ms in enumerate((10, 20, 90))]
    b = [trial(case(1), B, total_ms=30, repeat=repeat) for repeat in range(3)]
    whole = beside(a, b)[-1]
    assert (whole.cases, whole.a.value, whole.change.value) == (1, 20, 10)


def test_times_of_answers_that_never_came_are_not_compared() -> None:
    a = [trial(case(1), A, total_ms=50), trial(case(2), A, total_ms=60)]
    b = [trial(case(1), B, Code.NOT_JSON, total_ms=1), trial(case(2), B, total_ms=60)]
    found = {each.name: each for each in beside(a, b)}
    assert found["whole answer, ms"].cases == found["first token, ms"].cases == 1
    assert found["whole answer, ms"].change.value == 0


def test_without_a_common_answer_there_are_no_times() -> None:
    found = beside([trial(case(1), A)], [trial(case(1), B, Code.NOT_JSON)])
    assert [each.name for each in found] == ["asked again"]


def test_who_is_asked_again_is_counted_also_if_that_fails() -> None:
    a = [trial(case(1), A, attempts=2), trial(case(2), A, Code.INVALID_OUTPUT, attempts=2)]
    b = [trial(case(1), B), trial(case(2), B, attempts=2)]
    again = beside(a, b)[0]
    assert (again.a.value, again.b.value) == (1, 0.5)


# -- the answers themselves --------------------------------------------------------------------------------------------


def test_answers_that_failed_are_quoted_with_their_requests() -> None:
    trials = [trial(case(1, goal="tennis, please"), A, WRONG_CATEGORY)]
    [found] = failures(scores("meeting_info", trials), trials)
    [failure] = found.shown
    assert found.check == FITS
    assert found.about.endswith(".")
    assert "tennis, please" in failure.request
    assert "기타" in failure.answer


def test_runs_without_an_answer_are_listed_once_with_what_had_come() -> None:
    trials = [trial(case(1), A, Code.INVALID_OUTPUT)]
    [found] = failures(scores("meeting_info", trials), trials)
    assert found.check == COMPLETE
    assert found.shown[0].why == "the run ended in invalid_output"


@pytest.mark.parametrize("first", [A, B])
def test_a_long_list_is_cut_but_leaves_out_neither_prompt(first: object) -> None:
    of_a = [trial(case(number), A, WRONG_CATEGORY) for number in range(1, 9)]
    of_b = [trial(case(number), B, WRONG_CATEGORY) for number in range(1, 3)]
    trials = [*of_a, *of_b] if first is A else [*of_b, *of_a]
    [found] = failures(scores("meeting_info", trials), trials, most=4)
    assert sorted(failure.prompt for failure in found.shown) == ["loud", "loud", "plain", "plain"]
    assert found.more == 6
