"""What the plots share: a figure that nobody else has, and its caption."""

import textwrap
from collections.abc import Sequence

from matplotlib.figure import Figure

from chains.recording import Recorded
from schemas import TERMINAL, Start

_INCH = 16  # characters of a caption


def figure(width: float, height: float) -> Figure:
    """An empty figure of so many inches, on white whatever the theme: its colours are made for that."""
    return Figure(figsize=(width, height), dpi=110, layout="constrained", facecolor="white")


def plain(text: str) -> str:
    """The text in letters that every font has. Names of properties are drawn, what a model wrote never is."""
    return text.encode("ascii", "backslashreplace").decode()


def caption(drawn: Figure, recording: Sequence[Recorded], *facts: str) -> None:
    """A small line below the figure that says which run it shows; `facts` are what only its maker knows."""
    said = " · ".join(filter(None, (*_facts(recording), *facts)))
    width = round(drawn.get_figwidth() * _INCH)
    drawn.supxlabel(
        plain(textwrap.fill(said.replace(" · ", " | "), width)),
        x=0.01,
        horizontalalignment="left",
        fontsize=7.5,
        color="#555555",
        parse_math=False,
    )


def _facts(recording: Sequence[Recorded]) -> list[str]:
    """What a recording says of itself. Seeds and parameters are not in it."""
    start = next((event for _, event in recording if isinstance(event, Start)), None)
    last = recording[-1]
    ending = last.event.type if last.event.type in TERMINAL else "cut"
    facts = [f"{len(recording)} events, {ending} at {last.ms:,} ms"]
    if start:
        prompt = f", prompt {start.prompt.name}@{start.prompt.hash}" if start.prompt else ""
        facts.insert(0, f"{start.chain} by {start.model}{prompt}")
    return facts
