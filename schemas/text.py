"""Kinds of text that more than one schema uses."""

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, core_schema

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

TRIM = "x-trim"
"""The JSON Schema keyword by which `Trim` tells clients that a field's text may differ from its tokens."""

_BLANKS = "\t \xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"


@dataclass(frozen=True, slots=True)
class Trim:
    """Annotation: blanks around the text, and one line end behind it, are no part of the value.

    It is done when the field settles, never on tokens. It stands last, so that what is behind it counts and checks the
    trimmed text: `Annotated[str, Field(max_length=50), single_line, Trim()]`.
    """

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_before_validator_function(trimmed, handler(source))

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {**handler(core), TRIM: True}


def trimmed(value: Any) -> Any:
    """The text without blanks around it and one line end behind it; what is no text, as it is."""
    if not isinstance(value, str):
        return value
    text = value.rstrip(_BLANKS)
    return text.removesuffix("\r\n" if text.endswith("\r\n") else "\n").strip(_BLANKS)


_LINE_ENDS = {0x85: "\\u0085", 0x2028: "\\u2028", 0x2029: "\\u2029"}


def escape_line_ends(json_text: str) -> str:
    """The same JSON without the characters that some readers of a stream take for line ends (`str.splitlines` does)."""
    return json_text if json_text.isascii() else json_text.translate(_LINE_ENDS)


def whole_characters(text: str) -> str:
    """The text with each half of a character that has lost its other half as U+FFFD; halves that meet are joined."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
