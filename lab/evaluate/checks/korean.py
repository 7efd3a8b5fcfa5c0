"""Whether Korean answers speak as they should: a summary in a noun form, everything else in polite speech."""

from collections.abc import Iterator, Mapping
from typing import Any

from lab.cases import Case
from lab.evaluate.checks.check import Check
from lab.evaluate.checks.endings import plain, polite, verbal
from lab.evaluate.checks.sentences import sentences
from lab.evaluate.checks.texts import own_texts, writes

_SPOKEN = ("description", "reply", "recommendation")


def _summary(case: Case, value: Mapping[str, Any]) -> str | None:
    for _, text in own_texts(case, value, "summary"):
        if verbal(text):
            return f"“{text}” ends in a verb"
    return None


def _speech(case: Case, value: Mapping[str, Any]) -> str | None:
    for path, text in own_texts(case, value, *_SPOKEN):
        said = sentences(text, _group_names(case, value))
        if rude := next(filter(plain, said), None):
            return f"{path}: “{rude}” is plain speech (반말 or 해라체)"
        if not any(map(polite, said)):
            return f"{path}: no sentence of it ends in polite speech (-요, -니다)"
    return None


def _group_names(case: Case, value: Mapping[str, Any]) -> Iterator[str]:
    if isinstance(name := value.get("name"), str):
        yield name
    for candidate in case.input.get("candidates", ()):
        yield candidate["name"]


CHECKS = (
    Check(
        "summary-ends-in-a-noun",
        "A Korean summary ends in a noun form (명사형), not in a verb.",
        writes("summary", language="ko"),
        _summary,
    ),
    Check(
        "polite-speech",
        "Korean descriptions, replies and reasons are in polite speech (해요체 or 합쇼체), every sentence of them.",
        writes(*_SPOKEN, language="ko"),
        _speech,
    ),
)
