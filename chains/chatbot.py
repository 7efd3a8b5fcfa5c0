"""The chain behind the chat: a reply first, then quick replies, then perhaps a recommended group."""

from functools import lru_cache
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage
from pydantic import BaseModel, ConfigDict, create_model

from chains.ask import Ask
from chains.limits import Limits
from chains.models.model import Model
from chains.prompts import Chosen, load_prompts
from chains.prompts.quoting import quoted
from chains.structured import StructuredChain
from schemas import ChatReply, ChatRequest, Message, Recommendation

VARIABLES = ("want", "candidates", "messages")
"""What prompts are offered: the kind of answer that is wanted, the groups to choose from, the conversation."""


def build(
    model: Model, limits: Limits | None = None, *, prompts: Chosen | None = None, **checks: Any
) -> StructuredChain:
    """The chain on a model.

    - `prompts`: by language, instead of the files that are named after it (`chains.prompts.load_prompts`)
    - `checks`: `check_input`, `check_output`, `checked`, as a `StructuredChain` takes them
    """
    return StructuredChain(
        name="chatbot",
        request=ChatRequest,
        result=ChatReply,
        prompt=load_prompts("chatbot", prompts),
        model=model,
        ask=ask,
        variables=VARIABLES,
        limits=limits,
        **checks,
    )


def ask(request: ChatRequest) -> Ask:
    """A reply and its options; a recommendation only where one is wanted and there is something to choose from."""
    ids = tuple(candidate.id for candidate in request.candidates) if request.want == "recommendation" else ()
    candidates = [candidate.model_dump() for candidate in request.candidates] if ids else []
    return Ask(
        result=ChatReply,
        wanted=_wanted(ids),
        defaults={} if ids else {"recommendation": None},
        variables={
            "want": request.want,
            "candidates": quoted(candidates),
            "messages": [_as_langchain(message) for message in request.messages],
        },
    )


@lru_cache(maxsize=256)
def _wanted(ids: tuple[str, ...]) -> type[BaseModel]:
    """The reply's fields; a recommendation among these ids, or null, if there are any."""
    fields: dict[str, Any] = {
        name: (info.annotation, info) for name, info in ChatReply.model_fields.items() if name != "recommendation"
    }
    if ids:
        fields["recommendation"] = (Recommendation.among(ids) | None, ChatReply.model_fields["recommendation"])
    return create_model("ChatReply", __config__=ConfigDict(extra="ignore"), **fields)


def _as_langchain(message: Message) -> BaseMessage:
    kind = HumanMessage if message.role == "user" else AIMessage
    return kind(content=message.content)
