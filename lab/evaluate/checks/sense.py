"""Whether the form makes sense: the right category, tags that say something, fields that do not repeat one another."""

import re
from collections.abc import Mapping
from itertools import combinations
from typing import Any

from lab.cases import Case, ChainName
from lab.evaluate.checks.check import Check
from lab.evaluate.checks.texts import letters, own_texts, writes, written

_GENERIC = re.compile(
    "소?모임|그룹|동호회|클럽|동아리|크루|회원|멤버|사람|활동|(?:group|club|meetup|meeting|member)s?|people"
)
_SUFFIXES = ("소모임", "모임", "동호회", "클럽", "그룹", "크루", "meetup", "group", "club", "s")


def _category(case: Case, value: Mapping[str, Any]) -> str | None:
    if (category := value.get("category")) in case.expect.categories:
        return None
    return f"{category}, where {' or '.join(case.expect.categories)} makes sense"


def _category_expected(chain: ChainName, case: Case) -> bool:
    return chain == "meeting_info" and bool(case.expect.categories) and "category" in written(case)


def _generic(case: Case, value: Mapping[str, Any]) -> str | None:
    found = [tag for _, tag in own_texts(case, value, "tags") if _GENERIC.fullmatch(letters(tag))]
    return f"{', '.join(found)} could be a tag of every group" if found else None


def _alike(case: Case, value: Mapping[str, Any]) -> str | None:
    tags = [tag for _, tag in own_texts(case, value, "tags")]
    for one, other in combinations(tags, 2):
        if _stem(one) == _stem(other):
            return f"{one} and {other} say the same"
    return None


def _stem(tag: str) -> str:
    """The tag without a word for group behind it: `러닝크루` is `러닝`, `Books` is `book`."""
    bare = letters(tag)
    suffix = next((end for end in _SUFFIXES if bare.endswith(end)), "")
    return bare.removesuffix(suffix) or bare


def _repeated(case: Case, value: Mapping[str, Any]) -> str | None:
    own = {path: letters(text) for path, text in own_texts(case, value, "name", "summary", "description")}
    for one, other in combinations(own, 2):
        if own[one] == own[other]:
            return f"{one} and {other} are the same text"
    return None


CHECKS = (
    Check(
        "category-fits",
        "The category is one that a person would choose for this goal.",
        _category_expected,
        _category,
    ),
    Check("tags-say-something", "No tag is a word for groups as such (모임, club).", writes("tags"), _generic),
    Check("tags-differ", "No two tags say the same (러닝 and 러닝모임, Book and books).", writes("tags"), _alike),
    Check(
        "fields-differ",
        "Name, summary and description are three different texts.",
        writes("name", "summary", "description"),
        _repeated,
    ),
)
