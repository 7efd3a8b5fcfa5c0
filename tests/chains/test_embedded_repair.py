"""The real model is asked again: its upstream stops at the breach, and the second schema holds what is open."""

from collections.abc import Iterator

import pytest
from langchain_core.prompts import ChatPromptTemplate
from pydantic import BaseModel, Field, field_validator

from chains import Limits, Model, StructuredChain
from chains.models.spec import EmbeddedSpec
from schemas import Complete, Event, FieldSettled, Invalid, Reset, Token

pytestmark = pytest.mark.embedded


class Wish(BaseModel):
    topic: str


@pytest.fixture(scope="module")
def model() -> Iterator[Model]:
    model = EmbeddedSpec(provider="embedded", slots=1, parameters={"temperature": 0.0}).load()
    yield model
    model.close()


def picky() -> type[BaseModel]:
    """A group whose first motto is refused, whatever it is: no grammar knows that."""
    refused: list[str] = []

    class Group(BaseModel):
        name: str = Field(min_length=1, max_length=30)
        motto: str = Field(min_length=1, max_length=40)
        members: int = Field(ge=2, le=9)

        @field_validator("motto")
        @classmethod
        def _not_the_first(cls, motto: str) -> str:
            if not refused:
                refused.append(motto)
                raise ValueError("must be another one")
            return motto

    return Group


async def test_a_refused_field_is_written_again_and_what_had_settled_stays(model: Model) -> None:
    chain = StructuredChain(
        name="group",
        request=Wish,
        result=picky(),
        prompt=ChatPromptTemplate([("system", "You name groups, in English."), ("user", "A group for {topic}.")]),
        model=model,
        limits=Limits(repairs=1),
    )
    events: list[Event] = [event async for event in chain.astream_typed({"topic": "easy walks"})]
    end = events[-1]
    assert isinstance(end, Complete), end
    (reset,) = [event for event in events if isinstance(event, Reset)]
    assert (end.attempts, end.repaired, reset.keep) == (2, True, ("/name",))
    (name,) = [event.value for event in events if isinstance(event, FieldSettled) and event.path == "/name"]
    assert end.value["name"] == name
    assert [event.paths for event in events if isinstance(event, Invalid)] == [("/motto",)]
    # The first answer was stopped at the breach, before the model could come to its end and be counted.
    assert end.usage is not None
    assert end.usage.uncounted == 1
    motto = "".join(event.text for event in events[events.index(reset) :] if isinstance(event, Token))
    assert end.value["motto"] == motto
