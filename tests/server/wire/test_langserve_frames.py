"""LangServe's frames, event by event: the sum of what was sent is the object, or the stream says that it is not."""

import json
from typing import Any

import pytest

from schemas import (
    MEANING,
    Cancelled,
    Code,
    Complete,
    Event,
    FieldSettled,
    Invalid,
    Partial,
    Pinned,
    Reset,
    Timings,
    Token,
)
from server.runs.entry import Entry
from server.wire.langserve import LangServeFrames
from server.wire.protocol import Reading


def token(path: str, text: str) -> Event:
    return Token(seq=1, path=path, text=text)


def field(path: str, value: Any) -> Event:
    return FieldSettled(seq=1, path=path, value=value, source="model", ms=0)


def pinned(path: str, value: Any) -> Event:
    return Pinned(seq=1, path=path, value=value)


def reset(*keep: str, reason: Code = Code.INVALID_OUTPUT) -> Event:
    return Reset(seq=1, attempt=2, keep=keep, reason=reason)


def complete(value: dict[str, Any]) -> Event:
    timings = Timings(first_token_ms=0, fields={}, total_ms=0)
    return Complete(seq=1, value=value, finish_reason="stop", usage=None, timings=timings, attempts=2, repaired=True)


def written(*events: Event) -> list[tuple[str, Any]]:
    """Name and data of each frame."""
    frames = LangServeFrames(Reading("a run")).write(map(Entry, events)).decode().split("\n\n")[:-1]
    pairs = (frame.removeprefix("event: ").split("\ndata: ") for frame in frames)
    return [(name, json.loads(data)) for name, data in pairs]


def names(*events: Event) -> list[str]:
    return [name for name, _ in written(*events)]


TEXT = (token("/name", "ab"), token("/name", "c"))
ITEMS = (field("/tags/0", "a"), field("/tags/1", "b"))


@pytest.mark.parametrize(
    "events",
    [
        (*TEXT, field("/name", "abc")),
        (*ITEMS, field("/tags", ["a", "b"])),
        (field("/tags", []), field("/size", 3)),
    ],
    ids=["text", "items", "whole"],
)
def test_what_was_sent_as_it_came_is_not_sent_again(events: tuple[Event, ...]) -> None:
    assert names(*events) == ["data", "data"]


@pytest.mark.parametrize("value", ["abc", " abc", "abc ", "abc\n"])
def test_blanks_around_a_text_may_differ(value: str) -> None:
    """Those in front were sent when they are trimmed; those behind wait for that, so they are exact."""
    said = [data for _, data in written(token("/name", " abc "), field("/name", value), field("/size", 3))]
    assert said[-1] == {"size": 3}
    assert "".join(chunk["name"] for chunk in said[:-1]) == " " + value.lstrip()


@pytest.mark.parametrize(
    "events",
    [
        (token("/name", "a bc"), field("/name", "abc")),
        (*TEXT, field("/name", "ABC")),
        (*TEXT, field("/name", "")),
        (*TEXT, field("/name", None)),
        (*TEXT, field("/name", ["ab", "c"])),
        (*ITEMS, field("/tags", ["b", "a"])),
        (*ITEMS, field("/tags", ["a"])),
        (*ITEMS, field("/tags", ["a", "b "])),
        (field("/size", 3), field("/size", 4)),
    ],
    ids=["within", "case", "emptied", "null", "a list", "sorted", "fewer", "in an item", "number"],
)
def test_a_value_that_its_pieces_do_not_add_up_to_ends_in_an_error(events: tuple[Event, ...]) -> None:
    assert names(*events, field("/more", 1))[-1] == "error"
    assert names(*events).count("error") == 1


def test_what_grows_within_an_object_waits_for_it() -> None:
    within = (token("/a/b", "x"), token("/l/0/b", "x"))
    assert written(*within, field("/a", {"b": "x"})) == [("data", {"a": {"b": "x"}})]


def test_every_line_is_a_line_to_every_reader() -> None:
    awkward = "\x85\u2028\u2029\r\n😀"
    assert LangServeFrames(Reading("a run")).write([Entry(token("/a", awkward))]).isascii()
    assert written(token("/a", awkward)) == [("data", {"a": awkward})]


def test_a_cancelled_run_ends_in_an_error() -> None:
    assert names(Cancelled(seq=1, reason="stopped", partial={})) == ["error"]


class TestResets:
    @pytest.mark.parametrize(
        ("sent", "name"),
        [
            ((token("/name", "a"),), "/name"),
            ((*TEXT, field("/name", "abc")), "/name"),
            ((field("/tags/0", "a"),), "/tags"),
            ((field("/size", 3),), "/size"),
            ((field("/size", None),), "/size"),
            ((field("/a~1b", {"c": 1}),), "/a~1b"),
        ],
        ids=["half a text", "a text", "an item", "a number", "null", "an object"],
    )
    @pytest.mark.parametrize("reason", [Code.INVALID_OUTPUT, Code.NOT_JSON, Code.TRUNCATED])
    def test_one_that_voids_what_was_sent_ends_the_reading(
        self, sent: tuple[Event, ...], name: str, reason: Code
    ) -> None:
        name_of_last, data = written(*sent, reset(reason=reason), token("/more", "x"), complete({}))[-1]
        assert name_of_last == "error"
        assert (data["code"], data["status_code"]) == (reason, MEANING[reason].status)
        assert name in data["message"]
        assert names(*sent, reset("/other")) == [*names(*sent), "error"]
        assert "error" not in names(*sent, reset(name))

    def test_one_among_several_that_it_voids_is_enough(self) -> None:
        assert names(field("/size", 3), *ITEMS, reset("/size"))[-1] == "error"
        assert names(field("/size", 3), *ITEMS, reset("/tags"))[-1] == "error"
        assert names(field("/size", 3), *ITEMS, reset("/tags", "/size"))[-1] == "data"

    def test_one_that_keeps_all_that_was_sent_is_silent_and_the_sum_goes_on(self) -> None:
        told = written(
            *TEXT,
            field("/name", "abc"),
            token("/plan/0/title", "half"),  # of what stands below a property nothing was sent
            Invalid(seq=1, paths=("/plan",), errors=()),
            Partial(seq=1, value={}, settled=()),
            reset("/name"),
            *ITEMS,
            field("/tags", ["a", "b"]),
            field("/plan/0", {"title": "whole"}),
            field("/plan", [{"title": "whole"}]),
            complete({}),
        )
        assert told == [
            ("data", {"name": "ab"}),
            ("data", {"name": "c"}),
            ("data", {"tags": ["a"]}),
            ("data", {"tags": ["b"]}),
            ("data", {"plan": [{"title": "whole"}]}),
            ("end", {}),
        ]

    def test_a_second_one_is_judged_by_all_that_was_sent(self) -> None:
        assert names(field("/size", 3), reset("/size"), token("/name", "a"), reset("/size"))[-1] == "error"
        assert names(field("/size", 3), reset("/size"), field("/name", "a"), reset("/size", "/name"))[-1] == "data"


class TestPins:
    def test_a_pin_of_what_was_not_sent_is_sent_once(self) -> None:
        assert written(pinned("/size", 3), reset("/size"), pinned("/size", 3)) == [("data", {"size": 3})]

    @pytest.mark.parametrize("sent", [TEXT, ITEMS, (field("/name", 1),)], ids=["text", "items", "number"])
    def test_a_pin_of_what_was_sent_otherwise_cannot_be_told(self, sent: tuple[Event, ...]) -> None:
        assert names(*sent, pinned("/name", "mine"), pinned("/tags", ["mine"]))[-1] == "error"


class TestTheEnd:
    @pytest.mark.parametrize(
        "end",
        [complete({}), Cancelled(seq=1, reason="stopped", partial={}), reset()],
        ids=["complete", "cancelled", "a reset that voids"],
    )
    def test_nothing_follows_it(self, end: Event) -> None:
        frames = LangServeFrames(Reading("a run"))
        over = []
        for event in (token("/name", "a"), end):
            frames.write([Entry(event)])
            over.append(frames.over)
        assert over == [False, True]
        assert frames.write(map(Entry, [token("/name", "a"), field("/size", 3), complete({})])) == b""
