"""A chain whose answers are long: one text without a limit, for settings to name."""

from typing import Any

from langchain_core.prompts import ChatPromptTemplate
from pydantic import BaseModel

from chains import Limits, Model, StructuredChain
from tests.server.configs import settings, text

ESSAY = "걷고 쉬고 이야기해요. " * 5_000


class Topic(BaseModel):
    """What it is about: nothing in particular."""


class Essay(BaseModel):
    """A long text."""

    text: str


def build(model: Model, limits: Limits) -> StructuredChain:
    """The chain."""
    prompt = ChatPromptTemplate.from_messages([("user", "Write.")])
    return StructuredChain(name="essay", request=Topic, result=Essay, prompt=prompt, model=model, limits=limits)


def essays(**sections: Any) -> str:
    """Settings under which it is served, by a model that says it all at once."""
    model = {"provider": "scripted", "replies": [text({"text": ESSAY})], "chunk_size": 1, "pace_ms": 0}
    chains = {"essay": {"runnable": "tests.server.replicas.essay:build", "path": "/essay"}}
    return settings(model, **{**sections, "chains": chains})
