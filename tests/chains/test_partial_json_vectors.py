"""The parser against vectors, each fed whole, character by character, and with something behind it."""

import json
from collections.abc import Callable, Iterable
from typing import Any

import pytest

from chains.partial_json import PartialJSONParser
from tests.chains.parsing import exact, read, told, vectors

BEHIND = "\n{}"
FENCE_AND_BLANKS = " \t\r\n`"

Vector = dict[str, Any]


def each(*files: str, wanted: Callable[[Vector], bool] = lambda vector: True) -> pytest.MarkDecorator:
    """One test for each vector of these files that is wanted."""
    found = [vector for file in files for vector in vectors(file) if wanted(vector)]
    return pytest.mark.parametrize("vector", found, ids=[vector["name"] for vector in found])


def accepted(vector: Vector) -> bool:
    return "error" not in vector


def refused(vector: Vector) -> bool:
    return "error" in vector


def refused_at_a_character(vector: Vector) -> bool:
    return refused(vector) and vector["error"] != "UnfinishedJSON"


def value_of(vector: Vector) -> Any:
    """The value in the vector; the big ones leave it to `json.loads`."""
    return vector["value"] if "value" in vector else json.loads(vector["text"])


def ways_to_cut(text: str) -> tuple[Iterable[str], ...]:
    """Whole, and character by character."""
    return [text], text


# -- the vectors themselves --------------------------------------------------------------------------------------------


@each("accept")
def test_what_must_be_accepted_means_to_json_loads_what_it_means_here(vector: Vector) -> None:
    assert exact(json.loads(vector["text"])) == exact(value_of(vector))


@each("refuse")
def test_what_must_be_refused_is_refused_by_json_loads_unless_the_vector_says_otherwise(vector: Vector) -> None:
    if "json_takes_it" in vector:
        json.loads(vector["text"])
    else:
        with pytest.raises((ValueError, RecursionError)):
            json.loads(vector["text"])


# -- accept and refuse -------------------------------------------------------------------------------------------------


@each("accept", "around", wanted=accepted)
def test_accepts(vector: Vector) -> None:
    for pieces in ways_to_cut(vector["text"]):
        assert read(pieces).result == exact(value_of(vector))


@each("refuse", "around", wanted=refused)
def test_refuses_at_the_same_place_however_the_text_is_cut(vector: Vector) -> None:
    for pieces in ways_to_cut(vector["text"]):
        kind, _, position = read(pieces).result.partition(" at ")
        assert kind == vector["error"]
        assert int(position) == vector.get("position", int(position))
    assert read(vector["text"]) == read([vector["text"]])


@each("accept", "around", wanted=accepted)
def test_what_stands_behind_is_refused_and_changes_nothing_before_it(vector: Vector) -> None:
    alone = read([vector["text"]])
    for pieces in ways_to_cut(vector["text"] + BEHIND):
        followed = read(pieces)
        assert followed.result.startswith("TrailingData at ")
        assert (followed.settled, followed.grown) == (alone.settled, alone.grown)


@each("refuse", "around", wanted=refused_at_a_character)
def test_what_stands_behind_an_error_changes_nothing(vector: Vector) -> None:
    for pieces in ways_to_cut(vector["text"] + BEHIND):
        assert read(pieces) == read([vector["text"]])


@each("accept", "around", wanted=accepted)
def test_the_parser_says_when_its_object_has_closed_and_not_before(vector: Vector) -> None:
    body = vector["text"].rstrip(FENCE_AND_BLANKS)
    for pieces in ways_to_cut(body[:-1]):
        parser = PartialJSONParser()
        for piece in pieces:
            parser.feed(piece)
            assert not parser.closed
        parser.feed(body[-1])
        assert parser.closed


# -- surrogates --------------------------------------------------------------------------------------------------------


@each("surrogates")
def test_halves_are_joined_and_lone_ones_replaced(vector: Vector) -> None:
    for pieces in (vector["pieces"], *ways_to_cut("".join(vector["pieces"]))):
        outcome = read(pieces)
        assert outcome.result == exact(vector["value"])
        for growth in outcome.grown.values():
            growth.encode()  # raises if half a character was told


# -- changes -----------------------------------------------------------------------------------------------------------


@each("changes")
def test_changes_come_in_this_order(vector: Vector) -> None:
    parser = PartialJSONParser()
    assert [told(change) for change in parser.feed(vector["text"])] == vector["changes"]
    if refused(vector):
        assert exact(parser.value) == exact(vector["so_far"])


@each("changes")
def test_changes_mean_the_same_however_the_text_is_cut(vector: Vector) -> None:
    assert read(vector["text"]) == read([vector["text"]])
