"""Result models that nobody wrote, with values that meet them: what the properties of the projection are tried on."""

import json
from dataclasses import dataclass
from datetime import date
from enum import Enum
from typing import Annotated, Any, Literal

from hypothesis import strategies as st
from pydantic import BaseModel, Field, create_model

from schemas import Stream
from tests.chains.parsing import cuts

Values = st.SearchStrategy[Any]


class Weekday(Enum):
    """An enum one of whose values begins another: a half of it would be a lie."""

    MON = "mon"
    MONDAY = "monday"


@dataclass(frozen=True)
class Kind:
    """A type and the values of it, as they stand in JSON."""

    type: Any
    values: Values


@dataclass(frozen=True)
class Answer:
    """A result model, an object that meets it, and the text in which a model wrote that object, in pieces."""

    model: type[BaseModel]
    value: dict[str, Any]
    pieces: list[str]

    @property
    def text(self) -> str:
        return "".join(self.pieces)


SCALARS = [
    Kind(str, st.text(max_size=40)),
    Kind(Annotated[str, Field(min_length=1, max_length=60)], st.text(min_size=1, max_size=60)),
    Kind(Literal["a", "ab", "가나"], st.sampled_from(["a", "ab", "가나"])),
    Kind(Weekday, st.sampled_from(["mon", "monday"])),
    Kind(Annotated[int, Field(ge=-5, le=10**6)], st.integers(-5, 10**6)),
    Kind(float, st.floats(allow_nan=False, allow_infinity=False)),
    Kind(bool, st.booleans()),
    Kind(date, st.dates().map(str)),
    Kind(Annotated[str, Field(pattern="^[a-z]*$")], st.text("abcxyz", max_size=9)),
    Kind(Annotated[str, Stream("settled")], st.text(max_size=20)),
    Kind(Annotated[str, Stream("word")], st.text("ab' ,.가나\u0301😀\u200d", max_size=40)),
    Kind(str | None, st.none() | st.text(max_size=20)),
    Kind(int | str, st.integers() | st.text(max_size=9)),
    Kind(dict[str, int], st.dictionaries(st.text(max_size=4), st.integers(), max_size=3)),
]
LISTS = [
    Kind(list[Annotated[str, Field(max_length=12)]], st.lists(st.text(max_size=12), max_size=4)),
    Kind(list[str], st.lists(st.text(max_size=30), max_size=4)),
    Kind(list[int], st.lists(st.integers(), max_size=5)),
    Kind(list[list[int]], st.lists(st.lists(st.integers(), max_size=3), max_size=3)),
    Kind(Annotated[list[str], Stream("items")], st.lists(st.text(max_size=30), max_size=3)),
]
NAMES = ["name", "reply", "plan", "이름", "a/b", "a~1b", "with blank", "~"]


@st.composite
def _kinds(draw: st.DrawFn, depth: int) -> Kind:
    simple = st.sampled_from(SCALARS + LISTS)
    if depth == 0:
        return draw(simple)
    shape = draw(st.sampled_from(["simple", "simple", "simple", "object", "objects", "perhaps object"]))
    if shape == "simple":
        return draw(simple)
    inner = draw(_objects(depth - 1))
    match shape:
        case "objects":
            return Kind(list[inner.type], st.lists(inner.values, max_size=3))  # type: ignore[name-defined]  # made at run time
        case "perhaps object":
            return Kind(inner.type | None, st.none() | inner.values)
        case _:
            return inner


@st.composite
def _objects(draw: st.DrawFn, depth: int) -> Kind:
    """A model all of whose fields are required."""
    fields = {name: draw(_kinds(depth)) for name in draw(st.lists(st.sampled_from(NAMES), unique=True, max_size=3))}
    made = create_model("Made", **{name: (kind.type, ...) for name, kind in fields.items()})  # type: ignore[call-overload]
    return Kind(made, st.fixed_dictionaries({name: kind.values for name, kind in fields.items()}))


@st.composite
def answers(draw: st.DrawFn) -> Answer:
    """Any model with any object of it, its keys in any order, among keys nobody asked for, in any style and any cut."""
    required = draw(_objects(2).filter(lambda kind: kind.type.model_fields))
    optional = draw(st.dictionaries(st.sampled_from(["note", "mood"]), st.sampled_from(SCALARS[:3]), max_size=2))
    defaults = {name: draw(kind.values) for name, kind in optional.items()}
    model = create_model(
        "Result",
        __base__=required.type,
        **{name: (kind.type, defaults[name]) for name, kind in optional.items()},  # type: ignore[call-overload]
    )
    said = draw(required.values) | {name: draw(kind.values) for name, kind in optional.items() if draw(st.booleans())}
    extra = draw(
        st.dictionaries(st.sampled_from(["junk", "0", ""]), st.text(max_size=9) | st.lists(st.integers()), max_size=1)
    )
    items = draw(st.permutations([*(said | extra).items()]))
    text = json.dumps(dict(items), ensure_ascii=draw(st.booleans()), indent=draw(st.sampled_from([None, 2])))
    before, behind = draw(st.sampled_from([("", ""), ("Sure:\n```json\n", "\n```"), ("", "\n\nEnjoy!")]))
    return Answer(model, defaults | said, draw(cuts(before + text + behind)))
