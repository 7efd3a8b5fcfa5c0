"""A run that another worker began: what is counted, how long it may take, and how it can fail."""

from collections.abc import Sequence
from contextlib import aclosing
from typing import Any

import pytest
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import RunnableLambda
from pydantic import BaseModel

from chains import Ask, Check, Limits, Resumption, StructuredChain
from schemas import Cancelled, Code, Event, Failed, Progress
from tests.chains.answers import model_saying, script_of, text, without
from tests.chains.projecting import Run, brief
from tests.chains.taking_over import (
    ASK,
    CROSSED,
    HALF,
    REST,
    chain_for,
    complete_of,
    failure_of,
    gone_on,
    progress_of,
    resumption_of,
    told,
)
from tests.chains.test_repair import TRIP, Trip

# -- what is counted ---------------------------------------------------------------------------------------------------


async def test_a_takeover_is_an_attempt_that_nobody_counted_and_no_repair() -> None:
    past = told(HALF)
    once = await gone_on(chain_for(ASK, REST), past)
    twice = await gone_on(chain_for(ASK, REST), once[: len(past) + 1])
    for log, attempts in ((once, 2), (twice, 3)):
        end = complete_of(log)
        assert (end.attempts, end.repaired) == (attempts, False)
        assert end.usage
        assert (end.usage.output_tokens, end.usage.uncounted) == (-(-len(REST) // 5), attempts - 1)


async def test_repairs_that_were_made_are_not_to_be_had_again() -> None:
    """And a takeover takes none away."""
    wrong = text({"tags": ["much too long"]})
    repaired = Run(Trip, repairs=1).feed([text(TRIP | {"first": "one"})]).again().feed(['{"first": 1']).events
    first = told(HALF, repairs=1)
    assert failure_of(await gone_on(chain_for(ASK, text({"last": "x"}), REST), repaired)).code is Code.INVALID_OUTPUT
    end = complete_of(await gone_on(chain_for(ASK, text({"first": "x"}), REST), first))
    assert (end.attempts, end.repaired) == (3, True)
    end = complete_of(await gone_on(chain_for(ASK, REST), repaired))
    assert (end.attempts, end.repaired) == (3, True)
    assert failure_of(await gone_on(chain_for(ASK, wrong, REST, repairs=0), told('{"city": "서울"'))).errors


async def test_a_chain_with_fewer_repairs_by_now_goes_on_all_the_same() -> None:
    past = Run(Trip, repairs=2).feed(['{"first": "x"']).again().feed(['{"first": "y"']).again().feed(["{"]).events
    assert complete_of(await gone_on(chain_for(ASK, text(TRIP), repairs=0), past)).attempts == 4
    wrong = chain_for(ASK, text(TRIP | {"first": "z"}), text(TRIP), repairs=0)
    assert failure_of(await gone_on(wrong, past)).code is Code.INVALID_OUTPUT


async def test_the_time_of_a_run_is_counted_from_its_beginning() -> None:
    past = told(HALF)
    log = await gone_on(chain_for(ASK, REST), past, resumption_of(past, began_s=30))
    timings = complete_of(log).timings
    before = progress_of(past).settled
    assert {path: timings.fields[path] for path in before} == before
    assert all(30_000 <= timings.fields[path] < 40_000 for path in ("/first", "/last", "/note"))
    assert 30_000 <= timings.total_ms < 40_000
    assert timings.first_token_ms == before["/city"]


@pytest.mark.parametrize("began_s", [0.0, -5.0])
async def test_time_never_runs_back_whatever_two_clocks_make_of_it(began_s: float) -> None:
    past = Run(Trip).wait(2.5).feed([HALF]).events
    log = await gone_on(chain_for(ASK, REST), past, resumption_of(past, began_s=began_s))
    assert complete_of(log).timings.fields["/first"] > progress_of(past).ms


@pytest.mark.parametrize(
    ("written", "by"),
    [("", None), ('{"city": "서', 7000), ('{"city": "서울",', 31)],
    ids=["nothing", "half a text", "a field"],
)
async def test_when_the_model_first_wrote_is_told_as_well_as_it_is_known(written: str, by: int | None) -> None:
    """Everything else is the user's, so that nobody is asked again."""
    run = Run(Trip).feed([written], every=1 / 32)
    for name in TRIP if by != 31 else without(TRIP, "city"):
        run.pin(f"/{name}", TRIP[name])
    past = run.wait(1).events
    log = await gone_on(chain_for(ASK, "not asked"), past, resumption_of(past, began_s=7))
    assert complete_of(log).timings.first_token_ms == by


# -- the end of its time -----------------------------------------------------------------------------------------------


async def test_a_takeover_that_comes_too_late_ends_the_run() -> None:
    past = told(HALF)
    chain = chain_for(ASK, REST)
    log = await gone_on(chain, past, resumption_of(past, began_s=60))
    assert brief(log[len(past) :]) == [("reset", 2, ["/city", "/tags"], "worker_lost"), ("failed", "time_limit")]
    assert failure_of(log).partial == {"city": "서울", "tags": ["강"]}
    assert not script_of(chain.model).calls


async def test_it_takes_no_longer_than_the_run_still_may() -> None:
    past = told(HALF)
    log = await gone_on(chain_for(ASK, {"failure": "stall"}), past, resumption_of(past, began_s=59.9))
    assert failure_of(log).code is Code.TIME_LIMIT


async def test_silence_is_counted_anew() -> None:
    past = told(HALF)
    limits = Limits(idle=0.05, total=60, snapshot=0)
    log = await gone_on(chain_for(ASK, {"failure": "stall"}, limits=limits), past, resumption_of(past, began_s=50))
    assert failure_of(log).code is Code.UPSTREAM_TIMEOUT


# -- what cannot be gone on with ---------------------------------------------------------------------------------------


class Wish(BaseModel):
    """A request that can be wrong."""

    topic: int


def wishing(ask: Any, **known: Any) -> StructuredChain:
    return StructuredChain(
        name="wish",
        request=Wish,
        result=Trip,
        prompt=ChatPromptTemplate([("user", "{topic}")]),
        model=model_saying(REST),
        ask=ask,
        **known,
    )


async def behind(chain: StructuredChain, past: Sequence[Event], input: Any) -> list[Event]:
    """The events with which a chain goes on."""
    async with aclosing(chain.astream_typed(input, resume=resumption_of(past))) as events:
        return [event async for event in events]


async def test_an_input_that_is_none_any_more_ends_the_run_with_what_had_come() -> None:
    past = told(CROSSED)
    [end] = await behind(wishing(lambda wish: ASK), past, {"topic": "secret"})
    assert isinstance(end, Failed)
    assert (end.seq, end.code, end.partial) == (past[-1].seq + 1, Code.INVALID_REQUEST, progress_of(past).value)
    assert [error.path for error in end.errors or ()] == ["/topic", "/first", "/last"]
    assert "secret" not in end.model_dump_json()


async def test_a_fault_of_the_chain_ends_the_run_and_no_words_of_it_are_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    words = "what the user wrote"

    def ask(wish: Wish) -> Ask:
        raise LookupError(words)

    past = told(HALF)
    [end] = await behind(wishing(ask), past, {"topic": 1})
    assert isinstance(end, Failed)
    assert (end.seq, end.code, end.partial) == (past[-1].seq + 1, Code.INTERNAL, {"city": "서울", "tags": ["강"]})
    assert "LookupError" in caplog.text
    assert words not in caplog.text + end.model_dump_json()


async def test_a_check_that_refuses_the_input_by_now_ends_the_run() -> None:
    refuses: Check = RunnableLambda(lambda value: "Not this.")
    past = told(HALF)
    chain = wishing(lambda wish: Ask(Trip, wanted=Trip, variables={"topic": 1}), check_input=refuses)
    events = await behind(chain, past, {"topic": 1})
    assert brief(events) == [("reset", 2, ["/city", "/tags"], "worker_lost"), ("failed", "refused")]
    assert not script_of(chain.model).calls


async def test_what_is_still_to_come_is_checked_and_what_was_let_pass_is_not_checked_again() -> None:
    seen: list[Any] = []
    past = Run(Trip, checked=("city", "note")).feed([HALF]).pass_all().events
    chain = chain_for(ASK, REST, check_output=RunnableLambda(seen.append), checked=("city", "note"))
    assert complete_of(await gone_on(chain, past)).value["city"] == "서울"
    assert seen == [{"note": ""}]


@pytest.mark.parametrize("failure", ["busy", "cut"])
async def test_what_goes_wrong_with_the_model_is_an_event(failure: str) -> None:
    past = told(HALF)
    log = await gone_on(chain_for(ASK, {"failure": failure}), past)
    assert [event.type for event in log[len(past) :] if event.type != "partial"] == ["reset", "failed"]


def test_only_a_run_that_has_begun_and_not_ended_can_be_gone_on_with() -> None:
    with pytest.raises(ValueError, match="begun"):
        Resumption(Progress(), 0, Code.WORKER_LOST)
    ended = [*told(HALF), Cancelled(seq=9, reason="", partial={})]
    with pytest.raises(ValueError, match="ended"):
        resumption_of(ended)
    with pytest.raises(ValueError, match="reason"):
        resumption_of(told(HALF), reason=Code.INVALID_OUTPUT)


async def test_leaving_stops_the_model() -> None:
    chain = chain_for(ASK, {"failure": "stall", "text": '{"first": 1, '})
    async with aclosing(chain.astream_typed({}, resume=resumption_of(told(HALF)))) as events:
        async for event in events:
            if event.type == "field":
                break
    assert script_of(chain.model).stopped_after == [3]
