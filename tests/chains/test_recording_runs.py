"""Runs of chains, recorded: they come back whole, and no secret with them."""

from pathlib import Path

import pytest
from langchain_core.prompts import ChatPromptTemplate

from chains import StructuredChain, meeting_info
from chains.models.spec import OpenAISpec
from chains.recording import load, recorded, replay
from schemas import Complete, Fold, MeetingInfo, MeetingRequest
from tests.chains.answers import GOAL, MEETING, model_saying, text
from tests.chains.recordings import all_of, content_of
from tests.upstream import DONE, Step, Upstream, answer, cut, ends, says, sse, stream, whole


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "run.sse"


async def test_a_chains_run_comes_back_from_its_recording(file: Path) -> None:
    chain = meeting_info.build(model_saying(text(MEETING)))
    log = await all_of(recorded(chain.astream_typed(GOAL), file))
    assert await all_of(replay(file, speed=0)) == log
    fold = Fold()
    for event in log[:-1]:
        fold.apply(event)
    end = log[-1]
    assert isinstance(end, Complete)
    assert fold.value == end.value == MEETING


KEY, PROMPT, ASKED, ECHOED = "sk-canary-key", "canary-prompt", "canary-asked", "canary-echoed"
ECHO = {"error": {"message": f"{ECHOED} {KEY} {PROMPT} {ASKED}", "type": "x", "param": None, "code": "x"}}
HALF = says(text(MEETING)[:60])


def with_headers(*steps: Step) -> tuple[Step, ...]:
    """The same answer under headers that repeat what nobody may see."""
    head = steps[0]
    assert isinstance(head, bytes)
    lines = f"\r\nx-request-key: {KEY}\r\nx-echo: {ECHOED}\r\n\r\n".encode()
    return (head.replace(b"\r\n\r\n", lines, 1), *steps[1:])


ANSWERS: dict[str, tuple[tuple[Step, ...], str]] = {
    "whole": (whole(text(MEETING)), "complete"),
    **{str(status): ((answer(status, ECHO),), "failed") for status in (400, 401, 403, 404, 429, 500)},
    "an error in the stream": (stream(HALF, sse(ECHO)), "failed"),
    "junk": (stream(HALF, f"data: {KEY} {PROMPT}\n\n".encode()), "failed"),
    "cut": (stream(HALF, cut), "failed"),
    "not JSON": (stream(says("No."), ends(), DONE), "failed"),
    "broken rules": (whole(text(MEETING | {"max_members": 1000})), "failed"),
}


@pytest.mark.parametrize(("steps", "end"), ANSWERS.values(), ids=ANSWERS)
async def test_no_secret_enters_a_recording(
    upstream: Upstream, monkeypatch: pytest.MonkeyPatch, file: Path, steps: tuple[Step, ...], end: str
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    described = {"provider": "openai", "base_url": upstream.base_url, "name": "test-model", "max_retries": 0}
    chain = StructuredChain(
        name="canary",
        request=MeetingRequest,
        result=MeetingInfo,
        prompt=ChatPromptTemplate([("system", PROMPT), ("user", "{goal}")]),
        model=OpenAISpec.model_validate(described).load(),
    )
    script = upstream.plays(*with_headers(*steps))
    await all_of(recorded(chain.astream_typed({"goal": ASKED}, hold=0), file))
    call = script.next_call()
    assert call.headers["authorization"] == f"Bearer {KEY}"
    assert [message["content"] for message in call.body["messages"]][:2] == [PROMPT, ASKED]
    assert load(file)[-1].event.type == end
    content = content_of(file)
    assert [canary for canary in (KEY, PROMPT, ASKED, ECHOED) if canary in content] == []
