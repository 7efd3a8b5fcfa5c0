"""A client may leave before the first byte: nothing goes on for it."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

import pytest

from chains import StructuredChain, chatbot
from chains.models.model import Model
from chains.models.scripted import Reply, ScriptedChatModel
from schemas import Complete, Event, RequestError
from server.live import LiveRuns
from server.runs import Run
from server.settings import Settings
from server.wire.frames import EventFrames
from server.wire.response import RunResponse

HELLO = {"messages": [{"role": "user", "content": "hello"}]}
SETTINGS = Settings.model_validate(
    {
        "models": {"demo": {"provider": "scripted", "replies": ["{}"]}},
        "chains": {"chatbot": {"runnable": "chains.chatbot:build", "path": "/chatbot", "model": "demo"}},
    }
)


def chain(text: str) -> tuple[StructuredChain, ScriptedChatModel]:
    chat = ScriptedChatModel(replies=[Reply(text=text)], chunk_size=1, pace_ms=1)
    return chatbot.build(Model(chat=chat, name="scripted", languages=("en",))), chat


async def test_a_response_whose_body_never_began_stops_its_run() -> None:
    chatting, chat = chain('{"reply": "' + "a" * 1000 + '"}')
    run = Run(chatting.astream_typed(HELLO))
    await run.opened()
    leave = asyncio.Event()

    async def receive() -> dict[str, str]:
        await leave.wait()
        return {"type": "http.disconnect"}

    async def send(message: object) -> None:
        leave.set()  # the client is gone while the first bytes are on their way
        await asyncio.Event().wait()

    live = LiveRuns()
    response = RunResponse(run, live, EventFrames(["token"], retry_ms=0), SETTINGS)
    await response({"type": "http", "method": "POST"}, receive, send)
    assert chat.stopped_after[0] < 1000  # pieces of one character
    assert run.log[-1].event.type == "cancelled"
    with pytest.raises(RequestError):
        live.find(run.id)


async def test_a_chain_that_just_ends_leaves_no_log_without_an_end() -> None:
    async def half() -> AsyncGenerator[Event]:
        chatting, _ = chain('{"reply": "hi"}')
        async for event in chatting.astream_typed(HELLO):
            if isinstance(event, Complete):
                return
            yield event

    run = Run(half())
    await run.opened()
    read: list[Event] = []
    with run.reader() as reader:
        while not read or read[-1].type != "failed":
            read += [entry.event for entry in await reader.next(asyncio.get_running_loop().time() + 5)]
    assert [event.seq for event in read] == list(range(1, len(read) + 1))


async def test_a_cancellation_from_within_a_chain_is_a_fault_and_no_silence() -> None:
    async def torn() -> AsyncGenerator[Event]:
        chatting, _ = chain('{"reply": "hi"}')
        async with aclosing(chatting.astream_typed(HELLO)) as events:
            yield await anext(events)
        raise asyncio.CancelledError

    run = Run(torn())
    await run.opened()
    with run.reader() as reader:
        until = asyncio.get_running_loop().time() + 5
        read = [entry.event.type for _ in range(2) for entry in await reader.next(until)]
    assert read == ["start", "failed"]
