"""Whether an answer is in the language that was asked for.

Words that stand in the request are everybody's: whoever writes `React 스터디` is answered with `React`. In Korean a
group's own name may be English, as many are, and so may short capitals (IT, MBTI, PT) and a few Latin words in a
text; what is found is a text that is English, in the main or for a whole clause.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from lab.cases import Case, ChainName
from lab.evaluate.checks.check import Check
from lab.evaluate.checks.texts import ENUMERATED, own_texts, request_text, writes

FOREIGN_SHARE = 0.4
"""Of the words of a Korean text, how many may be English ones that nobody brought along: a title may be among them."""

CLAUSE = 4
"""As many foreign words in a row are no longer a name or a title."""

_PROSE = ("summary", "description", "reply", "recommendation")
_LISTS = ("tags", "options", "plan")

_HANGUL = re.compile("[가-힣]+")
_LATIN = re.compile("[A-Za-z]+")
_CAPITALS = re.compile(r"[A-Z]{1,5}s?")
_FAR_EAST = re.compile("[\u3041-\u30ff\u3400-\u4dbf\u4e00-\u9fff]+")
_ABOUT_THEM = ("중국", "일본", "일어", "한자", "한문", "대만", "홍콩", "서예", "hsk", "jlpt", "chinese", "japanese")


def _korean(case: Case, value: Mapping[str, Any]) -> str | None:
    known = set(_LATIN.findall(request_text(case)))
    for path, text in _without_name(case, value):
        if not _HANGUL.search(text):
            return f"{path}: “{text}” has no Korean in it"
        if found := _english_in(text.split(), known):
            return f"{path}: {found}"
    for field in _LISTS:
        items = [text for _, text in own_texts(case, value, field)]
        foreign = [text for text in items if not _HANGUL.search(text) and _foreign(text, known)]
        if 2 * len(foreign) > len(items):
            return f"{field}: {len(foreign)} of {len(items)} are English ({', '.join(foreign)})"
    return None


def _without_name(case: Case, value: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    name = value.get("name")
    for path, text in own_texts(case, value, *_PROSE):
        yield path, text.replace(name, "") if isinstance(name, str) and name != text else text


def _english_in(words: Sequence[str], known: set[str]) -> str | None:
    for foreign, run in groupby(words, key=lambda word: _foreign(word, known)):
        clause = list(run)
        if foreign and len(clause) >= CLAUSE:
            return f"“{' '.join(clause)}” is English"
    found = [word for word in words if _foreign(word, known)]
    if len(found) > FOREIGN_SHARE * len(words):
        return f"{len(found)} of {len(words)} words are English ({', '.join(found)})"
    return None


def _foreign(word: str, known: set[str]) -> bool:
    """Whether it is English and nobody's before. With a Korean ending it is a Korean word: React로."""
    parts = _LATIN.findall(word)
    return not _HANGUL.search(word) and any(
        part.casefold() not in known and not _CAPITALS.fullmatch(part) for part in parts
    )


def _english(case: Case, value: Mapping[str, Any]) -> str | None:
    known = request_text(case) + "\n".join(ENUMERATED)
    for path, text in own_texts(case, value):
        if foreign := [word for word in _HANGUL.findall(text) if word not in known]:
            return f"{path}: {', '.join(foreign)} is Korean"
    return None


def _scripts(case: Case, value: Mapping[str, Any]) -> str | None:
    known = request_text(case)
    for path, text in own_texts(case, value):
        if foreign := [word for word in _FAR_EAST.findall(text) if word not in known]:
            return f"{path}: {', '.join(foreign)} is Chinese or Japanese"
    return None


def _not_about_them(_: ChainName, case: Case) -> bool:
    return not any(word in request_text(case) for word in _ABOUT_THEM)


CHECKS = (
    Check(
        "korean-is-korean",
        "A Korean answer has no English in it but what the request has, a group's name, and a word here and there.",
        writes(*_PROSE, *_LISTS, language="ko"),
        _korean,
    ),
    Check(
        "english-is-english",
        "An English answer has no Korean in it but what the request has, and the names of categories and periods.",
        writes(*_PROSE, *_LISTS, "name", language="en"),
        _english,
    ),
    Check(
        "no-third-script",
        "There is no Chinese or Japanese in an answer to a request that has nothing to do with them.",
        _not_about_them,
        _scripts,
    ),
)
