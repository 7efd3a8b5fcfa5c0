"""Chunks, time and the end of a run: what is held, how long silence may last, what a slow reader gets."""

import asyncio
from contextlib import aclosing
from typing import Any

import pytest

from chains import meeting_info
from chains.limits import Limits
from chains.structured import StructuredChain
from schemas import Code, Complete, Event, Failed, ServerError, Start, Token, UpstreamError
from tests.chains.answers import GOAL, MEETING, QUICK, model_saying, script_of, text
from tests.chains.tap import Tap

HALF = text(MEETING)[: len(text(MEETING)) // 2]


def form(*replies: str | dict[str, Any], limits: Limits = QUICK, **model: Any) -> StructuredChain:
    return meeting_info.build(model_saying(*replies, **model), limits)


async def typed(chain: StructuredChain, hold: float = 1.0) -> list[Event]:
    async with aclosing(chain.astream_typed(GOAL, hold=hold)) as events:
        return [event async for event in events]


def failed(events: list[Event]) -> Failed:
    last = events[-1]
    assert isinstance(last, Failed), last
    assert not [event for event in events[:-1] if event.type in ("complete", "failed")]
    return last


# -- what is held ------------------------------------------------------------------------------------------------------


async def test_start_waits_for_the_first_chunk_even_an_empty_one() -> None:
    tap = Tap()
    events = tap.driven(Limits())
    first = asyncio.ensure_future(anext(events))
    done, _ = await asyncio.wait({first}, timeout=0.05)
    assert not done
    tap.say("")
    assert isinstance(await first, Start)
    await events.aclose()


async def test_start_waits_no_longer_than_it_may() -> None:
    events = Tap().driven(Limits(), hold=0.02)
    assert isinstance(await anext(events), Start)
    await events.aclose()


async def test_what_fails_within_the_hold_is_raised() -> None:
    tap = Tap()
    tap.fail(ConnectionRefusedError())
    with pytest.raises(UpstreamError) as caught:
        await anext(tap.driven())
    assert caught.value.code is Code.UPSTREAM_UNAVAILABLE


async def test_what_fails_behind_the_hold_is_an_event_though_no_chunk_came() -> None:
    tap = Tap()
    events = tap.driven(hold=0)
    assert isinstance(await anext(events), Start)
    tap.fail(ConnectionRefusedError())
    end = failed([event async for event in events])
    assert (end.code, end.partial) == (Code.UPSTREAM_UNAVAILABLE, {})


# -- readers of any speed ----------------------------------------------------------------------------------------------


async def test_what_one_read_brought_is_one_token() -> None:
    tap = Tap()
    tap.say('{"name":"한', "강", " 러닝")
    events = tap.driven()
    assert isinstance(await anext(events), Start)
    token = await anext(events)
    assert isinstance(token, Token)
    assert token.text == "한강 러닝"
    await events.aclose()


async def test_a_slow_reader_gets_all_of_a_fast_answer() -> None:
    tap = Tap()
    tap.say(HALF)
    events: list[Event] = []
    async for event in tap.driven(Limits()):
        events.append(event)
        if len(events) == 2:  # while the reader is busy with the first half, all the rest comes
            tap.say(text(MEETING)[len(HALF) :])
            tap.end()
            await asyncio.sleep(0.01)
    assert isinstance(events[-1], Complete)
    assert (events[-1].value, events[-1].finish_reason) == (MEETING, "stop")


@pytest.mark.parametrize("reason", ["stop", "length", "content_filter"])
async def test_a_slow_reader_learns_how_the_answer_ended(reason: str) -> None:
    tap = Tap()
    tap.say(text(MEETING))
    async for event in tap.driven(Limits()):
        if event.type == "field":  # the object has closed, and while the reader was busy all the rest came
            tap.end(reason)
            await asyncio.sleep(0.01)
    if reason == "content_filter":
        assert isinstance(event, Failed)
        assert event.code is Code.CONTENT_FILTER
    else:
        assert isinstance(event, Complete)
        assert event.finish_reason == reason


async def test_a_slow_reader_is_no_silence_of_the_model() -> None:
    tap = Tap()
    tap.say(HALF)
    events: list[Event] = []
    async for event in tap.driven(Limits(idle=0.05)):
        events.append(event)
        if len(events) == 2:  # what came of the first half keeps the reader busy; the rest is there in time
            tap.say(text(MEETING)[len(HALF) :])
            await asyncio.sleep(0.1)
        elif len(events) == 12:
            tap.end()
    assert isinstance(events[-1], Complete)


# -- silence and time --------------------------------------------------------------------------------------------------


async def test_silence_before_anything_is_raised() -> None:
    with pytest.raises(UpstreamError) as caught:
        await typed(form({"failure": "stall"}))
    assert caught.value.code is Code.UPSTREAM_TIMEOUT


async def test_silence_half_way_fails_and_keeps_what_came() -> None:
    chain = form({"text": HALF, "failure": "stall"})
    end = failed(await typed(chain))
    assert end.code is Code.UPSTREAM_TIMEOUT
    assert end.partial["name"] == MEETING["name"]
    assert script_of(chain.model).stopped_after  # the model was stopped, not left to hang


async def test_a_chunk_without_text_is_no_silence() -> None:
    chunks = [*text(MEETING)[:3], *[""] * 20, text(MEETING)[3:]]
    chain = form({"chunks": chunks}, pace_ms=20, limits=Limits(idle=0.3))
    assert isinstance((await typed(chain))[-1], Complete)


async def test_a_run_that_goes_on_too_long_fails_though_text_still_comes() -> None:
    chain = form(text(MEETING), chunk_size=1, pace_ms=10, limits=Limits(idle=5, total=0.4))
    end = failed(await typed(chain))
    assert (end.code, end.phase) == (Code.TIME_LIMIT, "server")
    assert MEETING["name"].startswith(end.partial["name"])


async def test_a_run_that_goes_on_too_long_fails_though_its_reader_is_the_slower_one() -> None:
    tap = Tap()
    tap.say('{"name":"')
    started = asyncio.get_running_loop().time()
    async for event in tap.driven(Limits(total=0.2)):  # noqa: B007  # the last one is looked at
        tap.say("x", "y")  # there is always more waiting
        await asyncio.sleep(0.01)
        assert asyncio.get_running_loop().time() < started + 2
    assert failed([event]).code is Code.TIME_LIMIT


async def test_the_time_of_the_whole_run_counts_before_the_first_chunk_too() -> None:
    with pytest.raises(ServerError) as caught:
        await typed(form({"failure": "stall"}, limits=Limits(idle=5, total=0.05)))
    assert caught.value.code is Code.TIME_LIMIT


async def test_partials_come_while_the_model_is_silent() -> None:
    tap = Tap()
    tap.say('{"name":"한', "강 ")
    events = tap.driven(Limits(idle=5, snapshot=0.02))
    kinds = [(await anext(events)).type for _ in range(3)]
    tap.say("러닝")
    kinds += [(await anext(events)).type for _ in range(2)]
    assert kinds == ["start", "token", "partial", "token", "partial"]
    await events.aclose()


# -- behind the object -------------------------------------------------------------------------------------------------


async def test_what_the_model_says_behind_its_object_is_read_for_its_end_only() -> None:
    chain = form({"chunks": [text(MEETING), "\n\n", '{"name":"second"}'], "finish_reason": "length"})
    end = (await typed(chain))[-1]
    assert isinstance(end, Complete)
    assert (end.value, end.finish_reason) == (MEETING, "length")
    assert end.usage is not None


@pytest.mark.parametrize("failure", ["cut", "garbled", "unavailable"])
async def test_a_failure_behind_the_object_spoils_nothing(failure: str) -> None:
    end = (await typed(form({"text": text(MEETING), "failure": failure})))[-1]
    assert isinstance(end, Complete)
    assert (end.value, end.finish_reason, end.usage) == (MEETING, None, None)


async def test_a_model_that_says_no_more_behind_its_object_is_not_waited_for() -> None:
    chain = form({"text": text(MEETING), "failure": "stall"}, limits=Limits())
    assert isinstance((await typed(chain))[-1], Complete)
    assert script_of(chain.model).stopped_after
