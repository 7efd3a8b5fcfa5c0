"""A `ChatOpenAI` whose structured output streams: for OpenAI and every server that speaks its protocol."""

from typing import Any, Self

import httpx2
from langchain_core.language_models import LanguageModelInput
from langchain_core.messages import AIMessageChunk
from langchain_core.messages.tool import tool_call_chunk
from langchain_core.outputs import ChatGenerationChunk
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
        generation = super()._convert_chunk_to_generation_chunk(chunk, default_chunk_class, base_generation_info)
        choices = chunk.get("choices") or ()
        if generation and choices and (refusal := (choices[0].get("delta") or {}).get("refusal")):
            generation.message.additional_kwargs["refusal"] = refusal
        if isinstance(chunk, Joined) and generation and isinstance(generation.message, AIMessageChunk):
            generation.message.tool_call_chunks += [
                tool_call_chunk(args=text, index=index) for index, text in chunk.arguments.items()
            ]
        return generation


class _Completions(AsyncCompletions):
    """The SDK's chat completions, but what they stream is read by `AnswerStream`."""

    async def create(self, *args: Any, **kwargs: Any) -> Any:
        answer = await super().create(*args, **kwargs)
        # The SDK takes clients of httpx 1 as well, whose responses have exceptions of their own.
        if isinstance(answer, AsyncStream) and isinstance(answer.response, httpx2.Response):
            return AnswerStream(answer.response)
        return answer
