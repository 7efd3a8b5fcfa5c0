"""What a model may answer to the two chains that are served, and a model that answers it."""

import json
from typing import Any

from chains.limits import Limits
from chains.models.model import Model
from chains.models.scripted import Reply, ScriptedChatModel

GOAL = {"goal": "초보자도 함께하는 주말 한강 러닝"}
MEETING: dict[str, Any] = {
    "name": "한강 러닝 크루",
    "category": "스포츠",
    "summary": "함께 달리는 토요일 아침",
    "description": "초보자도 함께 달립니다.\n매주 토요일 아침에 만나요! 🏃",
    "tags": ["러닝", "한강", "초보환영"],
    "period": "3~6개월",
    "max_members": 12,
}
STEPS = [
    {"title": "첫 만남", "details": ["자기소개", "3km 걷기"]},
    {"title": "달리기", "details": []},
]
PLAN = [{"step": number, **step} for number, step in enumerate(STEPS, start=1)]

CHAT: dict[str, Any] = {"messages": [{"role": "user", "content": "조용한 독서 모임 있나요?"}]}
CANDIDATES: list[dict[str, Any]] = [
    {"id": "g1", "name": "밤의 책장", "summary": "조용히 읽고 천천히 이야기합니다", "tags": ["독서"]},
    {"id": "g2", "name": "한강 러닝 크루"},
]
CHOOSING: dict[str, Any] = CHAT | {"candidates": CANDIDATES, "want": "recommendation"}
REPLY: dict[str, Any] = {"reply": "네, 있어요. 평일 저녁이 좋으세요?", "options": ["평일 저녁", "주말"]}
RECOMMENDING = REPLY | {"recommendation": {"group_id": "g1", "reason": "조용히 읽는 모임이에요."}}


def text(value: Any) -> str:
    """A value as a model would write it."""
    return json.dumps(value, ensure_ascii=False)


def without(value: dict[str, Any], *names: str) -> dict[str, Any]:
    """The value less these properties."""
    return {name: item for name, item in value.items() if name not in names}


def model_saying(*replies: str | dict[str, Any], chunk_size: int = 5, pace_ms: float = 0, **known: Any) -> Model:
    """A model with this script; `known` is what a chain may know of it (`way`, `languages` …)."""
    scripted = ScriptedChatModel(
        replies=[Reply.model_validate(reply) for reply in replies], chunk_size=chunk_size, pace_ms=pace_ms
    )
    return Model(chat=scripted, name="scripted", **known)


def script_of(model: Model) -> ScriptedChatModel:
    """The scripted model behind a `Model`."""
    assert isinstance(model.chat, ScriptedChatModel)
    return model.chat


QUICK = Limits(idle=0.3, total=10.0, snapshot=0.0)
"""Limits under which a silent model is soon given up, though not because this machine is busy."""
