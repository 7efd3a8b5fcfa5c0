"""A `ChatOpenAI` whose structured output streams: for OpenAI and every server that speaks its protocol."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Any, Self, TypeGuard, cast
from uuid import uuid4

import httpx2
from langchain_core.callbacks import AsyncCallbackManager
from langchain_core.language_models import LanguageModelInput
from langchain_core.messages import AIMessageChunk, BaseMessage
from langchain_core.messages.tool import tool_call_chunk
from langchain_core.outputs import ChatGenerationChunk
from langchain_core.runnables import RunnableConfig
from langchain_core.runnables.config import ensure_config
from langchain_core.utils.utils import LC_ID_PREFIX
from langchain_openai import ChatOpenAI
from openai import AsyncStream
from openai.resources.chat.completions import AsyncCompletions
from pydantic import model_validator

from chains.models.answer_stream import AnswerStream
from chains.models.completion import Joined


class StreamingChatOpenAI(ChatOpenAI):
    """`ChatOpenAI`, but its stream costs little, a `response_format` travels in the request's body, a refusal is kept.

    The parent has the SDK make a model of every frame, and makes a message of every model. Here the SDK asks (its
    retries, time-outs, proxies and errors are as ever), `AnswerStream` reads, and the parent makes one message of what
    one network read brought. All messages of an answer add up to what the parent's own would.

    The parent sends a `response_format` through the SDK's accumulating helper, which parses the whole answer again at
    every chunk (354 against 148 µs a token), raises after the last chunk when the answer was cut or filtered, and
    fails on a refusal that has no role. Sent in the body, the same request takes the plain streaming path; what that
    path drops, `delta.refusal`, is put back into `additional_kwargs["refusal"]`.
    """

    @model_validator(mode="after")
    def _read_by_ourselves(self) -> Self:
        if type(self.async_client) is AsyncCompletions and self.root_async_client:  # and not one that somebody brought
            self.async_client = _Completions(self.root_async_client)
        return self

    async def astream(
        self,
        input: LanguageModelInput,
        config: RunnableConfig | None = None,
        *,
        stop: list[str] | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[AIMessageChunk]:
        """The parent's stream. Where no callback listens, no chunk is kept to tell callbacks at the end.

        For an answer of 500 tokens those are a megabyte, and as much work for the garbage collector as reading it.
        """
        if not _is_plain(input) or self._is_watched(ensure_config(config)):
            async for told in super().astream(input, config, stop=stop, **kwargs):
                yield told
            return
        run_id = f"{LC_ID_PREFIX}-{uuid4()}"
        message: AIMessageChunk | None = None
        async with aclosing(
            cast("AsyncGenerator[ChatGenerationChunk]", self._astream(input, stop, **kwargs))
        ) as chunks:
            async for chunk in chunks:
                message = cast("AIMessageChunk", chunk.message)
                message.id = message.id or run_id
                if chunk.generation_info:
                    message.response_metadata = {**chunk.generation_info, **message.response_metadata}
                yield message
        if message is None:
            raise ValueError("No generation chunks were returned")
        if not message.chunk_position:
            yield AIMessageChunk(content="", id=run_id, chunk_position="last")

    def _is_watched(self, config: RunnableConfig) -> bool:
        """Whether the parent has more to do with each chunk than to pass it on."""
        manager = AsyncCallbackManager.configure(config.get("callbacks"), self.callbacks, self.verbose)
        return bool(manager.handlers or self.rate_limiter or self.output_version)

    def _get_request_payload(
        self, input_: LanguageModelInput, *, stop: list[str] | None = None, **kwargs: Any
    ) -> dict[str, Any]:
        payload: dict[str, Any] = super()._get_request_payload(input_, stop=stop, **kwargs)
        if (response_format := payload.pop("response_format", None)) is not None:
            payload["extra_body"] = {**(payload.get("extra_body") or {}), "response_format": response_format}
        return payload

    def _convert_chunk_to_generation_chunk(
        self, chunk: dict[str, Any], default_chunk_class: type, base_generation_info: dict[str, Any] | None
    ) -> ChatGenerationChunk | None:
        if (
            isinstance(chunk, Joined)
            and chunk.text
            and default_chunk_class is AIMessageChunk
            and not (base_generation_info or self.output_version)
        ):  # nearly all chunks: what the parent makes of them, at half its cost
            message = AIMessageChunk(content=chunk.text, response_metadata={"model_provider": "openai"})
            return ChatGenerationChunk(message=message)
        generation = super()._convert_chunk_to_generation_chunk(chunk, default_chunk_class, base_generation_info)
        choices = chunk.get("choices") or ()
        if generation and choices and (refusal := (choices[0].get("delta") or {}).get("refusal")):
            generation.message.additional_kwargs["refusal"] = refusal
        if isinstance(chunk, Joined) and generation and isinstance(generation.message, AIMessageChunk):
            generation.message.tool_call_chunks += [
                tool_call_chunk(args=text, index=index) for index, text in chunk.arguments.items()
            ]
        return generation


def _is_plain(input: LanguageModelInput) -> TypeGuard[list[BaseMessage]]:
    """Whether it is messages of text, which need not be converted."""
    return isinstance(input, list) and all(
        isinstance(message, BaseMessage) and isinstance(message.content, str) for message in input
    )


class _Completions(AsyncCompletions):
    """The SDK's chat completions, but what they stream is read by `AnswerStream`."""

    async def create(self, *args: Any, **kwargs: Any) -> Any:
        answer = await super().create(*args, **kwargs)
        # The SDK takes clients of httpx 1 as well, whose responses have exceptions of their own.
        if isinstance(answer, AsyncStream) and isinstance(answer.response, httpx2.Response):
            return AnswerStream(answer.response)
        return answer
