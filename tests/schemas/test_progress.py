"""How far a run has come: what a reader is told who comes late, and what a worker knows that goes on with it."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from schemas import (
    Breach,
    Cancelled,
    Code,
    Complete,
    Event,
    FieldSettled,
    Invalid,
    Partial,
    Pinned,
    Progress,
    Reset,
    Token,
    copy_json,
    from_json,
)
from schemas.events import Source
from schemas.progress import topmost
from tests.schemas.samples import EVENTS


def token(path: str, text: str) -> Token:
    return Token(seq=1, path=path, text=text)


def field(path: str, value: Any = "x", ms: int = 0, source: Source = "model") -> FieldSettled:
    return FieldSettled(seq=1, path=path, value=value, source=source, ms=ms)


def pinned(path: str, value: Any = "mine") -> Pinned:
    return Pinned(seq=1, path=path, value=value)


def invalid(*paths: str) -> Invalid:
    errors = tuple(Breach(path=path, rule="rule", message="No.") for path in paths)
    return Invalid(seq=1, paths=paths, errors=errors)


def reset(*keep: str, attempt: int = 2, reason: Code = Code.INVALID_OUTPUT) -> Reset:
    return Reset(seq=1, attempt=attempt, keep=keep, reason=reason)


def after(*events: Event) -> Progress:
    progress = Progress()
    for event in events:
        progress.apply(event)
    return progress


def again(progress: Progress) -> Progress:
    """The same, as another process gets it."""
    return Progress.load(json.loads(json.dumps(progress.dump())))


# -- over whole logs ---------------------------------------------------------------------------------------------------

LOGS: dict[str, list[Event]] = {
    file.stem: [from_json(json.dumps(event)) for event in json.loads(file.read_text(encoding="utf-8"))["events"]]
    for file in sorted((Path(__file__).parents[1] / "vectors" / "streams").glob("*.json"))
    if file.stem != "resumed"  # which is no log, but what one reader gets of one
}
each = pytest.mark.parametrize("log", LOGS.values(), ids=LOGS.keys())


@each
def test_a_late_reader_is_told_what_every_partial_of_the_log_tells(log: Sequence[Event]) -> None:
    progress = Progress()
    for event in log:
        if isinstance(event, Partial):
            progress.seq = event.seq
            assert progress.partial() == event.model_copy(update={"resumed": True})
            assert json.dumps(progress.value) == json.dumps(event.value)  # in the same order, too
        progress.apply(event)


@each
def test_it_is_the_same_for_another_process_behind_every_event_and_goes_on_alike(log: Sequence[Event]) -> None:
    progress = moved = Progress()
    for event in log:
        progress.apply(event)
        moved.apply(event)
        moved = again(moved)
        assert json.dumps(moved.dump()) == json.dumps(progress.dump())
        assert read(moved) == read(progress)


def read(progress: Progress) -> dict[str, Any]:
    """Everything that can be read of it."""
    public = [name for name in vars(progress) if not name.startswith("_")]
    return {name: getattr(progress, name) for name in (*public, "value", "topmost", "errors", "doubted")}


@each
def test_it_knows_what_the_end_tells(log: Sequence[Event]) -> None:
    *before, end = log
    progress = after(*before)
    assert (progress.seq, progress.end) == (len(before), "")
    if isinstance(end, Complete):
        pins = {event.path for event in before if isinstance(event, Pinned)}
        times = {path: ms for path, ms in progress.settled.items() if path not in pins}
        assert progress.settled.keys() == end.timings.fields.keys()
        assert times.items() <= end.timings.fields.items()
        assert {path: progress.value[path[1:]] for path in pins} == {path: end.value[path[1:]] for path in pins}
        assert (progress.attempt, progress.repairs > 0) == (end.attempts, end.repaired)
        assert not progress.errors
    progress.apply(end)
    assert (progress.seq, progress.end) == (len(log), end.type)


def test_every_end_is_one() -> None:
    ends = {event.type: after(event).end for event in EVENTS}
    assert {name: name for name in ("complete", "failed", "cancelled")} == {
        key: end for key, end in ends.items() if end
    }


def test_there_are_logs() -> None:
    assert len(LOGS) > 20


# -- what has settled --------------------------------------------------------------------------------------------------


def test_nothing_has_come_before_the_first_event() -> None:
    progress = again(Progress())
    assert (progress.seq, progress.attempt, progress.repairs, progress.end) == (0, 1, 0, "")
    assert (progress.value, progress.settled, progress.spoke) == ({}, {}, False)


def test_a_pin_is_the_last_that_settled_and_nothing_inside_it_has() -> None:
    progress = after(field("/tags/0", ms=5), field("/tags", ["x"], ms=6), field("/b", ms=7), pinned("/tags", ["mine"]))
    assert [*progress.settled.items()] == [("/b", 7), ("/tags", 7)]
    assert (progress.pinned, progress.written) == ({"tags"}, {"b"})
    assert progress.topmost == ("/b", "/tags")


def test_names_that_begin_alike_or_need_escapes_are_told_apart() -> None:
    events = [field("/a", ms=1), field("/ab", ms=2), field("/a~1b/0", ms=3), field("/a~1b", ["x"], ms=4)]
    progress = after(*events, pinned("/a~1b", 1))
    assert [*progress.settled] == ["/a", "/ab", "/a~1b"]
    assert progress.pinned == {"a/b"}
    assert after(*events, reset("/a~1b")).settled == {"/a~1b/0": 3, "/a~1b": 4}
    assert after(*events, reset("/a")).settled == {"/a": 1}


@pytest.mark.parametrize(
    ("settled", "top"),
    [
        (["/a/0", "/a/1"], ("/a/0", "/a/1")),
        (["/a/0", "/b", "/a", "/b/0", "/ab/0"], ("/b", "/a", "/ab/0")),
        (["/", "//0"], ("/",)),
        (["/a~1b/0", "/a~1b"], ("/a~1b",)),
    ],
)
def test_the_topmost_are_inside_none_of_the_others(settled: list[str], top: tuple[str, ...]) -> None:
    assert topmost(settled) == top


def test_what_the_model_closed_itself_is_known() -> None:
    progress = after(
        field("/given", source="given"), token("/a", "x"), field("/a"), field("/list/0"), field("/b", source="default")
    )
    assert progress.written == {"a"}
    assert after(field("/a"), field("/b"), reset("/b")).written == {"b"}


@pytest.mark.parametrize(
    ("event", "spoke"),
    [
        (token("/a", "x"), True),
        (field("/a/0"), True),
        (field("/a", source="given"), False),
        (field("/a", source="default"), False),
        (pinned("/a"), False),
        (invalid("/a"), False),
    ],
)
def test_whether_the_model_has_been_heard(event: Event, spoke: bool) -> None:
    assert after(event).spoke is spoke
    assert after(event, reset()).spoke is spoke


def test_the_time_is_that_of_the_last_field_whatever_becomes_of_it() -> None:
    assert after(field("/a", ms=5), field("/b", ms=70), token("/c", "x"), reset("/a")).ms == 70


# -- attempts ----------------------------------------------------------------------------------------------------------


def test_a_takeover_is_an_attempt_and_no_repair() -> None:
    progress = after(
        reset(attempt=2, reason=Code.NOT_JSON),
        reset(attempt=3, reason=Code.WORKER_LOST),
        reset(attempt=4, reason=Code.SHUTTING_DOWN),
        reset(attempt=5, reason=Code.TRUNCATED),
    )
    assert (progress.attempt, progress.repairs) == (5, 2)


# -- doubt -------------------------------------------------------------------------------------------------------------


def test_a_broken_rule_puts_its_fields_in_doubt_until_the_next_attempt() -> None:
    broken = after(field("/low"), field("/high"), invalid("/low", "/high"), invalid("/tags/1"))
    assert broken.doubted == {"low", "high", "tags"}
    assert [error.path for error in broken.errors] == ["/low", "/high", "/tags/1"]
    broken.apply(reset("/low"))
    assert (broken.doubted, broken.errors) == (set(), ())


def test_a_rule_of_the_whole_doubts_all_that_settled() -> None:
    assert after(field("/a"), field("/list/0"), invalid("")).doubted == {"a", "list"}
    assert after(field("/a"), invalid("/b", "")).doubted == {"a"}


def test_a_pin_mends_what_it_was_part_of_and_nothing_else() -> None:
    progress = after(field("/low"), field("/high"), invalid("/low", "/high"), invalid("/tags/1"), pinned("/high"))
    assert progress.doubted == {"tags"}
    assert [error.path for error in progress.errors] == ["/tags/1"]
    progress.apply(pinned("/tags"))
    assert (progress.doubted, progress.errors) == (set(), ())


def test_what_is_the_users_is_never_in_doubt() -> None:
    progress = after(field("/given", source="given"), pinned("/pinned"), field("/a"), invalid("/given", "/a"))
    assert progress.doubted == {"a"}
    progress.apply(invalid(""))
    assert progress.doubted == {"a"}


def test_what_a_repair_kept_is_never_in_doubt_but_what_a_takeover_kept_may_be() -> None:
    settled = [field("/low"), field("/high")]
    assert after(*settled, reset("/low", "/high"), invalid("/low", "/high")).doubted == set()
    taken_over = after(*settled, reset("/low", "/high", reason=Code.WORKER_LOST), invalid("/low", "/high"))
    assert taken_over.doubted == {"low", "high"}
    both = after(
        *settled, reset("/low"), field("/high"), reset("/low", "/high", reason=Code.SHUTTING_DOWN), invalid("")
    )
    assert both.doubted == {"high"}


# -- what it shares ----------------------------------------------------------------------------------------------------


def test_a_text_grows_on_behind_a_dump() -> None:
    progress = again(after(token("/plan/0/title", "한"), token("/plan/0/title", "강")))
    progress.apply(token("/plan/0/title", "!"))
    assert progress.value == {"plan": [{"title": "한강!"}]}


def test_it_shares_nothing_with_what_it_gives_and_takes() -> None:
    progress = after(field("/a", {"in": [1]}))
    told, dumped = progress.partial(), progress.dump()
    before = copy_json(dumped)
    loaded = Progress.load(dumped)
    for value in (told.value, dumped["value"]):
        value["a"]["in"].append(2)
    dumped["settled"]["/b"] = 1
    assert progress.dump() == loaded.dump() == before


def test_a_partial_changes_nothing_but_the_number() -> None:
    progress = after(token("/a", "x"))
    progress.apply(Partial(seq=7, value={"b": "other"}, settled=("/b",)))
    assert (progress.seq, progress.value, progress.settled) == (7, {"a": "x"}, {})
    progress.apply(Cancelled(seq=8, reason="The user left.", partial={"a": "x"}))
    assert progress.value == {"a": "x"}
