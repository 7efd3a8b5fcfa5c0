"""Runs that break off wherever a test says, and are gone on with by a chain that knows their events alone."""

from collections.abc import Iterable, Sequence
from contextlib import aclosing
from typing import Any
from uuid import UUID

from langchain_core.prompts import ChatPromptTemplate
from pydantic import BaseModel

from chains import Ask, Limits, Resumption, StructuredChain
from schemas import Code, Complete, Event, Failed, Progress, Reset
from tests.chains.answers import model_saying, text
from tests.chains.contract import check
from tests.chains.projecting import Run
from tests.chains.test_repair import Trip

RUN_ID = UUID("00000000-0000-4000-8000-000000000001")
ASK = Ask(Trip, wanted=Trip)
HALF = '{"city": "서울", "tags": ["강"], "fi'
REST = text({"first": 1, "last": 3, "note": ""})
"""What a model has written of a trip when it is lost, and what is open then."""

CROSSED = '{"city": "서울", "first": 5, "last": 3,'
"""What breaks a rule across fields."""


class Nothing(BaseModel):
    """The request."""


def chain_for(
    ask: Ask, *replies: str | dict[str, Any], repairs: int = 1, context_tokens: int = 10**6, **known: Any
) -> StructuredChain:
    """A chain that asks this, of a model that answers so."""
    return StructuredChain(
        name="chain",
        request=Nothing,
        result=ask.result,
        prompt=ChatPromptTemplate([("system", "You write."), ("user", "Write.")]),
        model=model_saying(*replies, context_tokens=context_tokens),
        ask=lambda request: ask,
        limits=known.pop("limits", Limits(idle=10.0, total=60.0, snapshot=0.0, repairs=repairs)),
        **known,
    )


def told(*pieces: str, ask: Ask = ASK, **options: Any) -> list[Event]:
    """The events of a run whose model has written this, and has not ended."""
    return Run(ask, **options).feed(pieces).events


def progress_of(events: Iterable[Event]) -> Progress:
    """What these events add up to, as a worker gets it that was not there."""
    progress = Progress()
    for event in events:
        progress.apply(event)
    return progress


def resumption_of(events: Sequence[Event], *, began_s: float = 1.0, reason: Code = Code.WORKER_LOST) -> Resumption:
    return Resumption(progress_of(events), began_s, reason)


async def gone_on(chain: StructuredChain, past: Sequence[Event], resume: Resumption | None = None) -> list[Event]:
    """The whole log of a run of which this was told when the chain went on with it. It goes on being folded, too."""
    resume, log = resume or resumption_of(past), list(past)
    async with aclosing(chain.astream_typed({}, {"run_id": RUN_ID}, resume=resume)) as events:
        async for event in events:
            log.append(event)
            resume.told.apply(event)
    check(log, chain.result)
    assert resume.told.dump() == progress_of(log).dump()
    return log


def reset_behind(past: Sequence[Event], log: Sequence[Event]) -> Reset:
    """The event with which a run went on."""
    reset = log[len(past)]
    assert isinstance(reset, Reset)
    return reset


def complete_of(log: Sequence[Event]) -> Complete:
    end = log[-1]
    assert isinstance(end, Complete), end
    return end


def failure_of(log: Sequence[Event]) -> Failed:
    end = log[-1]
    assert isinstance(end, Failed), end
    return end
