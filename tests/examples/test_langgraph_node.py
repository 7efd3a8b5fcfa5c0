"""A chain in a graph's node: its events go to the graph's reader, its value into the state, and leaving stops it."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any, cast

import pytest

from chains import meeting_info
from chains.models.scripted import ScriptedChatModel
from examples.langgraph_node import State, build
from schemas import Code, Complete, Event, Failed, FieldSettled, Start, StreamError, Token
from tests.chains.answers import MEETING, model_saying, script_of, text

WISH: State = {"goal": "초보자도 함께하는 주말 한강 러닝"}


def graph_of(*replies: str | dict[str, Any]) -> tuple[AsyncGenerator[tuple[str, Any]], ScriptedChatModel]:
    """What a reader of the graph gets, and the model behind it."""
    model = model_saying(*replies)
    stream = build(meeting_info.build(model)).astream(WISH, stream_mode=["custom", "values"])
    return cast("AsyncGenerator[tuple[str, Any]]", stream), script_of(model)


async def test_the_events_come_through_the_graph_in_order_and_the_value_is_in_the_state() -> None:
    stream, _ = graph_of(text(MEETING))
    told = [part async for part in stream]
    events: list[Event] = [part for mode, part in told if mode == "custom"]
    states: list[State] = [part for mode, part in told if mode == "values"]

    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    assert isinstance(events[0], Start)
    assert isinstance(events[-1], Complete)
    assert "".join(e.text for e in events if isinstance(e, Token) and e.path == "/name") == MEETING["name"]
    assert {e.path for e in events if isinstance(e, FieldSettled)} >= {f"/{name}" for name in MEETING}

    assert states[-1]["form"] == events[-1].value == MEETING
    assert MEETING["name"] in states[-1]["invitation"]
    modes = [mode for mode, part in told if mode == "custom" or "form" in part]
    assert modes == ["custom"] * len(events) + ["values"] * 2  # the state has it when the last event has been told


async def test_what_the_model_has_written_comes_before_it_ends_and_leaving_stops_it() -> None:
    stream, model = graph_of({"text": text(MEETING)[:60], "failure": "stall"})
    async with aclosing(stream) as parts:
        async for mode, part in parts:
            if mode == "custom" and isinstance(part, Token):
                break
        assert model.stopped_after == []
    assert len(model.stopped_after) == 1


async def failed(stream: AsyncGenerator[tuple[str, Any]]) -> tuple[list[Event], StreamError]:
    """The events until the graph failed, and what it raised."""
    events: list[Event] = []
    try:
        async for mode, part in stream:
            if mode == "custom":
                events.append(part)
    except StreamError as error:
        return events, error
    pytest.fail("the graph did not fail")


async def test_a_run_that_fails_is_told_and_fails_the_node() -> None:
    stream, _ = graph_of({"text": text(MEETING)[:60], "failure": "cut"})
    events, error = await failed(stream)
    assert error.code == Code.UPSTREAM_CUT
    assert isinstance(events[-1], Failed)
    assert events[-1].code == Code.UPSTREAM_CUT


async def test_what_fails_before_the_first_event_fails_the_node_too() -> None:
    stream, _ = graph_of({"failure": "busy"})
    events, error = await failed(stream)
    assert error.code == Code.UPSTREAM_BUSY
    assert not events
