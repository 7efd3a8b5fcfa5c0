"""What the projection tells and when, on objects that are easy to read."""

from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, Field

from chains.ask import Ask
from schemas import (
    Complete,
    FieldSettled,
    Note,
    Partial,
    Start,
    Stream,
    Token,
    Usage,
)
from tests.chains.projecting import Run, of, project


class Step(BaseModel):
    title: str
    lines: list[str] = []


class Result(BaseModel):
    text: str
    kind: Literal["a", "b"]
    count: int
    tags: list[Annotated[str, Field(max_length=10)]]
    steps: list[Step]
    mood: str = "calm"


def brief(run: Run) -> list[Any]:
    """The events as (kind, path, what they say)."""
    found: list[Any] = []
    for event in run.events:
        match event:
            case Token():
                found.append(("token", event.path, event.text))
            case FieldSettled():
                found.append((event.source, event.path, event.value))
            case _:
                found.append(event.type)
    return found


# -- start -------------------------------------------------------------------------------------------------------------


def test_start_lays_out_the_form_in_the_results_order() -> None:
    [start, *_] = project(Ask(Result, wanted=Result), "")
    assert isinstance(start, Start)
    assert [(field.path, field.settle) for field in start.fields] == [
        ("/text", "char"),
        ("/kind", "settled"),
        ("/count", "settled"),
        ("/tags", "items"),
        ("/steps", "grow"),
        ("/steps/-", "grow"),
        ("/steps/-/title", "char"),
        ("/steps/-/lines", "grow"),
        ("/steps/-/lines/-", "char"),
        ("/mood", "char"),
    ]


class Narrow(BaseModel):
    """A part of Result."""

    text: str
    count: int


def test_what_is_neither_given_nor_asked_for_is_not_announced() -> None:
    start = project(Ask(Result, wanted=Narrow, given={"kind": "a"}, defaults={"mood": "calm"}), "")[0]
    assert isinstance(start, Start)
    assert [field.path for field in start.fields] == ["/text", "/kind", "/count", "/mood"]


def test_start_names_the_whole_result_whatever_is_asked_for() -> None:
    narrow, whole = (project(Ask(Result, wanted=wanted), "")[0] for wanted in (Narrow, Result))
    assert isinstance(narrow, Start)
    assert isinstance(whole, Start)
    assert narrow.schema_ == whole.schema_
    assert whole.schema_.name == "Result"


def test_start_carries_who_and_the_notes() -> None:
    run = Run(Narrow)
    note = Note(code="language", message="English only.")
    start = run.projection.start(run_id="r", chain="c", model="m", notes=[note])[0]
    assert isinstance(start, Start)
    assert (start.run_id, start.chain, start.model, start.attempt, start.notes) == ("r", "c", "m", 1, (note,))


# -- the order of things -----------------------------------------------------------------------------------------------


def test_a_whole_run_event_by_event() -> None:
    run = Run(Ask(Narrow, wanted=Narrow)).feed(['{"text": "한 ', '강", "cou', 'nt": 1', "2}"], every=0.01).finish()
    assert brief(run) == [
        "start",
        ("token", "/text", "한 "),
        "partial",
        ("token", "/text", "강"),
        ("model", "/text", "한 강"),
        ("model", "/count", 12),
        "complete",
    ]


def test_given_fields_come_right_after_start_and_defaults_right_before_the_end() -> None:
    ask = Ask(Result, wanted=Narrow, given={"kind": "a", "steps": []}, defaults={"tags": [], "mood": "calm"})
    assert brief(Run(ask).feed(['{"text":"","count":1}']).finish()) == [
        "start",
        ("given", "/kind", "a"),
        ("given", "/steps", []),
        "partial",
        ("model", "/text", ""),
        ("model", "/count", 1),
        ("default", "/tags", []),
        ("default", "/mood", "calm"),
        "complete",
    ]


def test_what_the_model_may_leave_out_gets_its_default() -> None:
    run = Run(Step).feed(['{"title":"t"}']).finish()
    assert brief(run)[-2:] == [("default", "/lines", []), "complete"]


def test_lists_come_item_by_item_and_then_whole() -> None:
    class Lists(BaseModel):
        tags: list[Annotated[str, Field(max_length=10)]]
        steps: list[Step]

    run = Run(Lists).feed(['{"tags":["a","b"],"steps":[{"title":"t","lines":["","x"]},{"title":""}]}']).finish()
    assert [event for event in brief(run) if event != "partial"] == [
        "start",
        ("model", "/tags/0", "a"),
        ("model", "/tags/1", "b"),
        ("model", "/tags", ["a", "b"]),
        ("token", "/steps/0/title", "t"),
        ("token", "/steps/0/lines/0", ""),
        ("token", "/steps/0/lines/1", "x"),
        ("model", "/steps/0", {"title": "t", "lines": ["", "x"]}),
        ("token", "/steps/1/title", ""),
        ("model", "/steps/1", {"title": "", "lines": []}),
        ("model", "/steps", [{"title": "t", "lines": ["", "x"]}, {"title": "", "lines": []}]),
        "complete",
    ]


HELD: dict[str, Any] = {
    "by annotation": Annotated[list[str], Stream("settled")],
    "tuple": tuple[str, str],
    "union": list[str] | str,
    "anything": Any,
}


@pytest.mark.parametrize("held", HELD.values(), ids=HELD)
def test_what_is_held_is_told_only_as_a_whole(held: Any) -> None:
    class Held(BaseModel):
        value: held

    assert brief(Run(Held).feed(['{"value":["a","b"]}']).finish()) == [
        "start",
        ("model", "/value", ["a", "b"]),
        "partial",
        "complete",
    ]


def test_a_list_where_none_belongs_is_not_told_item_by_item() -> None:
    run = Run(Narrow).feed(['{"text":["a","b"]}']).finish()
    assert not of(FieldSettled, run.events)
    assert [partial.value for partial in of(Partial, run.events)] == [{}]


def test_a_string_behind_a_neighbour_of_which_nothing_was_told_waits_for_the_field() -> None:
    """A client could not know what to put into the gap: an object, a list, a number?"""

    class Inner(BaseModel):
        number: int
        text: str = ""

    class Outer(BaseModel):
        inner: list[Inner]

    class Nested(BaseModel):
        outer: list[Outer]

    run = Run(Nested).feed(['{"outer":[{"inner":[{"number":1},{"number":2,"text":"wa', 'it"}]}', "]}"]).finish()
    whole = {"inner": [{"number": 1, "text": ""}, {"number": 2, "text": "wait"}]}
    assert [event for event in brief(run) if event != "partial"] == [
        "start",
        ("model", "/outer/0", whole),
        ("model", "/outer", [whole]),
        "complete",
    ]


# -- the end -----------------------------------------------------------------------------------------------------------


def test_times_count_from_start_and_tokens_are_the_models() -> None:
    run = Run(Narrow)
    run.feed([" ", '{"text":"a"', ',"count":1', "}"], every=0.5)
    usage = Usage(input_tokens=7, output_tokens=9, total_tokens=16)
    end = run.finish("stop", usage).events[-1]
    assert isinstance(end, Complete)
    assert end.timings.first_token_ms == 500
    assert end.timings.fields == {"/text": 1000, "/count": 2000}
    assert end.timings.total_ms == 2000
    assert [field.ms for field in of(FieldSettled, run.events)] == [1000, 2000]
    assert (end.usage, end.attempts, end.repaired, end.conflicts) == (usage, 1, False, ())


def test_nothing_follows_the_end() -> None:
    run = Run(Narrow).feed(['{"text":"a","count":1}']).finish()
    ended = list(run.events)
    run.feed(["{}"]).finish("length")
    assert run.projection.tick() == []
    assert run.events == ended
    assert run.projection.ended


def test_an_object_that_closed_early_still_waits_for_its_end() -> None:
    run = Run(Narrow).feed(['{"text":"a","count":1}', '{"text":"b","count":2}'])
    assert not run.projection.reading
    assert not run.projection.ended
