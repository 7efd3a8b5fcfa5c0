"""Events cross the wire as one line of JSON each, and come back as they were."""

import json
from typing import Any, get_args

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import ValidationError

from schemas import ALWAYS_SENT, TERMINAL, Event, EventName, FieldSettled, Token, from_json, to_json
from tests.schemas.samples import EVENTS

each_event = pytest.mark.parametrize("event", EVENTS, ids=lambda event: f"{event.type}-{event.seq}")
LINE_BREAKS = "\n\r\x0b\x0c\x1c\x1d\x1e\u0085\u2028\u2029"


def test_there_is_a_sample_of_every_kind() -> None:
    assert {event.type for event in EVENTS} == set(get_args(EventName))
    assert {type(event) for event in EVENTS} == set(get_args(get_args(Event)[0]))


@each_event
def test_an_event_comes_back_as_it_was(event: Event) -> None:
    back = from_json(to_json(event))
    assert back == event
    assert type(back) is type(event)


@each_event
def test_its_json_begins_with_its_name_and_number(event: Event) -> None:
    assert list(json.loads(to_json(event)))[:2] == ["type", "seq"]


@each_event
def test_it_is_frozen(event: Event) -> None:
    with pytest.raises(ValidationError, match="frozen"):
        setattr(event, "seq", 99)  # noqa: B010  # as a type checker would not let it be written


@given(st.text())
@example(LINE_BREAKS)
def test_whatever_the_text_it_is_one_line(text: str) -> None:
    for event in (
        Token(seq=1, path="/a", text=text),
        FieldSettled(seq=1, path="/a", value={text: [text]}, source="model", ms=0),
    ):
        line = to_json(event)
        assert len(line.splitlines()) == 1
        assert not set(LINE_BREAKS) & set(line)
        assert from_json(line) == event
        assert from_json(line.encode()) == event


def test_the_schema_is_called_schema_on_the_wire() -> None:
    assert json.loads(to_json(EVENTS[0]))["schema"] == {"name": "MeetingInfo", "hash": "0123456789abcdef"}


@pytest.mark.parametrize(("kind", "key"), [("partial", "resumed"), ("failed", "retry_after_ms"), ("failed", "errors")])
def test_what_there_is_none_of_is_an_absent_key(kind: str, key: str) -> None:
    assert {key in json.loads(to_json(event)) for event in EVENTS if event.type == kind} == {True, False}


def test_what_a_reader_must_know_is_null_and_not_absent() -> None:
    bare = json.loads(to_json(EVENTS[11]))
    assert (bare["finish_reason"], bare["usage"], bare["timings"]["first_token_ms"]) == (None, None, None)


def test_the_end_and_what_voids_are_always_sent() -> None:
    assert {"complete", "failed", "cancelled"} == TERMINAL
    assert TERMINAL | {"start", "reset", "pinned"} == ALWAYS_SENT


def test_no_event_is_called_error() -> None:
    """That name is the browser's own."""
    assert "error" not in get_args(EventName)


@pytest.mark.parametrize(
    "line",
    [
        "",
        "{}",
        "[]",
        '{"type":"error","seq":1}',
        '{"type":"token","path":"/a","text":"x"}',
        '{"type":"token","seq":0,"path":"/a","text":"x"}',
        '{"type":"token","seq":1,"path":"/a","text":"x","more":1}',
        '{"type":"token","seq":1,"path":"/a"}',
    ],
)
def test_what_is_no_event_is_refused(line: Any) -> None:
    with pytest.raises(ValidationError):
        from_json(line)
