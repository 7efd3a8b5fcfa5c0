"""Settings for servers under test: both chains, on a scripted model or on a scripted upstream."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import yaml

MEETING: dict[str, Any] = {
    "name": "주말 산책 🐾",
    "category": "반려동물",
    "summary": "강아지와 함께 걷는 토요일 아침",
    "description": '동네 공원을 천천히 걸으며 "서로" 인사해요.\n처음이어도 괜찮아요 👨‍👩‍👧.',
    "tags": ["산책", "강아지", "친구"],
    "period": "1~3개월",
    "max_members": 12,
}
CHAT: dict[str, Any] = {"reply": "안녕하세요! 어떤 모임을\n찾으세요? 😀", "options": ["등산", "독서 📚"]}

MEETING_INPUT: dict[str, Any] = {"goal": "강아지와 산책", "language": "ko"}
CHAT_INPUT: dict[str, Any] = {"messages": [{"role": "user", "content": "모임 추천해줘"}]}

CHAINS: dict[str, Any] = {
    "chatbot": {"runnable": "chains.chatbot:build", "path": "/chatbot"},
    "meeting-info": {"runnable": "chains.meeting_info:build", "path": "/meeting-info"},
}


def text(value: Any) -> str:
    """An object as a model writes it."""
    return json.dumps(value, ensure_ascii=False)


def settings(model: Mapping[str, Any], **sections: Any) -> str:
    """The YAML of both chains on one model; `sections` replace or add whole sections."""
    whole = {"model": "demo", "models": {"demo": dict(model)}, "chains": CHAINS, **sections}
    return yaml.safe_dump(whole, allow_unicode=False)


def scripted(*replies: Any, model: Mapping[str, Any] | None = None, **sections: Any) -> str:
    """Both chains on a model that says the replies in turn, again and again, without pauses unless `model` has some.

    A reply is a text, or a mapping with `text`, `failure` … as `chains.models.scripted` takes it.
    """
    return settings({"provider": "scripted", "pace_ms": 0, "replies": list(replies), **(model or {})}, **sections)


def by_chain(replies: Mapping[str, Any], **sections: Any) -> str:
    """Each chain on a scripted model of its own, which says one reply for ever."""
    models = {name: {"provider": "scripted", "pace_ms": 0, "replies": [reply]} for name, reply in replies.items()}
    chains = {name: {**CHAINS[name], "model": name} for name in replies}
    return yaml.safe_dump({"models": models, "chains": chains, **sections}, allow_unicode=False)


def both(**sections: Any) -> str:
    """Each chain answers its own whole, valid object."""
    return by_chain({"chatbot": text(CHAT), "meeting-info": text(MEETING)}, **sections)


def openai(base_url: str, model: Mapping[str, Any] | None = None, **sections: Any) -> str:
    """Both chains on an upstream that speaks OpenAI's protocol."""
    over_http = {"provider": "openai", "base_url": base_url, "name": "test-model", "max_retries": 0}
    return settings({**over_http, **(model or {})}, **sections)


def chains_with(endpoints: Sequence[str]) -> dict[str, Any]:
    """Both chains with these endpoints only."""
    return {name: {**chain, "endpoints": list(endpoints)} for name, chain in CHAINS.items()}
