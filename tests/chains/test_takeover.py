"""A run that another worker began: what stays, what is in doubt, what the model is asked, and the user's word."""

from contextlib import aclosing

import pytest

from chains import Ask, Pins, StructuredChain, meeting_info
from chains.ask import part_of
from schemas import Code, Event, Reset, Start, Token
from tests.chains.answers import GOAL, MEETING, model_saying, script_of, text, without
from tests.chains.projecting import Run, brief, of
from tests.chains.taking_over import (
    ASK,
    CROSSED,
    HALF,
    REST,
    RUN_ID,
    chain_for,
    complete_of,
    gone_on,
    reset_behind,
    resumption_of,
    told,
)
from tests.chains.test_repair import TRIP, Trip

KNOWN = Ask(Trip, wanted=part_of(Trip, ("city", "tags")), given={"last": 3}, defaults={"first": 1, "note": "by code"})


def call_of(chain: StructuredChain) -> tuple[list[str], list[str]]:
    """The texts of the only call's messages, and the properties that it asks for."""
    [(messages, arguments)] = script_of(chain.model).calls
    schema = arguments["response_format"]["json_schema"]["schema"]
    return [message.text for message in messages], [*schema["properties"]]


# -- what is told ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("reason", [Code.WORKER_LOST, Code.SHUTTING_DOWN])
async def test_what_settled_stays_and_the_rest_comes_behind_a_reset(reason: Code) -> None:
    past = told('{"city": "서울", "tags": ["강", "산"], "first": 1, "la')
    log = await gone_on(chain_for(ASK, text({"last": 3})), past, resumption_of(past, reason=reason))
    assert brief(log[len(past) :]) == [
        ("reset", 2, ["/city", "/tags", "/first"], str(reason)),
        ("model", "/last", 3),
        ("default", "/note", "none"),
        "complete",
    ]
    assert complete_of(log).value == TRIP | {"note": "none"}


@pytest.mark.parametrize("half", ['{"tags": ["강", "산', '{"city": "서울'])
async def test_half_a_list_and_half_a_text_are_void_and_come_again_whole(half: str) -> None:
    past = told(half)
    log = await gone_on(chain_for(ASK, text(TRIP | {"city": "부산", "tags": ["바다"]})), past)
    assert brief(log[len(past) :])[:4] == [
        ("reset", 2, [], "worker_lost"),
        ("token", "/city", "부산"),
        ("model", "/city", "부산"),
        ("model", "/tags/0", "바다"),
    ]


async def test_the_next_event_comes_at_once_and_the_model_may_take_its_time() -> None:
    chain = chain_for(ASK, {"failure": "stall"})
    async with aclosing(chain.astream_typed({}, hold=1000, resume=resumption_of(told(HALF)))) as events:
        assert isinstance(await anext(events), Reset)


async def test_what_is_given_is_told_by_whoever_finds_it_untold() -> None:
    past = told(ask=KNOWN)
    assert [event.type for event in past[:2]] == ["start", "field"]
    reply = text({"city": "서울", "tags": []})
    first, second = [await gone_on(chain_for(KNOWN, reply), past[:length]) for length in (1, 2)]
    assert brief(first)[1:4] == [("reset", 2, [], "worker_lost"), ("given", "/last", 3), ("token", "/city", "서울")]
    assert brief(second)[2:4] == [("reset", 2, ["/last"], "worker_lost"), ("token", "/city", "서울")]
    assert complete_of(first).value == complete_of(second).value


async def test_defaults_that_were_told_are_not_told_twice() -> None:
    whole = Run(KNOWN).feed([text({"city": "서울", "tags": []})]).finish().events
    past = whole[: next(event.seq for event in whole if getattr(event, "source", "") == "default")]
    log = await gone_on(chain_for(KNOWN, "not asked"), past)
    assert brief(log[len(past) :]) == [
        ("reset", 2, ["/city", "/tags", "/first", "/last"], "worker_lost"),
        ("default", "/note", "by code"),
        "complete",
    ]


async def test_with_nothing_left_open_the_model_is_not_asked() -> None:
    past = told(text(TRIP))
    chain = chain_for(ASK, "not asked")
    log = await gone_on(chain, past)
    assert brief(log[len(past) :]) == [("reset", 2, [f"/{name}" for name in TRIP], "worker_lost"), "complete"]
    assert complete_of(log).value == TRIP
    assert complete_of(log).usage is None
    assert not script_of(chain.model).calls


async def test_a_run_in_which_the_user_gave_everything_goes_on() -> None:
    ask = Ask(Trip, wanted=part_of(Trip, ()), given=TRIP)
    past = told(ask=ask)[:3]
    assert complete_of(await gone_on(chain_for(ask, "not asked"), past)).value == TRIP


async def test_in_a_second_attempt_what_the_first_one_left_stays_as_well() -> None:
    run = Run(Trip, repairs=1).feed([text(TRIP | {"first": "one"})]).again()
    past = run.feed(['{"first": 1, "la']).events
    log = await gone_on(chain_for(ASK, text({"last": 3})), past)
    assert brief(log[len(past) :])[0] == ("reset", 3, ["/city", "/tags", "/first"], "worker_lost")
    assert complete_of(log).value == TRIP | {"note": "none"}


# -- what is in doubt --------------------------------------------------------------------------------------------------


def broken(but: int) -> list[Event]:
    """A run on its last attempt whose model has broken a rule across fields, less so many of its last events."""
    log = told(CROSSED)
    log = log[: next(event.seq for event in log if event.type == "invalid")]
    assert brief(log[-3:]) == [("model", "/first", 5), ("model", "/last", 3), ("invalid", "/first", "/last")]
    return log[: len(log) - but]


async def test_what_a_broken_rule_has_put_in_doubt_is_asked_for_again() -> None:
    log = await gone_on(chain_for(ASK, text(without(TRIP, "city"))), broken(but=0))
    assert reset_behind(broken(but=0), log).keep == ("/city",)
    assert complete_of(log).value == TRIP
    assert not complete_of(log).repaired


async def test_a_broken_rule_that_nobody_was_told_of_yet_is_found_and_mended() -> None:
    chain = chain_for(ASK, text({"tags": [], "note": ""}), text(TRIP))
    log = await gone_on(chain, broken(but=1))
    assert [reset.keep for reset in of(Reset, log)] == [("/city", "/first", "/last"), ()]
    assert (complete_of(log).value, complete_of(log).repaired) == (TRIP, True)


async def test_what_code_knows_stays_though_the_model_has_contradicted_it() -> None:
    ask = Ask(Trip, wanted=part_of(Trip, ("city", "last")), defaults={"tags": [], "first": 5, "note": ""})
    log = Run(ask, repairs=1).feed([text({"city": "서울", "last": 3})]).finish().events
    past = log[: next(event.seq for event in log if event.type == "invalid")]
    assert brief(past[-2:]) == [("default", "/first", 5), ("invalid", "/first", "/last")]
    log = await gone_on(chain_for(ask, text({"last": 6})), past)
    assert reset_behind(past, log).keep == ("/city", "/tags", "/first")
    assert complete_of(log).value["last"] == 6


async def test_what_is_left_may_break_a_rule_with_what_comes_and_both_are_asked_for_again() -> None:
    chain = chain_for(ASK, text({"last": 3}), text(TRIP))
    log = await gone_on(chain, broken(but=2))
    assert [reset.keep for reset in of(Reset, log)] == [("/city", "/first"), ("/city",)]
    assert complete_of(log).value == TRIP


async def test_what_a_repair_has_kept_is_not_asked_for_again_whoever_goes_on() -> None:
    run = Run(Trip, repairs=2).feed(['{"city": "서울", "first": 5, "tags": [1]']).again()
    past = run.feed(['{"tags": [],']).events
    chain = chain_for(ASK, text({"last": 3}), text({"last": 6}), repairs=2)
    log = await gone_on(chain, past)
    keeps = [reset.keep for reset in of(Reset, log)]
    assert keeps == [("/city", "/first"), ("/city", "/tags", "/first"), ("/city", "/tags", "/first")]
    assert complete_of(log).value["last"] == 6


async def test_what_a_takeover_and_then_a_repair_have_kept_is_not_asked_for_again() -> None:
    chain = chain_for(ASK, text({"tags": "x"}), text({"tags": [], "last": 3}), text({"last": 6}), repairs=2)
    log = await gone_on(chain, broken(but=2))
    keeps = [reset.keep for reset in of(Reset, log)]
    assert keeps == [("/city", "/first"), ("/city", "/first"), ("/city", "/tags", "/first")]
    assert complete_of(log).value["first"] == 5


async def test_what_was_pinned_stays_though_the_model_contradicts_it_now() -> None:
    run = Run(Trip).feed(['{"city": "서울",'])
    run.pin("/first", 5)
    past = run.wait(1).events
    log = await gone_on(chain_for(ASK, text({"tags": [], "last": 3}), text({"last": 6})), past)
    assert [reset.keep for reset in of(Reset, log)] == [("/city", "/first"), ("/city", "/tags", "/first")]
    assert complete_of(log).value == {"city": "서울", "tags": [], "first": 5, "last": 6, "note": "none"}


# -- what the model is asked -------------------------------------------------------------------------------------------


async def test_the_model_is_shown_what_stands_and_asked_for_the_rest() -> None:
    chain = chain_for(KNOWN, text({"tags": []}))
    await gone_on(chain, told('{"city": "서울", "tags": ["강', ask=KNOWN))
    messages, asked = call_of(chain)
    assert asked == ["tags"]
    assert messages == [
        "You write.",
        "Write.",
        '{"city": "서울"',
        "That answer broke off.\n"
        'These fields stay as they are: {"city": "서울", "last": 3}\n'
        "Write one JSON object with only these fields: tags.",
    ]


async def test_a_pin_is_not_shown_as_what_the_model_wrote() -> None:
    run = Run(Trip).feed([HALF])
    run.pin("/city", "부산")
    chain = chain_for(ASK, REST)
    await gone_on(chain, run.wait(1).events)
    (_, _, wrote, told), _ = call_of(chain)
    assert wrote == '{"tags": ["강"]'
    assert 'These fields stay as they are: {"city": "부산", "tags": ["강"]}' in told


@pytest.mark.parametrize("pinning", [False, True])
async def test_a_model_of_which_nothing_stands_is_asked_as_if_for_the_first_time(pinning: bool) -> None:
    run = Run(KNOWN).feed(['{"city": "서'])
    if pinning:
        run.pin("/tags", ["산"])
    chain = chain_for(KNOWN, text({"city": "부산", "tags": ["강"]}))
    log = await gone_on(chain, run.wait(1).events)
    messages, asked = call_of(chain)
    assert messages == ["You write.", "Write."]
    assert asked == (["city"] if pinning else ["city", "tags"])
    assert complete_of(log).value["tags"] == (["산"] if pinning else ["강"])


async def test_where_there_is_no_room_to_show_what_stands_the_model_is_asked_without() -> None:
    past = told(HALF)
    long = chain_for(ASK, REST)
    await gone_on(long, past)
    needed = long.model.count_tokens(script_of(long.model).calls[0][0]) + long.model.max_tokens
    for room, shown in ((needed, 4), (needed - 1, 2)):
        chain = chain_for(ASK, REST, context_tokens=room)
        assert complete_of(await gone_on(chain, past)).value["tags"] == ["강"]
        messages, asked = call_of(chain)
        assert (len(messages), asked) == (shown, ["first", "last", "note"])


async def test_the_meeting_form_goes_on_in_the_middle_of_a_sentence() -> None:
    """Begun by one chain and gone on with by another, with all that a chain has of its own between."""

    def form(reply: str) -> StructuredChain:
        return meeting_info.build(model_saying(reply, chunk_size=2))

    past: list[Event] = []
    async with aclosing(form(text(MEETING)).astream_typed(GOAL, {"run_id": RUN_ID})) as events:
        async for event in events:
            past.append(event)
            if isinstance(event, Token) and event.path == "/description":
                break
    chain = form(text(without(MEETING, "name", "category", "summary")))
    resume = resumption_of(past)
    async with aclosing(chain.astream_typed(GOAL, {"run_id": RUN_ID}, resume=resume)) as events:
        log = [*past, *[event async for event in events]]
    assert [event.run_id for event in of(Start, log)] == [str(RUN_ID)]
    assert reset_behind(past, log).keep == ("/name", "/category", "/summary")
    assert complete_of(log).value == MEETING
    messages, asked = call_of(chain)
    assert asked == [*without(MEETING, "name", "category", "summary")]
    assert GOAL["goal"] in messages[-3]
    assert messages[-2] == text({name: MEETING[name] for name in ("name", "category", "summary")})[:-1]


# -- the user's word ---------------------------------------------------------------------------------------------------


async def test_pins_stay_and_more_may_come() -> None:
    run = Run(Trip).feed([HALF])
    run.pin("/first", 2)
    past, pins = run.wait(1).events, Pins()
    chain, log = chain_for(ASK, text({"last": 3, "note": "", "first": 9})), list(past)
    async with aclosing(chain.astream_typed({}, pins=pins, resume=resumption_of(past))) as events:
        async for event in events:
            log.append(event)
            if isinstance(event, Reset):
                await pins.pin("/city", "부산")
    end = complete_of(log)
    assert end.value == {"city": "부산", "tags": ["강"], "first": 2, "last": 3, "note": ""}
    assert [conflict.model_dump() for conflict in end.conflicts] == [{"path": "/city", "model_value": "서울"}]


async def test_where_a_user_and_a_lost_worker_disagreed_is_not_known_any_more() -> None:
    run = Run(Trip).feed([HALF])
    run.pin("/city", "부산")
    log = await gone_on(chain_for(ASK, REST), run.wait(1).events)
    assert complete_of(log).value["city"] == "부산"
    assert complete_of(log).conflicts == ()
