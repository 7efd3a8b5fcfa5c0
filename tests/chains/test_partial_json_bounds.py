"""The parser's bounds, and that its work grows with the text and no faster."""

import sys
import tracemalloc
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest

import chains.partial_json
from chains.partial_json import (
    Closed,
    Grew,
    MalformedJSON,
    NestedTooDeep,
    PartialJSONError,
    PartialJSONParser,
    TextTooLarge,
    TrailingData,
    UnfinishedJSON,
)

MIB = 1 << 20


def parsed(text: str, **bounds: int) -> PartialJSONParser:
    parser = PartialJSONParser(**bounds)
    parser.feed(text)
    return parser


# -- size --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("character", ["a", "é", "가", "😀"])
def test_text_of_exactly_the_bound_is_read(character: str) -> None:
    width = len(character.encode())
    text = '["' + character * ((MIB - 4) // width)
    text += "a" * (MIB - 2 - len(text.encode())) + '"]'
    assert len(text.encode()) == MIB
    assert parsed(text).finish() == [text[2:-2]]
    assert parsed(text + " ").error.__class__ is TextTooLarge


@pytest.mark.parametrize("pieces", [['["abcdefgh'], list('["abcdefgh'), ['["abc', "defgh"]])
def test_what_fits_within_the_bound_is_read_and_stays(pieces: list[str]) -> None:
    parser = PartialJSONParser(max_bytes=6)
    grown = "".join(change.text for piece in pieces for change in parser.feed(piece) if isinstance(change, Grew))
    assert grown == "abcd"
    assert parser.value == ["abcd"]
    with pytest.raises(TextTooLarge) as caught:
        parser.finish()
    assert caught.value.position == 6


def test_a_character_that_only_half_fits_is_not_read() -> None:
    parser = parsed('["a가"]', max_bytes=5)
    assert parser.value == ["a"]
    assert isinstance(parser.error, TextTooLarge)


def test_prose_and_what_stands_behind_count_as_text() -> None:
    assert isinstance(parsed("x" * 11, max_bytes=10).error, TextTooLarge)
    assert isinstance(parsed("{}" + " " * 9, max_bytes=10).error, TextTooLarge)


def test_an_error_within_the_bound_is_told_before_the_bound() -> None:
    assert isinstance(parsed("[1,]" + " " * 100, max_bytes=10).error, MalformedJSON)


# -- depth -------------------------------------------------------------------------------------------------------------


def test_depth_counts_what_is_open_and_not_what_was() -> None:
    assert parsed("[[1],[2],{}]", max_depth=2).finish() == [[1], [2], {}]
    assert isinstance(parsed("[[1],[[2]]]", max_depth=2).error, NestedTooDeep)


def test_what_came_before_the_depth_stays() -> None:
    parser = PartialJSONParser(max_depth=2)
    changes = parser.feed('{"a":"x","b":{"c":{"d":1}}}')
    assert changes == [Grew(("a",), "x"), Closed(("a",), "x")]
    assert parser.value == {"a": "x", "b": {}}


# -- after an error ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("[1,]", MalformedJSON),
        ("[]]", TrailingData),
        ("[" * 65, NestedTooDeep),
        ("[1", UnfinishedJSON),
    ],
)
def test_an_error_is_for_ever(text: str, kind: type[PartialJSONError]) -> None:
    parser = parsed(text)
    for _ in range(2):
        with pytest.raises(kind) as caught:
            parser.finish()
        assert caught.value is parser.error
    before = parser.value
    assert parser.feed(", 2]") == []
    assert parser.value == before


def test_every_error_is_a_value_error_and_stands_in_the_tree_of_the_docstring() -> None:
    assert issubclass(PartialJSONError, ValueError)
    for kind in PartialJSONError.__subclasses__():
        assert f"─ {kind.__name__}" in (chains.partial_json.__doc__ or "")


# -- the value so far is a copy ----------------------------------------------------------------------------------------


def test_the_value_so_far_belongs_to_who_asked() -> None:
    parser = parsed('{"a":[1,"x')
    mine = parser.value
    mine["a"].append("mine")
    assert parser.value == {"a": [1, "x"]}
    assert mine == {"a": [1, "x", "mine"]}


# -- work --------------------------------------------------------------------------------------------------------------

SHAPES: dict[str, Callable[[int], str]] = {
    "one long string": lambda size: '{"a":"' + "가 " * (size // 2),
    "one string of escapes": lambda size: '["' + "\\n\\u00e9" * (size // 8),
    "one string of surrogate pairs": lambda size: '["' + "\\ud83d\\ude00" * (size // 12),
    "one long number": lambda size: "[" + "7" * size,
    "one long key": lambda size: '{"' + "k" * size,
    "many numbers": lambda size: "[" + "1," * (size // 2),
    "many strings": lambda size: "[" + '"ab",' * (size // 5),
    "many keys": lambda size: "{" + "".join(f'"{key:05}":1,' for key in range(size // 10)),
    "many objects": lambda size: '[{"a":' + '{"b":[]},' * (size // 9),
    "blanks": lambda size: "[" + " " * size,
    "prose": lambda size: "- " * (size // 2),
    "what stands behind": lambda size: "{}" + "\n" * size,
}


@pytest.mark.parametrize("shape", SHAPES)
def test_twice_the_text_is_twice_the_work(shape: str) -> None:
    small, large = SHAPES[shape](4000), SHAPES[shape](8000)
    growth = len(large) / len(small)
    assert calls(large) <= calls(small) * growth * 1.05 + 50
    assert bytes_touched(large) <= bytes_touched(small) * growth * 1.3 + 4096


def calls(text: str) -> int:
    """How many functions, C functions included, are called to read a text character by character."""
    count = 0

    def counting(frame: FrameType, event: str, argument: Any) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    parser = PartialJSONParser()
    sys.setprofile(counting)
    try:
        for character in text:
            parser.feed(character)
    finally:
        sys.setprofile(None)
    return count


def test_a_long_string_in_pieces_takes_not_much_more_than_its_text() -> None:
    """A string of one character takes some fifty bytes by itself."""
    parser, text = PartialJSONParser(), "가나 abcd" * 2000
    tracemalloc.start()
    try:
        for character in f'{{"a":"{text}':
            parser.feed(character)
        assert tracemalloc.get_traced_memory()[0] < 5 * len(text)  # two or four bytes a character, and the lists
    finally:
        tracemalloc.stop()
    assert parser.value == {"a": text}
    assert [change.value for change in parser.feed('"}') if isinstance(change, Closed)] == [text, {"a": text}]


def bytes_touched(text: str) -> int:
    """How much memory is taken, briefly or for good, to read a text character by character.

    Whoever joins or copies what was read before takes as much as that was, at every character.
    """
    total = 0
    parser = PartialJSONParser()
    tracemalloc.start()
    try:
        for character in text:
            before, _ = tracemalloc.get_traced_memory()
            tracemalloc.reset_peak()
            parser.feed(character)
            total += tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()
    return total
