"""What is taken for JSON: what every reader reads in the same way, and nothing else."""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from schemas import Code, RequestError
from server.guard.ijson import read_ijson

DEPTH = 8

letters = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)
numbers = st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False)
values = st.recursive(
    st.none() | st.booleans() | numbers | letters,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(letters, inner, max_size=3),
    max_leaves=30,
)


def refused(body: bytes, depth: int = DEPTH) -> str:
    with pytest.raises(RequestError) as error:
        read_ijson(body, depth)
    assert error.value.code is Code.INVALID_JSON
    return error.value.message


def depth_of(value: Any) -> int:
    match value:
        case dict():
            return 1 + max(map(depth_of, value.values()), default=0)
        case list():
            return 1 + max(map(depth_of, value), default=0)
        case _:
            return 0


@given(values, st.booleans(), st.integers(0, DEPTH))
def test_what_is_sound_is_read_and_what_is_deeper_is_not(value: Any, escaped: bool, depth: int) -> None:
    body = json.dumps(value, ensure_ascii=escaped).encode()
    if depth_of(value) > depth:
        assert "deep" in refused(body, depth)
    else:
        assert read_ijson(body, depth) == value


@given(
    st.binary(max_size=60) | st.text(st.sampled_from('[]{}",:\\u0d8e1.- \n\x00a\ufeff'), max_size=40).map(str.encode)
)
@example(b'"\xed\xa0\xbd"')
@example("[1]".encode("utf-16"))
@example("[1]".encode("utf-32"))
@example(b"[1]\x00")
def test_any_bytes_are_read_as_anybody_would_or_refused(body: bytes) -> None:
    with suppress(RequestError):  # anything else would be a fault
        value = read_ijson(body, DEPTH)
        assert value == json.loads(body)
        json.dumps(value, ensure_ascii=False, allow_nan=False).encode("utf-8")


class TestDepth:
    @pytest.mark.parametrize(("opened", "closed"), [("[", "]"), ('{"a":', "}"), ('[{"a":[', "]}]")])
    def test_is_counted_exactly(self, opened: str, closed: str) -> None:
        each = sum(map(opened.count, "[{"))
        body = f"{opened * 12}1{closed * 12}".encode()
        assert read_ijson(body, each * 12) == json.loads(body)
        refused(body, each * 12 - 1)

    def test_an_empty_one_is_a_level(self) -> None:
        assert read_ijson(b"[[],[],[],[],[]]", 2) == [[]] * 5
        refused(b"[[[]],[]]", 2)

    def test_brackets_in_texts_and_keys_are_none(self) -> None:
        value = {"[" * 50 + '\\"{': "]}" * 50 + '"[['}
        assert read_ijson(json.dumps(value).encode(), 1) == value

    @pytest.mark.parametrize("opened", [b"[", b'{"a":', b'[{"":'])
    @pytest.mark.parametrize("levels", [999, 1_000, 100_000])
    def test_without_end_it_is_not_followed(self, opened: bytes, levels: int) -> None:
        refused(opened * levels)

    def test_many_beside_each_other_are_not_deep(self) -> None:
        assert read_ijson(b"[" + b"[],{}," * 10_000 + b"0]", 2)[-1] == 0


class TestKeys:
    @pytest.mark.parametrize(
        "body",
        [
            b'{"a": 1, "a": 1}',
            b'{"a": 1, "b": 2, "a": {}}',
            b'[{"x": {"a": null, "a": null}}]',
            b'{"a": 1, "\\u0061": 2}',
            b'{"": 1, "": 2}',
        ],
    )
    def test_none_comes_twice(self, body: bytes) -> None:
        assert "twice" in refused(body)

    def test_in_another_object_it_may(self) -> None:
        assert read_ijson(b'{"a": {"a": 1}, "b": {"a": 1}}', DEPTH) == {"a": {"a": 1}, "b": {"a": 1}}

    def test_what_only_looks_the_same_is_another(self) -> None:
        assert len(read_ijson('{"\u00e9": 1, "e\u0301": 2, "A": 1, "a": 2}'.encode(), DEPTH)) == 4


class TestCharacters:
    @pytest.mark.parametrize("half", ["\\ud83d", "\\uDE00", "\\uD800", "\\udfff", "\\ude00\\ud83d", "\\ud83dx\\ude00"])
    @pytest.mark.parametrize("place", ['"{}"', '{{"{}": 1}}', '[{{"a": ["b", "{}"]}}]', '{{"a": {{"x{}": 1}}}}'])
    def test_half_a_pair_is_refused_wherever_it_stands(self, place: str, half: str) -> None:
        assert "surrogate" in refused(place.format(half).encode())

    @pytest.mark.parametrize("text", ['"\\ud83d\\ude00"', '"\\uD83D\\uDE00"', '"😀"', '"\\ue000\\uffff\\ud7ff"'])
    def test_whole_ones_are_not(self, text: str) -> None:
        assert read_ijson(text.encode(), DEPTH) == json.loads(text)

    def test_an_escape_that_is_escaped_is_text(self) -> None:
        assert read_ijson(rb'"\\ud83d"', DEPTH) == "\\ud83d"

    def test_nul_is_a_character_like_any_other(self) -> None:
        assert read_ijson(rb'{"a\u0000": "\u0000"}', DEPTH) == {"a\0": "\0"}
        refused(b'"\x00"')

    @pytest.mark.parametrize(
        "encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-32", "utf-32-be", "latin-1", "cp949"]
    )
    def test_another_encoding_is_refused(self, encoding: str) -> None:
        text = "[1]" if encoding.startswith("utf") else '["é가"]'[: 4 if encoding == "latin-1" else None]
        refused(text.encode(encoding, "ignore") + (b'"]' if encoding == "latin-1" else b""))

    @pytest.mark.parametrize("body", [b'"\xc0\xaf"', b'"\xed\xa0\x80"', b'"\xf4\x90\x80\x80"', b'"\xe2\x82"', b"\xff"])
    def test_what_is_not_quite_utf_8_is_refused(self, body: bytes) -> None:
        refused(body)


class TestNumbers:
    @pytest.mark.parametrize("number", ["0", "-0", "9223372036854775807", "-9223372036854775808", "1e308", "1.5E-400"])
    def test_within_bounds_they_are_read(self, number: str) -> None:
        assert read_ijson(number.encode(), DEPTH) == json.loads(number)

    @pytest.mark.parametrize(
        "number",
        ["9223372036854775808", "-9223372036854775809", "1" + "0" * 35, "1" + "0" * 400, "9" * 5000, "-" + "9" * 5000],
        ids=lambda number: f"{number[:3]}, {len(number)} digits",
    )
    def test_an_integer_beyond_64_bits_is_refused(self, number: str) -> None:
        assert "64 bits" in refused(f'{{"a": [{number}]}}'.encode())

    @pytest.mark.parametrize("number", ["1e999", "-1e999", "1.0e309", "9" * 400 + ".0", "NaN", "Infinity", "-Infinity"])
    def test_what_is_no_double_is_refused(self, number: str) -> None:
        refused(f'{{"a": [{number}]}}'.encode())

    @pytest.mark.parametrize("number", ["01", "+1", "1.", ".5", "0x1", "1_0", "\uff11", "- 1", "1e"])
    def test_what_is_no_number_is_refused(self, number: str) -> None:
        refused(number.encode())


@pytest.mark.parametrize(
    "body", [b"", b" ", b"{", b"{}}", b"{} {}", b"{'a': 1}", b'{"a": 1,}', b"nul", b'{"a"}', b"//\n1"]
)
def test_what_is_not_json_is_refused(body: bytes) -> None:
    refused(body)


def test_no_refusal_repeats_what_was_sent() -> None:
    for body in ('{"canary": 1, "canary": 2}', '"canary\\ud83d"', '["canary"', '{"canary": 1e999}', '[["canary"]]'):
        assert "canary" not in refused(body.encode(), 1)
