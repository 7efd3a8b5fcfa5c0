"""What a run tells of itself to operators, beside its log: `server.observe.runs` listens."""

from collections.abc import Callable
from typing import Any, Protocol

from langchain_core.callbacks import BaseCallbackHandler

from schemas import Event, StreamError


class Watch(Protocol):
    """Watches one run in this process. `callbacks` are to be given to its chain."""

    callbacks: list[BaseCallbackHandler]

    def told(self, event: Event) -> None:
        """Its next event."""

    def ended(self, end: StreamError | str) -> None:
        """It ended before its first event."""

    def gone(self) -> None:
        """It goes on elsewhere, or nowhere."""


class Unwatched:
    """Nobody watches."""

    def __init__(self) -> None:
        self.callbacks: list[BaseCallbackHandler] = []

    def told(self, event: Event) -> None: ...

    def ended(self, end: StreamError | str) -> None: ...

    def gone(self) -> None: ...


Watching = Callable[[str, str, str, str | None, Any], Watch]
"""Begins to watch: a run's id, its chain, its user's pseudonym, its request's `traceparent`, and what was asked."""
