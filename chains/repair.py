"""Asking the model again: for what, and in which words."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage

from chains.ask import Ask, names
from chains.prompts.quoting import quoted
from schemas import Code, StreamError
from schemas.progress import TAKEOVERS

MENDABLE = {Code.INVALID_OUTPUT, Code.NOT_JSON, Code.DUPLICATE_KEY, Code.TRUNCATED}
"""What another answer can mend. Faults of the connection are the client's to retry: asking again costs as much then."""


@dataclass(frozen=True, slots=True)
class Repair:
    """What another attempt is asked, for a repair or for a takeover.

    - `ask`: what is still open
    - `kept`: the properties that stay (JSON), the user's own included
    - `said`: how the answer before began; None if the model is asked as if for the first time
    - `error`: what was wrong with it
    """

    ask: Ask
    kept: Mapping[str, Any]
    said: str | None
    error: StreamError

    def messages(self) -> list[BaseMessage]:
        """What follows the first prompt: the answer before, what was wrong with it, and what to write instead."""
        if self.said is None:
            return []
        lines = [
            *(() if self.error.code in TAKEOVERS else ("That answer cannot be used.",)),
            self.error.message,
            *(f"- {breach.path or 'the whole'}: {breach.message}" for breach in self.error.details),
        ]
        if self.kept:
            lines.append(f"These fields stay as they are: {quoted(dict(self.kept))}")
        lines.append(f"Write one JSON object with only these fields: {', '.join(names(self.ask.wanted))}.")
        # Never empty, and never left out: many chat templates refuse two user messages in a row.
        return [AIMessage(self.said or "{}"), HumanMessage("\n".join(lines))]
