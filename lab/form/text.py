"""A form as plain text: for terminals, logs and whoever reads a notebook without its pictures."""

import json
import re
import unicodedata
from collections.abc import Sequence
from typing import Any

from lab.form.rows import Row

# What a model writes may move a terminal's cursor, or turn the order of what stands around it.
_UNSEEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]+")


def visible(text: str) -> str:
    """The text on one line, blanks for everything that would not be seen as itself."""
    return _UNSEEN.sub(" ", text)


def shown(value: Any) -> str:
    """A JSON value on one line; a text stands as it is, without quotes."""
    return visible(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))


def table(rows: Sequence[Row]) -> list[str]:
    """One line a field: its mark, its name, its state in words, what is seen of it."""
    names = max((width(row.name) for row in rows), default=0)
    states = max((width(row.said) for row in rows), default=0)
    return [
        f"{row.look.mark} {padded(visible(row.name), names)}  {padded(row.said, states)}  "
        f"{shown(row.value) if row.shows else ''}".rstrip()
        for row in rows
    ]


def padded(text: str, columns: int) -> str:
    """The text with blanks behind it, so that it takes as many columns."""
    return text + " " * (columns - width(text))


def cut(text: str, columns: int) -> str:
    """As much of the text as there are columns for."""
    taken = 0
    for at, character in enumerate(text):
        taken += _columns(character)
        if taken > columns:
            return text[:at]
    return text


def width(text: str) -> int:
    """How many columns of a terminal it takes: Korean takes two a character."""
    return sum(map(_columns, text))


def _columns(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
