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
WORDS = "the exception's own words, with a secret in them"


def answered(kind: type[openai.APIStatusError], status: int, body: Any = None, **headers: str) -> Exception:
    """An exception of the SDK's for a response of this status."""
    lines = {name.replace("_", "-"): value for name, value in headers.items()}
    response = httpx2.Response(status, request=REQUEST, headers=lines)
    return kind(WORDS, response=response, body=body)


# -- chunks ------------------------------------------------------------------------------------------------------------


def test_text_is_taken_wherever_the_model_puts_it() -> None:
    reading = Reading()
    chunks = [
        AIMessageChunk(content="a "),
        AIMessageChunk(content=[{"type": "text", "text": " b"}]),
        AIMessageChunk(content="", tool_call_chunks=[tool_call_chunk(name="f", args=None, id="1", index=0)]),
        AIMessageChunk(content="", tool_call_chunks=[tool_call_chunk(args=" c", index=0)]),
        ChatMessageChunk(content="d", role="assistant"),
    ]
    assert [reading.take(chunk) for chunk in chunks] == ["a ", " b", "\n", " c", "d"]


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


# -- exceptions --------------------------------------------------------------------------------------------------------

SAME: dict[str, tuple[Exception, Code]] = {
    "key refused": (core.ModelAuthenticationError(WORDS), Code.UPSTREAM_AUTH),
    "not permitted": (core.ModelPermissionDeniedError(WORDS), Code.UPSTREAM_AUTH),
    "busy": (core.ModelRateLimitError(WORDS), Code.UPSTREAM_BUSY),
    "no such model": (core.ModelNotFoundError(WORDS), Code.UPSTREAM_REJECTED),
    "bad request": (core.ModelInvalidRequestError(WORDS), Code.UPSTREAM_REJECTED),
    "server fault": (core.ModelAPIError(WORDS), Code.UPSTREAM_UNAVAILABLE),
    "timeout": (core.ModelTimeoutError(WORDS), Code.UPSTREAM_TIMEOUT),
    "read timeout": (httpx2.ReadTimeout(WORDS), Code.UPSTREAM_TIMEOUT),
    "connect timeout": (httpx2.ConnectTimeout(WORDS), Code.UPSTREAM_TIMEOUT),
    "another 4xx": (answered(openai.ConflictError, 409), Code.UPSTREAM_REJECTED),
    "context": (core.ContextOverflowError(WORDS), Code.REQUEST_TOO_LARGE),
    "context by code": (
        answered(openai.BadRequestError, 400, {"code": "context_length_exceeded"}),
        Code.REQUEST_TOO_LARGE,
    ),
    "not its protocol": (TypeError(WORDS), Code.UPSTREAM_GARBLED),
    "not JSON": (ValueError(WORDS), Code.UPSTREAM_GARBLED),
}
BROKEN = [
    core.ModelConnectionError(WORDS),
    openai.APIConnectionError(request=REQUEST),
    httpx2.RemoteProtocolError(WORDS),
    ConnectionResetError(WORDS),
    OSError(WORDS),
]


@pytest.mark.parametrize(("error", "code"), SAME.values(), ids=SAME)
@pytest.mark.parametrize("begun", [False, True])
def test_an_exception_has_a_code(error: Exception, code: Code, begun: bool) -> None:
    assert stream_error(error, begun=begun).code is code


@pytest.mark.parametrize("error", BROKEN, ids=lambda error: type(error).__name__)
def test_a_connection_that_broke_is_cut_and_one_that_never_was_is_unavailable(error: Exception) -> None:
    assert stream_error(error, begun=True).code is Code.UPSTREAM_CUT
    assert stream_error(error, begun=False).code is Code.UPSTREAM_UNAVAILABLE


@pytest.mark.parametrize("error", [*(error for error, _ in SAME.values()), *BROKEN], ids=repr)
def test_its_own_words_are_never_passed_on(error: Exception) -> None:
    for begun in (False, True):
        told = stream_error(error, begun=begun)
        assert "secret" not in str(told.envelope())
        assert told.message


def test_an_error_of_ours_stays_as_it_is() -> None:
    ours = RequestError("Too long.", code=Code.REQUEST_TOO_LARGE)
    assert stream_error(ours, begun=True) is ours


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"retry_after": "7"}, 7000),
        ({"retry_after": "0.5"}, 500),
        ({"retry_after": "-3"}, 0),
        ({"retry_after": "Wed, 21 Oct 2026 07:28:00 GMT"}, 1000),
        ({"retry_after": "inf"}, 1000),
        ({"retry_after": "nan"}, 1000),
        ({}, 1000),
    ],
)
def test_when_to_come_back_is_what_the_server_asked_for_or_a_second(headers: dict[str, str], expected: int) -> None:
    class Busy(core.ModelRateLimitError, openai.RateLimitError):
        """As langchain-openai raises it."""

    told = stream_error(answered(Busy, 429, **headers), begun=False)
    assert isinstance(told, StreamError)
    assert (told.code, told.retry_after_ms) == (Code.UPSTREAM_BUSY, expected)
