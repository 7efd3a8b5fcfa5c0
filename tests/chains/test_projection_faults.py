"""What the projection makes of answers that are not what was asked for: one terminal, the right code, nothing lost."""

import json
from typing import Any

import pytest

from chains.ask import Ask
from chains.chatbot import ask as ask_chat
from chains.meeting_info import ask as ask_meeting
from schemas import (
    TERMINAL,
    ChatRequest,
    Code,
    Complete,
    Event,
    Failed,
    FieldSettled,
    Fold,
    Invalid,
    MeetingRequest,
    Token,
    to_json,
)
from tests.chains.answers import CHOOSING, GOAL, MEETING, PLAN, RECOMMENDING, STEPS, text, without
from tests.chains.projecting import of, project


def meeting(**said: Any) -> Ask:
    return ask_meeting(MeetingRequest.model_validate(GOAL | said))


def choosing() -> Ask:
    return ask_chat(ChatRequest.model_validate(CHOOSING))


def failure_of(events: list[Event]) -> Failed:
    """The failed end, once it is sure that it is the only one, tells the whole of what came, and can be sent."""
    assert [event.type in TERMINAL for event in events] == [False] * (len(events) - 1) + [True]
    last = events[-1]
    assert isinstance(last, Failed), last
    fold = Fold()
    for event in events[:-1]:
        fold.apply(event)
    assert last.partial == fold.value
    to_json(last)
    return last


def rules_of(failed: Failed) -> dict[str, str]:
    return {breach.path: breach.rule for breach in failed.errors or ()}


# -- the text ends early -----------------------------------------------------------------------------------------------

WHOLE = text(MEETING | {"plan": STEPS})


@pytest.mark.parametrize(
    ("finish_reason", "code"),
    [
        ("length", Code.TRUNCATED),
        ("content_filter", Code.CONTENT_FILTER),
        ("stop", Code.NOT_JSON),
        ("tool_calls", Code.NOT_JSON),
        (None, Code.UPSTREAM_CUT),
    ],
)
def test_a_text_that_ends_anywhere_too_early_fails_by_its_finish_reason(finish_reason: str | None, code: Code) -> None:
    for end in range(len(WHOLE) - 1):
        assert failure_of(project(meeting(include_plan=True), WHOLE[:end], finish_reason)).code is code


@pytest.mark.parametrize("rest", ["", ",", ',"junk":', ",,}", "]", '"', ',"name":"again"}'])
@pytest.mark.parametrize("finish_reason", ["length", "stop", None])
def test_an_answer_is_whole_once_every_field_has_closed(rest: str, finish_reason: str | None) -> None:
    end = project(meeting(include_plan=True), WHOLE[:-1] + rest, finish_reason)[-1]
    assert isinstance(end, Complete)
    assert (end.value, end.finish_reason) == (MEETING | {"plan": PLAN}, finish_reason)


@pytest.mark.parametrize("finish_reason", ["length", "stop", None])
def test_a_whole_object_is_complete_whatever_ended_it(finish_reason: str | None) -> None:
    end = project(meeting(include_plan=True), WHOLE, finish_reason)[-1]
    assert isinstance(end, Complete)
    assert (end.value, end.finish_reason) == (MEETING | {"plan": PLAN}, finish_reason)


def test_a_whole_object_is_no_answer_when_the_provider_filtered_it() -> None:
    failed = failure_of(project(meeting(), text(MEETING), "content_filter"))
    assert (failed.code, failed.partial) == (Code.CONTENT_FILTER, MEETING)


# -- refusals and junk -------------------------------------------------------------------------------------------------


def test_a_refusal_is_told_in_the_models_words_but_not_all_of_them() -> None:
    failed = failure_of(project(meeting(), "", refusal="I cannot help with that. " * 100))
    assert failed.code is Code.REFUSED
    assert "I cannot help with that." in failed.message
    assert len(failed.message) < 600


@pytest.mark.parametrize("said", ["", "   ", "I cannot do that.", "[1, 2, 3]", text([MEETING]), '"text"', "null", "12"])
def test_what_is_no_object_is_not_json(said: str) -> None:
    assert failure_of(project(meeting(), said)).code is Code.NOT_JSON


@pytest.mark.parametrize(
    "broken",
    ['{"name": 한강}', '{"name": "a\nb"}', "{'name': 'a'}", '{"name": NaN}', '{"name" "a"}', '{"name": "a",}'],
)
def test_what_is_not_json_fails_where_it_stands(broken: str) -> None:
    failed = failure_of(project(meeting(), broken + text(MEETING)))
    assert failed.code is Code.NOT_JSON


def test_what_came_before_the_junk_is_kept() -> None:
    failed = failure_of(project(meeting(), '{"name": "한강 러닝", "summary": "함께 \x00'))
    assert failed.partial == {"name": "한강 러닝", "summary": "함께 "}


@pytest.mark.parametrize("said", ['{"name": ' + "[" * 100, '{"name": "' + "a" * (1 << 20)])
def test_what_is_too_deep_or_too_long_is_too_large(said: str) -> None:
    assert failure_of(project(meeting(), said)).code is Code.TOO_LARGE


# -- values that break the schema --------------------------------------------------------------------------------------


BROKEN: dict[str, tuple[str, Any, str, str]] = {
    "name_empty": ("name", "", "/name", "string_too_short"),
    "name_too_long": ("name", "가" * 65, "/name", "string_too_long"),
    "name_two_lines": ("name", "two\nlines", "/name", "value_error"),
    "name_number": ("name", 12, "/name", "string_type"),
    "name_null": ("name", None, "/name", "string_type"),
    "name_list": ("name", ["한강"], "/name", "string_type"),
    "name_object": ("name", {"ko": "한강"}, "/name", "string_type"),
    "category_unknown": ("category", "운동", "/category", "literal_error"),
    "category_number": ("category", 3, "/category", "literal_error"),
    "description_too_long": ("description", "가" * 401, "/description", "string_too_long"),
    "tags_too_few": ("tags", ["하나", "둘"], "/tags", "too_short"),
    "tags_too_many": ("tags", list("abcdef"), "/tags", "too_long"),
    "tags_alike": ("tags", ["하나", "하나", "둘"], "/tags", "value_error"),
    "tag_with_blank": ("tags", ["하나", "둘 셋", "넷"], "/tags/1", "value_error"),
    "tag_too_long": ("tags", ["하나", "둘", "열한글자가넘는긴태그입니다"], "/tags/2", "string_too_long"),
    "tags_string": ("tags", "하나", "/tags", "list_type"),
    "period_unknown": ("period", "2개월", "/period", "literal_error"),
    "members_too_few": ("max_members", 1, "/max_members", "greater_than_equal"),
    "members_too_many": ("max_members", 101, "/max_members", "less_than_equal"),
    "members_float": ("max_members", 12.0, "/max_members", "int_type"),
    "members_string": ("max_members", "12", "/max_members", "int_type"),
    "members_bool": ("max_members", True, "/max_members", "int_type"),
    "plan_empty": ("plan", [], "/plan", "too_short"),
    "plan_too_long": ("plan", STEPS[:1] * 9, "/plan", "too_long"),
    "step_without_details": ("plan", [STEPS[0], {"title": "a"}], "/plan/1/details", "missing"),
    "step_title_too_long": ("plan", [{"title": "가" * 41, "details": []}], "/plan/0/title", "string_too_long"),
    "step_line_too_long": (
        "plan",
        [{"title": "a", "details": ["b", "가" * 81]}],
        "/plan/0/details/1",
        "string_too_long",
    ),
    "step_line_empty": ("plan", [{"title": "a", "details": ["", "b"]}], "/plan/0/details/0", "string_too_short"),
    "step_string": ("plan", ["walk"], "/plan/0", "model_type"),
}


@pytest.mark.parametrize(("field", "value", "path", "rule"), BROKEN.values(), ids=BROKEN)
def test_a_value_that_breaks_its_rules_is_invalid_at_its_place(field: str, value: Any, path: str, rule: str) -> None:
    events = project(meeting(include_plan=True), text(MEETING | {"plan": STEPS, field: value}))
    failed = failure_of(events)
    assert (failed.code, rules_of(failed)) == (Code.INVALID_OUTPUT, {path: rule})
    [invalid] = of(Invalid, events)
    assert (invalid.paths, invalid.errors) == ((path,), failed.errors)
    assert f"/{field}" not in {event.path for event in of(FieldSettled, events)}
    assert {event.path for event in of(FieldSettled, events)} >= {f"/{name}" for name in MEETING if name != field}


def test_behind_a_bad_item_the_rest_of_its_list_is_not_told() -> None:
    plan = [STEPS[0], {"title": "", "details": []}, {"title": "later", "details": ["never told"]}]
    events = project(meeting(include_plan=True), text(MEETING | {"plan": plan}))
    failure_of(events)
    at = next(index for index, event in enumerate(events) if isinstance(event, Invalid))
    assert "/plan/0" in {event.path for event in of(FieldSettled, events)}
    assert not [event for event in of(Token, events[at:]) + of(FieldSettled, events[at:]) if "/plan" in event.path]


def test_every_breach_is_told_once_and_all_of_them_at_the_end() -> None:
    broken = MEETING | {"name": "", "tags": ["#a", "b", "c"], "max_members": 1}
    events = project(meeting(), text(broken))
    assert [invalid.paths for invalid in of(Invalid, events)] == [("/name",), ("/tags/0",), ("/max_members",)]
    assert set(rules_of(failure_of(events))) == {"/name", "/tags/0", "/max_members"}


def test_a_breach_tells_the_rule_and_never_the_value() -> None:
    secret = "비밀번호는 1234" * 8
    for error in failure_of(project(meeting(), text(MEETING | {"name": secret, "period": secret}))).errors or ():
        assert "1234" not in error.message


# -- keys --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", MEETING)
def test_a_missing_key_is_told_as_missing(name: str) -> None:
    failed = failure_of(project(meeting(), text(without(MEETING, name))))
    assert (failed.code, rules_of(failed)) == (Code.INVALID_OUTPUT, {f"/{name}": "missing"})


def test_a_missing_and_a_broken_key_are_told_together() -> None:
    broken = without(MEETING, "name") | {"period": "2개월"}
    assert rules_of(failure_of(project(meeting(), text(broken)))) == {"/period": "literal_error", "/name": "missing"}


def test_keys_that_nobody_asked_for_are_no_part_of_the_object() -> None:
    extra = {"junk": "x", "0": ["y"], "": {"z": 1}, "goal": "mine", "plan": PLAN}
    events = project(meeting(name="given"), text(extra | MEETING | {"name": "the model's"}))
    end = events[-1]
    assert isinstance(end, Complete)
    assert end.value == MEETING | {"name": "given"}
    told = {event.path for event in of(FieldSettled, events) + of(Token, events)}
    assert {path.split("/")[1] for path in told} == set(MEETING)


@pytest.mark.parametrize(
    "twice",
    ['"name":"again"', '"max_members":3', '"\\u006eame":"escaped"'],
)
def test_a_key_that_had_settled_and_comes_again_is_a_failure(twice: str) -> None:
    first, last = text(without(MEETING, "period")), text({"period": MEETING["period"]})
    failed = failure_of(project(meeting(), f"{first[:-1]},{twice},{last[1:]}"))
    assert (failed.code, failed.partial) == (Code.DUPLICATE_KEY, without(MEETING, "period"))
    assert [breach.rule for breach in failed.errors or ()] == ["repeated"]


def test_a_key_that_nobody_asked_for_may_come_again() -> None:
    assert isinstance(project(meeting(), '{"junk":1,"junk":2,' + text(MEETING)[1:])[-1], Complete)


def test_the_first_object_wins() -> None:
    end = project(meeting(), text(MEETING) + text(MEETING | {"name": "second"}) + "Enjoy!")[-1]
    assert isinstance(end, Complete)
    assert end.value == MEETING


# -- a recommendation --------------------------------------------------------------------------------------------------


def test_a_group_nobody_offered_is_invalid_and_never_null() -> None:
    bad = RECOMMENDING | {"recommendation": {"group_id": "-1", "reason": "good"}}
    events = project(choosing(), text(bad))
    assert rules_of(failure_of(events)) == {"/recommendation/group_id": "literal_error"}
    assert "/recommendation" not in {event.path for event in of(FieldSettled, events)}


@pytest.mark.parametrize("recommendation", [RECOMMENDING["recommendation"], None])
def test_a_group_that_was_offered_or_none_is_an_answer(recommendation: Any) -> None:
    end = project(choosing(), json.dumps(RECOMMENDING | {"recommendation": recommendation}))[-1]
    assert isinstance(end, Complete)
    assert end.value["recommendation"] == recommendation
