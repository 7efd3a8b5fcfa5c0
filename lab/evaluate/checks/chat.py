"""Whether the chat answers as it was asked to: a question with answers to it, a group that fits and a reason about it.

A reason is about its group if they share the stem of one word: two syllables of Hangul, four Latin letters. That is no
understanding; it finds the reasons that would do for any group.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from lab.cases import Case, ChainName
from lab.evaluate.checks.check import Applies, Check
from lab.evaluate.checks.texts import letters, own_texts, writes

_ENDS = r"(?:까요|[습입합]니까|[있없하되시좋맞]나요|[인은한떤]가요)[\s.!~]*$"  # not 만나요, not 같이 가요
_QUESTION = re.compile(rf"[?\uff1f]\s*$|{_ENDS}")
_ASKS = re.compile(
    rf"[?\uff1f]|{_ENDS}|(?:어떤|어느|무슨|언제|어디|몇|무엇|뭘|뭐|어떻게)[^.!?\n]*요"
    r"|(?:알려|말씀해|말해|골라|선택해|얘기해|이야기해)\s?(?:주|보)"
    r"|\b(?:tell me|let me know|choose|pick)\b",
    re.IGNORECASE | re.MULTILINE,
)

_WORD = re.compile(r"[a-z]{3,}|[가-힣]+")
_COMMON = re.compile(
    "모임|함께|사람|우리|같이|그룹|여러|하는|있는|좋아|club|group|meet|peop|toge|ever|"
    "the|and|for|you|your|with|who|that|this|are|our|from|have|will|like|love|each"
)
"""Stems that every group shares."""


def _wants(want: str) -> Applies:
    def applies(chain: ChainName, case: Case) -> bool:
        return chain == "chatbot" and case.input.get("want") == want

    return applies


def _asks(_: Case, value: Mapping[str, Any]) -> str | None:
    return None if _ASKS.search(value["reply"]) else f"“{value['reply']}” asks nothing"


def _answers(_: Case, value: Mapping[str, Any]) -> str | None:
    options = value["options"]
    if len(options) < 2:
        return f"{len(options)} options are no choice"
    question = next((option for option in options if _QUESTION.search(option)), None)
    return f"the option “{question}” is a question itself" if question else None


def _differ(_: Case, value: Mapping[str, Any]) -> str | None:
    options = value["options"]
    bare = [letters(option) or option for option in options]
    return f"an option stands twice among {', '.join(options)}" if len(set(bare)) < len(bare) else None


def _fits(case: Case, value: Mapping[str, Any]) -> str | None:
    chosen = value["recommendation"]["group_id"] if value.get("recommendation") else None
    expected = case.expect.group_ids or ()
    if chosen in expected or (chosen is None and not expected):
        return None
    return f"{chosen or 'no group'}, where {' or '.join(expected) or 'none'} fits"


def _fit_is_expected(chain: ChainName, case: Case) -> bool:
    return writes("recommendation")(chain, case) and case.expect.group_ids is not None


def _reasoned(case: Case, value: Mapping[str, Any]) -> str | None:
    for _, reason in own_texts(case, value, "recommendation"):
        for group in case.input["candidates"]:
            if group["id"] == value["recommendation"]["group_id"] and not _shares_a_word(group, reason):
                return f"“{reason}” says nothing of {group['name']}"
    return None


def _shares_a_word(group: Mapping[str, Any], reason: str) -> bool:
    said = set(_stems(reason))
    known = set(_stems(" ".join((group["name"], group.get("summary", ""), *group.get("tags", ())))))
    if {stem.isascii() for stem in said}.isdisjoint(stem.isascii() for stem in known):
        return True  # one is in Korean, the other is not: letters cannot tell
    return any(one.startswith(other) or other.startswith(one) for one in said for other in known)


def _stems(text: str) -> Iterator[str]:
    """Of each Latin word its beginning; of each Hangul word every two syllables, since 주말등산 is 등산 as well."""
    for word in _WORD.findall(text.casefold()):
        parts = [word[:4]] if word.isascii() else [word[at : at + 2] for at in range(max(1, len(word) - 1))]
        yield from (part for part in parts if not _COMMON.fullmatch(part))


CHECKS = (
    Check("asks-a-question", "Where a question is wanted, the reply asks one.", _wants("question"), _asks),
    Check(
        "options-answer",
        "Where a question is wanted, there are at least two options, and none of them is a question itself.",
        _wants("question"),
        _answers,
    ),
    Check("options-differ", "No option stands there twice.", writes("options"), _differ),
    Check(
        "recommendation-fits",
        "The recommended group is one that a person would recommend, and none is where none fits.",
        _fit_is_expected,
        _fits,
    ),
    Check(
        "reason-is-about-the-group",
        "The reason has a word of the recommended group's name, summary or tags.",
        writes("recommendation"),
        _reasoned,
    ),
)
