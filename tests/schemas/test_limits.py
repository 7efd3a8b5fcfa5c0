"""Every limit of every field that crosses a boundary: held at its edge, broken one step over it."""

import json
from typing import Any, NamedTuple, get_args

import pytest
from pydantic import BaseModel, ValidationError

from schemas import Category, ChatReply, ChatRequest, MeetingInfo, MeetingRequest, Period
from tests.chains.answers import CANDIDATES, CHAT, GOAL, MEETING, PLAN, REPLY


class Limit(NamedTuple):
    """A field, values that keep to its limits, and values that break them."""

    field: str
    held: list[Any]
    broken: list[Any]


def letters(count: int) -> str:
    """So many characters, none of them in ASCII: limits count characters, not bytes."""
    return "가" * count


def step(**changes: Any) -> dict[str, Any]:
    return {"step": 1, "title": "첫 만남", "details": []} | changes


def steps(count: int) -> list[dict[str, Any]]:
    return [step(step=number) for number in range(1, count + 1)]


def words(count: int) -> list[str]:
    return [f"말{number}" for number in range(count)]


def said(*contents: str, role: str = "user") -> list[dict[str, str]]:
    return [{"role": role, "content": content} for content in contents]


def groups(count: int, **changes: Any) -> list[dict[str, Any]]:
    return [{"id": f"g{number}", "name": "모임"} | changes for number in range(count)]


LINE_BREAKS = ["두\n줄", "두 끝에\n\n", "\n", "두\r\n줄", "두\u2028줄", "두\u0085줄"]

MEETING_FIELDS = [
    Limit("name", [letters(1), letters(64), "이름 ☕"], ["", letters(65), *LINE_BREAKS, 5]),
    Limit("category", list(get_args(Category)), ["", "운동", "스포츠 ", 0]),
    Limit("summary", [letters(1), letters(50)], ["", letters(51), *LINE_BREAKS]),
    Limit("description", [letters(1), letters(400), "두\n줄"], ["", letters(401), ["가"]]),
    Limit(
        "tags",
        [words(3), words(5), [letters(10), "b", "c"], ["가-나", "c++", "é"]],
        [[], words(2), words(6), ["a", "b", "a"], ["", "a", "b"], [letters(11), "a", "b"], "abc"],
    ),
    Limit(
        "tags",
        [["러닝", "한강", "초보"]],
        [["#a", "b", "c"], ["a b", "b", "c"], ["a\u3000b", "b", "c"], ["a\n", "b", "c"]],
    ),
    Limit("period", list(get_args(Period)), ["2개월", "", 3]),
    Limit("max_members", [2, 100], [1, 101, 0, -5, 2.5, "many"]),
    Limit("plan", [steps(1), steps(8)], [[], steps(9), steps(2)[1:], steps(3)[::2], steps(2)[::-1], [step(step=0)]]),
    Limit("plan", [[step(title=letters(40))]], [[step(title="")], [step(title=letters(41))], [step(title="a\nb")]]),
    Limit(
        "plan",
        [[step(details=[letters(1), letters(80), "c"])]],
        [[step(details=words(4))], [step(details=[""])], [step(details=[letters(81)])], [step(details=["a\nb"])]],
    ),
]

REQUEST_FIELDS = [
    Limit("goal", [letters(1), letters(256), "두\n줄"], ["", letters(257), None]),
    Limit("location", [letters(1), letters(255), None], ["", letters(256)]),
    Limit("include_plan", [True, False], [None, "perhaps"]),
    Limit("language", ["ko", "en", None], ["", "KO", "jp"]),
]

CHAT_FIELDS = [
    Limit("messages", [said("a"), said(*["a"] * 50)], [[], said(*["a"] * 51), None, "a"]),
    Limit("messages", [said(letters(1)), said(letters(2000))], [said(""), said(letters(2001))]),
    Limit("messages", [said("a", role="assistant") + said("a")], [said("a") + said("a", role="assistant")]),
    Limit("messages", [], [said("a", role="system") + said("a"), [{"role": "user", "content": "a", "name": "b"}]]),
    Limit("candidates", [[], groups(1), groups(50)], [groups(51), groups(2, id="same"), None]),
    Limit("candidates", [groups(1, id=letters(64))], [groups(1, id=""), groups(1, id=letters(65)), groups(1, id=7)]),
    Limit("candidates", [groups(1, name=letters(64))], [groups(1, name=""), groups(1, name=letters(65))]),
    Limit("candidates", [groups(1, summary=letters(400)), groups(1, summary="")], [groups(1, summary=letters(401))]),
    Limit(
        "candidates",
        [groups(1, tags=[letters(40)] * 10), groups(1, colour="a group may say more of itself")],
        [groups(1, tags=words(11)), groups(1, tags=[letters(41)])],
    ),
    Limit("want", ["reply", "question", "recommendation"], ["", "answer", None]),
    Limit("language", ["ko", "en", None], ["", "de"]),
]


def recommended(**changes: Any) -> dict[str, Any]:
    return {"group_id": "g1", "reason": "좋아요"} | changes


REPLY_FIELDS = [
    Limit("reply", [letters(1), letters(2000)], ["", letters(2001), None]),
    Limit("options", [[], words(5), [letters(20)]], [words(6), [""], [letters(21)], ["a\nb"], None]),
    Limit("recommendation", [None, recommended()], [-1, "-1", "g1", {}, {"group_id": "g1"}, {"reason": "좋아요"}]),
    Limit(
        "recommendation", [recommended(reason=letters(400))], [recommended(reason=""), recommended(reason=letters(401))]
    ),
    Limit("recommendation", [recommended(group_id=letters(64))], [recommended(group_id=""), recommended(group_id=-1)]),
]

CASES: list[tuple[type[BaseModel], dict[str, Any], list[Limit]]] = [
    (MeetingInfo, MEETING | {"plan": PLAN}, MEETING_FIELDS),
    (MeetingRequest, GOAL, MEETING_FIELDS + REQUEST_FIELDS),
    (ChatRequest, CHAT | {"candidates": CANDIDATES}, CHAT_FIELDS),
    (ChatReply, REPLY, REPLY_FIELDS),
]
TABLE = [(model, whole, limit) for model, whole, limits in CASES for limit in limits]
IDS = [f"{model.__name__}-{limit.field}-{number}" for number, (model, _, limit) in enumerate(TABLE)]

each_limit = pytest.mark.parametrize(("model", "whole", "limit"), TABLE, ids=IDS)


@each_limit
def test_a_value_within_the_limit_is_kept_as_it_is(model: type[BaseModel], whole: dict[str, Any], limit: Limit) -> None:
    for value in limit.held:
        kept = model.model_validate_json(json.dumps(whole | {limit.field: value}))
        dumped = kept.model_dump(mode="json", exclude_unset=True).get(limit.field)
        assert dumped == value or isinstance(value, list)  # a candidate's own further words are not kept


@each_limit
def test_a_value_beyond_the_limit_is_refused_at_its_place(
    model: type[BaseModel], whole: dict[str, Any], limit: Limit
) -> None:
    for value in limit.broken:
        with pytest.raises(ValidationError) as caught:
            model.model_validate_json(json.dumps(whole | {limit.field: value}))
        assert {error["loc"][0] for error in caught.value.errors()} == {limit.field}, value


@pytest.mark.parametrize(("model", "whole", "limits"), CASES, ids=[model.__name__ for model, *_ in CASES])
def test_every_field_has_its_limits_here(model: type[BaseModel], whole: dict[str, Any], limits: list[Limit]) -> None:
    assert {limit.field for limit in limits} == set(model.model_fields)


@pytest.mark.parametrize(("model", "whole", "limits"), CASES, ids=[model.__name__ for model, *_ in CASES])
def test_a_field_that_nobody_knows_is_refused(
    model: type[BaseModel], whole: dict[str, Any], limits: list[Limit]
) -> None:
    model.model_validate(whole)
    with pytest.raises(ValidationError) as caught:
        model.model_validate(whole | {"colour": "red"})
    assert [error["type"] for error in caught.value.errors()] == ["extra_forbidden"]


@pytest.mark.parametrize("field", ["name", "summary", "description"])
def test_a_model_s_blanks_are_trimmed_and_a_user_s_are_not(field: str) -> None:
    said = json.dumps({field: "\u3000 산책 \n"})
    assert MeetingInfo.model_validate_json(json.dumps(MEETING | json.loads(said))).model_dump()[field] == "산책"
    given = MeetingRequest.model_validate_json(json.dumps(GOAL | {field: " 산책 "}))
    assert given.model_dump()[field] == " 산책 "


def test_a_line_end_of_the_user_s_own_is_refused() -> None:
    with pytest.raises(ValidationError):
        MeetingRequest.model_validate(GOAL | {"name": "끝에\n"})


def test_a_plan_that_is_not_there_is_an_absent_key() -> None:
    assert "plan" not in MeetingInfo.model_validate(MEETING).model_dump()
    assert MeetingInfo.model_validate(MEETING | {"plan": PLAN}).model_dump()["plan"] == PLAN


def test_a_recommendation_that_is_not_there_is_null() -> None:
    assert ChatReply.model_validate(REPLY).model_dump()["recommendation"] is None
