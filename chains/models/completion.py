"""The chunks of a streamed chat completion: those that one network read brought, joined into one.

`ChatOpenAI` makes a pydantic model, a dict and a message of every frame, which costs many times what there is to read
in it. Nearly every frame only carries on: a bit of text, a bit of a tool call's arguments. Here such frames are read by
types that admit nothing else, and joined; any other frame is handed on by itself, as the SDK would have made it.
"""

import json
from collections.abc import Iterable, Iterator
from typing import Annotated, Any, Literal

import httpx2
import msgspec
import openai
from openai.types.chat import ChatCompletionChunk

# -- the frames that only carry on -------------------------------------------------------------------------------------
#
# A key stands here if langchain-openai reads it, with the values for which all that matters is text to be appended.
# What has another value there is refused by the decoder; a key that does not stand here is read by nobody.


class _Function(msgspec.Struct, gc=False):
    arguments: str
    name: None = None


class _ToolCall(msgspec.Struct, gc=False):
    index: int
    function: _Function
    id: None = None


class _Delta(msgspec.Struct, gc=False):
    content: str | None = None
    refusal: str | None = None
    tool_calls: list[_ToolCall] | None = None
    role: Literal["assistant"] | None = None
    function_call: None = None
    id: None = None


class _Choice(msgspec.Struct, gc=False):
    delta: _Delta
    finish_reason: Literal[""] | None = None
    logprobs: None = None


class _Frame(msgspec.Struct, gc=False):
    choices: Annotated[list[_Choice], msgspec.Meta(min_length=1)]
    usage: None = None
    error: None = None
    type: None = None


_decode = msgspec.json.Decoder(_Frame).decode


# -- frames that need not go through the SDK's model -------------------------------------------------------------------


def _is_plain(said: dict[str, Any]) -> bool:
    """Whether the SDK's model of a frame would say the same: it only ends the answer, or counts it."""
    match said:
        case {"choices": [{"delta": dict(delta), "finish_reason": str()}]}:
            return not delta
        case {"choices": [], "usage": dict()}:
            return True
    return False


# -- what they are joined into -----------------------------------------------------------------------------------------


class Joined(dict[str, Any]):
    """A chunk of a chat completion that was made of several, or of none: then it only says that the server lives.

    `text` is its content, if that is all there is to it. `arguments` are pieces of tool calls' arguments by the call's
    index. They stand beside the chunk because a message that is made with them would parse each piece, which is no
    JSON, as JSON.
    """

    __slots__ = ("arguments", "text")

    def __init__(self, delta: dict[str, Any] | None = None, arguments: dict[int, str] | None = None) -> None:
        super().__init__(choices=[] if delta is None else [{"delta": delta}])
        self.text: str = delta["content"] if delta and len(delta) == 1 and not arguments else ""
        self.arguments = arguments or {}


class Completion:
    """Reads one answer: the data of its events in, its chunks out.

    `request` is what the SDK's exceptions tell of. `done` is set by the server's `[DONE]`; nothing behind it counts.
    """

    def __init__(self, request: httpx2.Request) -> None:
        self.done = False
        self.begun = False  # whether there was a chunk
        self._request = request
        self._content: list[str] = []
        self._refusal: list[str] = []
        self._arguments: dict[int, list[str]] = {}
        self._joining = False

    def read(self, events: Iterable[bytes]) -> Iterator[dict[str, Any]]:
        """The chunks that these events make, as few as can be.

        What raises has given what came before. An error that the server reports is the SDK's `APIError`.
        """
        for data in events:
            if data.startswith(b"[DONE]"):
                self.done = True
                break
            try:
                delta = _decode(data).choices[0].delta
            except ValueError:  # it says more, or is no JSON at all
                yield from self._joined()
                yield self._alone(data)
                continue
            if delta.content and self._arguments:
                yield from self._joined()  # in one chunk, content is read before arguments
            self._join(delta)
        yield from self._joined()

    def _join(self, delta: _Delta) -> None:
        self._joining = True
        if delta.content:
            self._content.append(delta.content)
        if delta.refusal:
            self._refusal.append(delta.refusal)
        for call in delta.tool_calls or ():
            self._arguments.setdefault(call.index, []).append(call.function.arguments)

    def _joined(self) -> Iterator[Joined]:
        """What has been joined, if anything has."""
        if not self._joining:
            return
        delta: dict[str, Any] = {"content": "".join(self._content)}
        if self._refusal:
            delta["refusal"] = "".join(self._refusal)
        arguments = {index: "".join(pieces) for index, pieces in self._arguments.items()}
        if arguments and not self.begun:  # one that stays the only one is added to nothing, so it is whole by itself
            delta["tool_calls"] = [{"index": at, "function": {"arguments": text}} for at, text in arguments.items()]
            arguments = {}
        self._content, self._refusal, self._arguments, self._joining = [], [], {}, False
        self.begun = True
        yield Joined(delta, arguments)

    def _alone(self, data: bytes) -> dict[str, Any]:
        """One frame as the SDK makes a chunk of it, or raises what it reports."""
        said: Any = json.loads(data.decode())
        if isinstance(said, dict) and (error := said.get("error")):
            message = error.get("message") if isinstance(error, dict) else None
            if not message or not isinstance(message, str):
                message = "An error occurred during streaming"
            raise openai.APIError(message, self._request, body=error)
        self.begun = True
        if isinstance(said, dict) and _is_plain(said):
            return said
        return ChatCompletionChunk.model_construct(**said).model_dump(warnings=False)
