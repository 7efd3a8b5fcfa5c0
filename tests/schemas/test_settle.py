"""How a field settles: derived from its schema, and what an annotation on it changes."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum, IntEnum
from typing import Annotated, Any, Literal, get_args
from uuid import UUID

import pytest
from pydantic import AnyUrl, AwareDatetime, Base64Str, BaseModel, Field, create_model

from schemas import MeetingInfo, OneLine, Recommendation, Settle, Stream, settle_tree


class Kind(Enum):
    """Strings."""

    A = "a"


class Number(IntEnum):
    """Numbers."""

    ONE = 1


class Inner(BaseModel):
    """An object of some text and some number."""

    text: str
    number: int


def settles(annotation: Any) -> dict[str, Settle]:
    """How a field of this type and the places below it settle."""
    model = create_model("Model", field=(annotation, ...))
    return dict(settle_tree(model.model_json_schema()).walk())


def settle(annotation: Any) -> Settle:
    return settles(annotation)["/field"]


SHORT = Annotated[str, Field(max_length=40)]
LONG = Annotated[str, Field(max_length=41)]

DERIVED: dict[str, tuple[Any, Settle]] = {
    "text": (str, "char"),
    "text with limits": (Annotated[str, Field(min_length=1, max_length=400)], "char"),
    "a single line": (OneLine, "char"),
    "short text": (SHORT, "char"),
    "text or null": (str | None, "char"),
    "limited text or null": (Annotated[str, Field(max_length=9)] | None, "char"),
    "pattern": (Annotated[str, Field(pattern="^a*$")], "settled"),
    "pattern or null": (Annotated[str, Field(pattern="^a*$")] | None, "settled"),
    "literal": (Literal["mon", "monday"], "settled"),
    "one literal": (Literal["mon"], "settled"),
    "literal or null": (Literal["mon", "monday"] | None, "settled"),
    "enum": (Kind, "settled"),
    "enum of numbers": (Number, "settled"),
    "int": (int, "settled"),
    "limited int": (Annotated[int, Field(ge=2, le=100)], "settled"),
    "float": (float, "settled"),
    "decimal": (Decimal, "settled"),
    "bool": (bool, "settled"),
    "null": (None, "settled"),
    "date": (date, "settled"),
    "datetime": (datetime, "settled"),
    "aware datetime": (AwareDatetime, "settled"),
    "time": (time, "settled"),
    "timedelta": (timedelta, "settled"),
    "uuid": (UUID, "settled"),
    "url": (AnyUrl, "settled"),
    "base64": (Base64Str, "settled"),
    "anything": (Any, "settled"),
    "free-form dict": (dict[str, str], "settled"),
    "dict of objects": (dict[str, Inner], "settled"),
    "union of scalars": (int | str, "settled"),
    "union of objects": (Inner | list[str], "settled"),
    "tuple": (tuple[str, int], "settled"),
    "object": (Inner, "grow"),
    "object or null": (Inner | None, "grow"),
    "list of short text": (list[SHORT], "items"),
    "list of short text or null": (list[SHORT] | None, "items"),
    "list of short lines": (list[Annotated[OneLine, Field(max_length=20)]], "items"),
    "list of numbers": (list[int], "items"),
    "list of enums": (list[Kind], "items"),
    "list of dates": (list[date], "items"),
    "list of anything": (list[Any], "items"),
    "list of long text": (list[LONG], "grow"),
    "list of any text": (list[str], "grow"),
    "list of objects": (list[Inner], "grow"),
    "list of lists": (list[list[int]], "grow"),
}


@pytest.mark.parametrize(("annotation", "expected"), DERIVED.values(), ids=DERIVED)
def test_it_is_derived_from_the_schema(annotation: Any, expected: Settle) -> None:
    assert settle(annotation) == expected


@pytest.mark.parametrize(("annotation", "expected"), DERIVED.values(), ids=DERIVED)
@pytest.mark.parametrize("override", get_args(Settle))
def test_an_annotation_overrides_it(annotation: Any, expected: Settle, override: Settle) -> None:
    assert settle(Annotated[annotation, Stream(override)]) == override


def test_what_is_held_says_nothing_of_what_is_below() -> None:
    assert settles(list[Inner]) == {
        "/field": "grow",
        "/field/-": "grow",
        "/field/-/text": "char",
        "/field/-/number": "settled",
    }
    assert settles(Annotated[list[Inner], Stream("settled")]) == {"/field": "settled"}
    assert settles(Annotated[list[Inner], Stream("items")]) == {"/field": "items"}
    assert settles(list[SHORT]) == {"/field": "items"}


def test_an_annotation_below_is_heard_below() -> None:
    class Held(BaseModel):
        text: Annotated[str, Stream("settled")]
        inner: Annotated[Inner, Stream("settled")]

    assert settles(list[Held])["/field/-/text"] == "settled"
    assert "/field/-/inner/text" not in settles(list[Held])


def test_an_annotation_on_the_items_of_a_list_is_heard() -> None:
    assert settles(list[Annotated[str, Stream("settled")]]) == {"/field": "items"}
    assert settles(list[Annotated[SHORT, Stream("char")]]) == {"/field": "grow", "/field/-": "char"}


def test_an_annotation_knows_no_other_ways() -> None:
    with pytest.raises(ValueError, match="char, word, settled, items, grow"):
        Stream("sometimes")  # type: ignore[arg-type]  # on purpose


class Tree(BaseModel):
    """A schema within itself."""

    name: str
    children: list[Tree]
    parent: Tree | None


def test_a_schema_within_itself_is_held_where_it_comes_again() -> None:
    assert dict(settle_tree(Tree.model_json_schema()).walk()) == {
        "/name": "char",
        "/children": "items",
        "/parent": "settled",
    }
    assert settles(Tree)["/field/name"] == "char"


def test_names_are_escaped_as_pointers_are() -> None:
    class Odd(BaseModel):
        slash: str = Field(alias="a/b")
        tilde: str = Field(alias="~")

    assert list(settles(Odd)) == ["/field", "/field/a~1b", "/field/~0"]


def test_an_object_whose_names_look_like_indexes_is_held() -> None:
    class Numbered(BaseModel):
        first: str = Field(alias="0")

    assert settles(Numbered) == {"/field": "settled"}


def test_two_models_of_one_name_are_told_apart() -> None:
    def made(annotation: Any) -> type[BaseModel]:
        return create_model("Same", value=(annotation, ...))

    class Both(BaseModel):
        one: made(str)  # type: ignore[valid-type]  # made at run time
        two: made(int)  # type: ignore[valid-type]

    found = dict(settle_tree(Both.model_json_schema()).walk())
    assert (found["/one/value"], found["/two/value"]) == ("char", "settled")


def test_what_the_schema_does_not_know_is_held() -> None:
    tree = settle_tree(MeetingInfo.model_json_schema())
    assert tree.child("unknown").settle == "settled"
    assert tree.child("name").child("below").settle == "settled"
    assert tree.child("tags").child(3).settle == "settled"
    assert tree.child("plan").child(7).child("title").settle == "char"


def test_a_recommended_id_is_held_and_its_reason_streams() -> None:
    for model in (Recommendation, Recommendation.among(("g1", "g2")), Recommendation.among(("g1",))):
        assert dict(settle_tree(model.model_json_schema()).walk()) == {"/group_id": "settled", "/reason": "char"}
