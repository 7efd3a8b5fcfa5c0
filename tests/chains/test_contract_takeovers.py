"""The contract over runs that break off: behind any event, in any attempt, with pins and without, once and again."""

import asyncio
import json
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from langchain_core.runnables import RunnableLambda
from pydantic import ValidationError

from chains import Check
from chains.ask import names
from schemas import Code, Complete, Event, FieldSettled, Reset, to_pointer
from tests.chains import contract
from tests.chains.answers import script_of
from tests.chains.contract import Promise, hold
from tests.chains.contract_state import name_at
from tests.chains.generated_runs import Case, cases
from tests.chains.parsing import exact
from tests.chains.projecting import Run, of
from tests.chains.taking_over import chain_for, gone_on, progress_of, reset_behind
from tests.chains.test_contract_promises import ASK, FIRST, SECOND, Doctor, Sample, field, numbered, where

few = settings(max_examples=max(20, settings().max_examples // 5))
passes: Check = RunnableLambda(lambda value: None)


async def taken_over(case: Case, past: Sequence[Event]) -> list[Event]:
    """The log of a case's run that broke off behind these events: the model that is asked now makes no mistake."""
    checks: dict[str, Any] = {"check_output": passes, "checked": case.checked} if case.checked else {}
    chain = chain_for(case.ask, json.dumps(case.said), repairs=len(case.attempts) - 1, **checks)
    log = await gone_on(chain, past)
    assert_asked_for_what_is_open(case, script_of(chain.model).calls, of(Reset, log[len(past) :]))
    assert_nothing_is_lost(case, past, log)
    return log


def assert_asked_for_what_is_open(case: Case, calls: Sequence[Any], resets: Sequence[Reset]) -> None:
    """Each call asks for the wanted fields that are not kept; where none are left, there is no call."""
    left = [[name for name in names(case.ask.wanted) if to_pointer((name,)) not in reset.keep] for reset in resets]
    schemas = [arguments["response_format"]["json_schema"]["schema"] for _, arguments in calls]
    assert [[*schema["properties"]] for schema in schemas] == [wanted for wanted in left if wanted]


def assert_nothing_is_lost(case: Case, past: Sequence[Event], log: Sequence[Event]) -> None:
    """The value in the end is what was kept and what the model writes now, if that can be one at all."""
    before, reset, end = progress_of(past), reset_behind(past, log), log[-1]
    kept = {name_at(pointer): before.value[name_at(pointer)] for pointer in reset.keep}
    assert kept.keys() >= {name_at(path) for path in before.settled if path.count("/") == 1} - before.doubted
    known = {**case.result.settled(case.said), **case.ask.defaults, **case.ask.given, **kept}
    whole = {name: known[name] for name in case.ask.fields}
    if fits(case, whole):
        assert isinstance(end, Complete), end
        assert json.dumps(exact(end.value)) == json.dumps(exact(whole))  # in the same order, too
        assert (end.attempts, end.repaired) == (before.attempt + 1, before.repairs > 0)
    else:
        assert not isinstance(end, Complete) or end.attempts > before.attempt + 1


def fits(case: Case, whole: dict[str, Any]) -> bool:
    """Whether the fields can stand together: some are of another answer than others."""
    try:
        case.ask.result.model_validate_json(json.dumps(whole), strict=True)
    except ValidationError:
        return False
    return True


@given(cases())
@few
def test_a_run_is_gone_on_with_behind_every_event(case: Case) -> None:
    events = case.play().events

    async def every() -> None:
        for place in range(1, len(events)):
            await taken_over(case, events[:place])

    asyncio.run(every())


@given(cases(), st.data())
@settings(max_examples=2 * few.max_examples)
def test_who_goes_on_with_a_run_may_be_lost_as_well(case: Case, data: st.DataObject) -> None:
    log = case.play().events
    for _ in range(3):
        log = asyncio.run(taken_over(case, log[: data.draw(st.integers(1, len(log) - 1))]))


# -- the contract can be broken by a takeover, too ---------------------------------------------------------------------


def broken_off() -> list[Event]:
    """A repaired run that broke off, behind a pin over what was kept, in the middle of a list; and how it went on."""
    run = Run(ASK, repairs=1).feed(FIRST, every=0.2).again()
    run.pin("/tags", ["mine"])
    past = run.feed(SECOND[:2], every=0.2).events
    rest = '{"plan": [], "low": 1, "high": 2}'
    return asyncio.run(gone_on(chain_for(ASK, rest), past))


def untold() -> list[Event]:
    """A run that broke off behind `start`, before what is given was told."""
    answer = '{"name": "n", "tags": [], "motto": "m", "plan": [], "low": 1, "high": 2}'
    return asyncio.run(gone_on(chain_for(ASK, answer), Run(ASK).events[:1]))


def test_what_is_to_be_spoilt_is_sound() -> None:
    [repair, takeover] = of(Reset, broken_off())
    assert (repair.reason, takeover.reason) == (Code.INVALID_OUTPUT, Code.WORKER_LOST)
    assert takeover.keep == ("/place", "/name", "/tags", "/motto")
    [given, *_] = of(FieldSettled, untold())
    assert (given.seq, given.path, given.source) == (3, "/place", "given")


def taken(**changes: Any) -> Doctor:
    """The `reset` of the takeover says something else."""

    def doctor(events: list[Event]) -> list[Event]:
        at = max(index for index, event in enumerate(events) if isinstance(event, Reset))
        return [*events[:at], events[at].model_copy(update=changes), *events[at + 1 :]]

    return doctor


def at_the_end(**changes: Any) -> Doctor:
    return lambda events: [*events[:-1], events[-1].model_copy(update=changes)]


def given_late(events: list[Event]) -> list[Event]:
    """What is given is told only when the model has told something."""
    at = where(events, "field", "/place")
    later = where(events, "field", "/name") + 1
    return numbered([*events[:at], *events[at + 1 : later], events[at], *events[later:]])


def kept_again(events: list[Event]) -> list[Event]:
    """A field that was kept settles once more."""
    at = where(events, "complete")
    return numbered([*events[:at], field("/motto", "together we run on"), *events[at:]])


BROKEN: list[tuple[Callable[[], list[Event]], Promise, Doctor]] = [
    (broken_off, contract.reset_keeps_what_settled, taken(keep=("/place", "/name", "/motto"))),
    (broken_off, contract.reset_keeps_what_settled, taken(keep=("/place", "/tags", "/motto"))),
    (broken_off, contract.reset_keeps_what_settled, taken(keep=("/place", "/name", "/tags"))),
    (broken_off, contract.reset_keeps_what_settled, taken(keep=("/name", "/tags", "/motto"))),
    (broken_off, contract.reset_keeps_what_settled, taken(keep=("/place", "/name", "/tags", "/motto", "/plan"))),
    (broken_off, contract.reset_says_why, taken(attempt=2)),
    (broken_off, contract.reset_says_why, taken(reason=Code.UPSTREAM_CUT)),
    (broken_off, contract.complete_is_whole_and_valid, at_the_end(repaired=False)),
    (broken_off, contract.complete_is_whole_and_valid, at_the_end(attempts=2)),
    (broken_off, contract.what_settled_stays, kept_again),
    (untold, contract.complete_is_whole_and_valid, at_the_end(repaired=True)),
    (untold, contract.given_first_and_defaults_last, given_late),
]


@pytest.mark.parametrize(
    ("made", "promise", "doctor"), BROKEN, ids=[f"{row[1].__name__}-{number}" for number, row in enumerate(BROKEN)]
)
def test_a_takeover_that_breaks_a_promise_is_found_out(
    made: Callable[[], list[Event]], promise: Promise, doctor: Doctor
) -> None:
    hold(made(), Sample, [promise])
    with pytest.raises(AssertionError):
        hold(doctor(made()), Sample, [promise])
