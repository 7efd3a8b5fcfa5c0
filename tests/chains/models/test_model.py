"""The gate in front of a model: so many calls at once, a place in the queue, and no place lost."""

import asyncio
from contextlib import aclosing
from typing import Any

import pytest

from chains import meeting_info
from chains.models.model import Gate
from schemas import Code, Failed, UpstreamError
from tests.chains.answers import GOAL, MEETING, model_saying, script_of, text


class Counter:
    """How many are inside at once, and the most there ever were."""

    def __init__(self) -> None:
        self.now = self.most = self.served = 0

    async def visit(self, gate: Gate, leave: asyncio.Event | None = None) -> None:
        async with gate.place():
            self.now += 1
            self.most = max(self.most, self.now)
            try:
                await (leave.wait() if leave else asyncio.sleep(0))
            finally:
                self.now -= 1
            self.served += 1


async def settle() -> None:
    """Lets every task that can go on go on."""
    for _ in range(10):
        await asyncio.sleep(0)


async def test_no_more_than_its_slots_are_inside_at_once() -> None:
    gate, counter = Gate(slots=3), Counter()
    await asyncio.gather(*(counter.visit(gate) for _ in range(20)))
    assert (counter.most, counter.served) == (3, 20)


async def test_a_waiter_gets_the_place_that_comes_free() -> None:
    gate, counter, leave = Gate(slots=1), Counter(), asyncio.Event()
    first = asyncio.create_task(counter.visit(gate, leave))
    second = asyncio.create_task(counter.visit(gate))
    await settle()
    assert (counter.now, counter.served) == (1, 0)
    leave.set()
    await asyncio.gather(first, second)
    assert (counter.most, counter.served) == (1, 2)


async def test_who_waits_too_long_is_told_to_come_back() -> None:
    gate, counter, leave = Gate(slots=1, patience=0.02), Counter(), asyncio.Event()
    first = asyncio.create_task(counter.visit(gate, leave))
    await settle()
    with pytest.raises(UpstreamError) as caught:
        await counter.visit(gate)
    assert caught.value.code is Code.UPSTREAM_BUSY
    assert caught.value.retry_after_ms
    leave.set()
    await first
    await counter.visit(gate)  # the one that gave up has taken no place with it


@pytest.mark.parametrize("cancelled", [0, 1, 2], ids=["inside", "next", "last in the queue"])
async def test_a_cancelled_caller_frees_its_place(cancelled: int) -> None:
    gate, counter, leave = Gate(slots=1), Counter(), asyncio.Event()
    callers = [asyncio.create_task(counter.visit(gate, leave)) for _ in range(3)]
    await settle()
    callers[cancelled].cancel()
    await settle()
    leave.set()
    await asyncio.wait(callers)
    assert [caller.cancelled() for caller in callers] == [number == cancelled for number in range(3)]
    assert (counter.most, counter.served) == (1, 2)
    await counter.visit(gate)


@pytest.mark.parametrize("steps", range(8))
async def test_a_caller_cancelled_while_it_gets_its_place_is_cancelled(steps: int) -> None:
    gate, counter, leave = Gate(slots=1), Counter(), asyncio.Event()
    first = asyncio.create_task(counter.visit(gate, leave))
    await settle()
    second = asyncio.create_task(counter.visit(gate, asyncio.Event()))
    await settle()
    leave.set()
    for _ in range(steps):
        await asyncio.sleep(0)
    second.cancel()
    await asyncio.wait({first, second}, timeout=1)
    assert second.cancelled()
    await asyncio.wait_for(counter.visit(gate), timeout=1)


async def test_a_caller_that_fails_frees_its_place() -> None:
    gate = Gate(slots=1, patience=0.02)
    for _ in range(3):
        with pytest.raises(ZeroDivisionError):
            async with gate.place():
                raise ZeroDivisionError


async def test_chains_queue_at_their_models_gate() -> None:
    stalled = {"chunks": ['{"name": "'], "failure": "stall"}  # it keeps its place until it is left
    model = model_saying(stalled, text(MEETING), gate=Gate(slots=1, patience=0.02))
    chain = meeting_info.build(model)
    async with aclosing(chain.astream_typed(GOAL)) as first:
        await anext(first)
        with pytest.raises(UpstreamError) as caught:
            await chain.ainvoke(GOAL)
        assert caught.value.code is Code.UPSTREAM_BUSY
        [*_, last] = [event async for event in chain.astream_typed(GOAL, hold=0)]
        assert isinstance(last, Failed)
        assert (last.code, last.retry_after_ms) == (Code.UPSTREAM_BUSY, caught.value.retry_after_ms)
    assert await chain.ainvoke(GOAL) == MEETING  # leaving has freed the place
    assert len(script_of(model).calls) == 2


def test_a_gate_serves_one_loop_after_another() -> None:
    """`asyncio.run` in a notebook's cell or a script makes a new loop each time."""

    async def crowd(gate: Gate) -> Any:
        counter = Counter()
        await asyncio.gather(*(counter.visit(gate) for _ in range(3)))
        return counter.served

    gate = Gate(slots=1)
    assert [asyncio.run(crowd(gate)) for _ in range(2)] == [3, 3]
