"""Plans that go forward and say nothing twice."""

from typing import Any

import pytest

from lab.evaluate.checks.plan import time_of
from tests.lab.evaluate.checking import found, goal, verdicts

ORDER, TWICE = "plan-in-order", "plan-says-nothing-twice"


def plan(*titles: str) -> list[dict[str, Any]]:
    return [{"step": number, "title": title, "details": []} for number, title in enumerate(titles, start=1)]


@pytest.mark.parametrize(
    ("title", "time"),
    [
        ("1주차: 인사", ("주차", 1)),
        ("10 주 차 마무리", ("주차", 10)),
        ("[3회차] 토론", ("회차", 3)),
        ("1~2주차 준비", ("주차", 1)),
        ("제2단계", ("단계", 2)),
        ("첫 번째 만남", ("번째", 1)),
        ("셋째 주", None),
        ("세 번째 산행", ("번째", 3)),
        ("둘째 날", None),
        ("첫째 주 모임", ("째주", 1)),
        ("Week 2 - drills", ("week", 2)),
        ("Weeks 3-4", ("week", 3)),
        ("Day One", ("day", 1)),
        ("Second session", ("session", 2)),
        ("3주 동안 걷기", None),
        ("12월 송년회", None),
        ("10분 인사", None),
        ("Weekend 2 cafés", None),
        ("One week alone", None),
        ("우리의 첫 만남", None),
    ],
)
def test_when_a_step_is(title: str, time: tuple[str, int] | None) -> None:
    assert time_of(title) == time


@pytest.mark.parametrize(
    "titles",
    [
        ("1주차 걷기", "2주차 달리기", "10주차 대회"),
        ("1주차 걷기", "1주차 차 마시기", "2주차 달리기"),
        ("1주차 걷기", "1일차 쉬기", "2주차 달리기", "2일차 마무리"),
        ("3주차 걷기", "1일차 쉬기", "2일차 마무리"),
        ("11월 준비", "12월 연습", "1월 공연"),
        ("Week 1", "Week 2: Day 1", "Week 3"),
        ("첫 번째 만남", "두 번째 만남", "세 번째 만남"),
    ],
)
def test_times_go_forward(titles: tuple[str, ...]) -> None:
    assert not found(ORDER, goal(), plan=plan(*titles))


@pytest.mark.parametrize(
    "titles",
    [
        ("2주차 걷기", "1주차 인사"),
        ("1주차 걷기", "10주차 대회", "2주차 연습"),
        ("Week 1", "Week 3", "Warm up", "Week 2"),
        ("두 번째 만남", "첫 번째 만남"),
        ("Second day", "Day 1"),
    ],
)
def test_times_do_not_go_back(titles: tuple[str, ...]) -> None:
    assert found(ORDER, goal(), plan=plan(*titles))


def test_steps_count_from_one() -> None:
    assert found(ORDER, goal(), plan=plan("걷기", "달리기")[1:])
    assert found(ORDER, goal(), plan=plan("걷기", "달리기")[::-1])


@pytest.mark.parametrize(
    "titles",
    [("걷기", "걷기"), ("1주차: 걷기", "2주차: 걷기"), ("Walk", "Talk", "walk!"), ("Week 1 - tea", "Week 2 tea")],
)
def test_no_two_steps_have_one_title(titles: tuple[str, ...]) -> None:
    assert found(TWICE, goal(), plan=plan(*titles))


@pytest.mark.parametrize(
    "titles", [("1주차", "2주차"), ("Week 1", "Week 2"), ("걷기", "걷기와 달리기"), ("!", "!?", "…")]
)
def test_numbers_alone_may_tell_titles_apart(titles: tuple[str, ...]) -> None:
    assert not found(TWICE, goal(), plan=plan(*titles))


def test_no_step_has_a_line_twice_but_two_steps_may_share_one() -> None:
    first, second = plan("걷기", "달리기")
    assert found(TWICE, goal(), plan=[first | {"details": ["차 마시기", "쉬기", "차 마시기."]}, second])
    assert not found(TWICE, goal(), plan=[first | {"details": ["차 마시기"]}, second | {"details": ["차 마시기"]}])


def test_only_a_plan_that_was_wanted_of_the_model_is_judged() -> None:
    assert not {ORDER, TWICE} & set(verdicts(goal(include_plan=False)))
    assert not {ORDER, TWICE} & set(verdicts(goal(plan=plan("걷기", "걷기"))))
