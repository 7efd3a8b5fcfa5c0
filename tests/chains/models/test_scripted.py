"""The scripted model says what it is told to, chunk by chunk, and remembers how it was asked."""

from typing import Any

import pytest
from langchain_core import exceptions as core
from langchain_core.messages import AIMessageChunk, HumanMessage
from pydantic import ValidationError

from chains.models.scripted import Reply, ScriptedChatModel


def scripted(*replies: Any, **pace: Any) -> ScriptedChatModel:
    return ScriptedChatModel(replies=[Reply.model_validate(reply) for reply in replies], **pace)


async def chunks_of(model: ScriptedChatModel) -> list[AIMessageChunk]:
    return [chunk async for chunk in model.astream("hi")]


async def test_a_text_goes_out_in_pieces_of_its_size() -> None:
    said = [chunk.text for chunk in await chunks_of(scripted("가나다라마", chunk_size=2))]
    assert [piece for piece in said if piece] == ["가나", "다라", "마"]


async def test_given_chunks_go_out_as_they_are() -> None:
    said = [chunk.text for chunk in await chunks_of(scripted({"chunks": ["abc", "", "d"]}))]
    assert said[:3] == ["abc", "", "d"]


async def test_the_end_says_why_and_what_it_cost() -> None:
    whole = AIMessageChunk(content="")
    for chunk in await chunks_of(scripted({"text": "abcdefgh", "finish_reason": "length"})):
        whole += chunk
    assert whole.text == "abcdefgh"
    assert whole.response_metadata["finish_reason"] == "length"
    assert whole.usage_metadata is not None
    assert whole.usage_metadata["output_tokens"] == 2


async def test_replies_come_in_turn_and_begin_again() -> None:
    model = scripted("one", "two")
    said = ["".join(chunk.text for chunk in await chunks_of(model)) for _ in range(3)]
    assert said == ["one", "two", "one"]


async def test_every_way_of_asking_says_the_same() -> None:
    model = scripted("same")
    assert model.invoke("hi").text == (await model.ainvoke("hi")).text == "same"
    assert "".join(chunk.text for chunk in model.stream("hi")) == "same"


async def test_a_refusal_is_kept() -> None:
    refusals = [chunk.additional_kwargs.get("refusal") for chunk in await chunks_of(scripted({"refusal": "No."}))]
    assert "No." in refusals


FAILURES: dict[str, type[Exception]] = {
    "auth": core.ModelAuthenticationError,
    "busy": core.ModelRateLimitError,
    "unavailable": core.ModelAPIError,
    "timeout": core.ModelTimeoutError,
    "rejected": core.ModelInvalidRequestError,
    "context": core.ContextOverflowError,
    "cut": ConnectionResetError,
    "garbled": TypeError,
}


@pytest.mark.parametrize(("failure", "kind"), FAILURES.items())
async def test_a_failure_comes_after_the_text(failure: str, kind: type[Exception]) -> None:
    model = scripted({"text": "half", "failure": failure})
    stream = model.astream("hi")
    assert (await anext(stream)).text == "half"
    with pytest.raises(kind):
        await anext(stream)
    with pytest.raises(kind):
        model.invoke("hi")


async def test_it_remembers_what_it_was_asked_and_how_far_it_came() -> None:
    model = scripted("abcdefgh", chunk_size=2)
    await model.ainvoke([HumanMessage("hi")], temperature=0.5)
    stream = model.astream("again")
    await anext(stream)
    await stream.aclose()  # type: ignore[attr-defined]  # it is a generator
    list(model.stream("whole"))
    assert [messages[0].text for messages, _ in model.calls] == ["hi", "again", "whole"]
    assert model.calls[0][1] == {"temperature": 0.5}
    assert model.stopped_after == [5, 1, 5]


def test_a_script_has_replies_and_no_unknown_keys() -> None:
    with pytest.raises(ValidationError):
        scripted()
    with pytest.raises(ValidationError, match="txt"):
        scripted({"txt": "x"})
    with pytest.raises(ValidationError, match="failure"):
        scripted({"failure": "fire"})
