"""A word list finds its words in every disguise that it promises to see through, and in nothing else."""

import re
import unicodedata
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.runnables import RunnableLambda

from chains.moderation import LONGEST, WordList

SYLLABLES = "도박시발가각힣"
OTHERS = "그래수표은는이"  # no syllable of a listed word
HANGUL = st.text(st.sampled_from(SYLLABLES), min_size=2, max_size=4)
LATIN = st.text(st.sampled_from("abkz"), min_size=2, max_size=6)
WORDS = HANGUL | LATIN
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)


def refused(value: Any, *words: str, allowed: tuple[str, ...] = ()) -> bool:
    """Whether a list of these words refuses the value."""
    return WordList(words, allowed=allowed).invoke(value) is not None


# -- where it looks ----------------------------------------------------------------------------------------------------


@given(JSON)
def test_a_list_without_words_passes_everything(value: Any) -> None:
    assert not refused(value)


def containers(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Lists and objects with this somewhere among other things."""
    lists = st.tuples(st.lists(JSON, max_size=2), inner, st.lists(JSON, max_size=2)).map(
        lambda parts: [*parts[0], parts[1], *parts[2]]
    )
    objects = st.tuples(st.dictionaries(st.text("xyz"), JSON, max_size=2), inner).map(
        lambda parts: {**parts[0], "here": parts[1]}
    )
    return lists | objects


@given(st.recursive(st.just("불법도박은") | st.just({"도박": None}), containers, max_leaves=5))
def test_a_word_is_found_wherever_it_stands_in_the_value_keys_included(value: Any) -> None:
    assert refused(value, "도박")


def test_depth_is_no_hiding_place() -> None:
    value: Any = "도박"
    for _ in range(100_000):
        value = [value]
    assert refused(value, "도박")


def test_strings_are_read_each_alone() -> None:
    assert not refused(["도", "박"], "도박")
    assert not refused({"도": "박"}, "도박")


def test_numbers_are_no_words() -> None:
    assert not refused([18, 18.0, True, None], "18", "true", "none")
    assert refused(["18"], "18")


@pytest.mark.parametrize("value", [("도박",), {"a": {"도박"}}, b"text", [object()]])
async def test_what_is_no_json_does_not_pass(value: Any) -> None:
    words = WordList(["도박"])
    with pytest.raises(TypeError):
        words.invoke(value)
    with pytest.raises(TypeError):
        await words.ainvoke(value)


# -- what it takes for a word ------------------------------------------------------------------------------------------


@given(LATIN, LATIN | st.just(""), LATIN | st.just(""))
def test_a_latin_word_is_found_whole_and_not_within_another(word: str, before: str, after: str) -> None:
    assert refused(before + word + after, word) == (not before and not after)


@given(HANGUL, st.text(OTHERS + "ab "), st.text(OTHERS + "ab "))
def test_a_korean_word_is_found_whatever_is_attached_to_it(word: str, before: str, after: str) -> None:
    assert refused(before + word + after, word)


@given(LATIN, st.sampled_from(["를", "은", "이라는", "ㅋㅋ", "?!", "_", "/x", "한국", "語"]))
def test_a_latin_word_ends_where_another_script_begins(word: str, after: str) -> None:
    assert refused(word + after, word)
    assert refused(after[::-1] + word, word)


def test_digits_belong_to_their_word() -> None:
    assert not refused("2018", "18")
    assert not refused("ss5", "ss")
    assert refused("18놈", "18")


@given(st.text(st.sampled_from(OTHERS), min_size=1), st.sampled_from([" ", ".", ", ", "·", "\n"]), st.text(OTHERS))
def test_the_end_of_one_word_and_the_beginning_of_the_next_are_no_word(before: str, gap: str, after: str) -> None:
    assert not refused(before + "도" + gap + "박" + after, "도박")
    assert not refused(after + "도" + gap + "박" + before, "도박")


def test_a_word_is_no_pattern() -> None:
    assert refused("c++ 모임", "c++")
    assert not refused("c 모임", "c++")
    assert not refused("도박", "도.", "[도박]", "도|x1")


def test_a_phrase_keeps_its_blank_however_wide() -> None:
    assert refused("그건 헛된 \u00a0\n 소리야", "헛된 소리")
    assert not refused("그건 헛된소리야", "헛된 소리")


@given(st.lists(st.text(st.sampled_from("ab가나"), min_size=1, max_size=4), max_size=5), st.text("ab가나 ."))
def test_a_list_finds_what_its_words_find_each_alone(words: list[str], text: str) -> None:
    assert refused(text, *words) == any(refused(text, word) for word in words)


# -- disguises ---------------------------------------------------------------------------------------------------------

INVISIBLE = ["\u200b", "\u200d", "\u00ad", "\ufeff", "\u2060", "\u3164", "\ufe0f", "\x00", "\u0336", "\u20dd", "\ufff9"]


@given(WORDS, st.integers(0, 9), st.lists(st.sampled_from(INVISIBLE), min_size=1, max_size=3).map("".join))
def test_invisible_characters_hide_nothing(word: str, place: int, hidden: str) -> None:
    disguised = word[:place] + hidden + word[place:]
    assert refused(f"{disguised}은", word)
    assert refused(word, disguised)
    assert refused(hidden.join(word), word)


@given(WORDS, st.sampled_from(["NFC", "NFD", "NFKC", "NFKD"]))
def test_another_normal_form_hides_nothing(word: str, form: Any) -> None:
    assert refused(unicodedata.normalize(form, word), word)
    assert refused(word, unicodedata.normalize(form, word))


@given(LATIN)
def test_case_width_and_accents_hide_nothing(word: str) -> None:
    assert refused(word.upper(), word)
    assert refused(word, word.title())
    assert refused("".join(chr(ord(letter) + 0xFEE0) for letter in word), word)
    assert refused(word.replace("a", "á").replace("k", "ḱ"), word)


def test_letters_of_other_kinds_that_mean_the_same_are_the_same() -> None:
    assert refused("ⓐⓢⓢ", "ass")
    assert refused("STRASSE", "straße")
    assert refused("ﾄﾞﾊﾞｸ", "ドバク")  # half the width
    assert refused("ㅋㄷㅂㅋ", "ㄷㅂ")
    assert refused("ㄷㅗ박", "도박")


def test_a_mark_that_makes_another_syllable_is_kept() -> None:
    assert not refused("はか", "ばか")
    assert refused(unicodedata.normalize("NFD", "ばか"), "ばか")


@given(WORDS, st.text(st.sampled_from(" .,-*_~♥\n"), min_size=1, max_size=3), st.sampled_from(["", "그래 ", "(", "3"]))
def test_letters_that_each_stand_alone_are_read_together(word: str, gap: str, before: str) -> None:
    spelt = gap.join(word)
    assert refused(f"{before} {spelt}!", word)
    assert refused(word, spelt)


# -- what is allowed ---------------------------------------------------------------------------------------------------


def test_an_allowed_phrase_passes_and_the_word_beside_it_does_not() -> None:
    for allowed in ("도박 예방", "불법도박 예방", "도박"):
        assert not refused("불법도박 예방 모임", "도박", allowed=(allowed,))
    assert refused("도박 예방은 도박이다", "도박", allowed=("도박 예방",))
    assert refused("도박 예방", "도박", "예방", allowed=("도박",))
    assert not refused("도박\u200b  예방", "도박", allowed=("도박 예방",))


def test_an_allowed_latin_word_is_allowed_whole() -> None:
    assert not refused("kick-ass", "ass", allowed=("kick-ass",))
    assert refused("sidekick-ass", "ass", allowed=("kick-ass",))


# -- the list, and what it tells ---------------------------------------------------------------------------------------


@given(WORDS)
def test_the_reason_is_the_one_given_and_nothing_of_the_text(word: str) -> None:
    assert WordList([word], reason="안 됩니다.").invoke([word]) == "안 됩니다."
    told = {WordList([word]).invoke(text) for text in (word, {word: word}, f"{word} {word}")}
    assert len(told) == 1
    assert word not in re.sub("0x[0-9a-f]+", "", repr(WordList([word])))  # an address may spell anything


async def test_it_is_a_runnable_like_any_other() -> None:
    words = WordList(["도박"], reason="no")
    values = [{"name": "도박"}, ["독서"], "도 박"]
    verdicts = ["no", None, "no"]
    assert words.batch(values) == await words.abatch(values) == verdicts
    assert [words.invoke(value) for value in values] == [await words.ainvoke(value) for value in values] == verdicts
    assert (RunnableLambda(str.strip) | words).invoke(" 도박 ") == "no"


def test_a_list_comes_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "words.txt"
    path.write_bytes("\ufeff# 첫 줄\r\n도박  # gambling\r\n\r\n  헛된 소리\r\n!도박 예방\r\nc#\r\n".encode())
    words = WordList.from_file(path, reason="no")
    assert words.batch(["불법도박", "헛된 소리", "c# 모임", "도 박"]) == ["no"] * 4
    assert words.batch(["도박 예방", "첫 줄", "gambling", "c", "", "# 첫 줄"]) == [None] * 6
    assert WordList.from_file(str(path)).invoke("도박") is not None


@pytest.mark.parametrize("word", ["", "  ", "\u200b", "a" * (LONGEST + 1)])
def test_a_word_that_would_find_everything_or_cost_too_much_is_no_word(word: str) -> None:
    with pytest.raises(ValueError, match="listed word"):
        WordList(["도박", word])
    with pytest.raises(ValueError, match="listed word"):
        WordList([], allowed=[word])


LONG = {
    "marks out of order": "a" + "\u0301" * 250_000 + "\u0316" * 250_000,
    "a long gap": "a" + "." * 500_000,
    "many gaps": "a." * 250_000 + "bb",
    "one long run": "a " * 250_000,
    "many beginnings": "도" * 500_000,
}


@pytest.mark.timeout(30)  # in linear time a second, in quadratic time days
@pytest.mark.parametrize("text", LONG.values(), ids=LONG.keys())
def test_time_is_linear_in_the_text(text: str) -> None:
    assert not refused(text, "도박", "a" * LONGEST, "도" * (LONGEST - 1) + "박")
