"""A chat model that says what it is told to: given texts, given pace, given failures.

It ships with the product, for tests, demos and notebooks without a model. In `langserve.yaml`:

    models:
      demo:
        provider: scripted
        pace_ms: 20
        replies:
          - '{"name": "Sunday Hikers", ...}'
          - {text: '{"name": "Half a', failure: cut}
"""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from itertools import cycle
from typing import Any, Literal

from langchain_core import exceptions as core
from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.messages.ai import UsageMetadata
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, model_validator

Failure = Literal["auth", "busy", "unavailable", "timeout", "rejected", "context", "cut", "garbled", "stall"]

_FAILURES: dict[str, type[Exception]] = {
    "auth": core.ModelAuthenticationError,
    "busy": core.ModelRateLimitError,
    "unavailable": core.ModelAPIError,
    "timeout": core.ModelTimeoutError,
    "rejected": core.ModelInvalidRequestError,
    "context": core.ContextOverflowError,
    "cut": ConnectionResetError,
    "garbled": TypeError,
}


class Reply(BaseModel):
    """One answer. `failure` comes after the text; `stall` says nothing more, for ever.

    `chunks` are sent as they are; without them `text` goes out in pieces of the model's `chunk_size`.
    """

    model_config = ConfigDict(extra="forbid")

    text: str = ""
    chunks: list[str] | None = None
    finish_reason: str | None = "stop"
    refusal: str = ""
    failure: Failure | None = None

    @model_validator(mode="before")
    @classmethod
    def _from_text(cls, value: Any) -> Any:
        return {"text": value} if isinstance(value, str) else value

    def pieces(self, size: int) -> list[str]:
        """The texts of the chunks, in order."""
        if self.chunks is not None:
            return self.chunks
        return [self.text[at : at + size] for at in range(0, len(self.text), size)]


class ScriptedChatModel(BaseChatModel):
    """Says its `replies` one after another, and begins again after the last.

    `pace_ms` lies before each chunk, `first_ms` before the first one. `calls` keeps what the model was asked;
    `stopped_after` how many chunks each call had sent when it ended or was left.
    """

    replies: list[Reply] = Field(min_length=1)
    chunk_size: int = Field(default=4, ge=1)
    pace_ms: float = Field(default=0, ge=0)
    first_ms: float = Field(default=0, ge=0)

    _turns: Iterator[Reply] = PrivateAttr()
    _calls: list[tuple[list[BaseMessage], dict[str, Any]]] = PrivateAttr(default_factory=list)
    _stopped_after: list[int] = PrivateAttr(default_factory=list)

    def model_post_init(self, context: Any, /) -> None:
        super().model_post_init(context)
        self._turns = cycle(self.replies)

    @property
    def calls(self) -> list[tuple[list[BaseMessage], dict[str, Any]]]:
        """The messages and keyword arguments of each call."""
        return self._calls

    @property
    def stopped_after(self) -> list[int]:
        """How many chunks each finished or abandoned call had sent."""
        return self._stopped_after

    @property
    def _llm_type(self) -> str:
        return "scripted"

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        reply = self._next(messages, kwargs)
        sent = 0
        try:
            for chunk in self._chunks(reply):
                await asyncio.sleep((self.first_ms if sent == 0 else self.pace_ms) / 1000)
                sent += 1
                yield chunk
            if reply.failure == "stall":
                await asyncio.Event().wait()
            self._fail(reply)
        finally:
            self._stopped_after.append(sent)

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        reply = self._next(messages, kwargs)
        sent = 0
        try:
            for chunk in self._chunks(reply):
                time.sleep((self.first_ms if sent == 0 else self.pace_ms) / 1000)
                sent += 1
                yield chunk
            self._fail(reply)
        finally:
            self._stopped_after.append(sent)

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        text = "".join(chunk.text for chunk in self._stream(messages, stop, run_manager, **kwargs))
        return ChatResult(generations=[ChatGeneration(message=AIMessage(content=text))])

    def bind_tools(self, tools: Any, **kwargs: Any) -> Any:
        """Accepted and recorded; what it says is in the script either way."""
        return self.bind(tools=tools, **kwargs)

    def _next(self, messages: list[BaseMessage], kwargs: dict[str, Any]) -> Reply:
        self._calls.append((messages, kwargs))
        return next(self._turns)

    def _chunks(self, reply: Reply) -> Iterator[ChatGenerationChunk]:
        pieces = reply.pieces(self.chunk_size)
        for piece in pieces:
            yield ChatGenerationChunk(message=AIMessageChunk(content=piece))
        if reply.refusal:
            yield ChatGenerationChunk(message=AIMessageChunk(content="", additional_kwargs={"refusal": reply.refusal}))
        if reply.failure is None:
            usage = UsageMetadata(input_tokens=0, output_tokens=len(pieces), total_tokens=len(pieces))
            yield ChatGenerationChunk(
                message=AIMessageChunk(content="", usage_metadata=usage),
                generation_info={"finish_reason": reply.finish_reason},
            )

    def _fail(self, reply: Reply) -> None:
        if reply.failure == "stall":
            raise core.ModelTimeoutError("scripted: stalled")
        if reply.failure:
            raise _FAILURES[reply.failure](f"scripted: {reply.failure}")
