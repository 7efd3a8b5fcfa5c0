"""What is asked for in other protocols' bodies, as a chain is asked for it."""

from collections.abc import Mapping
from typing import Any

from annotated_types import MaxLen
from pydantic import BaseModel

from chains.ask import names
from schemas import RequestError
from server.guard.body import one_input

_CONVERSATION = "messages"


def in_envelope(body: Mapping[str, Any], request: type[BaseModel]) -> Any:
    """LangServe's envelope, which is also ours: `{"input": …}`."""
    return one_input(body)


def of_use_chat(body: Mapping[str, Any], request: type[BaseModel]) -> Any:
    """`useChat` sends `messages`, and whatever the app has put beside them: `body: {input: …}`."""
    return _with_conversation(body.get("input"), body.get("messages"), request)


def of_agent(body: Mapping[str, Any], request: type[BaseModel]) -> Any:
    """`HttpAgent` sends `messages`, and what the app wants forwarded: `forwardedProps: {input: …}`."""
    forwarded = body.get("forwardedProps")
    known = forwarded.get("input") if isinstance(forwarded, dict) else None
    return _with_conversation(known, body.get("messages"), request)


def holds_conversation(request: type[BaseModel]) -> bool:
    """Whether a chain that takes such requests answers in a conversation."""
    return _CONVERSATION in names(request)


def _with_conversation(known: Any, messages: Any, request: type[BaseModel]) -> Any:
    """The input, with the conversation in it where the chain holds one and the input has none of its own."""
    if not holds_conversation(request) or (isinstance(known, dict) and _CONVERSATION in known):
        return one_input({} if known is None else {"input": known})
    if not isinstance(messages, list):
        raise RequestError.at("/messages", "type", "The conversation must be a list of messages.")
    if known is not None and not isinstance(known, dict):
        raise RequestError.at("/input", "type", "The input must be a JSON object.")
    said = [message for message in (_said(one, f"/messages/{index}") for index, one in enumerate(messages)) if message]
    return {**(known or {}), _CONVERSATION: said[-_longest(request) :]}


def _longest(request: type[BaseModel]) -> int:
    """How many messages the chain takes, 0 for any number. Clients send a conversation whole, long as it has become."""
    field = list(request.model_fields.values())[names(request).index(_CONVERSATION)]
    return min((limit.max_length for limit in field.metadata if isinstance(limit, MaxLen)), default=0)


def _said(message: Any, at: str) -> dict[str, str] | None:
    """Who said what; None for an answer that failed before its first word, which stays in its client's conversation."""
    if not isinstance(message, dict):
        raise RequestError.at(at, "type", "A message must be a JSON object.")
    if (role := message.get("role")) not in ("user", "assistant"):
        raise RequestError.at(f"{at}/role", "enum", "Messages are of a user or an assistant.")
    content = _text(message.get("content", message.get("parts")))
    if role == "user" and not content:
        raise RequestError.at(at, "missing", "A message must have a text. Nothing else can be read.")
    return {"role": role, "content": content} if content else None


def _text(content: Any) -> str:
    """A text, or the texts among a message's parts."""
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else []
    texts = [part.get("text") for part in parts if isinstance(part, dict) and part.get("type") == "text"]
    return "".join(text for text in texts if isinstance(text, str))
