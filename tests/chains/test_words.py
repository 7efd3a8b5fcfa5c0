"""Words are told whole, whatever way the text was cut."""

from itertools import pairwise

import regex
from hypothesis import example, given
from hypothesis import strategies as st

from chains.words import LONGEST, WordCutter

LETTERS = "ab '.,:-_ 가각힣 é e\u0301\u0308 3.14 \u05d0\u05f3 👩\u200d👧🇰🇷🇺🇸👍🏽 \n\u200d"
TEXTS = st.text(st.sampled_from(LETTERS), max_size=60)


def cut(text: str, places: list[int]) -> list[str]:
    """The text in pieces."""
    edges = [0, *sorted({place % (len(text) + 1) for place in places}), len(text)]
    return [text[start:end] for start, end in pairwise(edges)]


def told(pieces: list[str]) -> list[str]:
    """What a cutter gives for the pieces, the rest last."""
    cutter = WordCutter()
    return [*(cutter.feed(piece) for piece in pieces), cutter.flush()]


@given(TEXTS, st.lists(st.integers(0, 60)))
@example("a:\u0301a:", [5])  # whether a word ends behind the accent depends on the letter before the colon
def test_nothing_is_lost_and_every_cut_is_a_word_boundary_of_the_whole_text(text: str, places: list[int]) -> None:
    pieces = told(cut(text, places))
    assert "".join(pieces) == text
    boundaries = {match.start() for match in regex.finditer(r"\b", text, flags=regex.WORD | regex.V1)}
    at = 0
    for piece in pieces[:-1]:
        at += len(piece)
        assert at in boundaries | {0, len(text)}


def test_a_syllable_an_emoji_and_an_apostrophe_stay_whole() -> None:
    pieces = [piece for piece in told(list("can't 안녕하세요 👩\u200d👩\u200d👧 e\u0301té")) if piece]
    assert pieces == ["can't", " ", "안녕하세요", " ", "👩\u200d👩\u200d👧", " e\u0301té"]


def test_what_is_held_is_bounded() -> None:
    cutter = WordCutter()
    held = 0
    for _ in range(10 * LONGEST):
        held += 1 - len(cutter.feed("a"))
        assert held <= LONGEST
