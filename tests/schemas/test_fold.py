"""The reference reducer: what any client makes of the events."""

import json
from pathlib import Path
from typing import Any

import pytest

from schemas import (
    ALWAYS_SENT,
    TERMINAL,
    Cancelled,
    Code,
    Event,
    Failed,
    FieldSettled,
    Fold,
    Partial,
    Pinned,
    Reset,
    Token,
    copy_json,
    from_json,
    from_pointer,
)
from tests.schemas.samples import EVENTS, VALUE


def token(path: str, text: str) -> Token:
    return Token(seq=1, path=path, text=text)


def field(path: str, value: object) -> FieldSettled:
    return FieldSettled(seq=1, path=path, value=value, source="model", ms=0)


def folded(*events: Event) -> dict[str, object]:
    fold = Fold()
    for event in events:
        fold.apply(event)
    return fold.value


def test_nothing_folds_to_an_empty_object() -> None:
    assert folded() == {}


def test_tokens_of_a_path_are_joined_also_when_others_come_between() -> None:
    assert folded(token("/a", "한"), token("/a", "강"), token("/b", "x"), token("/a", "!")) == {"a": "한강!", "b": "x"}


def test_looking_at_the_value_changes_nothing() -> None:
    fold = Fold()
    for event in (token("/a", "1"), token("/a", "2"), token("/b", "3"), token("/a", "4")):
        fold.apply(event)
        assert fold.value is fold.value
    assert fold.value == {"a": "124", "b": "3"}


@pytest.mark.parametrize("looks", [1, 64, 100, 1000])
def test_a_long_text_in_many_pieces_whenever_it_is_looked_at(looks: int) -> None:
    text, fold = "가나다 abc" * 40, Fold()
    for count, character in enumerate(text, start=1):
        fold.apply(token("/a", character))
        if count % looks == 0:
            assert fold.value == {"a": text[:count]}
    assert fold.value == {"a": text}


def test_containers_are_made_on_the_way() -> None:
    assert folded(token("/plan/0/title", "t"), token("/plan/0/lines/0", "l"), field("/plan/1", {"x": 1})) == {
        "plan": [{"title": "t", "lines": ["l"]}, {"x": 1}]
    }


def test_a_settled_value_takes_the_place_of_what_had_grown() -> None:
    assert folded(token("/a", "half"), field("/a", "whole")) == {"a": "whole"}
    assert folded(token("/a/0/b", "half"), field("/a/0", {"b": "whole", "c": 1})) == {"a": [{"b": "whole", "c": 1}]}


def test_text_may_grow_on_behind_a_snapshot() -> None:
    assert folded(Partial(seq=1, value={"a": "ha"}, settled=()), token("/a", "lf")) == {"a": "half"}


@pytest.mark.parametrize("name", ["a/b", "a~b", "~1", "", "이름"])
def test_names_are_read_as_pointers(name: str) -> None:
    pointer = "/" + name.replace("~", "~0").replace("/", "~1")
    assert folded(token(pointer, "x"), field(pointer + "z", 1)) == {name: "x", name + "z": 1}


def test_items_that_a_reading_was_not_told_of_are_null_until_they_are() -> None:
    late = [token("/plan/1/title", "b"), token("/plan/1/lines/2", "c")]
    assert folded(*late) == {"plan": [None, {"title": "b", "lines": [None, None, "c"]}]}
    assert folded(*late, token("/plan/0/title", "a")) == {
        "plan": [{"title": "a"}, {"title": "b", "lines": [None, None, "c"]}]
    }


def test_a_start_begins_anew() -> None:
    """As it comes to a reader who had the beginning of a run that was lost with its worker, before it was stored."""
    start = next(event for event in EVENTS if event.type == "start")
    assert folded(token("/a", "gone"), field("/b", 1), start, token("/a", "new")) == {"a": "new"}


def test_a_reset_keeps_what_it_says_and_nothing_else() -> None:
    reset = Reset(seq=1, attempt=2, keep=("/a~1b", "/unknown"), reason=Code.INVALID_OUTPUT)
    before: list[Event] = [field("/a~1b", 1), token("/gone", "x"), field("/list", [1])]
    assert folded(*before, reset) == {"a/b": 1}
    assert folded(*before, reset, token("/gone", "new")) == {"a/b": 1, "gone": "new"}


def test_a_reset_keeps_text_of_which_only_tokens_told() -> None:
    """The reading of a chat: `token,complete`."""
    reset = Reset(seq=1, attempt=2, keep=("/reply",), reason=Code.INVALID_OUTPUT)
    assert folded(token("/reply", "안"), token("/reply", "녕"), reset) == {"reply": "안녕"}


def test_a_pinned_value_is_the_users() -> None:
    assert folded(token("/a", "model"), Pinned(seq=1, path="/a", value="user")) == {"a": "user"}


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: f"{event.type}-{event.seq}")
def test_every_event_is_taken_and_is_not_changed(event: Event) -> None:
    before = event.model_dump_json()
    fold = Fold()
    for other in (event, token("/name", "x"), token("/tags/0", "y"), field("/in", {"z": 1})):
        fold.apply(other)
    fold.value["name"] = "mine"
    assert event.model_dump_json() == before


@pytest.mark.parametrize(
    "event",
    [
        Partial(seq=1, value=VALUE, settled=()),
        Failed(seq=1, code=Code.NOT_JSON, phase="parse", message="", retryable=True, partial=VALUE),
        Cancelled(seq=1, reason="", partial=VALUE),
    ],
    ids=["partial", "failed", "cancelled"],
)
def test_a_whole_object_replaces_all(event: Event) -> None:
    assert folded(token("/gone", "x"), field("/tags", ["gone"]), event) == VALUE


def test_a_place_can_be_reached_where_no_list_before_it_has_a_gap() -> None:
    fold = Fold()
    for event in (token("/a", "x"), field("/list", [1]), token("/deep/0/lines/0", "l")):
        fold.apply(event)
    paths = [
        "/new",
        "/list/1",
        "/list/2",
        "/new/0",
        "/new/1",
        "/deep/0/lines/1",
        "/deep/1/x",
        "/deep/2/x",
        "/deep/0/lines/2",
    ]
    reached = {path: fold.reaches(from_pointer(path)) for path in paths}
    assert [path for path, told in reached.items() if not told] == ["/list/2", "/new/1", "/deep/2/x", "/deep/0/lines/2"]
    assert fold.value == {"a": "x", "list": [1], "deep": [{"lines": ["l"]}]}


def test_a_copy_shares_nothing() -> None:
    copied = copy_json(VALUE)
    assert copied == VALUE
    assert copied["tags"] is not VALUE["tags"]
    assert copied["in"][""] is not VALUE["in"][""]


# -- the vectors, which every client is held to ------------------------------------------------------------------------

VECTORS = [
    json.loads(file.read_text(encoding="utf-8"))
    for file in sorted((Path(__file__).parents[1] / "vectors" / "streams").glob("*.json"))
]
READINGS: dict[str, set[str]] = {
    "token,field": {"token", "field"},
    "partial": {"partial"},
    "all": {"token", "field", "partial", "invalid"},
}
each = pytest.mark.parametrize("vector", VECTORS, ids=[vector["name"] for vector in VECTORS])


def reading_of(vector: dict[str, Any], names: set[str]) -> list[Event]:
    """The vector's events as a client gets them that asks for these."""
    events = map(from_json, map(json.dumps, vector["events"]))
    return [
        event for event in events if event.type in names | ALWAYS_SENT or (isinstance(event, Partial) and event.resumed)
    ]


@each
@pytest.mark.parametrize("reading", READINGS)
def test_a_reading_adds_up_to_what_the_vector_says(vector: dict[str, Any], reading: str) -> None:
    *before, end = reading_of(vector, READINGS[reading])
    assert repr(folded(*before)) == repr(vector["readings"][reading])
    assert end.type in TERMINAL


@each
@pytest.mark.parametrize("reading", READINGS)
def test_with_its_end_every_reading_holds_the_same(vector: dict[str, Any], reading: str) -> None:
    whole = folded(*reading_of(vector, READINGS[reading]))
    assert whole == (vector["events"][-1].get("partial") or vector["value"] or {})
    assert folded(*reading_of(vector, {"token", "field"})[:-1]) == whole


def test_there_are_vectors() -> None:
    assert len(VECTORS) > 20
