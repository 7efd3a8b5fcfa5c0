"""A structured chain is a LangChain runnable: one run, many ways to read it, and it composes."""

import asyncio
from itertools import pairwise
from typing import Any
from uuid import UUID

import pytest
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import RunnableConfig, RunnableLambda, RunnableParallel, RunnablePassthrough
from pydantic import BaseModel, Field

from chains import chatbot, meeting_info
from chains.ask import Ask
from chains.models.model import Gate
from chains.structured import StructuredChain
from schemas import Complete, Event, Fold, RequestError, Start
from tests.chains.answers import CHAT, GOAL, MEETING, PLAN, REPLY, STEPS, model_saying, script_of, text

ANSWER = text(MEETING | {"plan": STEPS})
WHOLE = MEETING | {"plan": PLAN}
WANTED = GOAL | {"include_plan": True}


class Question(BaseModel):
    """The smallest request."""

    question: str = Field(min_length=1)


class Answer(BaseModel):
    """The smallest result."""

    answer: str


class Nothing(BaseModel):
    """No field is open."""


def asker(result: type[BaseModel], *replies: str, **known: Any) -> StructuredChain:
    """A chain of one's own: a request, a result, a prompt and a model are all it needs."""
    return StructuredChain(
        name="asker",
        request=Question,
        result=result,
        prompt=ChatPromptTemplate([("system", "Answer."), ("user", "{question}")]),
        model=model_saying(*replies, chunk_size=8),
        **known,
    )


def form(*replies: str | dict[str, Any], **model: Any) -> StructuredChain:
    return meeting_info.build(model_saying(*(replies or [ANSWER]), **model))


async def typed(chain: StructuredChain, input: Any, config: RunnableConfig | None = None) -> list[Event]:
    return [event async for event in chain.astream_typed(input, config)]


# -- many ways to read one run -----------------------------------------------------------------------------------------


async def test_every_way_gives_the_same_object() -> None:
    chain = form()
    [*_, complete] = await typed(chain, WANTED)
    assert isinstance(complete, Complete)
    values = [value async for value in chain.astream(WANTED)]
    snapshots = list(chain.stream(WANTED))
    assert complete.value == values[-1] == snapshots[-1] == await chain.ainvoke(WANTED) == chain.invoke(WANTED) == WHOLE


async def test_values_so_far_grow_up_to_the_whole() -> None:
    values = [value async for value in form(chunk_size=3).astream(WANTED)]
    names = [len(value) for value in values]
    descriptions = [value["description"] for value in values if "description" in value]
    assert names == sorted(names)
    assert all(later.startswith(earlier) for earlier, later in pairwise(descriptions))
    assert len(set(descriptions)) > 5


async def test_values_so_far_can_be_kept() -> None:
    values = [value async for value in form().astream(WANTED)]
    kept = [text(value) for value in values]
    values[0]["name"] = "mine"
    values[-2]["tags"].append("mine")
    assert [text(value) for value in values[1:-2]] == kept[1:-2]
    assert values[-1] == WHOLE


class Numbers(BaseModel):
    numbers: list[int]


@pytest.mark.large
async def test_values_so_far_of_a_large_object_are_spaced_by_growth() -> None:
    answer = text({"numbers": list(range(3000))})
    chain, question = asker(Numbers, answer), {"question": "?"}
    for values in ([value async for value in chain.astream(question)], list(chain.stream(question))):
        sizes = [len(text(value)) for value in values]
        assert sum(size for size in sizes if size > 4096) <= 18 * len(answer)


async def test_events_fold_to_the_object() -> None:
    fold = Fold()
    for event in await typed(form(), WANTED):
        if event.type in ("token", "field"):
            fold.apply(event)
    assert fold.value == WHOLE


async def test_a_request_may_be_a_dict_or_the_request_itself() -> None:
    chain = form()
    assert await chain.ainvoke(chain.request.model_validate(WANTED)) == WHOLE


# -- composing ---------------------------------------------------------------------------------------------------------


async def test_it_pipes_into_what_comes_next() -> None:
    named = form() | RunnableLambda(lambda value: value["name"])
    assert named.invoke(WANTED) == await named.ainvoke(WANTED) == MEETING["name"]
    assert [value async for value in named.astream(WANTED)][-1] == MEETING["name"]


async def test_it_takes_what_comes_before() -> None:
    def wish(goal: str) -> dict[str, Any]:
        return {"goal": goal, "include_plan": True}

    chain = RunnableLambda(wish) | form()
    assert await chain.ainvoke("달리기") == chain.invoke("달리기") == WHOLE
    assert [value async for value in chain.astream("달리기")][-1] == WHOLE


async def test_it_runs_beside_others() -> None:
    both = RunnableParallel(form=form(), asked=RunnablePassthrough())
    assert both.invoke(WANTED) == await both.ainvoke(WANTED) == {"form": WHOLE, "asked": WANTED}


async def test_batches_keep_their_order_and_their_failures() -> None:
    inputs = [GOAL | {"name": "하나"}, {"goal": ""}, GOAL | {"name": "둘"}]
    chain = form(text(MEETING))
    synchronous: list[Any] = chain.batch(inputs, return_exceptions=True)
    for first, second, third in (synchronous, await chain.abatch(inputs, return_exceptions=True)):
        assert (first["name"], third["name"]) == ("하나", "둘")
        assert isinstance(second, RequestError)


async def test_a_batch_takes_no_more_places_than_the_model_has() -> None:
    model = model_saying(text(MEETING), pace_ms=1, gate=Gate(slots=2, patience=0.001))
    assert await meeting_info.build(model).abatch([GOAL] * 6) == [MEETING] * 6


async def test_a_batch_that_fails_stops_the_rest() -> None:
    chain = form(text(MEETING), pace_ms=5)
    with pytest.raises(RequestError):
        await chain.abatch([GOAL, {"goal": ""}, GOAL])
    assert all(sent < 5 for sent in script_of(chain.model).stopped_after)


async def test_runs_beside_one_another_do_not_mix() -> None:
    chain = form(*(text(MEETING | {"summary": f"줄 {number}"}) for number in range(10)), pace_ms=1)
    values = await asyncio.gather(*(chain.ainvoke(GOAL | {"name": f"{number}"}) for number in range(10)))
    assert [value["name"] for value in values] == [f"{number}" for number in range(10)]
    assert {value["summary"] for value in values} == {f"줄 {number}" for number in range(10)}


# -- a chain of one's own ----------------------------------------------------------------------------------------------


def test_a_chain_needs_a_request_a_result_a_prompt_and_a_model() -> None:
    chain = asker(Answer, '{"answer": "42"}')
    assert chain.invoke({"question": "What is it?"}) == {"answer": "42"}
    [(messages, _)] = script_of(chain.model).calls
    assert [message.text for message in messages] == ["Answer.", "What is it?"]


def test_its_schemas_are_those_of_request_and_result() -> None:
    chain = form()
    assert chain.get_input_schema().model_json_schema()["required"] == ["goal"]
    assert set(chain.get_output_schema().model_json_schema()["properties"]) == {*WHOLE}
    assert chain.get_input_jsonschema()["title"] == "MeetingRequest"
    assert chain.get_output_jsonschema()["title"] == "MeetingInfo"
    assert chain.get_name() == "meeting_info"


def test_a_result_that_cannot_stream_is_refused_when_the_chain_is_made() -> None:
    class Numbered(BaseModel):
        zero: str = Field(alias="0")

    with pytest.raises(ValueError, match="Numbered"):
        asker(Numbered, "{}")


def test_what_is_given_is_kept_and_where_all_is_given_no_model_is_asked() -> None:
    def ask(request: Question) -> Ask:
        return Ask(Answer, wanted=Nothing, given={"answer": request.question}, variables={"question": ""})

    chain = asker(Answer, "never asked", ask=ask)
    assert chain.invoke({"question": "?"}) == {"answer": "?"}
    assert not script_of(chain.model).calls


# -- the run's own words -----------------------------------------------------------------------------------------------


async def test_start_names_the_run_the_chain_and_the_model() -> None:
    run_id = UUID("019a0000-0000-7000-8000-000000000001")
    [start, *_] = await typed(chatbot.build(model_saying(text(REPLY))), CHAT, {"run_id": run_id})
    assert isinstance(start, Start)
    assert (start.run_id, start.chain, start.model) == (str(run_id), "chatbot", "scripted")


async def test_every_run_has_an_id_of_its_own() -> None:
    chain = chatbot.build(model_saying(text(REPLY)))
    starts = [(await typed(chain, CHAT))[0] for _ in range(2)]
    assert len({start.run_id for start in starts if isinstance(start, Start)}) == 2
