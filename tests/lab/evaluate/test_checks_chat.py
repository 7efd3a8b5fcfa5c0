"""A chat that asks when it should, offers answers, and recommends what fits for a reason."""

from typing import Any

import pytest

from lab.cases import Case, Expected
from tests.lab.evaluate.checking import GROUPS, chat, found, verdicts

ASKS, OPTIONS, DIFFER = "asks-a-question", "options-answer", "options-differ"
FITS, REASON = "recommendation-fits", "reason-is-about-the-group"


def choosing(*fitting: str, **more: Any) -> Case:
    return chat(expect=Expected(group_ids=fitting), want="recommendation", candidates=GROUPS, **more)


def recommended(group: str, reason: str = "한강을 천천히 달리는 모임이라 잘 맞아요.") -> dict[str, str]:
    return {"group_id": group, "reason": reason}


@pytest.mark.parametrize(
    "reply",
    [
        *("어떤 운동을 좋아하세요?", "언제가 좋으세요.", "주말은 괜찮을까요", "좋아하시는 동네를 알려 주세요!"),
        *("Mornings or evenings?", "Tell me what you like.", "관심 분야를 골라 보세요.", "혼자 오시나요."),
    ],
)
def test_a_question_may_be_put_in_many_ways(reply: str) -> None:
    assert not found(ASKS, chat(want="question"), reply=reply)


@pytest.mark.parametrize(
    "reply", ["반가워요!", "주말에 만나요.", "한강 러닝을 추천합니다.", "Welcome! We have many groups."]
)
def test_a_statement_is_no_question(reply: str) -> None:
    assert found(ASKS, chat(want="question"), reply=reply)


@pytest.mark.parametrize(
    "options", [[], ["네"], ["네", "언제 만나나요?"], ["네", "더 있을까요"], ["네", "몇 명인가요."]]
)
def test_a_question_comes_with_answers_to_it(options: list[str]) -> None:
    assert found(OPTIONS, chat(want="question"), options=options)


@pytest.mark.parametrize(
    "options", [["네", "아니요"], ["밖에서 만나요", "집에서 쉬어요"], ["아직 몰라요", "같이 가요", "떠나요"]]
)
def test_answers_in_sentences_are_answers(options: list[str]) -> None:
    assert not found(OPTIONS, chat(want="question"), options=options)


def test_only_a_wanted_question_is_missed() -> None:
    assert not {ASKS, OPTIONS} & set(verdicts(chat(), reply="반가워요!", options=["다른 모임은 없나요?"]))


def test_options_differ_in_more_than_marks() -> None:
    assert found(DIFFER, chat(), options=["Yes", "No", "yes!"])
    assert not found(DIFFER, chat(), options=["Yes", "Yes please"])
    assert not found(DIFFER, chat(), options=["👍", "👎"])


def test_one_of_the_expected_groups_is_recommended() -> None:
    assert not found(FITS, choosing("g1", "g2"), recommendation=recommended("g2"))
    assert found(FITS, choosing("g1"), recommendation=recommended("g2"))
    assert found(FITS, choosing("g1"), recommendation=None)


def test_none_is_recommended_where_none_fits() -> None:
    assert not found(FITS, choosing(), recommendation=None)
    assert found(FITS, choosing(), recommendation=recommended("g1"))


def test_a_recommendation_is_judged_only_where_one_is_wanted_and_expected() -> None:
    assert FITS not in verdicts(chat(want="recommendation", candidates=GROUPS))
    assert not {FITS, REASON} & set(verdicts(chat(expect=Expected(group_ids=()), candidates=GROUPS)))
    assert not {FITS, REASON} & set(verdicts(chat(expect=Expected(group_ids=()), want="recommendation")))


@pytest.mark.parametrize(
    ("group", "reason"),
    [
        ("g1", "토요일 아침에 달릴 수 있어요."),
        ("g1", "주말달리기를 좋아하시니까요."),
        ("g1", "바로 러닝이에요."),
        ("g2", "저녁에 시간이 나신다고 하셨어요."),
        ("g2", "책을 좋아하시니 잘 맞아요."),
        ("g1", "You asked for something slow."),  # the group is Korean, so nobody can tell
    ],
)
def test_a_reason_shares_a_word_with_its_group(group: str, reason: str) -> None:
    assert not found(REASON, choosing("g1"), recommendation=recommended(group, reason))


@pytest.mark.parametrize("reason", ["정말 잘 맞을 것 같아요.", "함께하면 즐거운 모임이에요.", "책을 좋아하시니까요."])
def test_a_reason_that_would_do_for_any_group_is_none(reason: str) -> None:
    assert found(REASON, choosing("g1"), recommendation=recommended("g1", reason))


def test_english_words_are_matched_by_their_beginning() -> None:
    group = {"id": "g1", "name": "Slow Sundays", "summary": "Easy runs for everyone", "tags": ["running"]}
    request = chat("hi", want="recommendation", candidates=[group], language="en")
    assert not found(REASON, request, recommendation=recommended("g1", "You like to run at an easy pace."))
    assert not found(REASON, request, recommendation=recommended("g1", "It meets on a Sunday."))
    assert found(REASON, request, recommendation=recommended("g1", "This group will be great for you."))
    assert not found(REASON, request, recommendation=None)
