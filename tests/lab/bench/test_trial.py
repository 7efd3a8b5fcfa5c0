"""A run's figures, folded from its events."""

from typing import Any

import pytest

from chains import meeting_info
from chains.limits import Limits
from chains.recording import Recorded
from lab.bench.trial import Trial
from schemas import Breach, Code, Event, Failed, RequestError, Usage
from tests.chains.answers import GOAL, MEETING, model_saying, text
from tests.lab.bench.trials import (
    KO,
    LONG_SUMMARY,
    TOO_LONG,
    cases,
    complete,
    failure,
    field,
    invalid,
    reset,
    token,
    trial,
)

WRITTEN = {name: MEETING[name] for name in ("summary", "description", "tags", "period", "max_members")}


async def run(*replies: str | dict[str, Any], repairs: int = 1, **given: Any) -> Trial:
    """A real run of the chain on these answers, the times counted from 0."""
    chain = meeting_info.build(model_saying(*replies), Limits(repairs=repairs))
    events = [event async for event in chain.astream_typed({**GOAL, **given}, hold=0)]
    told = tuple(Recorded(number, event) for number, event in enumerate(events))
    return Trial(cases()[0], KO, "script", 0, 1, {}, told, cached=False)


async def test_a_run_that_completes_at_once() -> None:
    done = await run(text(MEETING))
    assert (done.complete, done.value, done.code, done.outcome) == (True, MEETING, None, "complete")
    assert (done.attempts, done.repaired, done.breaches, done.reasons) == (1, False, (), ())
    assert done.drafts == (MEETING,)
    assert done.model_name == "scripted"
    assert done.usage is not None


async def test_a_run_that_is_repaired_remembers_what_was_wrong_before() -> None:
    done = await run(text(LONG_SUMMARY), text(WRITTEN))
    assert (done.complete, done.repaired, done.outcome, done.attempts) == (True, True, "repaired", 2)
    assert [(breach.path, breach.rule) for breach in done.breaches] == [("/summary", "string_too_long")]
    assert done.reasons == (Code.INVALID_OUTPUT,)
    void, rest = done.drafts
    assert void == {"summary": "가" * 51}  # stopped at its limit; what the repair keeps is not said twice
    assert rest == MEETING


async def test_a_run_that_fails_tells_each_broken_rule_of_each_attempt_once() -> None:
    done = await run(text(LONG_SUMMARY), text(WRITTEN | {"summary": "가" * 60, "max_members": 1000}))
    assert (done.complete, done.value, done.code, done.outcome) == (
        False,
        None,
        Code.INVALID_OUTPUT,
        "invalid_output",
    )
    assert [breach.path for breach in done.breaches] == ["/summary", "/summary", "/max_members"]
    assert not done.repaired
    assert done.usage is None


async def test_what_the_user_gave_is_not_the_models() -> None:
    done = await run(text({name: item for name, item in MEETING.items() if name != "name"}), name="우리 모임")
    assert "name" not in done.drafts[-1]
    assert "/name" not in done.field_ms
    assert done.value is not None
    assert done.value["name"] == "우리 모임"


async def test_an_answer_that_is_no_object_gives_its_code_for_a_reason() -> None:
    done = await run("No.", text(MEETING))
    assert (done.reasons, done.breaches, done.repaired) == ((Code.NOT_JSON,), (), True)


def test_times_are_those_of_the_events() -> None:
    done = trial(
        (40, token("/name", "한")),
        (60, field("/name", 55)),
        (70, field("/tags/0", 65)),
        (80, field("/tags", 75, ["a"])),
        (90, complete()),
    )
    assert (done.first_token_ms, done.field_ms, done.total_ms) == (40, {"/name": 55, "/tags": 75}, 90)


def test_a_field_that_is_held_is_the_first_that_a_reader_sees() -> None:
    assert (
        trial((5, field("/name", 5, source="given")), (30, field("/category", 30)), (90, complete())).first_token_ms
        == 30
    )
    assert trial((90, failure(Code.UPSTREAM_CUT))).first_token_ms is None


def test_a_fields_time_is_that_of_the_attempt_that_it_stands_from() -> None:
    done = trial(
        (10, field("/name", 10)),
        (20, field("/summary", 20)),
        (30, invalid(TOO_LONG)),
        (40, reset("/name")),
        (50, field("/summary", 50)),
        (60, complete(attempts=2)),
    )
    assert done.field_ms == {"/name": 10, "/summary": 50}


def test_a_breach_that_only_the_end_tells_is_told() -> None:
    other = Breach(path="/name", rule="repeated", message="Twice.")
    done = trial((10, invalid(TOO_LONG)), (20, failure(Code.DUPLICATE_KEY, TOO_LONG, other)))
    assert done.breaches == (TOO_LONG, other)


@pytest.mark.parametrize("error", [RequestError("No."), RequestError("No.", code=Code.REQUEST_TOO_LARGE)])
def test_a_run_that_was_refused_before_it_began_has_nothing_but_its_code(error: RequestError) -> None:
    events: tuple[Event, ...] = (Failed.by(error, seq=1, partial={}),)
    done = Trial(cases()[0], KO, "m", 0, 1, {}, tuple(Recorded(0, event) for event in events), cached=False)
    assert (done.code, done.complete, done.model_name, done.spoke) == (error.code, False, "", False)
    assert (done.first_token_ms, done.field_ms, done.drafts, done.attempts) == (None, {}, ({},), 1)


def test_usage_is_what_the_server_counted() -> None:
    usage = Usage(input_tokens=1, output_tokens=2, total_tokens=3, uncounted=1)
    assert trial((9, complete(usage=usage))).usage == usage
