"""Which words of an answer are the model's own, and which the request had before it."""

from collections.abc import Iterator, Mapping
from typing import Any, get_args

from chains import chatbot, meeting_info
from chains.ask import Ask, names
from lab.cases import Case, ChainName
from lab.evaluate.checks.check import Applies
from schemas import Category, ChatRequest, MeetingRequest, Period

CODES = frozenset({"category", "period", "group_id", "id", "role", "want", "language"})
"""Fields with values out of a list: nobody's own words."""

ENUMERATED = (*get_args(Category), *get_args(Period))
"""Values that are Korean in every language."""


def written(case: Case) -> frozenset[str]:
    """The fields that the model was asked for. What the user gave is kept by code, and no model is judged by it."""
    return frozenset(names(_ask(case).wanted))


def writes(*fields: str, language: str | None = None) -> Applies:
    """Applies where the model was asked for one of these fields, in this language if one is named."""

    def applies(chain: ChainName, case: Case) -> bool:
        return language in (None, case.language) and not written(case).isdisjoint(fields)

    return applies


def own_texts(case: Case, value: Mapping[str, Any], *fields: str) -> Iterator[tuple[str, str]]:
    """Every text that the model wrote, with where it stands, as in `plan.0.title`; of these fields, or of all."""
    own = written(case)
    for field, item in value.items():
        if field in own and (not fields or field in fields):
            yield from _texts(item, field)


def request_text(case: Case) -> str:
    """All that was said in the request, by the user, by the assistant before and by the groups, in lower case."""
    return "\n".join(text for _, text in _texts(case.input, "")).casefold()


def letters(text: str) -> str:
    """The letters and digits alone, in lower case: two texts that differ in nothing else say the same."""
    return "".join(character for character in text.casefold() if character.isalnum())


def _ask(case: Case) -> Ask:
    if "messages" in case.input:
        return chatbot.ask(ChatRequest.model_validate(case.input))
    return meeting_info.ask(MeetingRequest.model_validate(case.input))


def _texts(item: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(item, str):
        yield path, item
    elif isinstance(item, Mapping):
        for key, inner in item.items():
            if key not in CODES:
                yield from _texts(inner, f"{path}.{key}" if path else key)
    elif isinstance(item, list | tuple):
        for number, inner in enumerate(item):
            yield from _texts(inner, f"{path}.{number}")
