"""A field as a form shows it: where it stands, and in which words that is said."""

from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

State = Literal["waiting", "writing", "settled", "default", "given", "yours", "invalid", "void", "broken", "missing"]


class Look(NamedTuple):
    """How a state looks. The mark and the words say all of it; the colour only helps."""

    mark: str
    words: str
    colour: str


LOOKS: dict[State, Look] = {  # colours out of Okabe and Ito's palette, which colour-blind people can tell apart
    "waiting": Look("·", "waiting", "#999999"),
    "writing": Look("…", "being written", "#e69f00"),
    "settled": Look("✓", "settled", "#009e73"),
    "default": Look("✓", "settled by default", "#009e73"),
    "given": Look("=", "given", "#0072b2"),
    "yours": Look("◆", "yours, pinned", "#cc79a7"),
    "invalid": Look("✗", "invalid", "#d55e00"),
    "void": Look("↺", "void, to be written again", "#999999"),
    "broken": Look("-", "broken off", "#d55e00"),
    "missing": Look("-", "never came", "#999999"),
}


@dataclass(frozen=True, slots=True)
class Row:
    """One top-level property at one moment.

    - `value`: what is seen of it, plain JSON; of a `void` one what an earlier attempt wrote. None also where
      nothing is seen: `shows` tells the two apart
    - `ms`: when it settled, since the run began; None if it has not, or nobody said when (of pins nobody does)
    - `why`: which rules it breaks, in words
    """

    name: str
    state: State
    value: Any = None
    shows: bool = False
    ms: int | None = None
    why: str = ""

    @property
    def look(self) -> Look:
        """How its state looks."""
        return LOOKS[self.state]

    @property
    def said(self) -> str:
        """Its state in words: `settled at 412 ms`."""
        at = f" at {self.ms:,} ms" if self.ms is not None and self.state in ("settled", "default") else ""
        return f"{self.look.words}{at}{': ' + self.why if self.why else ''}"
