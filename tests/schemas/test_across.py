"""Rules across fields: validators as always to pydantic, and known by the fields they read."""

from types import SimpleNamespace
from typing import Any, Self

import pytest
from pydantic import BaseModel, Field, ValidationError, model_validator

from schemas import across
from schemas.across import rules_across


class Trip(BaseModel):
    """Two rules that cross fields, and one that reads who knows what."""

    first: int
    last: int = Field(alias="last-day")
    days: list[str]

    @model_validator(mode="after")
    @across("first", "last")
    def _in_order(self) -> Self:
        if self.last < self.first:
            raise ValueError("the last day comes before the first")
        return self

    @model_validator(mode="after")
    @across("first", "last", "days")
    def _each_day_told(self) -> Self:
        if len(self.days) != self.last - self.first + 1:
            raise ValueError("one text a day")
        return self

    @model_validator(mode="after")
    def _whole(self) -> Self:
        return self

    @model_validator(mode="before")
    @classmethod
    def _raw(cls, value: Any) -> Any:
        return value


def trip(first: int, last: int, *days: str) -> dict[str, Any]:
    return {"first": first, "last-day": last, "days": list(days)}


def test_to_pydantic_it_is_a_validator_as_always() -> None:
    assert Trip.model_validate(trip(1, 2, "a", "b")).last == 2
    with pytest.raises(ValidationError, match="the last day comes before the first"):
        Trip.model_validate(trip(2, 1))
    with pytest.raises(ValidationError, match="one text a day"):
        Trip.model_validate(trip(1, 2, "a"))


def test_the_marked_ones_are_known_by_the_attributes_they_read() -> None:
    fields = {name: read for name, (_, read) in rules_across(Trip).items()}
    assert fields == {"_in_order": ("first", "last"), "_each_day_told": ("first", "last", "days")}


def test_a_rule_runs_on_its_fields_alone() -> None:
    rule, fields = rules_across(Trip)["_in_order"]
    rule(SimpleNamespace(**dict(zip(fields, (1, 2), strict=True))))
    with pytest.raises(ValueError, match="the last day comes before the first"):
        rule(SimpleNamespace(**dict(zip(fields, (2, 1), strict=True))))


def test_a_model_without_rules_has_none() -> None:
    assert rules_across(BaseModel) == {}


def test_rules_are_inherited_and_overridden_with_their_validators() -> None:
    class Longer(Trip):
        """Its own rule in place of the inherited one, and one more."""

        nights: int

        @model_validator(mode="after")
        @across("first", "last")
        def _in_order(self) -> Self:
            return self

        @model_validator(mode="after")
        @across("days", "nights")
        def _nights_between(self) -> Self:
            return self

    class Unmarked(Trip):
        """The inherited rule is replaced by a validator that crosses nothing."""

        @model_validator(mode="after")
        def _in_order(self) -> Self:
            return self

    longer = rules_across(Longer)
    assert longer.keys() == {"_in_order", "_each_day_told", "_nights_between"}
    rule, _ = longer["_in_order"]
    rule(SimpleNamespace(first=2, last=1))
    assert rules_across(Unmarked).keys() == {"_each_day_told"}


# -- what is no rule across fields -------------------------------------------------------------------------------------


@pytest.mark.parametrize("fields", [(), ("first",), ("first", "first"), ("first", "last", "first")])
def test_it_crosses_at_least_two_fields(fields: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="at least two"):
        across(*fields)


def test_a_field_that_the_model_has_not_is_named() -> None:
    class Odd(BaseModel):
        a: int

        @model_validator(mode="after")
        @across("a", "b")
        def _rule(self) -> Self:
            return self

    with pytest.raises(ValueError, match=r"Odd\._rule: \['b'\]"):
        rules_across(Odd)


def test_a_name_on_the_wire_is_no_attribute() -> None:
    class Named(BaseModel):
        first: int = Field(alias="first-day")
        last: int

        @model_validator(mode="after")
        @across("first-day", "last")
        def _rule(self) -> Self:
            return self

    with pytest.raises(ValueError, match="first-day"):
        rules_across(Named)


def test_a_validator_of_the_raw_input_is_refused() -> None:
    class Raw(BaseModel):
        a: int
        b: int

        @model_validator(mode="before")
        @classmethod
        @across("a", "b")
        def _rule(cls, value: Any) -> Any:
            return value

    with pytest.raises(ValueError, match=r"Raw\._rule.*after"):
        rules_across(Raw)


def test_a_mark_that_pydantic_would_not_see_is_refused() -> None:
    wrapped: Any = model_validator(mode="after")(lambda self: self)
    method: Any = classmethod(lambda cls, value: value)
    for outermost in (wrapped, method):
        with pytest.raises(TypeError, match="directly above the function, below model_validator"):
            across("a", "b")(outermost)
