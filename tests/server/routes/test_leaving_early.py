"""A client may leave before the first byte: nothing goes on for it, and nothing is held for it."""

import asyncio
from contextlib import AsyncExitStack

from chains import StructuredChain, chatbot
from chains.models.model import Model
from chains.models.scripted import Reply, ScriptedChatModel
from server.runs.log import Log
from server.runs.run import Run
from server.settings import Settings
from server.wire.frames import EventFrames
from server.wire.pieces import pieces
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


async def respond(response: RunResponse) -> None:
    """Sends the response to a client that is gone while its first bytes are on their way."""
    leave = asyncio.Event()

    async def receive() -> dict[str, str]:
        await leave.wait()
        return {"type": "http.disconnect"}

    async def send(message: object) -> None:
        leave.set()
        await asyncio.Event().wait()

    await response({"type": "http", "method": "POST"}, receive, send)


async def test_a_response_whose_body_never_began_stops_its_run_and_lets_go_of_all_it_held() -> None:
    chatting, chat = chain('{"reply": "' + "a" * 1000 + '"}')
    log = Log()
    run = Run(chatting.astream_typed(HELLO), log.put)
    await run.opened()
    async with AsyncExitStack() as held:
        held.push_async_callback(run.cancel, "its reader is gone")
        reader = held.enter_context(log.reader())
        frames = EventFrames(["token"], retry_ms=0)
        response = RunResponse(pieces(reader, frames, SETTINGS.stream.ping_s), held.pop_all(), SETTINGS)
    assert log.readers == 1
    await respond(response)
    assert chat.stopped_after[0] < 1000  # pieces of one character
    assert log.entries[-1].name == "cancelled"
    assert log.readers == 0
