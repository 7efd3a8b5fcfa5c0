"""A repair, from the chain to the model: what the second call holds, when the first one stops, and what it may cost."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from langchain_core.messages import BaseMessage

from chains import Limits, StructuredChain, meeting_info
from chains.output import Dialect, Way
from schemas import Code, Complete, Failed, MeetingInfo, OutputError, Reset, StreamError
from tests.chains.answers import GOAL, MEETING, model_saying, script_of, text, without
from tests.chains.contract import check
from tests.chains.projecting import of

WRONG = text(MEETING | {"summary": "two\nlines"})
KEPT = {name: MEETING[name] for name in ("name", "category")}
REST = without(MEETING, *KEPT)
CALM = Limits(idle=5.0, total=30.0, snapshot=0.0)


def form(*replies: Any, limits: Limits = CALM, **model: Any) -> StructuredChain:
    return meeting_info.build(model_saying(*replies, **model), limits)


def calls(chain: StructuredChain) -> list[tuple[list[BaseMessage], dict[str, Any]]]:
    return script_of(chain.model).calls


# -- the second call ---------------------------------------------------------------------------------------------------


def asked_for(way: Way, messages: list[BaseMessage], arguments: dict[str, Any]) -> list[str]:
    """The properties that a call holds the model to."""
    match way:
        case "json_schema":
            schema = arguments["response_format"]["json_schema"]["schema"]
        case "tools":
            schema = arguments["tools"][0]["function"]["parameters"]
        case _:
            assert messages[0].type == "system"
            schema = json.loads(messages[0].text.rpartition("JSON Schema:\n")[2])
    return [*schema["properties"]]


@pytest.mark.parametrize("dialect", ["plain", "strict"])
@pytest.mark.parametrize("way", ["json_schema", "tools", "json_object", "prompt"])
async def test_the_second_call_asks_for_the_open_fields_only_in_every_way(way: Way, dialect: Dialect) -> None:
    chain = form(WRONG, text(REST), way=way, dialect=dialect)
    assert await chain.ainvoke(GOAL) == MEETING
    (first, with_all), (second, with_rest) = calls(chain)
    assert asked_for(way, first, with_all) == [*MEETING]
    assert asked_for(way, second, with_rest) == [*REST]
    assert with_all.keys() == with_rest.keys()


@pytest.mark.parametrize("way", ["json_schema", "json_object"])
async def test_the_second_call_is_the_first_one_what_the_model_wrote_and_what_was_wrong(way: Way) -> None:
    chain = form(WRONG, text(REST), way=way, chunk_size=1)
    await chain.ainvoke(GOAL)
    (first, _), (second, _) = calls(chain)
    assert [message.text for message in second[1:-2]] == [message.text for message in first[1:]]
    assert (second[0].text == first[0].text) == (way == "json_schema")  # else the schema stands in it
    wrote, told = second[-2:]
    assert (wrote.type, told.type) == ("ai", "human")
    assert WRONG.startswith(wrote.text)
    assert wrote.text.endswith('"two\\nlines"')
    assert told.text.splitlines() == [
        "That answer cannot be used.",
        "The answer breaks the rules for /summary.",
        "- /summary: must be a single line",
        f"These fields stay as they are: {text(KEPT)}",
        f"Write one JSON object with only these fields: {', '.join(REST)}.",
    ]


async def test_an_answer_without_a_text_is_shown_as_an_empty_object() -> None:
    chain = form("", text(MEETING))
    await chain.ainvoke(GOAL)
    assert calls(chain)[1][0][-2].text == "{}"


async def test_the_third_call_shows_the_second_answer_only() -> None:
    chain = form(WRONG, text(REST | {"tags": []}), text(REST), limits=Limits(repairs=2))
    assert (await chain.ainvoke(GOAL))["tags"] == MEETING["tags"]
    (first, _), _, (third, _) = calls(chain)
    assert len(third) == len(first) + 2
    assert "/tags" in third[-1].text
    assert "/summary" not in third[-1].text


# -- a doomed attempt --------------------------------------------------------------------------------------------------


async def test_a_doomed_attempt_has_stopped_before_its_reader_hears_of_it() -> None:
    """The rest would be paid for and thrown away."""
    long = WRONG[:-1] + ', "more": "' + "x" * 5000 + '"}'
    chain = form(long, text(REST), chunk_size=1, pace_ms=0.01)
    async for event in chain.astream_typed(GOAL):
        if isinstance(event, Reset):
            [sent] = script_of(chain.model).stopped_after
            assert sent < len(WRONG)
            assert len(calls(chain)) == 1
    assert len(calls(chain)) == 2


def test_without_a_loop_it_stops_at_the_very_character() -> None:
    chain = form(WRONG, text(REST), chunk_size=1)
    assert chain.invoke(GOAL) == MEETING
    assert script_of(chain.model).stopped_after[0] == WRONG.index("lines") + len('lines"')


async def test_with_repairs_off_the_answer_is_read_to_its_end() -> None:
    chain = form(WRONG, chunk_size=1, limits=Limits(repairs=0))
    with pytest.raises(OutputError):
        await chain.ainvoke(GOAL)
    assert script_of(chain.model).stopped_after == [len(WRONG) + 1]  # and the chunk that says why it ended


# -- what a repair may cost --------------------------------------------------------------------------------------------


async def sizes() -> tuple[int, int]:
    """The tokens of the first call's prompt, and of the second one's."""
    chain = form(WRONG, text(REST))
    await chain.ainvoke(GOAL)
    first, second = (chain.model.count_tokens(messages) for messages, _ in calls(chain))
    return first, second


async def failure(chain: StructuredChain) -> Failed:
    events = [event async for event in chain.astream_typed(GOAL)]
    check(events, MeetingInfo)
    assert isinstance(events[-1], Failed)
    assert len(calls(chain)) == 1
    return events[-1]


async def test_a_repair_that_the_context_does_not_hold_is_not_begun() -> None:
    first, second = await sizes()
    assert (await failure(form(WRONG, context_tokens=first + 100, max_tokens=100))).code is Code.INVALID_OUTPUT
    assert await form(WRONG, text(REST), context_tokens=second + 100, max_tokens=100).ainvoke(GOAL) == MEETING


async def test_where_there_is_no_room_for_what_it_wrote_the_model_is_not_shown_it() -> None:
    _, second = await sizes()
    chain = form(WRONG, text(REST), context_tokens=second + 100 - 1, max_tokens=100)
    assert await chain.ainvoke(GOAL) == MEETING
    assert calls(chain)[1][0][-2].text == "{}"


async def test_a_repair_that_the_budget_does_not_hold_is_not_begun() -> None:
    first, second = await sizes()
    wrote = model_saying(WRONG).estimate(WRONG + text(REST))
    assert (await failure(form(WRONG, limits=Limits(tokens=first + int(wrote))))).code is Code.INVALID_OUTPUT
    assert await form(WRONG, text(REST), limits=Limits(tokens=first + second + int(wrote))).ainvoke(GOAL) == MEETING


async def test_a_budget_may_end_a_repair_on_its_way() -> None:
    first, second = await sizes()
    wrote = model_saying(WRONG).estimate(WRONG[: WRONG.index("lines")])
    chain = form(WRONG, text(REST), limits=Limits(tokens=first + second + int(wrote) + 20))
    events = [event async for event in chain.astream_typed(GOAL)]
    assert isinstance(events[-1], Failed)
    assert events[-1].code is Code.OVER_BUDGET
    assert events[-1].partial.items() >= KEPT.items()
    assert len(calls(chain)) == 2


# -- the other ways in -------------------------------------------------------------------------------------------------


ANSWERS: dict[str, list[Any]] = {
    "an invalid field": [WRONG, text(REST)],
    "no JSON": ["I cannot.", text(MEETING)],
    "a cut list": [{"text": text(MEETING)[:150], "finish_reason": "length"}, text(MEETING)],
    "a key twice": ['{"name": "a", "name": "b"}', text(MEETING)],
    "left out": [text(without(MEETING, "tags")), text(MEETING)],
    "never right": [WRONG, WRONG],
    "a connection that breaks in the second": [WRONG, {"text": text(REST)[:40], "failure": "cut"}],
    "a second that cannot be reached": [WRONG, {"failure": "unavailable"}],
}


@pytest.mark.parametrize("replies", ANSWERS.values(), ids=ANSWERS)
async def test_every_way_in_repairs_the_same(replies: list[Any]) -> None:
    events = [event async for event in form(*replies).astream_typed(GOAL)]
    end = events[-1]
    assert isinstance(end, Complete | Failed)
    expected = end.value if isinstance(end, Complete) else end.code
    assert len(of(Reset, events)) == 1
    assert await awaited(form(*replies).ainvoke(GOAL)) == expected
    assert await awaited(last(form(*replies))) == expected
    assert called(lambda: form(*replies).invoke(GOAL)) == expected
    assert called(lambda: [*form(*replies).stream(GOAL)][-1]) == expected


async def last(chain: StructuredChain) -> Any:
    return [value async for value in chain.astream(GOAL)][-1]


async def awaited(value: Awaitable[Any]) -> Any:
    """What it gives, or the code of what it raises."""
    try:
        return await value
    except StreamError as error:
        return error.code


def called(function: Callable[[], Any]) -> Any:
    """What it gives, or the code of what it raises."""
    try:
        return function()
    except StreamError as error:
        return error.code


async def test_usage_sums_the_attempts() -> None:
    answers = [text(without(MEETING, "tags")), text(MEETING)]
    end = [event async for event in form(*answers, chunk_size=10).astream_typed(GOAL)][-1]
    assert isinstance(end, Complete)
    assert end.usage
    assert end.usage.output_tokens == sum(-(-len(answer) // 10) for answer in answers)  # it counts its chunks
    assert (end.usage.uncounted, end.attempts, end.repaired) == (0, 2, True)
