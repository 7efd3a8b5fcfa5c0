"""What holds for the parser whatever the text is and however it is cut."""

import contextlib
import json
from collections.abc import Iterator
from math import isinf
from typing import Any

from hypothesis import assume, example, given
from hypothesis import strategies as st

from chains.partial_json import Closed, Grew, PartialJSONError, PartialJSONParser
from schemas import Path
from tests.chains.parsing import cuts, exact, read, written

BLANKS = " \t\r\n"
STRUCTURE = '{}[]",:\\/ \n\t\rbfnrtuaels0123456789-+.eE'
ODD = "\x00\x1f\x7f\u0085\u00a0\u2028\ufeff가😀\ud83d\ude00'`N"

scraps = st.text(st.sampled_from(STRUCTURE + ODD), max_size=60)
"""Text that is nearly never JSON, but looks like it."""


@st.composite
def spoilt(draw: st.DrawFn) -> str:
    """JSON text in which some characters were put in, taken out or exchanged."""
    _, text = draw(written())
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(text)))
        taken = draw(st.integers(0, 2))
        text = text[:at] + draw(st.text(st.sampled_from(STRUCTURE + ODD), max_size=2)) + text[at + taken :]
    return text


texts = st.one_of(written().map(lambda both: both[1]), spoilt(), scraps)
cut_texts = texts.flatmap(lambda text: st.tuples(st.just(text), cuts(text)))


# -- however the text is cut -------------------------------------------------------------------------------------------


@given(cut_texts, st.booleans())
def test_any_cut_tells_the_same(cut_text: tuple[str, list[str]], look: bool) -> None:
    text, pieces = cut_text
    assert read(pieces, look=look) == read([text])


@given(cut_texts)
def test_feed_never_raises_and_finish_raises_only_its_own_kind(cut_text: tuple[str, list[str]]) -> None:
    parser = PartialJSONParser()
    for piece in cut_text[1]:
        parser.feed(piece)
    with contextlib.suppress(PartialJSONError):
        assert parser.finish() == parser.value
        assert parser.error is None
    assert parser.error is None or 0 <= parser.error.position <= len(cut_text[0])


@given(cut_texts)
def test_no_change_and_no_value_holds_half_a_character(cut_text: tuple[str, list[str]]) -> None:
    parser = PartialJSONParser()
    for piece in cut_text[1]:
        for change in parser.feed(piece):
            json.dumps(change, ensure_ascii=False).encode()
        json.dumps(parser.value, ensure_ascii=False).encode()


# -- the same as json.loads --------------------------------------------------------------------------------------------


@given(written())
def test_reads_back_what_json_dumps_wrote(value_and_text: tuple[Any, str]) -> None:
    value, text = value_and_text
    assert read([text]).result == exact(value)


@given(spoilt())
@example('{"a":1}{')
@example('["\\ud83d\ude00"]')
def test_agrees_with_json_loads_on_spoilt_text(text: str) -> None:
    assume(text.lstrip(BLANKS)[:1] in ("{", "["))
    result = read([text]).result
    try:
        reference = json.loads(text, parse_float=_in_range, parse_constant=_refused)
    except ValueError:
        assert " at " in result
        assert result.split(" ")[0] in ("MalformedJSON", "UnfinishedJSON", "TrailingData")
    else:
        assert result == exact(_always_unicode(reference))


def _in_range(text: str) -> float:
    value = float(text)
    if isinf(value):
        raise ValueError("json.loads would make infinity of it")
    return value


def _refused(text: str) -> None:
    raise ValueError(f"{text} is no JSON")


def _always_unicode(value: Any) -> Any:
    """The value with halves of surrogate pairs joined or replaced, as the parser promises."""
    match value:
        case str():
            return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        case list():
            return [_always_unicode(item) for item in value]
        case dict():
            return {_always_unicode(key): _always_unicode(item) for key, item in value.items()}
        case _:
            return value


# -- the value so far --------------------------------------------------------------------------------------------------


@given(written().flatmap(lambda both: cuts(both[1])))
def test_the_value_so_far_is_what_the_changes_add_up_to_and_only_grows(pieces: list[str]) -> None:
    parser, told, before = PartialJSONParser(), dict[Path, Any](), None
    for piece in pieces:
        for change in parser.feed(piece):
            if isinstance(change, Grew):
                told[change.path] = told.get(change.path, "") + change.text
            elif isinstance(change, Closed) and not isinstance(change.value, dict | list):
                told[change.path] = change.value
        assert exact(dict(leaves(parser.value))) == exact({path: leaf for path, leaf in told.items() if leaf != ""})
        assert grows(before, parser.value)
        before = parser.value
    assert exact(before) == exact(parser.finish())


def leaves(value: Any, at: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Every scalar with its path, in order. Empty strings are not told before they close, so they are left out."""
    match value:
        case dict():
            for key, item in value.items():
                yield from leaves(item, (*at, key))
        case list():
            for index, item in enumerate(value):
                yield from leaves(item, (*at, index))
        case _ if at and value != "":
            yield at, value


def grows(before: Any, after: Any) -> bool:
    """Whether `after` may come after `before`: nothing is taken back, nothing is exchanged."""
    match before, after:
        case None, _:
            return True
        case str(), str():
            return after.startswith(before)
        case list(), list():
            return len(before) <= len(after) and all(map(grows, before, after))
        case dict(), dict():
            return all(key in after and grows(item, after[key]) for key, item in before.items())
        case _:
            return exact(before) == exact(after)
