"""A chat model together with what a chain must know of it."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Generator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakKeyDictionary

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import BaseMessage, BaseMessageChunk
from langchain_core.runnables import RunnableConfig

from chains.meter import meter_of_this_task
from chains.output import Dialect, Way
from schemas import Code, Language, UpstreamError


class Gate:
    """At most `slots` calls at once; a further one waits `patience` seconds for a place, then is told to come back."""

    def __init__(self, slots: int, patience: float = 30.0) -> None:
        self.slots = slots
        self._patience = patience
        # A semaphore belongs to one event loop; scripts and tests run one loop after another.
        self._places: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore] = WeakKeyDictionary()

    @asynccontextmanager
    async def place(self) -> AsyncIterator[None]:
        places = self._places.setdefault(asyncio.get_running_loop(), asyncio.Semaphore(self.slots))
        try:
            async with asyncio.timeout(self._patience):
                await places.acquire()
        except TimeoutError:
            raise UpstreamError("The model is busy.", code=Code.UPSTREAM_BUSY, retry_after_ms=5000) from None
        try:
            yield
        finally:
            places.release()


def _always() -> bool:
    return True


def _nothing() -> None:
    pass


@dataclass(frozen=True)
class Model:
    """A chat model and what a chain must know of it.

    - `way`, `dialect`: how it is held to a schema (`chains.output`)
    - `languages`: what it can write, the first being its default
    - `context_tokens`, `max_tokens`: what it can read and write in all, and how much of that is kept for its answer
    - `wide_tokens`: tokens per character outside ASCII (Korean), for counting before the call
    - `parameters`: what is sent with every call beside what `chat` sends by itself (a temperature, a seed)
    - `about`: a sentence for users; empty where there is nothing to say
    - `gate`: how many calls may run at once
    - `alive`: whether what it runs on is there (a child process)
    - `revive`: brings that back, which may take a second
    - `close`: gives back what the model holds (a child process)
    """

    chat: BaseChatModel = field(repr=False)  # its repr may show headers and addresses with credentials
    name: str
    way: Way = "json_schema"
    dialect: Dialect = "plain"
    languages: Sequence[Language] = ("ko", "en")
    context_tokens: int = 8192
    max_tokens: int = 2048
    wide_tokens: float = 1.0
    parameters: Mapping[str, Any] = field(default_factory=dict)
    about: str = ""
    gate: Gate = field(default_factory=lambda: Gate(slots=1000))
    alive: Callable[[], bool] = _always
    revive: Callable[[], object] = _nothing
    close: Callable[[], None] = _nothing

    async def astream(
        self, messages: Sequence[BaseMessage], config: RunnableConfig, **arguments: Any
    ) -> AsyncGenerator[BaseMessageChunk]:
        """The answer's chunks, once there is a place for the call."""
        async with self.gate.place():
            meter, counted, written = meter_of_this_task(), 0, 0.0
            try:
                async for chunk in self.chat.astream(messages, config, **self.parameters, **arguments):
                    if meter:
                        counted = max(counted, _counted(chunk))
                        written += self.estimate(chunk.text)
                    yield chunk
            finally:
                if meter:  # whatever the end is: as the server counts, or else about that
                    meter(counted or self.count_tokens(messages) + round(written))

    def stream(
        self, messages: Sequence[BaseMessage], config: RunnableConfig, **arguments: Any
    ) -> Generator[BaseMessageChunk]:
        """The same for callers without an event loop; they queue at the model's server."""
        yield from self.chat.stream(messages, config, **self.parameters, **arguments)

    def count_tokens(self, messages: Sequence[BaseMessage]) -> int:
        """About how many tokens the messages are: a careful estimate, no tokenizer."""
        return sum(4 + round(self.estimate(message.text)) + 1 for message in messages)

    def estimate(self, text: str) -> float:
        """About how many tokens a text is."""
        ascii_characters = len(text.encode("ascii", "ignore"))
        return ascii_characters / 3.5 + (len(text) - ascii_characters) * self.wide_tokens


def _counted(chunk: BaseMessageChunk) -> int:
    """What the server says that the call has taken, if this is the chunk that says it."""
    usage = getattr(chunk, "usage_metadata", None)
    return int(usage["total_tokens"]) if usage else 0
