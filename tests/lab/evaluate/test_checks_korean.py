"""What is said of Korean answers: a summary in a noun form, speech that is polite."""

import pytest

from tests.lab.evaluate.checking import GROUPS, chat, found, goal, verdicts

SUMMARY, SPEECH = "summary-ends-in-a-noun", "polite-speech"


@pytest.mark.parametrize(
    "summary", ["산이 처음인 사람들의 느긋한 일요일", "우리들의 수다 ☕", "함께 달리기!", "K-POP 댄스 Club"]
)
def test_a_summary_may_end_in_a_noun(summary: str) -> None:
    assert not found(SUMMARY, goal(), summary=summary)


@pytest.mark.parametrize("summary", ["함께 달려요!", "일상에 쉼표를 더하다", "같이 해 볼까?", "함께합니다 (초보 환영)"])
def test_a_summary_may_not_end_in_a_verb(summary: str) -> None:
    assert found(SUMMARY, goal(), summary=summary)


@pytest.mark.parametrize(
    "text",
    [
        "가장 느린 사람에게 맞춰 걸어요. 누구나 오세요!",
        "함께 읽고 나눕니다. 초보 환영. 준비물 없음.",
        "'가자!'라는 말이 절로 나오는 모임이에요",
        "“산이 거기 있다.” 그 말에 끌린 분을 기다립니다.",
        "매주 목요일(비 오면 쉰다) 만나요 😊 커피도 마셔요 ☕",
        "느린 산책은 처음 걷는 분들을 위한 모임이랍니다~ 편하게 오세요ㅎㅎ",
        "1. 걷기\n2. 차 마시기\n이렇게 진행해요.",
        "여러분은 어떤 길을 좋아하시나요?",
    ],
)
def test_polite_speech_passes(text: str) -> None:
    assert not found(SPEECH, goal(), description=text)
    assert not found(SPEECH, chat(), reply=text)


@pytest.mark.parametrize(
    "text",
    [
        "가장 느린 사람에게 맞춰 걷는다. 누구나 오세요!",
        "누구나 오세요! 같이 가자~",
        "함께 걸어요 😊 준비물은 없어",
        "반가워요! 어떤 운동을 좋아해?",
        "초보 환영. 준비물 없음.",
        "We walk together.",
    ],
)
def test_one_plain_sentence_is_enough_to_be_rude_and_none_that_is_polite_as_well(text: str) -> None:
    assert found(SPEECH, goal(), description=text)
    assert found(SPEECH, chat(), reply=text)


def test_a_groups_own_name_may_be_plain() -> None:
    request = chat(want="recommendation", candidates=GROUPS)
    chosen = {"group_id": "g2", "reason": "추천 모임은 같이 걷자! 조용히 걸을 수 있어요."}
    assert not found(SPEECH, request, recommendation=chosen)
    assert not found(SPEECH, goal(), name="같이 걷자", description="우리는 같이 걷자! 조용히 걸어요.")
    assert found(SPEECH, goal(), name="느린 산책", description="우리는 같이 걷자! 조용히 걸어요.")


def test_a_reason_is_speech_as_well() -> None:
    request = chat(want="recommendation", candidates=GROUPS)
    assert found(SPEECH, request, recommendation={"group_id": "g1", "reason": "한강을 천천히 달린다."})


def test_english_answers_and_what_the_user_wrote_are_not_asked() -> None:
    assert not {SUMMARY, SPEECH} & set(verdicts(goal("run", language="en")))
    assert not {SUMMARY, SPEECH} & set(verdicts(goal(summary="함께 달린다", description="함께 달린다.")))
