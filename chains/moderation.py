"""A check (`chains.checks`) by a list of words: a first net, made for Korean and English.

It sees through case, width, accents and invisible
characters. With `ass` and `도박` (gambling) listed:

- Where blanks part words (Latin, Greek and Cyrillic letters, digits) a word is found whole: not in `class`, and not in
  `asses` either, so each form is listed. Elsewhere (Hangul, where particles follow and nouns grow together) it is found
  anywhere: in `도박은`, in `불법도박`. What must pass all the same is listed as allowed: `도박 예방`.
- Letters that each stand alone are read together: `도 박`, `도.박!`, `a-s-s`. Others are not, or the end of one word
  and the beginning of the next would make a third: `그래도 박수`. So `도.박은` passes, as do digits posing as letters.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Self

import regex
from langchain_core.runnables import Runnable, RunnableConfig

REASON = "There are words in this that are not allowed here."
LONGEST = 64
"""Characters of one listed word: the bound of the steps that each character of a text may take."""

# What nobody sees, and accents. Not the two marks that make another syllable of a Japanese one.
_UNSEEN = regex.compile(r"[[\p{Cc}\p{Cf}\p{Mn}\p{Me}\p{Default_Ignorable_Code_Point}]--[\s\u3099\u309A]]", regex.V1)
_SPELT = re.compile(r"(?<![^\W_])[^\W\d_](?:[\W_]++[^\W\d_](?![^\W_]))+")
_BETWEEN = re.compile(r"[\W_]+")

# Not inside a word of letters that blanks part: those are all but Hangul's and its neighbours' of East Asia.
_LETTER = r"[^\W_\u1100-\u11FF\u2E80-\uD7FF\uF900-\uFAFF]"
_EDGE = f"(?:(?<!{_LETTER})|(?!{_LETTER}))"


class WordList(Runnable[Any, str | None]):
    """Refuses a JSON value if one of `words` stands in any string of it, the keys of objects included.

    Each string is read alone, in time linear in its length. `allowed` are phrases that pass although a word stands in
    them. The `reason` is all that is told: neither the word nor the text, which others may read.
    """

    def __init__(self, words: Iterable[str], *, allowed: Iterable[str] = (), reason: str = REASON) -> None:
        self.reason = reason
        # The allowed come first, so that they are passed over. `re` is used here because it looks at a branch's first
        # letter before it enters it: with a thousand words thirty times as fast as `regex`.
        self._search = re.compile(f"{_EDGE}(?:{_any_of(allowed)}|({_any_of(words)})){_EDGE}")

    @classmethod
    def from_file(cls, path: str | Path, *, reason: str = REASON) -> Self:
        """A list in UTF-8: one word a line, `!` before one that is allowed, comments from a `#` on."""
        text = Path(path).read_text(encoding="utf-8-sig")
        lines = [line for raw in text.splitlines() if (line := re.sub(r"(^|\s)#.*", "", raw).strip())]
        allowed = [line.removeprefix("!") for line in lines if line.startswith("!")]
        return cls([line for line in lines if not line.startswith("!")], allowed=allowed, reason=reason)

    def invoke(self, input: Any, config: RunnableConfig | None = None, **kwargs: Any) -> str | None:
        return self._call_with_config(self._judge, input, config)

    async def ainvoke(self, input: Any, config: RunnableConfig | None = None, **kwargs: Any) -> str | None:
        return await self._acall_with_config(self._ajudge, input, config)

    def _judge(self, value: Any) -> str | None:
        found = any(match[1] is not None for text in _strings(value) for match in self._search.finditer(_folded(text)))
        return self.reason if found else None

    async def _ajudge(self, value: Any) -> str | None:
        return self._judge(value)


def _strings(value: Any) -> Iterator[str]:
    """All strings inside a JSON value, however deep. What is no JSON cannot be judged, so it does not pass."""
    waiting = [value]
    while waiting:
        match waiting.pop():
            case str() as text:
                yield text
            case dict() as properties:
                waiting += [*properties.keys(), *properties.values()]
            case list() as items:
                waiting += items
            case None | bool() | int() | float():
                pass
            case other:
                raise TypeError(f"A check takes JSON, and this is {type(other).__name__}.")


def _folded(text: str) -> str:
    """The text as it is compared. Marks go first: putting many of them in order takes quadratic time."""
    plain = _UNSEEN.sub("", unicodedata.normalize("NFKD", _UNSEEN.sub("", text)))
    whole = unicodedata.normalize("NFKC", plain.casefold())
    together = _SPELT.sub(lambda letters: _BETWEEN.sub("", letters[0]), whole)
    return " ".join(together.split())


def _any_of(words: Iterable[str]) -> str:
    """One pattern for all the words: a tree of their letters, in which each text has one way to go."""
    tree: dict[str, Any] = {}
    for word in map(_folded, words):
        if not 0 < len(word) <= LONGEST:
            raise ValueError(f"A listed word has 1 to {LONGEST} characters that can be seen, and one has {len(word)}.")
        branch = tree
        for letter in word:
            branch = branch.setdefault(letter, {})
        branch[""] = {}
    return _pattern(tree) if tree else r"(?!)"


def _pattern(tree: dict[str, Any]) -> str:
    branches = [re.escape(letter) + _pattern(rest) for letter, rest in tree.items() if letter]
    return f"(?:{'|'.join(branches)}){'?' if '' in tree else ''}" if branches else ""
