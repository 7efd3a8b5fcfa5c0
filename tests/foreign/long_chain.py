"""A chain whose answers are huge, for settings to name."""

from typing import Any

from langchain_core.prompts import ChatPromptTemplate
from pydantic import BaseModel, Field

from chains import Ask, Limits, Model, StructuredChain
from schemas.chat import Message

LONG: dict[str, Any] = {
    "reply": "걷고 쉬고 이야기해요 😀.\n" * 5_000,
    "lines": [f"{number}번째 줄: {'가' * 20}" for number in range(300)],
}
CHAIN: dict[str, Any] = {"runnable": "tests.foreign.long_chain:build", "path": "/long"}


class Topic(BaseModel):
    """What it is about: nothing in particular, which may be said in a conversation."""

    messages: list[Message] = Field(default_factory=list)


class Long(BaseModel):
    """A long text, and a long list."""

    reply: str
    lines: list[str]


ASK = Ask(Long, wanted=Long)


def build(model: Model, limits: Limits) -> StructuredChain:
    """The chain."""
    prompt = ChatPromptTemplate.from_messages([("user", "Write.")])
    return StructuredChain(
        name="long", request=Topic, result=Long, prompt=prompt, model=model, limits=limits, ask=lambda _: ASK
    )
