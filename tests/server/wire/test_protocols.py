"""Every protocol over runs that nobody wrote: what its client ends with is what the run ended with, or it is told."""

import json
from collections.abc import Callable, Sequence
from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as st

from schemas import (
    TERMINAL,
    Code,
    Complete,
    Event,
    FieldSettled,
    Fold,
    Partial,
    Progress,
    Reset,
    Timings,
    Token,
    copy_json,
)
from server.runs.entry import Entry
from server.wire.ag_ui import AGUIFrames
from server.wire.ai_sdk import UIMessageFrames
from server.wire.ai_sdk_object import ObjectText
from server.wire.langserve import LangServeFrames
from server.wire.protocol import Frames, Reading
from tests.chains.generated_runs import cases
from tests.server.wire.readers import Agent, Langserve, UIMessage, data_of, pieces

RUN = "7b9c"
IN_JAVASCRIPT = {"config": {"recursionLimit": 25}}


@st.composite
def logs(draw: st.DrawFn, *, sound: bool = False, takes_back: bool = True) -> list[Event]:
    """A run's events from its beginning; or what a reader gets of them who comes late, or is too slow in the middle.

    One that `takes_back` nothing has neither another attempt nor a pin, not even in what its reader has missed.
    """
    events = draw(cases(sound=sound)).play().events
    assume(takes_back or not any(event.type in ("reset", "pinned") for event in events))
    if not draw(st.booleans()):
        return events
    missed = draw(st.integers(1, max(len(events) - 1, 1)))
    read = draw(st.integers(0, missed - 1))
    told = Progress()
    for event in events[:missed]:
        told.apply(event)
    return [*events[:read], told.partial(), *events[missed:]]


def spoken_in(events: Sequence[Event], draw: Callable[[Any], Any]) -> str:
    """A field that is said: one that is a text all along, or none."""
    end = events[-1]
    texts = [name for name, value in getattr(end, "value", {}).items() if isinstance(value, str)]
    return str(draw(st.sampled_from(["", *texts])))


def exact(value: Any) -> str:
    """JSON that is the same for equal values only, in whatever order their parts came."""
    return json.dumps(value, sort_keys=True)


def completes(events: Sequence[Event]) -> bool:
    return isinstance(events[-1], Complete)


@given(logs())
def test_chunks_add_up_to_the_object_or_end_in_an_error(events: list[Event]) -> None:
    for body, joined in (({}, True), (IN_JAVASCRIPT, False)):
        frames = LangServeFrames(Reading(RUN, body=body))
        read = Langserve(pieces(frames, events), lists_join=joined)
        assert frames.over
        assert not frames.cut
        if read.end == "end":
            assert completes(events)
            assert as_written(read.value) == as_written(events[-1].value)  # type: ignore[union-attr]  # it completes


def as_written(value: dict[str, Any]) -> Any:
    """The object but for blanks at the beginning of its texts, which may have been sent when they are trimmed."""
    return exact({name: part.lstrip() if isinstance(part, str) else part for name, part in value.items()})


@given(logs(sound=True, takes_back=False))
def test_a_run_that_takes_nothing_back_is_whole_in_chunks(events: list[Event]) -> None:
    assert Langserve(pieces(LangServeFrames(Reading(RUN)), events)).end == "end"


@given(logs())
def test_the_text_of_the_object_is_the_object_or_breaks_off(events: list[Event]) -> None:
    frames = ObjectText(Reading(RUN))
    read = b"".join(pieces(frames, events))
    assert frames.over
    assert frames.cut != completes(events)
    if completes(events):
        assert exact(json.loads(read)) == exact(events[-1].value)  # type: ignore[union-attr]  # it completes


@given(logs())
def test_a_ping_is_no_part_of_the_text(events: list[Event]) -> None:
    assume(completes(events))
    frames, read = ObjectText(Reading(RUN)), b""
    for event in events:
        [piece] = pieces(frames, [event])
        read += piece + (b"" if frames.over else frames.ping)
    assert exact(json.loads(read)) == exact(events[-1].value)  # type: ignore[union-attr]  # it completes


@given(logs())
def test_the_text_is_read_again_only_when_a_snapshot_is_due(events: list[Event]) -> None:
    frames = ObjectText(Reading(RUN))
    assert all(not frames.write([entry]) for entry in _entries(events) if isinstance(entry.event, Token))


def _entries(events: list[Event]) -> list[Entry]:
    return [Entry(event) for event in events]


@given(st.data())
def test_a_message_says_the_text_and_holds_the_object(data: st.DataObject) -> None:
    events = data.draw(logs())
    spoken = spoken_in(events, data.draw)
    frames = UIMessageFrames(Reading(RUN, spoken))
    read = UIMessage(data_of(pieces(frames, events)))
    assert frames.over
    assert read.end == ("finish" if completes(events) else "error")
    if completes(events):
        value = events[-1].value  # type: ignore[union-attr]  # it completes
        assert exact(read.object) == exact(value)
        assert "".join(read.texts).lstrip() == value.get(spoken, "").lstrip()


@given(st.data())
def test_an_agents_state_is_the_object_and_its_message_the_text(data: st.DataObject) -> None:
    events = data.draw(logs())
    spoken = spoken_in(events, data.draw)
    asked = {"threadId": "t", "runId": "r", "messages": [{"id": "1", "role": "user", "content": "안녕"}]}
    frames = AGUIFrames(Reading(RUN, spoken, asked))
    read = Agent(data_of(pieces(frames, events)))
    assert frames.over
    if completes(events):
        value = events[-1].value  # type: ignore[union-attr]  # it completes
        assert (read.end, read.outcome) == ("RUN_FINISHED", "success")
        assert exact(read.state) == exact(read.result) == exact(value)
        assert read.messages.get(RUN, "").lstrip() == value.get(spoken, "").lstrip()
    else:
        assert read.end == ("RUN_ERROR" if events[-1].type == "failed" else "RUN_FINISHED")
        assert read.outcome == ("" if events[-1].type == "failed" else "cancelled")


@given(st.data())
def test_what_is_shown_meanwhile_is_never_more_than_there_is(data: st.DataObject) -> None:
    """At each snapshot a client has the object so far, but for a text that is being said."""
    events = data.draw(logs())
    fold, agent, message = Fold(), AGUIFrames(Reading(RUN)), UIMessageFrames(Reading(RUN))
    told: dict[str, list[bytes]] = {"agent": [], "message": []}
    for event in events:
        fold.apply(event)
        told["agent"] += pieces(agent, [event])
        told["message"] += pieces(message, [event])
        if isinstance(event, Partial | Reset):
            now = exact(copy_json(fold.value))
            assert exact(Agent(data_of(told["agent"])).state) == now
            assert exact(UIMessage(data_of(told["message"])).object) == now


@given(logs(), st.sampled_from([LangServeFrames, ObjectText, UIMessageFrames, AGUIFrames]))
def test_it_does_not_matter_how_events_come_together(events: list[Event], kind: Callable[[Reading], Frames]) -> None:
    one_by_one, at_once = kind(Reading(RUN)), kind(Reading(RUN))
    assert b"".join(pieces(one_by_one, events)) == at_once.write(_entries(events))


@given(logs(), st.sampled_from([LangServeFrames, ObjectText, UIMessageFrames, AGUIFrames]))
def test_an_end_before_the_end_is_a_cut(events: list[Event], kind: Callable[[Reading], Frames]) -> None:
    """None of these clients can tell a stream that ended too early from one that is whole."""
    frames = kind(Reading(RUN))
    for event in events[:-1]:
        pieces(frames, [event])
        assert frames.over or frames.cut
    assert events[-1].type in TERMINAL


def test_blanks_of_a_void_attempt_are_void() -> None:
    token = [Token(seq=2, path="/a", text="\n\n"), Token(seq=4, path="/a", text="Hello")]
    reset = Reset(seq=3, attempt=2, keep=(), reason=Code.NOT_JSON)
    closed = FieldSettled(seq=5, path="/a", value="Hello", source="model", ms=1)
    sent = pieces(LangServeFrames(Reading(RUN)), [token[0], reset, token[1], closed])
    assert Langserve(sent).value == {"a": "Hello"}


def test_what_a_lost_worker_had_told_is_void() -> None:
    """Its reader was shown what did not get into the log, and is told how far the run really is."""
    told: list[Event] = [
        FieldSettled(seq=2, path="/a", value="x", source="model", ms=1),
        FieldSettled(seq=3, path="/b", value="y", source="model", ms=1),
        Partial(seq=2, value={"a": "x", "b": "z"}, settled=("/a",), resumed=True),
        FieldSettled(seq=3, path="/b", value="zz", source="model", ms=1),
        Complete(
            seq=4, value={"a": "x", "b": "zz"}, finish_reason="stop", usage=None, attempts=1, repaired=False,
            timings=Timings(first_token_ms=0, fields={}, total_ms=0),
        ),
    ]  # fmt: skip
    assert json.loads(b"".join(pieces(ObjectText(Reading(RUN)), told))) == {"a": "x", "b": "zz"}
    assert b'"b":"zz"' in b"".join(pieces(ObjectText(Reading(RUN)), told))
    assert Langserve(pieces(LangServeFrames(Reading(RUN)), told)).end == "error"
    message = UIMessage(data_of(pieces(UIMessageFrames(Reading(RUN, "b")), told)))
    assert message.texts == ["zz"]


def reset_and_said_again(times: int) -> list[Event]:
    events: list[Event] = []
    for attempt in range(times):
        events += [Token(seq=1, path="/a", text="half"), Reset(seq=1, attempt=attempt, keep=(), reason=Code.NOT_JSON)]
    end = Complete(
        seq=1, value={"a": "whole"}, finish_reason="stop", usage=None, attempts=times, repaired=True,
        timings=Timings(first_token_ms=0, fields={}, total_ms=0),
    )  # fmt: skip
    return [*events, FieldSettled(seq=1, path="/a", value="whole", source="model", ms=1), end]


def test_a_message_is_taken_back_but_once() -> None:
    """Each time, all of a conversation is repeated to its client."""
    asked = {"messages": [{"id": "1", "role": "user", "content": "안녕"}]}
    told = data_of(pieces(AGUIFrames(Reading(RUN, "a", asked)), reset_and_said_again(50)))
    assert [event["type"] for event in told].count("MESSAGES_SNAPSHOT") == 1
    assert Agent(told).messages == {"1": "안녕", RUN: "whole"}


def test_one_that_cannot_be_taken_back_comes_when_it_is_whole() -> None:
    """Whoever reads a run later has sent no conversation that could be told without it."""
    told = data_of(pieces(AGUIFrames(Reading(RUN, "a")), reset_and_said_again(2)))
    agent = Agent(told)
    assert (agent.messages, agent.outcome) == ({RUN: "whole"}, "success")
