"""Kinds of text that more than one schema uses."""

from typing import Annotated, Literal

from pydantic import AfterValidator

Language = Literal["ko", "en"]


def _one_line(text: str) -> str:
    if text.splitlines() not in ([], [text]):
        raise ValueError("must be a single line")
    return text


single_line = AfterValidator(_one_line)
"""Annotation: no line break. A validator and not a pattern, so that the text may still stream (see `schemas.settle`).

Limits stand before it, `Annotated[str, Field(max_length=50), single_line]`: behind it they would count in "items".
"""

OneLine = Annotated[str, single_line]
"""A single line of any length."""

_LINE_ENDS = {0x85: "\\u0085", 0x2028: "\\u2028", 0x2029: "\\u2029"}


def escape_line_ends(json_text: str) -> str:
    """The same JSON without the characters that some readers of a stream take for line ends (`str.splitlines` does)."""
    return json_text if json_text.isascii() else json_text.translate(_LINE_ENDS)
