"""The chat's chain: what is asked of the model, and what is known without asking."""

import json
from typing import Any

import pytest

from chains import chatbot
from chains.structured import StructuredChain
from schemas import Complete, Event, FieldSettled, Start
from tests.chains.answers import CANDIDATES, CHAT, CHOOSING, RECOMMENDING, REPLY, model_saying, script_of, text


def chat(answer: dict[str, Any] = REPLY, **model: Any) -> StructuredChain:
    return chatbot.build(model_saying(text(answer), **model))


async def typed(chain: StructuredChain, input: Any) -> list[Event]:
    return [event async for event in chain.astream_typed(input)]


def asked(chain: StructuredChain) -> dict[str, Any]:
    """The schema that the model was sent."""
    _, arguments = script_of(chain.model).calls[-1]
    schema: dict[str, Any] = arguments["response_format"]["json_schema"]["schema"]
    return schema


def prompt_of(chain: StructuredChain) -> str:
    messages, _ = script_of(chain.model).calls[-1]
    return messages[0].text


# -- a recommendation is asked for only where there is something to choose ---------------------------------------------


@pytest.mark.parametrize(
    "input",
    [
        CHAT,
        CHAT | {"want": "recommendation"},
        CHAT | {"want": "recommendation", "candidates": []},
        CHOOSING | {"want": "reply"},
        CHOOSING | {"want": "question"},
    ],
    ids=["nothing said", "no candidates", "empty candidates", "a reply wanted", "a question wanted"],
)
async def test_it_is_null_by_code_where_it_is_not_wanted_or_cannot_be(input: dict[str, Any]) -> None:
    chain = chat(REPLY | {"recommendation": {"group_id": "g1", "reason": "the model insists"}})
    events = await typed(chain, input)
    assert list(asked(chain)["properties"]) == ["reply", "options"]
    assert isinstance(events[-1], Complete)
    assert events[-1].value == REPLY | {"recommendation": None}
    assert not any(candidate["name"] in prompt_of(chain) for candidate in CANDIDATES)
    [field] = [event for event in events if isinstance(event, FieldSettled) and event.path == "/recommendation"]
    assert (field.value, field.source) == (None, "default")


async def test_it_may_name_one_of_the_candidates_and_nothing_else() -> None:
    chain = chat(RECOMMENDING)
    [*_, end] = await typed(chain, CHOOSING)
    assert isinstance(end, Complete)
    assert end.value == RECOMMENDING
    schema = json.dumps(asked(chain), ensure_ascii=False)
    assert '"enum": ["g1", "g2"]' in schema
    assert all(candidate["name"] in prompt_of(chain) for candidate in CANDIDATES)


async def test_one_requests_candidates_are_not_anothers() -> None:
    chain = chat(RECOMMENDING)
    other = [{"id": "other", "name": "다른 모임"}]
    await typed(chain, CHOOSING)
    await typed(chain, CHOOSING | {"candidates": other})
    assert "g1" not in json.dumps(asked(chain))
    assert "밤의 책장" not in prompt_of(chain)


async def test_the_reason_streams_and_the_id_comes_whole() -> None:
    [start, *rest] = await typed(chat(RECOMMENDING, chunk_size=2), CHOOSING)
    assert isinstance(start, Start)
    settles = {field.path: field.settle for field in start.fields}
    assert settles == {
        "/reply": "char",
        "/options": "items",
        "/recommendation": "grow",
        "/recommendation/group_id": "settled",
        "/recommendation/reason": "char",
    }
    paths = [event.path for event in rest if event.type == "token"]
    assert paths.count("/recommendation/reason") > 3
    assert "/recommendation/group_id" not in paths


async def test_the_form_announced_is_the_same_whether_or_not_a_group_may_be_recommended() -> None:
    starts = [(await typed(chat(RECOMMENDING), input))[0] for input in (CHAT, CHOOSING)]
    assert len({start.schema_.hash for start in starts if isinstance(start, Start)}) == 1


# -- the conversation --------------------------------------------------------------------------------------------------


async def test_the_model_sees_the_conversation_as_it_was() -> None:
    messages = [
        {"role": "user", "content": "안녕"},
        {"role": "assistant", "content": "무엇을 찾으세요? {name}"},
        {"role": "user", "content": '{"reply": "{{x}}"}'},
    ]
    chain = chat()
    await typed(chain, {"messages": messages})
    (system, *conversation), _ = script_of(chain.model).calls[-1]
    assert system.type == "system"
    assert [(message.type, message.text) for message in conversation] == [
        ("human", "안녕"),
        ("ai", "무엇을 찾으세요? {name}"),
        ("human", '{"reply": "{{x}}"}'),
    ]


@pytest.mark.parametrize("want", ["reply", "question", "recommendation"])
async def test_the_prompt_says_what_is_wanted(want: str) -> None:
    chain = chat()
    await typed(chain, CHAT | {"want": want, "language": "en"})
    assert f"wanted now: {want}" in prompt_of(chain)


async def test_options_may_be_left_out() -> None:
    [*_, end] = await typed(chat({"reply": "네."}), CHAT)
    assert isinstance(end, Complete)
    assert end.value == {"reply": "네.", "options": [], "recommendation": None}
