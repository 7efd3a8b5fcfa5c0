"""LangServe's own client, unmodified, against the real server: its chunks add up to the object, its errors raise."""

import json
from collections.abc import Callable
from functools import reduce
from operator import add
from typing import Any, Protocol

import httpx
import pytest
from langserve import RemoteRunnable

from schemas import Complete, Failed, FieldSettled, Start
from server.wire.langserve import LangServeFrames
from tests.server.configs import CHAT_INPUT, MEETING, MEETING_INPUT, openai, text
from tests.server.process import ServerProcess
from tests.upstream import Upstream, whole

PLAN = [
    {"step": 1, "title": "첫 만남 🐶", "details": ["인사하기", "코스 정하기"]},
    {"step": 2, "title": "걷기", "details": []},
]
CANDIDATES = [{"id": "g-1", "name": "한강 산책"}, {"id": "g-2", "name": "독서"}]
RECOMMENDED = {"group_id": "g-1", "reason": "가까운 곳에서\u2028천천히 걸어요 \x85 😀"}
RECOMMEND = {**CHAT_INPUT, "want": "recommendation", "candidates": CANDIDATES}
AWKWARD = "a\r\nb\u2028c\u2029d\x85e\x1cf\x0bg\x0ch\x00 😀👩‍👩‍👧 끝 "
GIVEN = {"name": "정해진 이름", "tags": ["하나", "둘", "셋"], "max_members": 5}
LESS = {name: value for name, value in MEETING.items() if name not in GIVEN}
SUMS: dict[str, tuple[str, Any, Any, Any]] = {
    "form": ("meeting-info", MEETING, MEETING_INPUT, MEETING),
    "form with a plan": (
        "meeting-info", {**MEETING, "plan": PLAN}, {**MEETING_INPUT, "include_plan": True}, {**MEETING, "plan": PLAN},
    ),
    "form with given fields": ("meeting-info", LESS, {**MEETING_INPUT, **GIVEN}, {**MEETING, **GIVEN}),
    "form that is all given": ("meeting-info", {}, {**MEETING_INPUT, **MEETING}, MEETING),
    "chat": (
        "chatbot", {"reply": "네 😀", "options": ["등산", "독서 📚"]}, CHAT_INPUT,
        {"reply": "네 😀", "options": ["등산", "독서 📚"], "recommendation": None},
    ),
    "chat without options": (
        "chatbot", {"reply": "네"}, CHAT_INPUT, {"reply": "네", "options": [], "recommendation": None},
    ),
    "chat with no option": (
        "chatbot", {"options": [], "reply": AWKWARD}, CHAT_INPUT,
        {"reply": AWKWARD, "options": [], "recommendation": None},
    ),
    "chat with a recommendation": (
        "chatbot", {"reply": "여기요", "options": ["좋아요"], "recommendation": RECOMMENDED}, RECOMMEND,
        {"reply": "여기요", "options": ["좋아요"], "recommendation": RECOMMENDED},
    ),
    "chat that recommends nothing": (
        "chatbot", {"reply": "없어요", "options": [], "recommendation": None}, RECOMMEND,
        {"reply": "없어요", "options": [], "recommendation": None},
    ),
}  # fmt: skip


class Remotes(Protocol):
    """The remote chain, whose model says this from now on."""

    def __call__(self, chain: str, says: Any) -> RemoteRunnable[Any, Any]: ...


@pytest.fixture(scope="module")
def remote(shared: Callable[[str], ServerProcess], upstream: Upstream) -> Remotes:
    server = shared(openai(upstream.base_url))

    def remote(chain: str, says: Any) -> RemoteRunnable[Any, Any]:
        upstream.plays(*whole(text(says)))
        return RemoteRunnable(f"{server.url}/{chain}")

    return remote


@pytest.mark.parametrize("case", SUMS)
async def test_every_way_of_asking_gives_the_object(remote: Remotes, case: str) -> None:
    chain, says, wanted, result = SUMS[case]
    runnable = remote(chain, says)
    assert runnable.invoke(wanted) == result
    assert await runnable.ainvoke(wanted) == result
    assert reduce(add, runnable.stream(wanted)) == result
    assert reduce(add, [chunk async for chunk in runnable.astream(wanted)]) == result
