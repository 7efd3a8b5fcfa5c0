"""Brings a projection what it has not got: the model's chunks, the time, and the end.

The projection says what text means; this says when: how long to hold the beginning, how long silence may last, how long
a run may take, how long to wait behind the object for its finish reason and usage; and it asks again for a repair.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine
from contextlib import aclosing
from math import inf
from typing import Any
from uuid import uuid4

from langchain_core.messages import BaseMessageChunk
from pydantic import BaseModel

from chains.ask import Ask
from chains.faults import chain_fault
from chains.limits import Limits
from chains.pace import Pace
from chains.projection import Projection
from chains.repair import Repair
from chains.turn import STOP_S, Course, Judge, Turn, overtime
from chains.wake import Wake
from schemas import Event, Path, StreamError

Call = Callable[[Repair | None], AsyncIterator[BaseMessageChunk]]
"""Gives the model's chunks, for the first attempt and for each repair."""

Admit = Callable[[], Coroutine[Any, Any, None]]
"""Raises the `StreamError` that says why the model is not to be asked at all."""


async def passes(path: Path, value: Any) -> None:
    """The judge where nothing is checked."""


async def drive(
    course: Course,
    ask: Call,
    *,
    hold: float,
    wake: Wake | None = None,
    judge: Judge = passes,
    admit: Admit | None = None,
) -> AsyncGenerator[Event]:
    """The events of one run.

    The beginning is held until the model's first chunk of any kind, and at most `hold` seconds: a failure until then is
    raised as a `StreamError`, a later one is a `failed` event. Leaving the iterator stops the model. Call `wake` when
    the projection has something to tell of itself.
    """
    wake = wake or Wake()
    now = asyncio.get_running_loop().time()
    held_until, until = now + hold, now + course.limits.total
    projection = course.projection
    try:
        for stage in (
            _admission(course, admit, wake, held_until, until),
            _attempts(course, lambda repair: Turn(course, ask(repair), wake, until, judge), held_until),
        ):
            async with aclosing(stage):
                async for events in stage:
                    for event in events:
                        yield event
    except Exception as error:
        if not projection.started:
            raise
        for event in projection.fail(error if isinstance(error, StreamError) else chain_fault(error)):
            yield event
    finally:
        wake.close()


async def _admission(
    course: Course, admit: Admit | None, wake: Wake, held_until: float, until: float
) -> AsyncGenerator[list[Event]]:
    """Waits for the word on the input. One that comes late finds the run begun, and ends it."""
    if admit is None:
        return
    clock, projection = asyncio.get_running_loop().time, course.projection
    admission = asyncio.ensure_future(admit())
    admission.add_done_callback(wake)
    try:
        while not admission.done() and clock() < until:
            if not projection.started and clock() >= held_until:
                yield course.opening()
            yield projection.tick()
            await wake.wait(until if projection.started else min(held_until, until))
        if not admission.done():
            raise overtime(total=True)
        admission.result()
    finally:
        admission.cancel()
        await asyncio.wait({admission}, timeout=STOP_S)


async def _attempts(
    course: Course, turn: Callable[[Repair | None], Turn], held_until: float
) -> AsyncGenerator[list[Event]]:
    """One attempt after another, until the run has ended."""
    projection = course.projection
    while not projection.ended:
        repair, projection.repair = projection.repair, None
        attempt = turn(repair)
        try:
            if not projection.started:
                await attempt.hold(held_until)
                yield course.opening()
            while not projection.given_up:
                yield await attempt.step()
        finally:
            await attempt.stop()


async def project(
    chunks: AsyncIterator[BaseMessageChunk],
    result: type[BaseModel],
    *,
    name: str = "",
    model: str = "",
    limits: Limits | None = None,
) -> AsyncGenerator[Event]:
    """The typed events of any chat model's chunks: an agent's, a graph's, a model's that was called by hand.

    The chunks must be those of the answer and of no other message. They are read to their end, since a graph may have
    more to do behind its answer; leaving the iterator stops them. Nobody can be asked again here, so nothing is
    repaired, and `start` does not wait. `name` and `model` are for `start` to tell.
    """
    limits = limits or Limits()
    projection = Projection(
        Ask(result, wanted=result), clock=asyncio.get_running_loop().time, pace=Pace(interval=limits.snapshot)
    )

    def opening() -> list[Event]:
        return projection.start(run_id=str(uuid4()), chain=name or result.__name__, model=model)

    events = drive(Course(projection, opening, limits, tail=inf), lambda _: chunks, hold=0)
    async with aclosing(events):
        async for event in events:
            yield event
