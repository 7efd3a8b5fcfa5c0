"""The form's chain: what the user gave is kept by code, what is open is asked for, a plan only if it is wanted."""

from itertools import combinations
from typing import Any

import pytest

from chains import meeting_info
from chains.structured import StructuredChain
from schemas import Complete, Event, FieldSettled, MeetingInfo, Start
from tests.chains.answers import GOAL, MEETING, PLAN, STEPS, model_saying, script_of, text, without

GIVEN: dict[str, Any] = {
    "name": "내 모임",
    "category": "기타",
    "summary": "내가 쓴 한 줄",
    "description": "내가 쓴 소개.\n두 줄.",
    "tags": ["내", "태그", "셋"],
    "period": "1년 이상",
    "max_members": 2,
    "plan": [{"step": 1, "title": "내 계획", "details": []}],
}


def form(answer: dict[str, Any] = MEETING) -> StructuredChain:
    return meeting_info.build(model_saying(text(answer)))


async def typed(chain: StructuredChain, input: Any) -> list[Event]:
    return [event async for event in chain.astream_typed(input)]


def value_of(events: list[Event]) -> dict[str, Any]:
    assert isinstance(events[-1], Complete), events[-1]
    return events[-1].value


def asked(chain: StructuredChain) -> dict[str, Any]:
    """The properties of the schema that the model was sent."""
    _, arguments = script_of(chain.model).calls[-1]
    properties: dict[str, Any] = arguments["response_format"]["json_schema"]["schema"]["properties"]
    return properties


def prompt_of(chain: StructuredChain) -> str:
    messages, _ = script_of(chain.model).calls[-1]
    return messages[-1].text


# -- given -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", GIVEN)
async def test_what_is_given_is_kept_and_not_asked_for(name: str) -> None:
    chain = form(MEETING | {"plan": STEPS})
    events = await typed(chain, GOAL | {name: GIVEN[name]})
    value = value_of(events)
    assert value[name] == GIVEN[name]
    assert name not in asked(chain)
    assert {key: value[key] for key in MEETING if key != name} == without(MEETING, name)
    assert isinstance(events[1], FieldSettled)
    assert (events[1].path, events[1].source) == (f"/{name}", "given")


@pytest.mark.parametrize("names", list(combinations(["name", "tags", "period", "plan"], 2)))
async def test_any_fields_may_be_given_and_the_rest_is_asked_for(names: tuple[str, str]) -> None:
    chain = form()
    value = value_of(await typed(chain, GOAL | {name: GIVEN[name] for name in names}))
    assert list(asked(chain)) == [name for name in MEETING if name not in names]
    assert list(value) == [name for name in MeetingInfo.model_fields if name in value]


async def test_where_all_is_given_no_model_is_asked() -> None:
    chain = form()
    events = await typed(chain, GOAL | GIVEN)
    assert value_of(events) == GIVEN
    assert not script_of(chain.model).calls
    assert [event.type for event in events if event.type != "field"] == ["start", "partial", "complete"]
    assert chain.invoke(GOAL | GIVEN) == [value async for value in chain.astream(GOAL | GIVEN)][-1] == GIVEN


async def test_null_is_not_given() -> None:
    chain = form()
    assert value_of(await typed(chain, GOAL | {"name": None, "plan": None})) == MEETING
    assert "name" in asked(chain)


async def test_a_place_is_a_fact_and_no_field() -> None:
    chain = form()
    value = value_of(await typed(chain, GOAL | {"location": "뚝섬 한강공원", "name": "내 모임"}))
    assert "location" not in value
    assert '"location": "뚝섬 한강공원"' in prompt_of(chain)
    assert '"name": "내 모임"' in prompt_of(chain)
    assert GOAL["goal"] in prompt_of(chain)


async def test_braces_in_what_the_user_says_are_text() -> None:
    chain = form()
    await typed(chain, {"goal": "{goal} {{x}} {0}", "name": "{facts}"})
    assert "{goal} {{x}} {0}" in prompt_of(chain)
    assert "{facts}" in prompt_of(chain)


# -- the plan ----------------------------------------------------------------------------------------------------------


async def test_a_plan_that_was_not_asked_for_is_an_absent_key() -> None:
    chain = form(MEETING | {"plan": STEPS})
    [start, *rest] = await typed(chain, GOAL)
    assert "plan" not in value_of(rest)
    assert "plan" not in asked(chain)
    assert isinstance(start, Start)
    assert not [field for field in start.fields if field.path.startswith("/plan")]


@pytest.mark.parametrize(
    "steps",
    [STEPS, PLAN, [{"step": 7, **step} for step in STEPS]],
    ids=["without numbers", "numbered", "miscounted"],
)
async def test_the_steps_of_a_plan_are_counted_by_code(steps: list[dict[str, Any]]) -> None:
    chain = form(MEETING | {"plan": steps})
    events = await typed(chain, GOAL | {"include_plan": True})
    assert value_of(events)["plan"] == PLAN
    items = [event.value for event in events if isinstance(event, FieldSettled) and event.path.startswith("/plan/")]
    assert items == PLAN
    assert "step" not in asked(chain)["plan"]["items"].get("properties", {})


async def test_the_lines_of_a_plan_stream() -> None:
    chain = form(MEETING | {"plan": STEPS})
    paths = {event.path for event in await typed(chain, GOAL | {"include_plan": True}) if event.type == "token"}
    assert paths >= {"/plan/0/title", "/plan/0/details/0", "/plan/0/details/1", "/plan/1/title"}


# -- what streams ------------------------------------------------------------------------------------------------------


async def test_the_form_is_laid_out_before_any_text() -> None:
    [start, *_] = await typed(form(MEETING | {"plan": STEPS}), GOAL | {"include_plan": True})
    assert isinstance(start, Start)
    assert {field.path: field.settle for field in start.fields} == {
        "/name": "char",
        "/category": "settled",
        "/summary": "char",
        "/description": "char",
        "/tags": "items",
        "/period": "settled",
        "/max_members": "settled",
        "/plan": "grow",
        "/plan/-": "grow",
        "/plan/-/step": "settled",
        "/plan/-/title": "char",
        "/plan/-/details": "grow",
        "/plan/-/details/-": "char",
    }
    assert start.schema_.name == "MeetingInfo"
