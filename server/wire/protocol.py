"""What a protocol is: how a run is written to those who speak it, and what the writer is told of its reader."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from server.runs.entry import Entry


@dataclass(frozen=True, slots=True)
class Reading:
    """One reading of a run.

    - `run_id`: the run
    - `spoken`: the field that is said in a conversation, if its chain holds one: a message, where protocols have such
    - `body`: what its reader asked with, if it began the run
    """

    run_id: str
    spoken: str = ""
    body: Mapping[str, Any] = field(default_factory=dict)


class Frames(Protocol):
    """A protocol's frames. `write` gives consecutive entries as one piece, empty if the reader wants none of them.

    Once they are `over` the reader has had its end, and nothing more is written. While they are `cut` an end of the
    body would be taken for a good one, and be none: the connection must break off instead, as if the network had.
    """

    @property
    def ping(self) -> bytes:
        """What to write in silence, if anything."""

    @property
    def over(self) -> bool: ...

    @property
    def cut(self) -> bool: ...

    def write(self, entries: Iterable[Entry]) -> bytes: ...
