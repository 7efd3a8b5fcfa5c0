"""Whatever the model's server does: raised with its code before the first event, exactly one `failed` after it."""

import json
from typing import Any

import pytest

from chains import meeting_info
from chains.structured import StructuredChain
from schemas import TERMINAL, Code, Event, Failed, Fold, OutputError, StreamError
from tests.chains.answers import GOAL, MEETING, QUICK, model_saying, text, without

HALF = '{"name": "한강 러닝", "summary": "함께 달'
CAME = {"name": "한강 러닝", "summary": "함께 달"}

BEFORE: dict[str, Code] = {
    "auth": Code.UPSTREAM_AUTH,
    "busy": Code.UPSTREAM_BUSY,
    "unavailable": Code.UPSTREAM_UNAVAILABLE,
    "timeout": Code.UPSTREAM_TIMEOUT,
    "rejected": Code.UPSTREAM_REJECTED,
    "context": Code.REQUEST_TOO_LARGE,
    "cut": Code.UPSTREAM_UNAVAILABLE,
    "garbled": Code.UPSTREAM_GARBLED,
    "stall": Code.UPSTREAM_TIMEOUT,
}
AFTER = BEFORE | {"cut": Code.UPSTREAM_CUT}
"""A connection that cannot be made, and one that broke, are two things."""

SAID: dict[str, tuple[str | dict[str, Any], Code]] = {
    "nothing": ("", Code.NOT_JSON),
    "prose": ("I would rather not.", Code.NOT_JSON),
    "a list": ("[1]", Code.NOT_JSON),
    "junk inside": ('{"name": oops}', Code.NOT_JSON),
    "too little": (text(without(MEETING, "tags")), Code.INVALID_OUTPUT),
    "a key twice": ('{"name": "a", "name": "b"}', Code.DUPLICATE_KEY),
    "too deep": ('{"name": ' + "[" * 70, Code.TOO_LARGE),
    "cut by its limit": ({"text": HALF, "finish_reason": "length"}, Code.TRUNCATED),
    "ended without a reason": ({"text": HALF, "finish_reason": None}, Code.UPSTREAM_CUT),
    "filtered": ({"text": HALF, "finish_reason": "content_filter"}, Code.CONTENT_FILTER),
    "refused": ({"text": "", "refusal": "I cannot help with that."}, Code.REFUSED),
    "refused half-way": ({"text": HALF, "refusal": "I cannot go on."}, Code.REFUSED),
}


def form(*replies: str | dict[str, Any]) -> StructuredChain:
    return meeting_info.build(model_saying(*replies), QUICK)


async def typed(chain: StructuredChain, hold: float = 1.0) -> list[Event]:
    return [event async for event in chain.astream_typed(GOAL, hold=hold)]


def the_failure(events: list[Event]) -> Failed:
    """The failed end of a run that is well-formed otherwise."""
    assert events[0].type == "start"
    assert [event.type in TERMINAL for event in events] == [False] * (len(events) - 1) + [True]
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    last = events[-1]
    assert isinstance(last, Failed), last
    fold = Fold()
    for event in events[:-1]:
        fold.apply(event)
    assert last.partial == fold.value
    return last


# -- before the first event --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("failure", "code"), BEFORE.items())
async def test_a_failure_before_the_first_chunk_is_raised(failure: str, code: Code) -> None:
    with pytest.raises(StreamError) as caught:
        await typed(form({"failure": failure}))
    assert caught.value.code is code
    assert (caught.value.retry_after_ms is not None) == (code is Code.UPSTREAM_BUSY)


@pytest.mark.parametrize(("failure", "code"), BEFORE.items())
async def test_where_nothing_is_held_it_is_an_event(failure: str, code: Code) -> None:
    end = the_failure(await typed(form({"failure": failure}), hold=0))
    assert (end.code, end.partial) == (code, {})


# -- after it ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("failure", "code"), AFTER.items())
async def test_a_failure_half_way_is_one_event_and_keeps_what_came(failure: str, code: Code) -> None:
    end = the_failure(await typed(form({"text": HALF, "failure": failure})))
    assert (end.code, end.partial) == (code, CAME)


@pytest.mark.parametrize(("reply", "code"), SAID.values(), ids=SAID)
async def test_a_bad_answer_is_one_event(reply: str | dict[str, Any], code: Code) -> None:
    assert the_failure(await typed(form(reply))).code is code


async def test_a_refusal_cut_within_a_character_can_still_be_sent() -> None:
    end = the_failure(await typed(form({"refusal": "No \ud83d"})))
    assert end.message.endswith("No \ufffd")


# -- what the other ways raise -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("reply", "code"), SAID.values(), ids=SAID)
async def test_every_other_way_raises_what_the_events_say(reply: str | dict[str, Any], code: Code) -> None:
    with pytest.raises(StreamError) as from_ainvoke:
        await form(reply).ainvoke(GOAL)
    with pytest.raises(StreamError) as from_invoke:
        form(reply).invoke(GOAL)
    with pytest.raises(StreamError) as from_astream:
        _ = [value async for value in form(reply).astream(GOAL)]
    with pytest.raises(StreamError) as from_stream:
        list(form(reply).stream(GOAL))
    for caught in (from_ainvoke, from_invoke, from_astream, from_stream):
        assert caught.value.code is code


@pytest.mark.parametrize("failure", [failure for failure in AFTER if failure != "stall"])
def test_the_ways_without_a_loop_fail_the_same(failure: str) -> None:
    for reply, code in (({"failure": failure}, BEFORE), ({"text": HALF, "failure": failure}, AFTER)):
        with pytest.raises(StreamError) as caught:
            form(reply).invoke(GOAL)
        assert caught.value.code is code[failure]


def test_what_was_broken_is_told_with_the_exception() -> None:
    with pytest.raises(OutputError) as caught:
        form(text(MEETING | {"max_members": 1, "tags": ["a"]})).invoke(GOAL)
    assert {breach.path for breach in caught.value.details} == {"/max_members", "/tags"}


# -- what must not get out ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("failure", AFTER)
async def test_the_exceptions_own_words_are_never_passed_on(failure: str) -> None:
    end = the_failure(await typed(form({"text": HALF, "failure": failure})))
    assert "scripted" not in json.dumps(end.message)
