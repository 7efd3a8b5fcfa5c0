"""What a chat model's chunks and exceptions mean for a stream, whoever made the model."""

from collections.abc import Callable
from dataclasses import dataclass, field

import httpx2
import openai
from langchain_core import exceptions as core
from langchain_core.messages import AIMessageChunk, BaseMessageChunk

from schemas import Code, RequestError, StreamError, UpstreamError, Usage
from schemas.text import whole_characters

_THOUGHTS = {
    "<think>": "</think>",
    "<thinking>": "</thinking>",
    "<seed:think>": "</seed:think>",
    "[THINK]": "[/THINK]",
}


class Thought:
    """Leaves out the thoughts with which reasoning models begin whose server does not take them apart."""

    def __init__(self) -> None:
        self._held = ""
        self._begun = False  # whether the answer has
        self._end = ""  # what ends the thought that is going on

    def without(self, text: str) -> str:
        """What of this text is no thought."""
        if self._begun:
            return text
        self._held += text
        if not self._end:
            self._held = self._held.lstrip()  # blanks in front of an answer mean nothing
            if any(tag.startswith(self._held) and tag != self._held for tag in _THOUGHTS):
                return ""
            self._end = next((end for tag, end in _THOUGHTS.items() if self._held.startswith(tag)), "")
            if not self._end:
                self._begun = True
                return self._held
        _, end, answer = self._held.partition(self._end)
        if end:
            self._begun = True
            return answer
        self._held = self._held[-len(self._end) :]
        return ""


def _nobody(text: str) -> None:
    pass


@dataclass(slots=True)
class Reading:
    """What an answer's chunks have said so far beside the text: why it ended, what it cost, whether it was refused.

    `wrote` is told everything that the model wrote, what is left out of the answer included.
    """

    wrote: Callable[[str], None] = _nobody
    finish_reason: str | None = None
    usage: Usage | None = None
    _refusal: str = ""
    _spoke: bool = False
    _thought: Thought = field(default_factory=Thought)
    _called: bool = False
    _call: int | None = None  # which tool call is read: the first

    @property
    def refusal(self) -> str:
        """The model's own words for declining; halves of a character that never met become U+FFFD."""
        return whole_characters(self._refusal)

    def take(self, chunk: BaseMessageChunk) -> str:
        """Reads one chunk; returns its part of the object's text: content, or a tool call's arguments."""
        self.finish_reason = chunk.response_metadata.get("finish_reason") or self.finish_reason
        if not isinstance(chunk, AIMessageChunk):
            return chunk.text
        self._refusal += chunk.additional_kwargs.get("refusal") or ""
        if counted := chunk.usage_metadata:
            self.usage = Usage(
                input_tokens=counted["input_tokens"],
                output_tokens=counted["output_tokens"],
                total_tokens=counted["total_tokens"],
            )
        content = chunk.content if isinstance(chunk.content, str) else chunk.text
        self.wrote(content)
        said = self._thought.without(content) if content else ""
        self._spoke = self._spoke or bool(said)
        return said + self._arguments(chunk) if chunk.tool_call_chunks else said

    def _arguments(self, chunk: AIMessageChunk) -> str:
        """The first tool call's part. Servers may send the pieces of two in turns."""
        self.wrote("".join(call["args"] or "" for call in chunk.tool_call_chunks))
        first = not self._called
        if first:
            self._called, self._call = True, chunk.tool_call_chunks[0]["index"]
        said = "".join(call["args"] or "" for call in chunk.tool_call_chunks if call["index"] == self._call)
        return f"\n{said}" if first and self._spoke else said  # content that broke off in a string does not go on here


# The most telling class first: what langchain-openai raises is both a LangChain error and one of the SDK's.
_MEANING: tuple[tuple[type[Exception], Code, str], ...] = (
    (core.ModelAuthenticationError, Code.UPSTREAM_AUTH, "The model's server does not accept this server's key."),
    (core.ModelPermissionDeniedError, Code.UPSTREAM_AUTH, "This server may not use that model."),
    (core.ModelRateLimitError, Code.UPSTREAM_BUSY, "The model's server is busy. Try again shortly."),
    (core.ModelTimeoutError, Code.UPSTREAM_TIMEOUT, "The model's server did not answer in time."),
    (httpx2.TimeoutException, Code.UPSTREAM_TIMEOUT, "The model's server did not go on in time."),
    (core.ModelConnectionError, Code.UPSTREAM_UNAVAILABLE, "The model's server cannot be reached."),
    (core.ModelAPIError, Code.UPSTREAM_UNAVAILABLE, "The model's server has a fault."),
    (core.ModelNotFoundError, Code.UPSTREAM_REJECTED, "The model's server does not know that model."),
    (core.ModelInvalidRequestError, Code.UPSTREAM_REJECTED, "The model's server did not accept the request."),
    (openai.APIStatusError, Code.UPSTREAM_REJECTED, "The model's server did not accept the request."),
    (openai.APIError, Code.UPSTREAM_UNAVAILABLE, "The model's server reported a fault."),
)
_CUT = (core.ModelConnectionError, openai.APIConnectionError, httpx2.TransportError, OSError)


def stream_error(error: Exception, *, begun: bool) -> StreamError:
    """An exception that a chat model raised, as ours. `begun`: whether any chunk had come before it.

    The exception's own words may hold a key or a prompt, so they are never passed on.
    """
    if isinstance(error, StreamError):
        return error
    if _overflows(error):
        return RequestError("The request is longer than the model can read.", code=Code.REQUEST_TOO_LARGE)
    if begun and isinstance(error, _CUT) and not isinstance(error, core.ModelTimeoutError | httpx2.TimeoutException):
        return UpstreamError("The connection to the model's server broke.", code=Code.UPSTREAM_CUT)
    for kind, code, message in _MEANING:
        if isinstance(error, kind):
            return UpstreamError(message, code=code, retry_after_ms=_retry_after_ms(error, code))
    if isinstance(error, _CUT):
        return UpstreamError("The model's server cannot be reached.", code=Code.UPSTREAM_UNAVAILABLE)
    return UpstreamError("The model's server sent something that is not its protocol.", code=Code.UPSTREAM_GARBLED)


def _overflows(error: Exception) -> bool:
    """Whether the prompt was beyond the model's context. OpenAI and llama.cpp have a code for it, others only words."""
    if isinstance(error, core.ContextOverflowError):
        return True
    return isinstance(error, openai.BadRequestError) and (
        error.code == "context_length_exceeded"
        or error.type == "exceed_context_size_error"
        or "maximum context length" in error.message
    )


def _retry_after_ms(error: Exception, code: Code) -> int | None:
    """What the upstream asked for, or a second for an upstream that only said it was busy."""
    if code is not Code.UPSTREAM_BUSY:
        return None
    response = getattr(error, "response", None)
    try:
        return max(0, int(float(response.headers["retry-after"]) * 1000))  # type: ignore[union-attr]
    except (AttributeError, KeyError, ValueError, OverflowError):
        return 1000
