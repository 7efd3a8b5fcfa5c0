"""All checks together: they take any answer there can be, and find nothing wrong with the examples that we ship."""

import json
import re
from itertools import pairwise
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from chains.prompts import Prompt, prompts_of
from lab.cases import Case, ChainName, load_cases
from lab.evaluate.checks import CHECKS, UNFINISHED, judged
from schemas import Category, ChatReply, Language, MeetingInfo, Period
from tests.lab.evaluate.checking import GROUPS, chain_of, chat, found, goal, verdicts

ROOT = Path(__file__).parents[3]
CASES = [
    *(goal(), goal("run", language="en"), goal("run", language="en", name="Runners", include_plan=False)),
    *(chat(), chat("hi", language="en"), chat(want="question"), chat(want="recommendation", candidates=GROUPS)),
]

LETTERS = st.text(
    "가각있함다요 .!?~…ab'\"()[]{}<>*#\\0°・漢あ😊\u200d\ufe0f\u1112ㅎ-/:@$원회비", min_size=1, max_size=30
)
PHRASES = [
    "같이 가요",
    "1주차",
    "첫번째",
    "Week 1",
    "Day",
    ".",
    "있어",
    "회비 5,000원",
    "010-0000-0000",
    "[이름]",
    "OO",
]
WORDS = st.lists(st.sampled_from(PHRASES), max_size=3).map(" ".join)
TEXTS = (LETTERS | WORDS).map(str.strip).filter(bool)
TAGS = st.text("가나다라ab", min_size=1, max_size=10)
STEPS = st.lists(
    st.fixed_dictionaries({"title": TEXTS, "details": st.lists(TEXTS, max_size=3)}), min_size=1, max_size=8
)
MEETINGS = st.fixed_dictionaries(
    {
        "name": TEXTS,
        "summary": TEXTS,
        "description": TEXTS,
        "max_members": st.integers(2, 100),
        "category": st.sampled_from(get_args(Category)),
        "period": st.sampled_from(get_args(Period)),
        "tags": st.lists(TAGS, min_size=3, max_size=5, unique=True),
    },
    optional={"plan": STEPS.map(lambda plan: [{"step": number, **item} for number, item in enumerate(plan, start=1)])},
)
REASONS = st.fixed_dictionaries({"group_id": st.sampled_from(["g1", "g2", "g3"]), "reason": TEXTS})
REPLIES = st.fixed_dictionaries(
    {"reply": TEXTS, "options": st.lists(TEXTS.map(lambda text: text[:20].strip() or "a"), max_size=5)},
    optional={"recommendation": st.none() | REASONS},
)


@given(st.sampled_from(CASES), MEETINGS, REPLIES)
def test_no_answer_that_meets_the_schema_is_too_odd_to_judge(
    case: Case, meeting: dict[str, Any], reply: dict[str, Any]
) -> None:
    """Whatever the verdicts, there is one for each check that applies, and the limits are kept."""
    chain = chain_of(case)
    known = json.loads(json.dumps(meeting if chain == "meeting_info" else reply))
    result = MeetingInfo if chain == "meeting_info" else ChatReply
    value = result.model_validate(known).model_dump(mode="json")
    found = judged(chain, case, value)
    assert set(found) == set(judged(chain, case, None))
    assert not [name for name, why in found.items() if name.startswith("limits-") and why]
    assert all(why is None or why.strip() for why in found.values())


@pytest.mark.parametrize("case", CASES, ids=range(len(CASES)))
def test_a_good_answer_breaks_nothing(case: Case) -> None:
    if case.input.get("want") == "recommendation":
        chosen = {"group_id": "g1", "reason": "한강을 천천히 달리는 모임이에요."}
        assert not any(verdicts(case, recommendation=chosen).values())
    else:
        assert not any(verdicts(case).values())


@pytest.mark.parametrize("case", CASES, ids=range(len(CASES)))
def test_a_run_that_did_not_complete_breaks_all_that_applies(case: Case) -> None:
    unfinished = judged(chain_of(case), case, None)
    assert set(unfinished.values()) == {UNFINISHED}
    assert set(unfinished) == set(verdicts(case))


def test_checks_are_known_by_slugs_and_told_in_sentences() -> None:
    names = [check.name for check in CHECKS]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[a-z]+(?:[-_][a-z]+)*", name) for name in names)
    assert all(re.fullmatch(r"[A-Z][^\n]+\.", check.about) for check in CHECKS)


def test_every_check_is_asked_of_some_of_our_cases() -> None:
    asked = {
        name
        for chain in get_args(ChainName)
        for language in get_args(Language)
        for case in load_cases(chain, language)
        for name in judged(chain, case, None)
    }
    assert asked == {check.name for check in CHECKS}


@pytest.mark.parametrize(
    ("result", "field"),
    [(MeetingInfo, "name"), (MeetingInfo, "summary"), (MeetingInfo, "description"), (ChatReply, "reply")],
)
def test_a_text_may_be_as_long_as_the_schema_says_and_no_longer(result: Any, field: str) -> None:
    longest = result.model_json_schema()["properties"][field]["maxLength"]
    case = goal() if result is MeetingInfo else chat()
    assert not found(f"limits-{field}", case, **{field: "가" * longest})
    assert not found(f"limits-{field}", case, **{field: f" {'가' * longest}\n"})  # trimmed, as everywhere
    assert found(f"limits-{field}", case, **{field: "가" * (longest + 1)})
    assert found(f"limits-{field}", case, **{field: ""})


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", "두\n줄"),
        ("category", "운동"),
        ("period", "한 달"),
        ("tags", ["하나", "둘"]),
        ("tags", ["가", "나", "다", "라", "마", "바"]),
        ("tags", ["가", "나", "가"]),
        ("tags", ["가", "나 다", "라"]),
        ("tags", ["가", "나", "다" * 11]),
        ("max_members", 1),
        ("max_members", 101),
        ("plan", []),
        ("plan", [{"step": 2, "title": "걷기", "details": []}]),
        ("plan", [{"step": 1, "title": "걷기" * 21, "details": []}]),
        ("plan", [{"step": 1, "title": "걷기", "details": ["가" * 81]}]),
        ("plan", [{"step": 1, "title": "걷기", "details": ["가", "나", "다", "라"]}]),
    ],
)
def test_every_other_limit_of_a_form_is_the_schemas(field: str, value: Any) -> None:
    broken = {name for name, why in verdicts(goal(), **{field: value}).items() if why and name.startswith("limits-")}
    assert broken == {f"limits-{field}"}


@pytest.mark.parametrize("options", [["가" * 21], ["가"] * 6, [""], ["두\n줄"]])
def test_options_are_few_and_short(options: list[str]) -> None:
    assert found("limits-options", chat(), options=options)


def test_a_reason_has_its_limit_and_a_missing_field_is_missed() -> None:
    request = chat(want="recommendation", candidates=GROUPS)
    assert found("limits-recommendation", request, recommendation={"group_id": "g1", "reason": "가" * 401})
    assert judged("meeting_info", goal(), {})["limits-name"] == "name: Field required"


def test_what_the_user_gave_has_no_limits_to_keep() -> None:
    given = goal(name="느린 산책", max_members=9, plan=[{"step": 1, "title": "걷기", "details": []}])
    assert not {"limits-name", "limits-max_members", "limits-plan"} & set(verdicts(given))
    assert "limits-plan" not in verdicts(goal(include_plan=False))
    assert "limits-recommendation" not in verdicts(chat(candidates=GROUPS))


def _examples(prompt: Prompt) -> list[tuple[str, str]]:
    """The exchanges that a prompt shows to the model: what was asked, what was answered."""
    turns = [(turn.type, str(turn.content)) for turn in prompt.template.format_messages(**_variables(prompt))]
    return [(said, answered) for (one, said), (other, answered) in pairwise(turns) if (one, other) == ("human", "ai")]


def _variables(prompt: Prompt) -> dict[str, Any]:
    return {name: [] if name == "messages" else "" for name in prompt.template.input_variables}


def _shown(chain: ChainName, language: Language, said: str, answered: str) -> tuple[Case, dict[str, Any]]:
    value = json.loads(answered)
    if chain == "chatbot":
        return chat(said, language=language), value
    goal_said, facts = (json.loads(re.findall(pattern, said)[0]) for pattern in (r'("[^\n]+")', r"(\{[^\n]*\})"))
    for number, step in enumerate(value.get("plan", []), start=1):
        step["step"] = number
    return goal(goal_said, language=language, include_plan="plan" in value, **facts), {**facts, **value}


SHOWN = [
    (chain, prompt.about.language, *example)
    for chain in get_args(ChainName)
    for prompt in prompts_of(chain).values()
    for example in _examples(prompt)
]


def test_there_are_examples_in_our_prompts() -> None:
    assert {chain for chain, *_ in SHOWN} == set(get_args(ChainName))


@pytest.mark.parametrize("shown", SHOWN)
def test_nothing_is_wrong_with_the_examples_in_our_prompts(shown: tuple[ChainName, Language, str, str]) -> None:
    case, value = _shown(*shown)
    verdict = judged(shown[0], case, value)
    assert not {name: why for name, why in verdict.items() if why}


@pytest.mark.parametrize(
    ("model", "case"), [("form", goal("일요일 등산 모임")), ("chat", chat("주말에 심심해요", want="question"))]
)
def test_nothing_is_wrong_with_the_demos_answers(model: str, case: Case) -> None:
    replies = yaml.safe_load((ROOT / "demo.yaml").read_text(encoding="utf-8"))["models"][model]["replies"]
    for reply in replies:
        assert not {name: why for name, why in judged(chain_of(case), case, json.loads(reply)).items() if why}
