"""Kinds of text: what is trimmed and what is not, one line, and JSON that nobody breaks into two."""

import json
import re
import sys
import time
import unicodedata
from enum import Enum
from typing import Annotated, Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from schemas import OneLine, Trim, settle_tree
from schemas.text import TRIM, escape_line_ends, single_line, trimmed, whole_characters
from tests.chains.parsing import ROOTS

BLANKS = "\t" + "".join(letter for letter in map(chr, range(sys.maxunicode)) if unicodedata.category(letter) == "Zs")
LINE_BREAKS = "\n\r\x0b\x0c\x1c\x1d\x1e\u0085\u2028\u2029"
TEXTS = st.text(st.sampled_from(BLANKS + LINE_BREAKS + "\n\n\r a한\u200b\u0301"), max_size=12) | st.text()

Title = Annotated[str, Field(min_length=1, max_length=5), single_line, Trim()]


class Weekday(Enum):
    MON = "mon"


def valid(kind: Any, value: Any) -> Any:
    """A value as the stream takes it: from JSON, strictly."""
    return TypeAdapter(kind).validate_json(json.dumps(value), strict=True)


def rules_broken(kind: Any, value: Any) -> set[str]:
    with pytest.raises(ValidationError) as caught:
        valid(kind, value)
    return {error["type"] for error in caught.value.errors()}


# -- what is trimmed ---------------------------------------------------------------------------------------------------


@given(TEXTS)
def test_blanks_around_and_one_line_end_behind_go(text: str) -> None:
    blanks = f"[{re.escape(BLANKS)}]*"
    kept = re.fullmatch(rf"{blanks}(.*?){blanks}(\r?\n)?{blanks}", text, re.DOTALL)
    assert kept
    assert trimmed(text) == kept[1]


@given(TEXTS)
def test_the_inside_is_never_touched(text: str) -> None:
    kept = trimmed(text)
    start = text.index(kept)
    before, behind = text[:start], text[start + len(kept) :]
    assert not set(before) - set(BLANKS)
    assert not set(behind.replace("\r\n", "\n")) - set(BLANKS + "\n")
    assert behind.count("\n") <= 1


@given(TEXTS)
def test_trimming_again_changes_nothing_unless_a_further_line_end_stands_there(text: str) -> None:
    once = trimmed(text)
    assert trimmed(once) == once or once.endswith("\n")


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("  한강  러닝\u3000\n", "한강  러닝"),
        ("한강\r\n", "한강"),
        ("한강 \n ", "한강"),
        ("한강\n\n", "한강\n"),
        ("\n한강", "\n한강"),
        ("한\n강", "한\n강"),
        ("한강\u200b", "한강\u200b"),
        ("한강\u2028", "한강\u2028"),
        ("한강\r", "한강\r"),
        (" \n", ""),
        ("", ""),
    ],
)
def test_for_example(text: str, kept: str) -> None:
    assert trimmed(text) == kept


@pytest.mark.parametrize("value", [5, 0.5, True, None, [" a "], {" a ": " b "}])
def test_what_is_no_text_is_left_alone(value: Any) -> None:
    assert trimmed(value) is value


def test_its_work_grows_with_the_text_and_no_faster() -> None:
    began = time.process_time()
    for text in (" " * 10**6, "a" + " " * 10**6 + "a", " \n" * 500_000):
        trimmed(text)
    assert time.process_time() - began < 1  # a few milliseconds; minutes if each blank cost a copy


# -- as an annotation --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["한강", "  한강 ", "12345", " 12345 \n", "\t1\n", "a\r\n"])
def test_limits_and_validators_see_the_trimmed_text(text: str) -> None:
    assert valid(Title, text) == text.strip()


@pytest.mark.parametrize(
    ("value", "rule"),
    [
        ("", "string_too_short"),
        (" \u3000\n", "string_too_short"),
        ("123456", "string_too_long"),
        ("1\n2", "value_error"),
        ("12\n\n", "value_error"),
        (5, "string_type"),
        (None, "string_type"),
        ([" a "], "string_type"),
    ],
)
def test_what_is_left_must_keep_the_rules(value: Any, rule: str) -> None:
    assert rules_broken(Title, value) == {rule}


KINDS: dict[str, tuple[Any, Any, Any]] = {
    "any text": (Annotated[str, Trim()], " a\n", "a"),
    "a pattern": (Annotated[str, Field(pattern="^[a-z]+$"), Trim()], " a\n", "a"),
    "a choice": (Annotated[Literal["a", "ab"], Trim()], " ab", "ab"),
    "an enum": (Annotated[Weekday, Trim()], "mon\n", Weekday.MON),
    "perhaps a text": (Annotated[str, Trim()] | None, "a ", "a"),
    "perhaps none": (Annotated[str, Trim()] | None, None, None),
    "the items of a list": (list[Annotated[str, Trim()]], [" a", "b\n"], ["a", "b"]),
}


@pytest.mark.parametrize(("kind", "written", "value"), KINDS.values(), ids=KINDS)
def test_it_goes_with_any_kind_of_text(kind: Any, written: Any, value: Any) -> None:
    assert valid(kind, written) == value


@pytest.mark.parametrize("mode", ["validation", "serialization"])
def test_the_schema_says_so_and_keeps_the_rest(mode: Literal["validation", "serialization"]) -> None:
    assert TRIM == "x-trim"
    schema = TypeAdapter(Title).json_schema(mode=mode)
    assert schema == {"type": "string", "minLength": 1, "maxLength": 5, "x-trim": True}
    assert "x-trim" not in TypeAdapter(OneLine).json_schema(mode=mode)


def test_it_changes_nothing_of_how_a_field_settles() -> None:
    class Trimmed(BaseModel):
        text: Title
        perhaps: Title | None
        tags: list[Title]
        day: Annotated[Weekday, Trim()]

    tree = settle_tree(Trimmed.model_json_schema())
    settles = [tree.child(name).settle for name in Trimmed.model_fields]
    assert settles == ["char", "char", "items", "settled"]


# -- one line ----------------------------------------------------------------------------------------------------------


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters=LINE_BREAKS)))
def test_a_text_without_line_breaks_is_one_line(text: str) -> None:
    assert valid(OneLine, text) == text


@given(st.text(), st.sampled_from(LINE_BREAKS), st.text())
def test_a_line_break_anywhere_is_refused(before: str, line_break: str, behind: str) -> None:
    assert rules_broken(OneLine, before + line_break + behind) == {"value_error"}


# -- line ends in JSON -------------------------------------------------------------------------------------------------


@given(ROOTS | TEXTS)
def test_escaped_json_is_one_line_and_means_the_same(value: Any) -> None:
    escaped = escape_line_ends(json.dumps(value, ensure_ascii=False))
    assert json.loads(escaped) == value
    assert len(escaped.splitlines()) == 1


# -- halves of characters ----------------------------------------------------------------------------------------------


@given(st.text())
def test_halves_that_meet_are_joined(text: str) -> None:
    units = text.encode("utf-16-le")
    halves = "".join(chr(int.from_bytes(units[at : at + 2], "little")) for at in range(0, len(units), 2))
    assert whole_characters(halves) == whole_characters(text) == text


@pytest.mark.parametrize(
    ("text", "whole"),
    [("a\ud83d", "a\ufffd"), ("\ude00b", "\ufffdb"), ("\ude00\ud83d", "\ufffd\ufffd"), ("\ud83d한", "\ufffd한")],
    ids=["the first alone", "the second alone", "the wrong way round", "another behind the first"],
)
def test_a_half_that_is_left_alone_is_told_as_such(text: str, whole: str) -> None:
    assert whole_characters(text) == whole
