"""Our own cases: enough of them, all of them requests, of many kinds, and no two alike."""

import re
from collections import Counter
from itertools import combinations
from typing import get_args

import pytest
from pydantic import BaseModel

from lab.cases import DATA, Case, ChainName, load_cases
from schemas import Category, ChatRequest, Language, MeetingRequest

CHAINS: tuple[ChainName, ...] = get_args(ChainName)
LANGUAGES: tuple[Language, ...] = get_args(Language)
REQUESTS: dict[ChainName, type[BaseModel]] = {"meeting_info": MeetingRequest, "chatbot": ChatRequest}

ENOUGH = 60
ALIKE = 0.8
"""Of the three-letter pieces of two texts, the share in common from which on they are one text with a change in it."""


@pytest.fixture(params=[(chain, language) for chain in CHAINS for language in LANGUAGES], ids="-".join)
def kind(request: pytest.FixtureRequest) -> tuple[ChainName, Language]:
    chain, language = request.param
    return chain, language


def said(case: Case) -> str:
    """What the user says, in one text."""
    turns = [turn["content"] for turn in case.input.get("messages", ()) if turn["role"] == "user"]
    return "\n".join([case.input["goal"]] if "goal" in case.input else turns)


def pieces(text: str) -> set[str]:
    return {text[at : at + 3] for at in range(max(1, len(text) - 2))}


def test_every_case_is_a_request_in_its_files_language(kind: tuple[ChainName, Language]) -> None:
    chain, language = kind
    cases = load_cases(chain, language)
    assert len(cases) >= ENOUGH
    for case in cases:
        REQUESTS[chain].model_validate(case.input)
        assert case.language == language
        assert re.fullmatch(rf"{chain[0].replace('m', 'g')}-{language}-\d{{3}}", case.id)


def test_no_two_cases_are_alike(kind: tuple[ChainName, Language]) -> None:
    for one, other in combinations(load_cases(*kind), 2):
        first, second = pieces(said(one)), pieces(said(other))
        assert len(first & second) <= ALIKE * len(first | second), (one.id, other.id)


def test_ids_differ_from_file_to_file() -> None:
    ids = [case.id for chain in CHAINS for language in LANGUAGES for case in load_cases(chain, language)]
    assert len(set(ids)) == len(ids)


def test_there_is_no_other_file_of_cases() -> None:
    assert {path.name for path in DATA.iterdir()} == {
        f"{chain}.{language}.jsonl" for chain in CHAINS for language in LANGUAGES
    }


@pytest.mark.parametrize("language", LANGUAGES)
def test_goals_are_of_every_category_long_and_short_and_with_facts(language: Language) -> None:
    cases = load_cases("meeting_info", language)
    categories = Counter(category for case in cases for category in case.expect.categories)
    assert min(categories[category] for category in get_args(Category)) >= 3
    lengths = [len(case.input["goal"]) for case in cases]
    assert min(lengths) <= 10
    assert max(lengths) >= 200
    assert {case.input.get("include_plan", False) for case in cases} == {True, False}
    for field in ("name", "summary", "description", "tags", "period", "location", "max_members"):
        assert any(field in case.input for case in cases), field
    assert sum(bool(case.expect.never) for case in cases) >= 3


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_first_dozen_goals_are_of_many_categories(language: Language) -> None:
    first = load_cases("meeting_info", language)[:12]
    assert len({case.expect.categories[:1] for case in first}) >= 10


@pytest.mark.parametrize("language", LANGUAGES)
def test_chats_are_of_every_kind(language: Language) -> None:
    cases = load_cases("chatbot", language)
    wants = Counter(case.input["want"] for case in cases)
    assert min(wants.values()) >= 10
    assert set(wants) == {"reply", "question", "recommendation"}
    assert any(len(case.input["messages"]) > 4 for case in cases)
    assert sum(bool(case.expect.never) for case in cases) >= 3
    assert sum(case.expect.group_ids == () for case in cases) >= 3


@pytest.mark.parametrize("language", LANGUAGES)
def test_expected_groups_are_among_the_candidates_of_a_wanted_recommendation(language: Language) -> None:
    for case in load_cases("chatbot", language):
        offered = {group["id"] for group in case.input.get("candidates", ())}
        assert set(case.expect.group_ids or ()) <= offered
        assert (case.input["want"] == "recommendation") == bool(offered)
        assert case.expect.group_ids is None or offered


def test_what_may_never_be_said_is_asked_for_in_the_request(kind: tuple[ChainName, Language]) -> None:
    for case in load_cases(*kind):
        for word in case.expect.never:
            assert word in str(case.input), case.id


def test_nothing_reaches_a_person(kind: tuple[ChainName, Language]) -> None:
    """No telephone number, no address, no link."""
    for case in load_cases(*kind):
        assert not re.search(r"\d{3,4}-\d{4}|@|https?:|www\.", str(case.input)), case.id
