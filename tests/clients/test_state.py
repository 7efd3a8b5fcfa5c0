"""What events add up to for a reader: held to the vectors that clients in every language are held to."""

import json
from pathlib import Path

import pytest

from moim_client.state import State
from schemas import (
    ALWAYS_SENT,
    TERMINAL,
    Complete,
    Event,
    Failed,
    FieldSettled,
    OutputError,
    Partial,
    Pinned,
    Progress,
    Reset,
    from_json,
)
from schemas.errors import Breach, Code
from tests.clients.scripted import complete, start
from tests.vectors.generate import FOLDER

READINGS = {"token,field": {"token", "field"}, "partial": {"partial"}, "all": {"token", "field", "partial", "invalid"}}
VECTORS = sorted(FOLDER.glob("*.json"))


@pytest.mark.parametrize("file", VECTORS, ids=lambda file: file.stem)
@pytest.mark.parametrize("reading", READINGS)
def test_a_vectors_readings(file: Path, reading: str) -> None:
    vector = json.loads(file.read_text(encoding="utf-8"))
    events = [from_json(json.dumps(event)) for event in vector["events"]]
    state = State()
    for event in events[:-1]:
        resumed = isinstance(event, Partial) and event.resumed
        if event.type in READINGS[reading] | ALWAYS_SENT or resumed:
            state.apply(event)
    assert state.value == vector["readings"][reading]
    assert not state.end
    state.apply(events[-1])
    assert state.end is events[-1]
    if vector["value"] is not None:
        assert state.result() == vector["value"]


@pytest.mark.parametrize("file", VECTORS, ids=lambda file: file.stem)
def test_what_has_settled_is_what_the_servers_own_fold_says(file: Path) -> None:
    """Asked for in any order, since a `partial` may name it in another."""
    events = [from_json(json.dumps(event)) for event in json.loads(file.read_text(encoding="utf-8"))["events"]]
    if events[0].type != "start":
        return  # which that fold cannot begin with
    state, told = State(), Progress()
    for event in events[:-1]:
        state.apply(event)
        told.apply(event)
        assert sorted(state.settled) == sorted(told.topmost)


def field(path: str) -> FieldSettled:
    return FieldSettled(seq=2, path=path, value="x", source="model", ms=0)


def settled(*events: Event) -> tuple[str, ...]:
    state = State()
    for event in events:
        state.apply(event)
    return state.settled


def test_items_have_settled_until_their_list_has() -> None:
    assert settled(field("/plan/0"), field("/name"), field("/plan/1")) == ("/plan/0", "/name", "/plan/1")
    assert settled(field("/plan/0"), field("/name"), field("/plan")) == ("/name", "/plan")


def test_a_pin_takes_the_place_of_what_was_inside() -> None:
    assert settled(field("/plan/0"), field("/name"), Pinned(seq=3, path="/plan", value=[])) == ("/name", "/plan")


def test_what_is_void_has_not_settled() -> None:
    reset = Reset(seq=4, attempt=2, keep=("/name",), reason=Code.NOT_JSON)
    assert settled(field("/name"), field("/plan/0"), reset) == ("/name",)
    assert settled(field("/name"), start()) == ()


def test_a_snapshot_says_all_that_has() -> None:
    assert settled(field("/name"), Partial(seq=9, value={}, settled=("/plan/0",), resumed=True)) == ("/plan/0",)


def test_a_whole_object_has_settled_whole() -> None:
    end = complete(9)
    assert isinstance(end, Complete)
    whole = end.model_copy(update={"value": {"a/b": 1, "c": 2}})
    assert settled(field("/c"), whole) == ("/c", "/a~1b")


def test_a_run_that_failed_raises_its_failure() -> None:
    breach = Breach(path="/name", rule="max_length", message="too long")
    state = State()
    state.apply(
        Failed(
            seq=2,
            code=Code.INVALID_OUTPUT,
            phase="validate",
            message="it broke its schema",
            retryable=True,
            retry_after_ms=5,
            partial={},
            errors=(breach,),
        )
    )
    with pytest.raises(OutputError, match="it broke its schema") as raised:
        state.result()
    error = raised.value
    assert (error.code, error.details, error.retry_after_ms) == (Code.INVALID_OUTPUT, (breach,), 5)


def test_a_run_has_no_result_before_its_end() -> None:
    assert set(TERMINAL) == {"complete", "failed", "cancelled"}
    with pytest.raises(LookupError):
        State().result()
