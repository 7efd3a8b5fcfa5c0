"""A batch runs as many at once as the model takes, and stops together."""

import pytest

from chains import StructuredChain, chatbot
from chains.models.model import Gate, Model
from chains.models.scripted import Reply, ScriptedChatModel
from schemas import StreamError

HELLO = {"messages": [{"role": "user", "content": "hello"}]}
GOOD = Reply(text='{"reply": "Hello there", "options": []}')


def chain(*replies: Reply, slots: int = 2, pace_ms: float = 0) -> tuple[StructuredChain, ScriptedChatModel]:
    chat = ScriptedChatModel(replies=list(replies), chunk_size=1, pace_ms=pace_ms)
    model = Model(chat=chat, name="scripted", languages=("en",), gate=Gate(slots, patience=0.05))
    return chatbot.build(model), chat


async def test_more_inputs_than_places_wait_for_one_another_and_not_for_the_gate() -> None:
    chatting, chat = chain(GOOD, slots=2, pace_ms=2)
    answers = await chatting.abatch([HELLO] * 6)
    assert [answer["reply"] for answer in answers] == ["Hello there"] * 6
    assert len(chat.calls) == 6


async def test_one_failure_stops_the_others() -> None:
    chatting, chat = chain(Reply(text='{"re', failure="cut"), GOOD, slots=2, pace_ms=5)
    with pytest.raises(StreamError):
        await chatting.abatch([HELLO] * 2)
    assert all(sent < len(GOOD.text) for sent in chat.stopped_after)


async def test_failures_can_be_returned_instead() -> None:
    chatting, _ = chain(Reply(text="{", failure="cut"), GOOD)
    bad, good = await chatting.abatch([HELLO] * 2, return_exceptions=True)
    assert isinstance(bad, StreamError)
    assert good["reply"] == "Hello there"
