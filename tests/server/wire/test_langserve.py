"""LangServe's own client, unmodified, against the real server: its chunks add up to the object, its errors raise."""

from collections.abc import Callable
from functools import reduce
from operator import add
from typing import Any, Protocol

import httpx
import pytest
from langchain_core.runnables import RunnableConfig
from langserve import RemoteRunnable

from tests.server.configs import CHAT_INPUT, MEETING, MEETING_INPUT, openai, text
from tests.server.process import ServerProcess
from tests.upstream import Step, Upstream, answer, cut, ends, says, stream, whole

PLAN = [
    {"step": 1, "title": "첫 만남 🐶", "details": ["인사하기", "코스 정하기"]},
    {"step": 2, "title": "걷기", "details": []},
]
CANDIDATES = [{"id": "g-1", "name": "한강 산책"}, {"id": "g-2", "name": "독서"}]
RECOMMENDED = {"group_id": "g-1", "reason": "가까운 곳에서\u2028천천히 걸어요 \x85 😀"}
RECOMMEND = {**CHAT_INPUT, "want": "recommendation", "candidates": CANDIDATES}
AWKWARD = "a\r\nb\u2028c\u2029d\x85e\x1cf\x0bg\x0ch\x00 😀👩‍👩‍👧 끝"
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

    def __call__(self, chain: str, said: Any) -> RemoteRunnable[Any, Any]: ...


@pytest.fixture(scope="module")
def remote(shared: Callable[[str], ServerProcess], upstream: Upstream) -> Remotes:
    server = shared(openai(upstream.base_url))

    def remote(chain: str, said: Any) -> RemoteRunnable[Any, Any]:
        upstream.plays(*whole(text(said)))
        return RemoteRunnable(f"{server.url}/{chain}")

    return remote


@pytest.mark.parametrize("case", SUMS)
async def test_every_way_of_asking_gives_the_object(remote: Remotes, case: str) -> None:
    chain, said, wanted, result = SUMS[case]
    runnable = remote(chain, said)
    assert runnable.invoke(wanted) == result
    assert await runnable.ainvoke(wanted) == result
    assert reduce(add, runnable.stream(wanted)) == result
    assert reduce(add, [chunk async for chunk in runnable.astream(wanted)]) == result


def test_blanks_in_front_of_a_text_come_as_the_model_wrote_them(remote: Remotes) -> None:
    """They are trimmed when the text closes: that is in time for those behind it, and too late for those in front."""
    runnable = remote("chatbot", {"reply": " 네 \n", "options": [" 등산 "]})
    assert runnable.invoke(CHAT_INPUT) == {"reply": "네", "options": ["등산"], "recommendation": None}
    assert reduce(add, runnable.stream(CHAT_INPUT)) == {
        "reply": " 네", "options": ["등산"], "recommendation": None,
    }  # fmt: skip


async def test_batches(remote: Remotes) -> None:
    runnable = remote("meeting-info", MEETING)
    assert runnable.batch([MEETING_INPUT] * 3) == [MEETING] * 3
    assert await runnable.abatch([MEETING_INPUT] * 3) == [MEETING] * 3
    assert runnable.batch([]) == []


async def test_its_events(remote: Remotes) -> None:
    runnable = remote("meeting-info", MEETING)
    events = [event async for event in runnable.astream_events(MEETING_INPUT)]
    kinds = [event["event"] for event in events]
    assert (kinds[0], kinds[-1]) == ("on_chain_start", "on_chain_end")
    assert "on_chat_model_stream" in kinds
    assert events[-1]["data"]["output"] == MEETING


async def test_it_composes(remote: Remotes) -> None:
    named = remote("meeting-info", MEETING) | (lambda meeting: meeting["name"])
    assert await named.ainvoke(MEETING_INPUT) == MEETING["name"]


LATE = stream(says('{"name": "Half'), cut)


class TestErrors:
    @pytest.mark.parametrize(
        ("steps", "status"), [((answer(401),), 502), ((answer(429),), 503), (LATE, 502)], ids=["401", "429", "cut"]
    )
    async def test_a_fault_of_the_model_is_raised(
        self, remote: Remotes, upstream: Upstream, steps: tuple[Step, ...], status: int
    ) -> None:
        runnable = remote("meeting-info", MEETING)
        upstream.plays(*steps)
        for ask in (
            lambda: runnable.invoke(MEETING_INPUT),
            lambda: runnable.batch([MEETING_INPUT]),
            lambda: list(runnable.stream(MEETING_INPUT)),
        ):
            with pytest.raises(httpx.HTTPStatusError) as raised:
                ask()
            assert raised.value.response.status_code == status
        with pytest.raises(httpx.HTTPStatusError):
            [chunk async for chunk in runnable.astream(MEETING_INPUT)]

    async def test_a_fault_ends_its_events(self, remote: Remotes, upstream: Upstream) -> None:
        runnable = remote("meeting-info", MEETING)
        upstream.plays(*LATE)
        with pytest.raises(httpx.HTTPStatusError):
            [event async for event in runnable.astream_events(MEETING_INPUT)]

    async def test_what_had_come_is_kept(self, remote: Remotes, upstream: Upstream) -> None:
        runnable = remote("meeting-info", MEETING)
        upstream.plays(*stream(says('{"name": "Half'), ends("length")))
        got: list[dict[str, Any]] = []
        with pytest.raises(httpx.HTTPStatusError, match="token limit"):
            got.extend(runnable.stream(MEETING_INPUT))
        assert reduce(add, got) == {"name": "Half"}

    def test_bad_input_is_raised(self, remote: Remotes) -> None:
        runnable = remote("meeting-info", MEETING)
        for ask in (runnable.invoke, lambda wanted: list(runnable.stream(wanted))):
            with pytest.raises(httpx.HTTPStatusError) as raised:
                ask({"goal": ""})
            assert raised.value.response.status_code == 422

    def test_a_client_cannot_configure_the_chain(self, remote: Remotes) -> None:
        runnable = remote("meeting-info", MEETING)
        config: RunnableConfig = {"configurable": {"base_url": "https://evil.example"}}
        for ask in (
            lambda: runnable.invoke(MEETING_INPUT, config),
            lambda: runnable.batch([MEETING_INPUT], config),
            lambda: list(runnable.stream(MEETING_INPUT, config)),
        ):
            with pytest.raises(httpx.HTTPStatusError) as raised:
                ask()
            assert raised.value.response.status_code == 422

    def test_other_settings_of_a_run_are_its_own_business(self, remote: Remotes) -> None:
        config: RunnableConfig = {"tags": ["mine"], "metadata": {"user": 1}, "run_name": "mine"}
        assert remote("meeting-info", MEETING).invoke(MEETING_INPUT, config) == MEETING
