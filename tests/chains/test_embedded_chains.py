"""Both chains on the real embedded model, with the settings that ship."""

from collections.abc import Iterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest

import chains.chatbot
import chains.meeting_info
from chains import StructuredChain
from chains.models.model import Model
from schemas import TERMINAL, ChatReply, Complete, Event, FieldSettled, Fold, MeetingInfo, Start, Token
from server.settings import load_settings

pytestmark = [pytest.mark.embedded, pytest.mark.timeout(240)]

HIKING = {"goal": "a weekend hiking club for beginners", "include_plan": True, "language": "en"}
HELLO = {"messages": [{"role": "user", "content": "Hello! I would like to meet people who hike."}], "language": "en"}


@pytest.fixture(scope="module")
def model() -> Iterator[Model]:
    settings = load_settings(Path(__file__).parents[2] / "langserve.yaml")
    model = settings.models["embedded"].load()
    yield model
    model.close()


async def test_the_form_fills_field_by_field(model: Model) -> None:
    events = await _complete(chains.meeting_info.build(model), {**HIKING, "name": "Slow Hikers"})
    value = _value(events)
    MeetingInfo.model_validate(value)
    assert value["name"] == "Slow Hikers"
    assert [step["step"] for step in value["plan"]] == list(range(1, len(value["plan"]) + 1))
    told = [event.path for event in events if isinstance(event, FieldSettled) and event.path.count("/") == 1]
    assert told == [f"/{name}" for name in value]
    assert isinstance(events[-1], Complete)
    assert events[-1].usage
    assert events[-1].usage.output_tokens > 0


async def test_the_reply_comes_as_text_and_options_follow(model: Model) -> None:
    events = await _complete(chains.chatbot.build(model), HELLO)
    value = _value(events)
    ChatReply.model_validate(value)
    assert value["recommendation"] is None
    typed = "".join(event.text for event in events if isinstance(event, Token) and event.path == "/reply")
    assert typed == value["reply"]


async def test_korean_is_not_promised(model: Model) -> None:
    chain = chains.meeting_info.build(model)
    async with aclosing(chain.astream_typed({"goal": "주말 등산", "language": "ko"})) as events:
        start = await anext(events)
    assert isinstance(start, Start)
    assert [note.code for note in start.notes] == ["language"]


async def _complete(chain: StructuredChain, question: dict[str, Any]) -> list[Event]:
    """The events of a run that completes. A model this small may write an object that does not: three tries."""
    last: Event | None = None
    for _ in range(3):
        events = [event async for event in chain.astream_typed(question)]
        fold = Fold()
        for event in events:
            fold.apply(event)
        last = events[-1]
        assert [event.type in TERMINAL for event in events] == [False] * (len(events) - 1) + [True]
        if isinstance(last, Complete):
            assert fold.value == last.value
            return events
    raise AssertionError(f"three runs in a row ended with {last!r}")


def _value(events: list[Event]) -> dict[str, Any]:
    last = events[-1]
    assert isinstance(last, Complete)
    return last.value
