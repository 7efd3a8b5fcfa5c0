"""A model's chunks in the hands of a test, and a run that reads them."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator

from langchain_core.messages import AIMessageChunk, BaseMessageChunk

from chains import meeting_info
from chains.drive import drive
from chains.limits import Limits
from chains.pace import Pace
from chains.projection import Projection
from chains.turn import Course
from schemas import Event, MeetingRequest
from tests.chains.answers import GOAL, QUICK


class Tap:
    """A model's chunks as the test lets them flow. `None` ends them."""

    def __init__(self) -> None:
        self.closed = False
        self._queue: asyncio.Queue[BaseMessageChunk | Exception | None] = asyncio.Queue()

    def say(self, *pieces: str) -> None:
        for piece in pieces:
            self._queue.put_nowait(AIMessageChunk(content=piece))

    def end(self, finish_reason: str = "stop") -> None:
        self._queue.put_nowait(AIMessageChunk(content="", response_metadata={"finish_reason": finish_reason}))
        self._queue.put_nowait(None)

    def fail(self, error: Exception) -> None:
        self._queue.put_nowait(error)

    async def chunks(self) -> AsyncIterator[BaseMessageChunk]:
        try:
            while (chunk := await self._queue.get()) is not None:
                if isinstance(chunk, Exception):
                    raise chunk
                yield chunk
        finally:
            self.closed = True

    def driven(self, limits: Limits = QUICK, hold: float = 1.0) -> AsyncGenerator[Event]:
        ask = meeting_info.ask(MeetingRequest.model_validate(GOAL))
        projection = Projection(ask, clock=asyncio.get_running_loop().time, pace=Pace(interval=limits.snapshot))
        course = Course(projection, lambda: projection.start(run_id="run", chain="chain", model="model"), limits)
        return drive(course, lambda _: self.chunks(), hold=hold)
