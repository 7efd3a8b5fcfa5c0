"""A fault in a chain's own code, its validators say, ends the run like any other failure and tells nothing more."""

from collections.abc import Callable
from typing import Annotated, Any

import pytest
from langchain_core.prompts import ChatPromptTemplate
from pydantic import AfterValidator, BaseModel, model_validator

from chains.ask import Ask
from chains.structured import StructuredChain
from schemas import Code, Event, Failed, ServerError
from tests.chains.answers import QUICK, model_saying


class Question(BaseModel):
    """The smallest request."""

    question: str = "?"


def _breaks(value: Any) -> Any:
    raise ZeroDivisionError("the author's secret")


class Broken(BaseModel):
    """A result whose number cannot be validated."""

    text: str
    number: Annotated[int, AfterValidator(_breaks)]


class BrokenAcross(BaseModel):
    """A result whose fields cannot be validated together."""

    text: str
    number: int

    @model_validator(mode="after")
    def _together(self) -> "BrokenAcross":
        return _breaks(self)  # type: ignore[no-any-return]  # it returns nothing at all


def chain(result: type[BaseModel], ask: Callable[[Any], Ask] | None = None, chunk_size: int = 100) -> StructuredChain:
    return StructuredChain(
        name="broken",
        request=Question,
        result=result,
        prompt=ChatPromptTemplate([("user", "{question}")]),
        model=model_saying('{"text":"한강","number":1}', chunk_size=chunk_size),
        ask=ask,
        limits=QUICK,
    )


@pytest.mark.parametrize("result", [Broken, BrokenAcross])
@pytest.mark.parametrize("chunk_size", [1, 100])
async def test_a_fault_half_way_is_one_event_behind_all_that_was_told(result: type[BaseModel], chunk_size: int) -> None:
    events: list[Event] = [event async for event in chain(result, chunk_size=chunk_size).astream_typed({})]
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    assert [event.type for event in events if event.type in ("failed", "complete")] == ["failed"]
    end = events[-1]
    assert isinstance(end, Failed)
    assert (end.code, end.phase) == (Code.INTERNAL, "server")
    assert end.partial["text"] == "한강"
    assert "secret" not in end.model_dump_json()


@pytest.mark.parametrize("result", [Broken, BrokenAcross])
async def test_every_other_way_raises_it_as_the_servers(result: type[BaseModel]) -> None:
    with pytest.raises(ServerError) as from_ainvoke:
        await chain(result).ainvoke({})
    with pytest.raises(ServerError) as from_invoke:
        chain(result).invoke({})
    for caught in (from_ainvoke, from_invoke):
        assert caught.value.code is Code.INTERNAL
        assert "secret" not in str(caught.value)


async def test_a_fault_before_the_first_event_is_raised_as_it_is() -> None:
    with pytest.raises(ZeroDivisionError):
        await anext(chain(Broken, ask=_breaks).astream_typed({}))


class Number(BaseModel):
    """A part of the results above."""

    number: int


class Foreign(BaseModel):
    """No part of them."""

    colour: str


@pytest.mark.parametrize(
    ("wanted", "known", "match"),
    [
        (Number, {"given": {"number": 1}}, "number.*both"),
        (Number, {"defaults": {"number": 1}}, "number.*both"),
        (Foreign, {}, "colour.*no part of Broken"),
    ],
)
def test_an_ask_that_makes_no_sense_is_refused(wanted: type[BaseModel], known: dict[str, Any], match: str) -> None:
    with pytest.raises(ValueError, match=match):
        Ask(Broken, wanted=wanted, **known)


def test_a_chain_needs_a_prompt_in_each_language_of_its_model() -> None:
    prompts: dict[Any, ChatPromptTemplate] = {"en": ChatPromptTemplate([("user", "{question}")])}
    with pytest.raises(ValueError, match="ko"):
        StructuredChain(
            name="mute", request=Question, result=Number, prompt=prompts, model=model_saying("{}", languages=("ko",))
        )
