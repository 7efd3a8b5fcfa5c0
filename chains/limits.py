"""The bounds of a run: time, attempts, tokens."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of a run.

    - `idle`, `total`: seconds of silence from the model, and for the whole run
    - `snapshot`: seconds between two `partial` events
    - `repairs`: how often a model may be asked again for what broke its schema
    - `tokens`: what all attempts together may read and write, as estimated while they come; `None` sets no bound
    """

    idle: float = 60.0
    total: float = 280.0
    snapshot: float = 0.1
    repairs: int = 1
    tokens: int | None = None


class Budget:
    """The tokens that a run has left: an estimate, since a server counts only at the end, and a stopped attempt never.

    `estimate` says how many tokens a text is; without bounds nobody asks it.
    """

    def __init__(self, tokens: int | None = None, estimate: Callable[[str], float] = len) -> None:
        self._left = tokens
        self._spent = 0.0
        self._estimate = estimate

    @property
    def over(self) -> bool:
        """Whether more has been spent than there was."""
        return self._left is not None and self._spent > self._left

    def wrote(self, text: str) -> None:
        """The model wrote this."""
        if self._left is not None:
            self._spent += self._estimate(text)

    def asked(self, tokens: float) -> None:
        """The model was asked with a prompt of so many tokens."""
        self._spent += tokens

    def covers(self, tokens: float) -> bool:
        """Whether a prompt of so many tokens is within what is left."""
        return self._left is None or self._spent + tokens <= self._left
