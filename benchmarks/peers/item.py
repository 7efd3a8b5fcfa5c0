"""What every Python peer is asked and answers with."""

from typing import Annotated

from pydantic import BaseModel, Field

SYSTEM = "You describe things that people do together. Answer with one JSON object."
MODEL = "simulated"

Option = Annotated[str, Field(max_length=40)]


class Question(BaseModel):
    """What to describe."""

    subject: str


class Item(BaseModel):
    """An answer with what a chat would show beside it."""

    title: str
    summary: str
    reply: str
    options: list[Option]
