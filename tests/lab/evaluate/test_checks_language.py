"""Answers in the language that was asked for, with the words that the request brought along."""

from typing import Any

import pytest

from tests.lab.evaluate.checking import GROUPS, chat, found, goal, verdicts

KOREAN, ENGLISH, OTHERS = "korean-is-korean", "english-is-english", "no-third-script"


@pytest.mark.parametrize(
    ("said", "changed"),
    [
        ("러닝", {"name": "Run Together Seoul"}),
        ("러닝", {"name": "Slow Run", "description": "Slow Run은 천천히 달리는 사람들의 모임이에요."}),
        ("React 스터디", {"summary": "React로 만드는 첫 서비스", "tags": ["React", "개발", "초보"]}),
        ("개발 공부", {"description": "IT 업계 사람들과 AI, SQL 이야기를 나눠요. MBTI는 묻지 않아요."}),
        ("개발 공부", {"summary": "IT SQL AI 이야기"}),
        ("개발 공부", {"tags": ["Python", "데이터", "분석"]}),
        ("영화", {"description": "이번 달에는 Before Sunrise를 함께 보고 오래도록 이야기 나눠요. 누구나 오세요."}),
    ],
)
def test_a_word_of_english_here_and_there_is_korean(said: str, changed: dict[str, Any]) -> None:
    assert not found(KOREAN, goal(said), **changed)


@pytest.mark.parametrize(
    "changed",
    [
        {"summary": "Easy hills for everyone"},
        {"summary": "러닝 Together Forever 모임"},
        {"name": "Slow Run", "summary": "Slow Run"},
        {"description": "Let's run together! 함께해요."},
        {"description": "토요일 아침에 한강에서 만나 느린 사람에게 맞춰 천천히 달려요. We would love you. 오세요."},
        {"tags": ["running", "beginner", "주말"]},
        {"plan": [{"step": 1, "title": "Meet and greet", "details": ["Say hello"]}]},
    ],
)
def test_english_texts_and_clauses_are_not(changed: dict[str, Any]) -> None:
    assert found(KOREAN, goal("러닝"), **changed)


@pytest.mark.parametrize("changed", [{"reply": "Welcome! What do you like?"}, {"options": ["Yes", "No", "글쎄요"]}])
def test_the_chat_answers_in_korean_as_well(changed: dict[str, Any]) -> None:
    assert found(KOREAN, chat(), **changed)


def test_a_groups_words_may_be_told_again() -> None:
    group = {**GROUPS[0], "name": "Han River Night Runners"}
    request = chat(want="recommendation", candidates=[group])
    chosen = {"group_id": "g1", "reason": "Han River Night Runners는 천천히 달려요."}
    assert not found(KOREAN, request, recommendation=chosen)


@pytest.mark.parametrize(
    ("said", "changed"),
    [
        ("running", {}),
        ("running at 한강", {"description": "We meet at 한강 and run."}),
        ("money", {"description": "The category is 경제/금융, for 3~6개월."}),
        ("tea", {"description": "Café, naïve and €5 are no Korean."}),
    ],
)
def test_english_may_hold_the_requests_korean_and_the_categories(said: str, changed: dict[str, Any]) -> None:
    assert not found(ENGLISH, goal(said, language="en"), **changed)


@pytest.mark.parametrize(
    "changed",
    [
        {"name": "느린 산책"},
        {"summary": "달리기 for all"},
        {"tags": ["러닝", "easy", "fun"]},
        {"plan": [{"step": 1, "title": "First 만남", "details": []}]},
    ],
)
def test_english_may_hold_no_other_korean(changed: dict[str, Any]) -> None:
    assert found(ENGLISH, goal("running", language="en"), **changed)


def test_the_chat_answers_in_english_as_well() -> None:
    assert found(ENGLISH, chat("hi", language="en"), options=["네", "No"])


def test_chinese_and_japanese_come_only_with_the_subject() -> None:
    assert found(OTHERS, goal("러닝"), description="每周 함께 달려요.")
    assert found(OTHERS, goal("running", language="en"), description="We run ランニング.")
    assert not found(OTHERS, goal("러닝"), description="함께 달려요. 3km · 2시간 ♥")
    assert not found(OTHERS, goal("漢江에서 러닝"), description="漢江에서 함께 달려요.")
    assert OTHERS not in verdicts(goal("일본어 회화"))
    assert OTHERS not in verdicts(goal("HSK 4급"))


def test_each_is_asked_of_its_own_language() -> None:
    assert ENGLISH not in verdicts(goal())
    assert KOREAN not in verdicts(goal("run", language="en"))
