"""The contract over whole chains: prompt, model, drivers, checks and pins, with an event loop and without."""

import asyncio
from collections.abc import Iterator
from contextlib import aclosing, suppress
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import RunnableLambda
from pydantic import BaseModel

from chains import Check, Limits, Model, Pins, StructuredChain
from chains.ask import names
from chains.models.scripted import Reply, ScriptedChatModel
from schemas import Complete, Event, Failed, Pinned, Reset, StreamError, from_pointer
from tests.chains.answers import script_of
from tests.chains.contract import check
from tests.chains.generated_runs import Breaks, Case, Ends, Judge, Pin, cases
from tests.chains.projecting import of

few = settings(max_examples=max(40, settings().max_examples // 5))


class Nothing(BaseModel):
    """The request."""


def chain_of(case: Case) -> StructuredChain:
    """A chain that asks what the case asks, of a model that answers what its model answers."""
    verdicts = iter([moment.refuses for _, moment in moments(case) if isinstance(moment, Judge)])
    check_output: Check = RunnableLambda(lambda value: "Not this." if next(verdicts, False) else None)
    return StructuredChain(
        name="case",
        request=Nothing,
        result=case.ask.result,
        prompt=ChatPromptTemplate([("user", "Write.")]),
        model=Model(
            chat=ScriptedChatModel(replies=[*replies(case)], chunk_size=3), name="scripted", context_tokens=10**6
        ),
        ask=lambda request: case.ask,
        limits=Limits(idle=10.0, total=60.0, snapshot=case.every, repairs=len(case.attempts) - 1),
        check_output=check_output if case.checked else None,
        checked=case.checked,
    )


def moments(case: Case) -> Iterator[tuple[int, Any]]:
    for attempt in case.attempts:
        yield from attempt.moments


def replies(case: Case) -> Iterator[Reply]:
    for attempt in case.attempts:
        match attempt.end:
            case Ends(finish_reason, _, refusal):
                yield Reply(text=attempt.text, finish_reason=finish_reason, refusal=refusal)
            case Breaks():
                yield Reply(text=attempt.text, failure="cut")


async def typed(chain: StructuredChain, pins: list[tuple[int, Pin]]) -> list[Event]:
    """The log of a run whose user pins each field behind so many events."""
    events: list[Event] = []
    way_in = Pins()
    async with aclosing(chain.astream_typed({}, hold=0, pins=way_in)) as stream:
        async for event in stream:
            events.append(event)
            for _, pin in [pin for pin in pins if pin[0] == len(events)]:
                with suppress(StreamError):
                    await way_in.pin(pin.pointer, pin.value)
    return events


@given(cases(), st.booleans())
@few
def test_every_promise_is_kept_by_whole_chains(case: Case, pinning: bool) -> None:
    pins = [(place % 9 + 1, moment) for place, moment in moments(case) if isinstance(moment, Pin)] if pinning else []
    chain = chain_of(case)
    events = asyncio.run(typed(chain, pins))
    check(events, case.ask.result)
    assert_called_for_what_was_open(case, chain, events)
    if not of(Pinned, events):
        assert_without_a_loop_it_is_the_same(case, events[-1])


def assert_called_for_what_was_open(case: Case, chain: StructuredChain, events: list[Event]) -> None:
    """Each call asks for the wanted fields that are not kept."""
    kept: list[set[str]] = [
        set(),
        *({str(from_pointer(path)[0]) for path in reset.keep} for reset in of(Reset, events)),
    ]
    calls = script_of(chain.model).calls
    for (_, arguments), stays in zip(calls, kept, strict=True):
        schema = arguments["response_format"]["json_schema"]["schema"]
        assert [*schema.get("properties", {})] == [name for name in names(case.ask.wanted) if name not in stays]


def assert_without_a_loop_it_is_the_same(case: Case, end: Event) -> None:
    outcome: Any
    try:
        outcome = chain_of(case).invoke({})
    except StreamError as error:
        outcome = error.code
    assert isinstance(end, Complete | Failed)
    assert outcome == (end.value if isinstance(end, Complete) else end.code)
