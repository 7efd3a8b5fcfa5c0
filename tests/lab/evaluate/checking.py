"""Cases and answers to hold the checks to: one that passes them all, and what is changed in it."""

from typing import Any

from lab.cases import Case, ChainName, Expected
from lab.evaluate.checks import CHECKS, judged

MEETING_KO: dict[str, Any] = {
    "name": "느린 산책",
    "category": "스포츠",
    "summary": "산이 처음인 사람들의 느긋한 일요일",
    "description": "완만한 길을 가장 느린 사람의 걸음에 맞춰 걸어요. 물과 편한 신발만 챙겨 오세요.",
    "tags": ["등산", "초보", "주말"],
    "period": "3~6개월",
    "max_members": 12,
    "plan": [
        {"step": 1, "title": "첫 만남과 둘레길", "details": ["역 앞에서 인사 나누기", "한 시간 걷기"]},
        {"step": 2, "title": "낮은 산 오르기", "details": []},
    ],
}
MEETING_EN: dict[str, Any] = {
    **MEETING_KO,
    "name": "Slow Sundays",
    "summary": "Easy hills for first-time hikers",
    "description": "We walk gentle paths at the pace of the slowest. Bring water and good shoes.",
    "tags": ["hiking", "beginners", "weekend"],
    "plan": [{"step": 1, "title": "A first short walk", "details": ["Meet at the station"]}],
}
CHAT_KO: dict[str, Any] = {
    "reply": "반가워요! 밖에서 걷는 편이 좋으세요, 조용한 곳이 좋으세요?",
    "options": ["밖에서 걷기", "조용한 곳"],
    "recommendation": None,
}
CHAT_EN: dict[str, Any] = {
    "reply": "Welcome! Would you rather be outdoors or indoors?",
    "options": ["Outdoors", "Indoors"],
    "recommendation": None,
}
GROUPS = [
    {"id": "g1", "name": "한강 러닝", "summary": "천천히 달리는 토요일", "tags": ["달리기"]},
    {"id": "g2", "name": "같이 걷자", "summary": "조용히 걷는 저녁", "tags": ["산책", "책"]},
]


def goal(said: str = "천천히 걷는 등산 모임", expect: Expected | None = None, **given: Any) -> Case:
    """A goal, in Korean unless `language` says another, with a plan wanted."""
    request = {"goal": said, "include_plan": True, "language": "ko", **given}
    return Case(id="g-1", input=request, expect=expect or Expected())


def chat(said: str = "모임을 찾고 있어요", expect: Expected | None = None, **more: Any) -> Case:
    """A message, in Korean unless `language` says another."""
    request = {"messages": [{"role": "user", "content": said}], "language": "ko", **more}
    return Case(id="c-1", input=request, expect=expect or Expected())


def answer(case: Case) -> dict[str, Any]:
    """An answer to the case with which nothing is wrong."""
    answers = {"goal": (MEETING_KO, MEETING_EN), "messages": (CHAT_KO, CHAT_EN)}
    kind = next(answers[key] for key in answers if key in case.input)
    return dict(kind[case.language == "en"])


def chain_of(case: Case) -> ChainName:
    """Whose case it is."""
    return "chatbot" if "messages" in case.input else "meeting_info"


def verdicts(case: Case, **changed: Any) -> dict[str, str | None]:
    """What the checks say of the case's good answer with these fields changed."""
    return judged(chain_of(case), case, answer(case) | changed)


def found(check: str, case: Case, **changed: Any) -> bool:
    """Whether this check, which must apply, finds something wrong with the answer so changed."""
    assert check in {known.name for known in CHECKS}
    return verdicts(case, **changed)[check] is not None
