"""Result models that nobody wrote, with values that meet them: what the properties of the projection are tried on."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import Enum
from typing import Annotated, Any, Literal, Self

from hypothesis import strategies as st
from pydantic import BaseModel, Field, create_model, model_validator

from schemas import Stream, Trim, across
from schemas.text import trimmed
from tests.chains.parsing import cuts

Values = st.SearchStrategy[Any]


class Weekday(Enum):
    """An enum one of whose values begins another: a half of it would be a lie."""

    MON = "mon"
    MONDAY = "monday"


def _as_written(value: Any) -> Any:
    return value


@dataclass(frozen=True)
class Kind:
    """A type, the values of it that a model may write, and what they are once they have settled."""

    type: Any
    values: Values = field(repr=False)
    settled: Callable[[Any], Any] = field(default=_as_written, repr=False)


@dataclass(frozen=True)
class Result:
    """A result model: the kind of each property, the defaults of those that may be left out, values that meet it."""

    model: type[BaseModel]
    kinds: Mapping[str, Kind]
    defaults: Mapping[str, Any]
    values: Values = field(repr=False)
    """All properties, as a model may write them."""

    def settled(self, written: Mapping[str, Any]) -> dict[str, Any]:
        """What a model wrote, as it settles, in the model's order; with the defaults of what it left out."""
        known = {**self.defaults, **{name: self.kinds[name].settled(value) for name, value in written.items()}}
        return {name: known[name] for name in self.kinds if name in known}


@dataclass(frozen=True)
class Answer:
    """A result model, an object that meets it, and the text in which a model wrote that object, in pieces."""

    model: type[BaseModel]
    value: dict[str, Any]
    pieces: list[str]

    @property
    def text(self) -> str:
        return "".join(self.pieces)


# -- kinds -------------------------------------------------------------------------------------------------------------


def _each(settled: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda value: None if value is None else [settled(item) for item in value]


def _padded(
    texts: st.SearchStrategy[str], ends: tuple[str, ...] = ("", "", " ", "\n", "\r\n", " \t", "  \n")
) -> Values:
    """Texts among blanks, some of which `Trim` takes away."""
    return st.builds("".join, st.tuples(st.sampled_from(["", "", " ", "\u3000 "]), texts, st.sampled_from(ends)))


def positive_zero(number: float) -> float:
    """The number, but for -0.0, of which nobody can say whether it is another one than 0.0."""
    return number + 0.0


FLAT = "ab' ,.가나\u0301😀\u200d"
TEXTS = [
    Kind(str, st.text(max_size=40)),
    Kind(Annotated[str, Field(min_length=1, max_length=60)], st.text(min_size=1, max_size=60)),
    Kind(Annotated[str, Field(max_length=12), Trim()], _padded(st.text(FLAT, max_size=12)), trimmed),
    Kind(Annotated[str, Stream("word"), Trim()], _padded(st.text(FLAT, max_size=40)), trimmed),
    Kind(Annotated[str, Stream("word")], st.text(FLAT, max_size=40)),
    Kind(str | None, st.none() | st.text(max_size=20)),
]
HELD = [
    Kind(Literal["a", "ab", "가나"], st.sampled_from(["a", "ab", "가나"])),
    Kind(Weekday, st.sampled_from(["mon", "monday"])),
    Kind(Annotated[int, Field(ge=-5, le=10**6)], st.integers(-5, 10**6)),
    Kind(
        float,
        st.floats(allow_nan=False, allow_infinity=False).map(positive_zero) | st.integers(-(2**53), 2**53),
        float,
    ),
    Kind(bool, st.booleans()),
    Kind(date, st.dates().map(str)),
    Kind(Annotated[str, Field(pattern="^[a-z]*$")], st.text("abcxyz", max_size=9)),
    Kind(Annotated[str, Stream("settled")], st.text(max_size=20)),
    Kind(int | str, st.integers() | st.text(max_size=9)),
    Kind(dict[str, int], st.dictionaries(st.text(max_size=4), st.integers(), max_size=3)),
]
LISTS = [
    Kind(list[Annotated[str, Field(max_length=12)]], st.lists(st.text(max_size=12), max_size=4)),
    Kind(Annotated[list[str], Field(max_length=3)], st.lists(st.text(max_size=30), max_size=3)),
    Kind(
        list[Annotated[str, Field(max_length=9), Trim()]],
        st.lists(_padded(st.text(FLAT, max_size=9)), max_size=3),
        _each(trimmed),
    ),
    Kind(list[Annotated[str, Trim()]], st.lists(_padded(st.text(FLAT, max_size=9)), max_size=3), _each(trimmed)),
    Kind(list[int], st.lists(st.integers(), max_size=5)),
    Kind(list[int] | None, st.none() | st.lists(st.integers(), max_size=3)),
    Kind(list[list[int]], st.lists(st.lists(st.integers(), max_size=3), max_size=3)),
    Kind(tuple[int, str], st.tuples(st.integers(), st.text(max_size=9)).map(list)),
    Kind(Annotated[list[str], Stream("items")], st.lists(st.text(max_size=30), max_size=3)),
]
NAMES = ["name", "reply", "plan", "이름", "a/b", "a~1b", "with blank", "~"]


@st.composite
def _kinds(draw: st.DrawFn, depth: int) -> Kind:
    simple = st.sampled_from([*TEXTS, *TEXTS, *HELD, *LISTS])
    if depth == 0:
        return draw(simple)
    shape = draw(st.sampled_from(["simple", "simple", "simple", "object", "objects", "perhaps object"]))
    if shape == "simple":
        return draw(simple)
    inner = draw(_objects(depth - 1))
    match shape:
        case "objects":
            return Kind(list[inner.type], st.lists(inner.values, max_size=3), _each(inner.settled))  # type: ignore[name-defined]  # made at run time
        case "perhaps object":
            return Kind(inner.type | None, st.none() | inner.values, lambda value: value and inner.settled(value))
        case _:
            return inner


@st.composite
def _objects(draw: st.DrawFn, depth: int) -> Kind:
    """A model all of whose fields are required."""
    kinds = {name: draw(_kinds(depth)) for name in draw(st.lists(st.sampled_from(NAMES), unique=True, max_size=3))}
    made = create_model("Made", **{name: (kind.type, ...) for name, kind in kinds.items()})  # type: ignore[call-overload]
    return Kind(
        made,
        st.fixed_dictionaries({name: kind.values for name, kind in kinds.items()}),
        lambda value: {name: kind.settled(value[name]) for name, kind in kinds.items()},
    )


# -- rules that cross fields -------------------------------------------------------------------------------------------


class Range(BaseModel):
    """Two numbers in order."""

    low: int
    high: int

    @model_validator(mode="after")
    @across("low", "high")
    def _in_order(self) -> Self:
        if self.low > self.high:
            raise ValueError("low comes before high")
        return self


class Budgeted(Range):
    """A second rule shares fields with the first, and one of its fields may be left out."""

    total: Annotated[int, Field(ge=0)] = 50

    @model_validator(mode="after")
    @across("high", "total")
    def _within(self) -> Self:
        if self.high > self.total:
            raise ValueError("the total holds the highest")
        return self


class Different(BaseModel):
    """A rule of the whole that does not say what it reads; and text that is told as it grows."""

    one: Annotated[str, Field(max_length=8), Trim()]
    other: str

    @model_validator(mode="after")
    def _differ(self) -> Self:
        if self.one == self.other:
            raise ValueError("one and the other differ")
        return self


NUMBER = Kind(int, st.integers(-9, 60))
LETTER = Kind(str, st.sampled_from("ab"))
PADDED = Kind(str, _padded(st.sampled_from("ab")), trimmed)
_ordered = st.tuples(st.integers(-9, 40), st.integers(-9, 40)).map(sorted)
CROSSING: list[Result] = [
    Result(BaseModel, {}, {}, st.just({})),
    Result(
        Range,
        {"low": NUMBER, "high": NUMBER},
        {},
        _ordered.map(lambda pair: {"low": pair[0], "high": pair[1]}),
    ),
    Result(
        Budgeted,
        {"low": NUMBER, "high": NUMBER, "total": NUMBER},
        {"total": 50},
        _ordered.map(lambda pair: {"low": pair[0], "high": pair[1], "total": max(pair[1], 0)}),
    ),
    Result(
        Different,
        {"one": PADDED, "other": LETTER},
        {},
        st.sampled_from([{"one": " a", "other": "b"}, {"one": "b\n", "other": "a"}]),
    ),
]


@st.composite
def results(draw: st.DrawFn, *, crossing: bool = True) -> Result:
    """Any model: some properties required, some with defaults, some bound to one another by rules."""
    rules = draw(st.sampled_from(CROSSING)) if crossing else CROSSING[0]
    required = {name: draw(_kinds(2)) for name in draw(st.lists(st.sampled_from(NAMES), unique=True, max_size=3))}
    optional = {name: draw(st.sampled_from(TEXTS[:3])) for name in draw(st.sets(st.sampled_from(["note", "mood"])))}
    if not required and not optional and not rules.kinds:
        required = {"name": TEXTS[0]}
    defaults = {name: kind.settled(draw(kind.values)) for name, kind in sorted(optional.items())}
    model: type[BaseModel] = create_model(
        "Result",
        __base__=rules.model,
        **{name: (kind.type, ...) for name, kind in required.items()},  # type: ignore[call-overload]
        **{name: (kind.type, defaults[name]) for name, kind in sorted(optional.items())},
    )
    kinds = {**rules.kinds, **required, **dict(sorted(optional.items()))}
    free = st.fixed_dictionaries({name: kind.values for name, kind in kinds.items() if name not in rules.kinds})
    values = st.builds(lambda bound, rest: bound | rest, rules.values, free)
    return Result(model, kinds, {**rules.defaults, **defaults}, values)


# -- texts -------------------------------------------------------------------------------------------------------------


@st.composite
def written(draw: st.DrawFn, pairs: list[tuple[str, Any]]) -> str:
    """A text in which a model wrote these pairs, in any order, among keys nobody asked for, in any style."""
    unasked = st.tuples(st.sampled_from(["junk", "0", ""]), st.text(max_size=9) | st.lists(st.integers(), max_size=3))
    items = draw(st.permutations([*pairs, *draw(st.lists(unasked, max_size=1))]))
    ascii_only, indent = draw(st.booleans()), draw(st.sampled_from([None, 2]))
    lines = [
        f"{json.dumps(key, ensure_ascii=ascii_only)}: {json.dumps(value, ensure_ascii=ascii_only, indent=indent)}"
        for key, value in items
    ]
    text = "{" + (",\n" if indent else ",").join(lines) + "}"
    if not items:
        return text  # in prose, braces without a key are no object
    before, behind = draw(st.sampled_from([("", ""), ("Sure:\n```json\n", "\n```"), ("", "\n\nEnjoy!")]))
    return before + text + behind


def left_out(result: Result) -> st.SearchStrategy[set[str]]:
    """Which of the properties that have a default a model leaves out."""
    return st.sets(st.sampled_from(sorted(result.defaults))) if result.defaults else st.just(set())


@st.composite
def answers(draw: st.DrawFn) -> Answer:
    """Any model with any object of it, in any text and any cut."""
    result = draw(results())
    whole: dict[str, Any] = draw(result.values)
    silent = draw(left_out(result))
    values = {name: value for name, value in whole.items() if name not in silent}
    return Answer(result.model, result.settled(values), draw(cuts(draw(written([*values.items()])))))
