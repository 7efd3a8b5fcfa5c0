"""What chunks and exceptions of any chat model mean, without the model."""

from typing import Any

import httpx2
import openai
import pytest
from langchain_core import exceptions as core
from langchain_core.messages import AIMessageChunk, ChatMessageChunk
from langchain_core.messages.ai import UsageMetadata
from langchain_core.messages.tool import tool_call_chunk

from chains.reading import Reading, stream_error
from schemas import Code, RequestError, StreamError, Usage

REQUEST = httpx2.Request("POST", "http://model.test/v1/chat/completions")
SECRET = "sk-secret in the exception's own words"


def answered(kind: type[openai.APIStatusError], status: int, body: Any = None, **headers: str) -> Exception:
    response = httpx2.Response(status, request=REQUEST, headers={k.replace("_", "-"): v for k, v in headers.items()})
    return kind(SECRET, response=response, body=body)


# -- chunks ------------------------------------------------------------------------------------------------------------------


def test_text_is_taken_wherever_the_model_puts_it() -> None:
    reading = Reading()
    chunks = [
        AIMessageChunk(content="a "),
        AIMessageChunk(content=[{"type": "text", "text": " b"}]),
        AIMessageChunk(content="", tool_call_chunks=[tool_call_chunk(name="f", args=None, id="1", index=0)]),
        AIMessageChunk(content="", tool_call_chunks=[tool_call_chunk(args=" c", index=0)]),
        ChatMessageChunk(content="d", role="assistant"),
    ]
    assert [reading.take(chunk) for chunk in chunks] == ["a ", " b", "", " c", "d"]


def test_the_last_word_on_the_end_counts() -> None:
    reading = Reading()
    assert (reading.finish_reason, reading.usage, reading.refusal) == (None, None, "")
    usage = UsageMetadata(input_tokens=3, output_tokens=4, total_tokens=7)
    reading.take(AIMessageChunk(content="", response_metadata={"finish_reason": "stop"}))
    reading.take(AIMessageChunk(content="", usage_metadata=usage))
    reading.take(AIMessageChunk(content="", response_metadata={}))
    assert reading.finish_reason == "stop"
    assert reading.usage == Usage(input_tokens=3, output_tokens=4, total_tokens=7)


def test_a_refusal_is_put_together_and_whole_characters() -> None:
    reading = Reading()
    for piece in ("I cannot ", "\ud83d", "\ude00", None, " \ud83d"):
        reading.take(AIMessageChunk(content="", additional_kwargs={"refusal": piece}))
    assert reading.refusal == "I cannot 😀 \ufffd"


# -- exceptions --------------------------------------------------------------------------------------------------------------

MEANINGS: dict[str, tuple[Exception, Code]] = {
    "401": (answered(openai.AuthenticationError, 401), Code.UPSTREAM_AUTH),
    "403": (answered(openai.PermissionDeniedError, 403), Code.UPSTREAM_REJECTED),
    "404": (answered(openai.NotFoundError, 404), Code.UPSTREAM_REJECTED),
    "429": (answered(openai.RateLimitError, 429), Code.UPSTREAM_REJECTED),
    "core permission": (core.ModelPermissionDeniedError(SECRET), Code.UPSTREAM_AUTH),
    "core auth": (core.ModelAuthenticationError(SECRET), Code.UPSTREAM_AUTH),
    "core not found": (core.ModelNotFoundError(SECRET), Code.UPSTREAM_REJECTED),
    "core timeout": (core.ModelTimeoutError(SECRET), Code.UPSTREAM_TIMEOUT),
    "connect timeout": (httpx2.ConnectTimeout(SECRET), Code.UPSTREAM_TIMEOUT),
    "read timeout": (httpx2.ReadTimeout(SECRET), Code.UPSTREAM_TIMEOUT),
}
