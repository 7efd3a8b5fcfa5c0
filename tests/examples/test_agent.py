"""An agent's structured answer as typed events: only its answer, whatever else its model and its tools say."""

from contextlib import aclosing
from typing import Any

import pytest
from langchain.agents import create_agent
from langchain.agents.structured_output import ProviderStrategy, ToolStrategy
from langchain_core.messages import AIMessageChunk, ToolMessage

from chains import meeting_info
from chains.models.scripted import Reply
from examples.agent import Advice, Agent, advice_in, advise, build
from schemas import Code, Complete, Event, Failed, FieldSettled, Start, Token
from tests.chains.answers import GOAL, MEETING, model_saying, text
from tests.examples.calling import Call, CallingChatModel

WISH = "easy hills"
ADVICE = {"group": "Slow Sunday Hikers", "reason": "그 모임은 아주 천천히 걸어요.", "questions": ["언제 만나요?"]}
ANSWER = Reply(text=text(ADVICE))
SEARCH = Call(tool="find_groups", text=text({"wish": WISH}))


def model_of(*replies: Reply) -> CallingChatModel:
    return CallingChatModel(replies=list(replies))


def held(model: CallingChatModel) -> Agent:
    """The agent on a model that can be held to a schema."""
    return build(model, ProviderStrategy(Advice))


async def told(agent: Agent) -> list[Event]:
    return [event async for event in advise(agent, WISH)]


def assert_advice(events: list[Event]) -> None:
    """These are the events of the advice and of nothing else, told as it was written."""
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    assert isinstance(events[0], Start)
    assert isinstance(events[-1], Complete)
    assert events[-1].value == ADVICE
    reasons = [event.text for event in events if isinstance(event, Token) and event.path == "/reason"]
    assert "".join(reasons) == ADVICE["reason"]
    settled = [event.path for event in events if isinstance(event, FieldSettled)]
    assert settled == ["/group", "/reason", "/questions/0", "/questions"]


async def test_the_answer_streams_as_the_events_that_a_chain_tells() -> None:
    assert_advice(await told(held(model_of(ANSWER))))


async def test_it_is_what_the_agent_itself_answers() -> None:
    answer = await held(model_of(ANSWER)).ainvoke({"messages": [("user", WISH)]})
    assert answer["structured_response"] == Advice.model_validate(ADVICE)


async def test_a_call_of_a_tool_before_it_is_not_the_answer() -> None:
    model = model_of(SEARCH, ANSWER)
    assert_advice(await told(held(model)))
    [(_, _), (messages, _)] = model.calls
    [result] = [message for message in messages if isinstance(message, ToolMessage)]
    assert "Slow Sunday Hikers" in result.text


@pytest.mark.parametrize("first", [[], [SEARCH], [SEARCH, SEARCH]], ids=len)
async def test_the_answer_may_be_the_call_of_a_tool(first: list[Reply]) -> None:
    model = model_of(*first, Call(tool="Advice", text=text(ADVICE)))
    assert_advice(await told(build(model, ToolStrategy(Advice))))


async def test_what_the_agent_says_to_itself_is_not_the_answer() -> None:
    agent = build(model_of(SEARCH, Call(tool="Advice", text=text(ADVICE))), ToolStrategy(Advice))
    messages = agent.astream({"messages": [("user", WISH)]}, stream_mode="messages")
    chunks = [chunk async for chunk in advice_in(messages)]
    assert {type(chunk) for chunk in chunks} == {AIMessageChunk}
    assert "".join(call["args"] or "" for chunk in chunks for call in chunk.tool_call_chunks) == text(ADVICE)


async def test_what_a_tools_own_model_writes_is_not_the_answer() -> None:
    chain = meeting_info.build(model_saying(text(MEETING)))

    async def write_form(goal: str) -> dict[str, Any]:
        """Writes the form of a new group."""
        return await chain.ainvoke({"goal": goal})

    model = model_of(Call(tool="write_form", text=text(GOAL)), ANSWER)
    agent: Agent = create_agent(model, [write_form], response_format=ProviderStrategy(Advice))
    assert_advice(await told(agent))
    [(_, _), (messages, _)] = model.calls
    assert any(MEETING["summary"] in message.text for message in messages if isinstance(message, ToolMessage))


async def test_what_the_model_has_written_comes_before_it_ends_and_leaving_stops_it() -> None:
    model = model_of(Reply(text=text(ADVICE)[:40], failure="stall"))
    async with aclosing(advise(held(model), WISH)) as events:
        async for event in events:
            if isinstance(event, Token):
                break
        assert model.stopped_after == []
    assert len(model.stopped_after) == 1


@pytest.mark.parametrize(
    ("reply", "code"),
    [
        ({"text": text(ADVICE | {"group": ""})}, Code.INVALID_OUTPUT),
        ({"text": "I would rather not."}, Code.NOT_JSON),
        ({"text": text(ADVICE)[:40], "finish_reason": "length"}, Code.TRUNCATED),
        ({"text": text(ADVICE)[:40], "failure": "cut"}, Code.UPSTREAM_CUT),
    ],
)
async def test_an_answer_that_is_none_fails_the_stream_and_ends_it(reply: dict[str, Any], code: Code) -> None:
    *_, last = await told(held(model_of(Reply.model_validate(reply))))
    assert isinstance(last, Failed)
    assert last.code == code
