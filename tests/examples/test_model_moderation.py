"""A chat model as the check of a chain: it sees what is to be told, and whatever it does not let pass is not told."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chains.models.scripted import Reply, ScriptedChatModel
from examples.model_moderation import LONGEST, UNJUDGED, build, check_by, verdict
from schemas import Code, Complete, Event, Failed, FieldSettled, StreamError, Token, to_json
from tests.chains.answers import model_saying, script_of, text

TOPIC = {"topic": "동네 산책"}
TITLE, BODY = "함께 걸어요", "참가비는 5만 원입니다."
POST = {"title": TITLE, "text": BODY, "tags": ["산책"]}


def saying(*replies: str | dict[str, Any]) -> ScriptedChatModel:
    return ScriptedChatModel(replies=[Reply.model_validate(reply) for reply in replies])


async def told(moderator: ScriptedChatModel) -> list[Event]:
    return [event async for event in build(model_saying(text(POST)), moderator).astream_typed(TOPIC)]


async def test_what_passes_is_told_and_the_moderator_has_seen_it_first() -> None:
    moderator = saying("PASS")
    events = await told(moderator)
    assert isinstance(events[-1], Complete)
    assert events[-1].value == POST
    seen = [json.loads(messages[-1].text) for messages, _ in moderator.calls]
    assert seen == [TOPIC, {"title": TITLE}, {"text": BODY}]
    assert not [event for event in events if isinstance(event, Token) and event.path in ("/title", "/text")]


async def test_the_moderator_reads_korean_as_it_is_written() -> None:
    moderator = saying("PASS")
    await check_by(moderator).ainvoke(TOPIC)
    [(messages, _)] = moderator.calls
    assert TOPIC["topic"] in messages[-1].text


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ("REFUSE: It asks for money.", "It asks for money."),
        ("REFUSE: " + "a" * 1000, "a" * LONGEST),
        ("REFUSE", UNJUDGED),
        ("Sure! PASS", UNJUDGED),
        ("", UNJUDGED),
    ],
)
async def test_what_does_not_pass_is_never_told(answer: str, reason: str) -> None:
    events = await told(saying("PASS", "PASS", answer))
    assert [event.path for event in events if isinstance(event, FieldSettled)] == ["/title"]
    assert isinstance(events[-1], Failed)
    assert (events[-1].code, events[-1].message) == (Code.REFUSED, reason)
    assert not [event for event in events if BODY[:2] in to_json(event)]


async def test_a_moderator_that_cannot_be_reached_lets_nothing_pass() -> None:
    events = await told(saying("PASS", {"failure": "unavailable"}))
    assert isinstance(events[-1], Failed)
    assert not [event for event in events if TITLE in to_json(event)]


async def test_an_input_that_does_not_pass_is_not_worked_on() -> None:
    model = model_saying(text(POST))
    with pytest.raises(StreamError) as raised:
        await anext(build(model, saying("REFUSE: It sells.")).astream_typed(TOPIC))
    assert (raised.value.code, raised.value.message) == (Code.REFUSED, "It sells.")
    assert script_of(model).calls == []


@given(st.text() | st.text().map("REFUSE:".__add__) | st.text(" .:\nPAS").map("PASS".__add__))
def test_only_a_plain_pass_passes(answer: str) -> None:
    reason = verdict(answer)
    assert (reason is None) == (answer.strip() == "PASS")
    assert reason is None or 0 < len(reason) <= LONGEST


def test_it_is_a_check_for_callers_without_an_event_loop_too() -> None:
    check = check_by(saying("PASS", "REFUSE: no"))
    assert [check.invoke("a"), check.invoke({"b": 1})] == [None, "no"]
