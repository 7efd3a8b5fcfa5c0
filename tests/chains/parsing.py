"""Feeds parsers, and compares what they said: shared by the tests of `chains.partial_json`."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

from hypothesis import strategies as st

from chains.partial_json import Change, Closed, Grew, PartialJSONError, PartialJSONParser, Repeated
from schemas import Path as ValuePath

VECTORS = Path(__file__).parent / "vectors"


def vectors(name: str) -> list[dict[str, Any]]:
    """The vectors of a file; `parts` (texts, or [text, times]) are put together to `text`."""
    found: list[dict[str, Any]] = json.loads((VECTORS / f"{name}.json").read_text(encoding="utf-8"))
    for vector in found:
        if parts := vector.get("parts"):
            vector["text"] = "".join(part if isinstance(part, str) else part[0] * part[1] for part in parts)
    return found


class Outcome(NamedTuple):
    """What a parser said of a text, told so that two cuts of the same text can be compared."""

    settled: tuple[str, ...]  # Closed and Repeated, in order; values as they were at that moment
    grown: dict[ValuePath, str]
    result: str  # the exact value, or the error and where it stands


def read(pieces: Iterable[str], *, look: bool = False) -> Outcome:
    """Feeds the pieces to a new parser and finishes it. `look` asks for the value so far in between."""
    parser = PartialJSONParser()
    settled: list[str] = []
    grown: dict[ValuePath, str] = {}
    for piece in pieces:
        for change in parser.feed(piece):
            if isinstance(change, Grew):
                grown[change.path] = grown.get(change.path, "") + change.text
            else:
                settled.append(exact(change))
        if look:
            _ = parser.value
    return Outcome(tuple(settled), grown, result_of(parser))


def result_of(parser: PartialJSONParser) -> str:
    """The final value exactly, or the kind and the place of the error."""
    try:
        return exact(parser.finish())
    except PartialJSONError as error:
        return f"{type(error).__name__} at {error.position}"


def exact(value: Any) -> str:
    """A value so that 1, 1.0 and True differ, -0.0 from 0.0, and one order of keys from another."""
    return repr(value)


def told(change: Change) -> dict[str, Any]:
    """A change as the vectors write it."""
    match change:
        case Grew(path=path, text=text):
            return {"grew": list(path), "text": text}
        case Closed(path=path, value=value):
            return {"closed": list(path), "value": value}
        case Repeated(path=path):
            return {"repeated": list(path)}


@st.composite
def cuts(draw: st.DrawFn, text: str) -> list[str]:
    """The text cut anywhere, also between the same two characters twice: some pieces are empty."""
    places = sorted(draw(st.lists(st.integers(0, len(text)), max_size=12)))
    return [text[start:end] for start, end in zip([0, *places], [*places, len(text)], strict=True)]


_SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()


def _inside(children: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.lists(children, max_size=4) | st.dictionaries(st.text(max_size=6), children, max_size=4)


ROOTS = _inside(st.recursive(_SCALARS, _inside, max_leaves=12))
"""JSON objects and arrays."""


@st.composite
def written(draw: st.DrawFn) -> tuple[Any, str]:
    """A value and a text that `json.dumps` writes of it, in any of its styles."""
    value = draw(ROOTS)
    indent = draw(st.sampled_from([None, 0, 2, "\t"]))
    separators = draw(st.sampled_from([None, (",", ":"), (" ,\r\n", " : ")]))
    return value, json.dumps(value, ensure_ascii=draw(st.booleans()), indent=indent, separators=separators)
