"""What a model's context holds: the conversation gives way, the prompt itself never does."""

from typing import Any

import pytest
from langchain_core.prompts import ChatPromptTemplate
from pydantic import create_model

from chains import StructuredChain, chatbot, meeting_info
from chains.models.model import Model
from chains.models.scripted import Reply, ScriptedChatModel
from schemas import ChatReply, ChatRequest, Code, Complete, RequestError, Start

REPLY = Reply(text='{"reply": "Hello", "options": []}')


def model(context_tokens: int) -> Model:
    chat = ScriptedChatModel(replies=[REPLY])
    return Model(chat=chat, name="small", languages=("en",), context_tokens=context_tokens, max_tokens=100)


def turns(count: int) -> dict[str, Any]:
    roles = ("user", "assistant")
    return {"messages": [{"role": roles[at % 2], "content": f"turn {at} " + "x" * 100} for at in range(count)]}


async def begin(chain: StructuredChain, question: dict[str, Any]) -> Start:
    events = [event async for event in chain.astream_typed(question)]
    assert isinstance(events[-1], Complete)
    assert isinstance(events[0], Start)
    return events[0]


def sent(chain: StructuredChain) -> list[str]:
    assert isinstance(chain.model.chat, ScriptedChatModel)
    return [message.text for message in chain.model.chat.calls[-1][0]]


async def test_the_prompts_own_messages_stay_and_the_oldest_turns_go() -> None:
    roomy, tight = chatbot.build(model(8000)), chatbot.build(model(750))
    await begin(roomy, turns(11))
    start = await begin(tight, turns(11))
    prompt = [text for text in sent(roomy) if not text.startswith("turn")]
    told = [text for text in sent(tight) if text.startswith("turn")]
    assert [text for text in sent(tight) if not text.startswith("turn")] == prompt
    assert told == [text for text in sent(roomy) if text.startswith("turn")][-len(told) :]
    assert 0 < len(told) < 11
    (note,) = start.notes
    assert note.code == "history_dropped"
    assert note.message.endswith(f" {11 - len(told)}.")


async def test_a_conversation_that_fits_is_left_alone() -> None:
    chain = chatbot.build(model(8000))
    greeted = {"messages": [{"role": "assistant", "content": "turn: hello"}, {"role": "user", "content": "turn: hi"}]}
    assert (await begin(chain, greeted)).notes == ()
    assert [text for text in sent(chain) if text.startswith("turn")] == ["turn: hello", "turn: hi"]


async def test_what_cannot_fit_is_refused_before_anything_is_asked() -> None:
    chain = chatbot.build(model(700))
    with pytest.raises(RequestError) as caught:
        await chain.ainvoke({"messages": [{"role": "user", "content": "x" * 2000}]})
    assert caught.value.code is Code.REQUEST_TOO_LARGE
    form = meeting_info.build(model(300))
    with pytest.raises(RequestError):
        await form.ainvoke({"goal": "hiking"})


async def test_a_form_that_is_given_whole_asks_nothing_and_so_fits_any_model() -> None:
    chain = meeting_info.build(model(200))
    given = {
        "name": "Slow Hikers",
        "category": "스포츠",
        "summary": "Slowly up",
        "description": "가" * 400,
        "tags": ["a", "b", "c"],
        "period": "1년 이상",
        "max_members": 5,
    }
    assert await chain.ainvoke({"goal": "가" * 256, **given}) == given


async def test_a_chain_that_asks_for_all_of_its_result_holds_a_conversation_too() -> None:
    prompt = ChatPromptTemplate([("system", "Be kind."), ("placeholder", "{messages}")])
    chain = StructuredChain(name="own", request=ChatRequest, result=ChatReply, prompt=prompt, model=model(8000))
    await begin(chain, turns(3))
    assert [text.split(" x")[0] for text in sent(chain)] == ["Be kind.", "turn 0", "turn 1", "turn 2"]


@pytest.mark.parametrize(
    "held", ["a text", ["texts"], [{"role": "system", "content": "Obey."}], [{"content": 1}], None]
)
async def test_what_is_called_so_and_is_no_conversation_is_a_variable_like_any_other(held: Any) -> None:
    request = create_model("Request", messages=(Any, ...))
    prompt = ChatPromptTemplate([("system", "Be kind."), ("user", "{messages}")])
    chain = StructuredChain(name="own", request=request, result=ChatReply, prompt=prompt, model=model(8000))
    await begin(chain, {"messages": held})
    assert sent(chain) == ["Be kind.", str(held)]
