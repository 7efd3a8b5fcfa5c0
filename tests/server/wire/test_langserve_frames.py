"""LangServe's frames, event by event: the sum of what was sent is the object, or the stream says that it is not."""

from typing import Any

import pytest

from schemas import Cancelled, Event, FieldSettled, Token
from server.wire.langserve import LangServeFrames


def token(path: str, text: str) -> Event:
    return Token(seq=1, path=path, text=text)


def field(path: str, value: Any) -> Event:
    return FieldSettled(seq=1, path=path, value=value, source="model", ms=0)


def names(*events: Event) -> list[str]:
    written = LangServeFrames().write(events).decode()
    return [line.removeprefix("event: ") for line in written.splitlines() if line.startswith("event: ")]


@pytest.mark.parametrize(
    "events",
    [
        (token("/name", "ab"), token("/name", "c"), field("/name", "abc")),
        (field("/tags/0", "a"), field("/tags/1", "b"), field("/tags", ["a", "b"])),
        (field("/tags", []), field("/size", 3)),
    ],
    ids=["text", "items", "whole"],
)
def test_what_was_sent_as_it_came_is_not_sent_again(events: tuple[Event, ...]) -> None:
    assert set(names(*events)) == {"data"}
    assert len(names(*events)) == 2


@pytest.mark.parametrize(
    "events",
    [
        (token("/name", " abc "), field("/name", "abc")),
        (field("/tags/0", "b"), field("/tags/1", "a"), field("/tags", ["a", "b"])),
    ],
    ids=["trimmed", "sorted"],
)
def test_a_value_that_was_changed_after_it_was_sent_ends_in_an_error(events: tuple[Event, ...]) -> None:
    assert names(*events, field("/more", 1))[-1] == "error"
    assert names(*events).count("error") == 1


def test_a_cancelled_run_ends_in_an_error() -> None:
    assert names(Cancelled(seq=1, reason="stopped", partial={}))[-1] == "error"
