"""What is derived from a result model: rules across its fields, names that Python cannot say, a hash of its schema."""

from typing import Annotated, Self

import pytest
from pydantic import BaseModel, Field, create_model, model_validator

from chains.ask import Ask
from chains.shape import shape_of
from schemas import Complete, Failed, FieldSettled, Invalid, MeetingInfo, RequestError, across
from tests.chains.projecting import Run, of, project

# -- rules across fields -----------------------------------------------------------------------------------------------


class Together(BaseModel):
    """Two fields that must fit one another."""

    low: int
    high: int

    @model_validator(mode="after")
    def _ordered(self) -> "Together":
        if self.low > self.high:
            raise ValueError("low must not be above high")
        return self


def test_fields_that_break_a_rule_together_are_settled_but_the_object_is_invalid() -> None:
    events = project(Together, '{"low":2,"high":1}')
    assert [field.path for field in of(FieldSettled, events)] == ["/low", "/high"]
    [invalid] = of(Invalid, events)
    assert [(breach.path, breach.message) for breach in invalid.errors] == [("", "low must not be above high")]
    end = events[-1]
    assert isinstance(end, Failed)
    assert end.errors == invalid.errors


def test_fields_that_are_valid_together_complete() -> None:
    assert isinstance(project(Together, '{"low":1,"high":1}')[-1], Complete)


# -- the schema's own names --------------------------------------------------------------------------------------------


class Aliased(BaseModel):
    """Named in JSON as Python cannot."""

    first_name: str = Field(alias="first-name", max_length=5)
    kind: str = Field(default="x", alias="class")


def test_a_field_goes_by_its_alias() -> None:
    end = project(Aliased, '{"first-name":"한강"}')[-1]
    assert isinstance(end, Complete)
    assert end.value == {"first-name": "한강", "class": "x"}


def test_a_name_that_a_pointer_cannot_tell_from_an_index_is_refused() -> None:
    class Numbered(BaseModel):
        zero: str = Field(alias="0")

    with pytest.raises(ValueError, match=r"Numbered.*'0'"):
        Run(Numbered)


# -- the schema itself -------------------------------------------------------------------------------------------------


def test_its_hash_changes_with_the_schema_and_with_nothing_else() -> None:
    class One(BaseModel):
        text: Annotated[str, Field(max_length=5)]

    class Same(BaseModel):
        text: Annotated[str, Field(max_length=5)]

    class Other(BaseModel):
        text: Annotated[str, Field(max_length=6)]

    for kind in (Same, Other):
        kind.__name__ = "One"
        kind.model_config["title"] = "One"
        kind.model_rebuild(force=True)
    assert shape_of(One).hash == shape_of(Same).hash != shape_of(Other).hash
    assert len(shape_of(MeetingInfo).hash) == 16


class Range(BaseModel):
    low: int
    high: int
    note: str = ""

    @model_validator(mode="after")
    @across("low", "high")
    def _in_order(self) -> Self:
        if self.low > self.high:
            raise ValueError("the bounds are the wrong way round")
        return self


def test_a_pin_is_held_against_what_code_knows_although_that_is_told_last() -> None:
    wanted = create_model("Range", high=(int, ...), note=(str, ""))
    run = Run(Ask(Range, wanted=wanted, defaults={"low": 1}))
    with pytest.raises(RequestError) as caught:
        run.projection.pin("/high", 0)
    assert [breach.path for breach in caught.value.details] == ["/low", "/high"]
    end = run.feed(['{"high": 1}']).finish().events[-1]
    assert isinstance(end, Complete)
    assert end.value == {"low": 1, "high": 1, "note": ""}
