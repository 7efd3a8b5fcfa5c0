"""What the projection promises, for any schema, any object that meets it, and any cut of its text."""

import json
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from chains.pace import Pace
from schemas import (
    TERMINAL,
    Complete,
    Event,
    FieldSettled,
    Fold,
    Partial,
    Path,
    SettleNode,
    Start,
    Token,
    copy_json,
    from_json,
    from_pointer,
    settle_tree,
    to_json,
    to_pointer,
)
from tests.chains.generated import Answer, answers
from tests.chains.parsing import exact
from tests.chains.projecting import Run, at, of, project

gaps = st.sampled_from([0.0, 0.001, 0.03, 0.1, 0.5])


def run(answer: Answer, every: float = 0.03) -> Run:
    return Run(answer.model).feed(answer.pieces, every=every).finish()


def complete_of(events: list[Event]) -> Complete:
    last = events[-1]
    assert isinstance(last, Complete), last
    return last


# -- order and the end -------------------------------------------------------------------------------------------------


@given(answers(), gaps)
def test_start_is_first_the_terminal_last_and_no_number_is_missing(answer: Answer, every: float) -> None:
    events = run(answer, every).events
    assert isinstance(events[0], Start)
    assert [event.type in TERMINAL for event in events] == [False] * (len(events) - 1) + [True]
    assert [event.seq for event in events] == list(range(1, len(events) + 1))


@given(answers(), gaps)
def test_complete_holds_the_object(answer: Answer, every: float) -> None:
    value = complete_of(run(answer, every).events).value
    assert list(value) == list(answer.model.model_fields)
    assert json.dumps(value, sort_keys=True) == json.dumps(answer.value, sort_keys=True)


# -- strings grow, fields stay -----------------------------------------------------------------------------------------


@given(answers(), gaps)
def test_tokens_of_a_path_add_up_to_its_text_and_only_free_text_has_them(answer: Answer, every: float) -> None:
    events = run(answer, every).events
    told: dict[str, str] = {}
    for token in of(Token, events):
        told[token.path] = told.get(token.path, "") + token.text
    tree = settle_tree(answer.model.model_json_schema())
    free = dict(free_texts(tree, {name: item for name, item in answer.value.items() if name in said(events)}))
    assert told.items() <= free.items()
    assert free.keys() - told.keys() <= {path for path in free if not free[path] or in_a_nested_list(path)}


def said(events: list[Event]) -> set[str | int]:
    """The properties that the model wrote."""
    return {from_pointer(field.path)[0] for field in of(FieldSettled, events) if field.source == "model"}


def free_texts(node: SettleNode, value: Any, path: Path = ()) -> Iterator[tuple[str, str]]:
    """The strings of a value that stream as they grow."""
    if node.settle in ("char", "word") and isinstance(value, str):
        yield to_pointer(path), value
    elif node.settle == "grow" and isinstance(value, dict | list):
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from free_texts(node.child(key), item, (*path, key))


def in_a_nested_list(path: str) -> bool:
    """Below the items that are told as fields; a string there waits if it has a neighbour of which nothing was told."""
    return any(isinstance(key, int) for key in from_pointer(path)[2:])


@given(answers(), gaps)
def test_a_field_never_changes(answer: Answer, every: float) -> None:
    events = run(answer, every).events
    end = complete_of(events)
    told: dict[str, str] = {}
    for event in events:
        if isinstance(event, FieldSettled):
            told[event.path] = exact(event.value)
            assert exact(event.value) == exact(at(end.value, from_pointer(event.path)))
        elif isinstance(event, Partial):
            assert {path: exact(at(event.value, from_pointer(path))) for path in told} == told
    assert set(end.value) <= {from_pointer(path)[0] for path in told}
    assert list(end.timings.fields) == list(dict.fromkeys(told))


@given(answers(), gaps)
def test_a_partial_never_says_what_the_end_takes_back(answer: Answer, every: float) -> None:
    events = run(answer, every).events
    tree = settle_tree(answer.model.model_json_schema())
    values = [partial.value for partial in of(Partial, events)] + [complete_of(events).value]
    for before, after in pairwise(values):
        assert leads_to(before, after, tree)


def leads_to(before: Any, after: Any, node: SettleNode) -> bool:
    """Whether the second may come after the first: free text and lists may grow, what is held is whole or not there."""
    match before, after:
        case str(), str() if node.settle in ("char", "word"):
            return after.startswith(before)
        case list(), list() if node.settle in ("grow", "items") and len(before) <= len(after):
            return all(leads_to(*both, node.child(0)) for both in zip(before, after, strict=False))
        case dict(), dict() if node.settle == "grow":
            return all(key in after and leads_to(item, after[key], node.child(key)) for key, item in before.items())
        case _:
            return exact(before) == exact(after)


# -- one log, many readings --------------------------------------------------------------------------------------------


@given(answers(), gaps)
def test_a_partial_is_what_the_events_before_it_add_up_to(answer: Answer, every: float) -> None:
    fold, settled = Fold(), list[str]()
    for event in run(answer, every).events:
        if isinstance(event, Partial):
            assert exact(event.value) == exact(fold.value)
            assert list(event.settled) == [path for path in settled if not inside_another(path, settled)]
        elif isinstance(event, Token | FieldSettled):
            fold.apply(event)
            settled += [event.path] if isinstance(event, FieldSettled) else []


def inside_another(path: str, settled: list[str]) -> bool:
    return any(path.startswith(other + "/") for other in settled)


@given(answers(), gaps)
def test_every_reading_ends_in_the_same_value(answer: Answer, every: float) -> None:
    events = run(answer, every).events
    end = complete_of(events)
    for names in ({"token", "field"}, {"partial", "complete"}, {event.type for event in events}):
        fold = Fold()
        for event in events:
            if event.type in names:
                fold.apply(event)
        assert fold.value == end.value


@given(answers())
def test_any_cut_settles_the_same_in_the_same_order(answer: Answer) -> None:
    cut, whole = run(answer).events, project(answer.model, answer.text)
    assert settled_in(cut) == settled_in(whole)
    assert exact(complete_of(cut).value) == exact(complete_of(whole).value)


def settled_in(events: list[Event]) -> list[tuple[str, str, str]]:
    return [(event.path, exact(event.value), event.source) for event in of(FieldSettled, events)]


# -- on the wire -------------------------------------------------------------------------------------------------------


@given(answers(), gaps)
def test_every_event_is_one_line_of_json_that_says_the_same(answer: Answer, every: float) -> None:
    for event in run(answer, every).events:
        line = to_json(event)
        line.encode()
        assert line.splitlines() == [line]
        assert from_json(line) == event


@given(answers(), gaps)
def test_events_share_nothing_that_changes_later(answer: Answer, every: float) -> None:
    """What was sent is kept in logs: an event may not hold a container that grows on."""
    live = Run(answer.model)
    kept = [(event, to_json(event)) for event in live.events]
    for piece in answer.pieces:
        before = len(live.events)
        live.feed([piece], every=every)
        kept += [(event, to_json(event)) for event in live.events[before:]]
    live.finish()
    assert [to_json(event) for event, _ in kept] == [line for _, line in kept]


# -- pace --------------------------------------------------------------------------------------------------------------


@given(answers(), gaps)
def test_partials_keep_their_distance(answer: Answer, every: float) -> None:
    told = run(answer, every)
    times = [time for time, event in zip(told.times, told.events, strict=True) if isinstance(event, Partial)]
    assert all(later - earlier >= 0.0999 for earlier, later in pairwise(times))


@given(answers())
def test_without_an_interval_a_change_is_followed_by_a_partial(answer: Answer) -> None:
    told = Run(answer.model, Pace(interval=0)).feed(answer.pieces)
    fold = Fold()
    for event in told.events:
        fold.apply(event)
    partials = of(Partial, told.events)
    assert (partials[-1].value if partials else {}) == copy_json(fold.value)
