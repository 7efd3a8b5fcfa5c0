"""Chains that others write: what pydantic lets them say is heard, and what cannot stream is refused at once."""

from typing import Annotated, Any, ClassVar

import pytest
from langchain_core.prompts import ChatPromptTemplate
from pydantic import BaseModel, ConfigDict, Field, RootModel, field_validator

from chains import Ask, Limits, StructuredChain
from chains.breaches import MAX_BREACHES
from chains.models.model import Model
from chains.models.scripted import Reply, ScriptedChatModel
from chains.shape import shape_of
from schemas import Complete, Event, Failed, FieldSettled, Invalid, Start, Stream, StreamError, Token

PROMPT = ChatPromptTemplate([("user", "{city}")])


class Wish(BaseModel):
    city: str = "Seoul"


class Trip(BaseModel):
    model_config = ConfigDict(str_strip_whitespace=True)

    name: Annotated[str, Field(max_length=20), Stream("settled")]  # what is rewritten cannot be told as it grows

    @field_validator("name")
    @classmethod
    def _titled(cls, name: str) -> str:
        if "!" in name:
            raise ValueError("no shouting")
        return name.title()


def chain(result: type[BaseModel], text: str, prompt: Any = PROMPT) -> StructuredChain:
    """A chain that asks once."""
    model = Model(chat=ScriptedChatModel(replies=[Reply(text=text)]), name="scripted", languages=("en",))
    return StructuredChain(
        name="trip", request=Wish, result=result, prompt=prompt, model=model, limits=Limits(repairs=0)
    )


async def run(result: type[BaseModel], text: str) -> list[Event]:
    return [event async for event in chain(result, text).astream_typed({})]


async def test_a_field_validator_and_the_models_configuration_count_when_the_field_closes() -> None:
    events = await run(Trip, '{"name": "  han river "}')
    assert [event.value for event in events if isinstance(event, FieldSettled)] == ["Han River"]
    assert isinstance(events[-1], Complete)
    assert events[-1].value == {"name": "Han River"}


async def test_what_a_field_validator_refuses_is_never_told_as_settled() -> None:
    events = await run(Trip, '{"name": "hi!"}')
    assert sum(isinstance(event, Invalid) for event in events) == 1
    assert not any(isinstance(event, FieldSettled) for event in events)
    assert isinstance(events[-1], Failed)
    assert [error.message for error in events[-1].errors or ()] == ["no shouting"]


async def test_a_validator_that_breaks_ends_the_run_in_one_terminal_event() -> None:
    class Broken(BaseModel):
        name: str

        @field_validator("name")
        @classmethod
        def _divide(cls, name: str) -> str:
            return name * (1 // 0)

    events = await run(Broken, '{"name": "hi"}')
    assert isinstance(events[0], Start)
    assert isinstance(events[-1], Failed)
    assert (events[-1].code, sum(isinstance(event, Failed) for event in events)) == ("internal", 1)
    with pytest.raises(StreamError) as caught:
        chain(Broken, '{"name": "hi"}').invoke({})
    assert caught.value.code == "internal"


def test_a_root_model_and_a_field_of_two_names_are_refused_when_the_chain_is_built() -> None:
    class Two(BaseModel):
        name: str = Field(validation_alias="n")

    for result, error in ((RootModel[list[int]], TypeError), (Two, ValueError)):
        with pytest.raises(error):
            chain(result, "{}")


def test_a_model_that_writes_a_language_without_a_prompt_is_refused_when_the_chain_is_built() -> None:
    with pytest.raises(ValueError, match="'en'"):
        chain(Trip, "{}", prompt={"ko": ChatPromptTemplate([("user", "{city}")])})


def test_known_fields_cannot_be_asked_and_asked_fields_belong_to_the_result() -> None:
    class Other(BaseModel):
        colour: str

    with pytest.raises(ValueError, match="name"):
        Ask(Trip, wanted=Trip, given={"name": "Han"})
    with pytest.raises(ValueError, match="colour"):
        Ask(Trip, wanted=Other)


async def test_a_set_is_told_whole() -> None:
    class Colours(BaseModel):
        names: set[str]

    events = await run(Colours, '{"names": ["red", "blue"]}')
    told = [event.path for event in events if isinstance(event, FieldSettled | Token)]
    assert told == ["/names"]


async def test_very_many_broken_rules_are_told_by_the_first_of_them() -> None:
    class Numbers(BaseModel):
        values: dict[str, int]
        kind: ClassVar[str] = "test"

    text = '{"values": {' + ", ".join(f'"k{index}": "x"' for index in range(1000)) + "}}"
    last = (await run(Numbers, text))[-1]
    assert isinstance(last, Failed)
    assert len(last.errors or ()) == MAX_BREACHES + 1
    assert len(last.message) < 200


def test_a_shape_is_made_once() -> None:
    assert shape_of(Trip) is shape_of(Trip)


async def test_a_field_that_its_model_leaves_out_when_it_is_null_can_be_written_and_can_default() -> None:
    class Note(BaseModel):
        text: str
        more: str | None = Field(default=None, exclude_if=lambda value: value is None)

    for answer in ('{"text": "a"}', '{"text": "a", "more": null}'):
        last = (await run(Note, answer))[-1]
        assert isinstance(last, Complete)
        assert last.value == {"text": "a", "more": None}
