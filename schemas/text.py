"""Kinds of text that more than one schema uses."""

from typing import Annotated, Literal

from pydantic import AfterValidator

Language = Literal["ko", "en"]


def _one_line(text: str) -> str:
    if text.splitlines() not in ([], [text]):
        raise ValueError("must be a single line")
    return text


OneLine = Annotated[str, AfterValidator(_one_line)]
"""A single line. A validator and not a pattern, so that the text may still stream (see `schemas.settle`)."""
