"""A worker that goes in order gives its runs away, and one that was only paused finds that they are another's."""

import asyncio

import pytest

from schemas import Cancelled, Code, Complete, Failed, MeetingInfo, Reset, ServerError
from server.runs.log import Moved
from server.runs.owner import Bounds
from tests.chains.contract import check
from tests.server.runs.script import SOON, turns
from tests.server.runs.workers import CHAIN, HALF, ROUND, ends, half_told, hiring


class TestWakes:
    """A worker that was only paused finds that its runs are another's."""

    async def test_it_writes_nothing_more_and_sends_its_readers_on(self) -> None:
        async with hiring(HALF, ROUND) as workers:
            one, other, _ = await workers.three()
            run_id, told = await half_told(one)
            async with one.runs.reader(run_id, told[-1].seq) as reader:
                await other.take_over()
                for lost in await one.store.renew(list(one.runs.owner.owned)):
                    await one.runs.owner.owned[lost].abandon()
                with pytest.raises(Moved):
                    await reader.next(asyncio.get_running_loop().time() + SOON)
            await one.empty()
            log = await ends(other, run_id)
            assert [event.type for event in log].count("reset") == 1
            assert isinstance(log[-1], Complete)

    async def test_a_pin_that_it_takes_is_refused_and_not_told(self) -> None:
        async with hiring(HALF, ROUND) as workers:
            one, other, _ = await workers.three()
            run_id, _ = await half_told(one)
            await other.take_over()
            with pytest.raises(ServerError) as raised:
                await one.runs.pin(run_id, "/name", "too late")
            assert raised.value.code is Code.WORKER_LOST  # to be tried again: the run goes on
            await one.empty()
            log = await ends(other, run_id)
            assert "pinned" not in {event.type for event in log}

    async def test_an_end_that_it_writes_is_not_told(self) -> None:
        async with hiring(HALF, ROUND) as workers:
            one, other, _ = await workers.three()
            run_id, _ = await half_told(one)
            await other.take_over()
            await one.runs.owner.owned[run_id].end("nobody reads it")
            await one.empty()
            assert isinstance((await ends(other, run_id))[-1], Complete)


class TestHandedOver:
    """A worker that goes in order gives its runs away."""

    async def test_another_goes_on_at_once_and_says_why(self) -> None:
        async with hiring(HALF, ROUND) as workers:
            one, other = await workers.hire("a", Bounds(takeovers=0)), await workers.hire("b", Bounds(takeovers=0))
            run_id, told = await half_told(one)
            async with one.runs.reader(run_id, told[-1].seq) as reader:
                one.runs.owner.draining = True
                await one.runs.give_up()
                with pytest.raises(Moved):
                    await reader.next(asyncio.get_running_loop().time() + SOON)
            await one.empty()
            await workers.kill(one)
            assert [record.id for record in await other.take_over(86_400.0)] == [run_id]
            log = await ends(other, run_id)
            reset = next(event for event in log if isinstance(event, Reset))
            assert (reset.reason, len(log[: reset.seq - 1])) == (Code.SHUTTING_DOWN, len(told))
            assert isinstance(log[-1], Complete)
            assert len(workers.chat.stopped_after) == 2

    async def test_a_pin_meanwhile_is_to_be_tried_again(self) -> None:
        async with hiring(HALF) as workers:
            one, other, third = await workers.three()
            run_id, _ = await half_told(one)
            await one.runs.give_up()
            with pytest.raises(ServerError) as raised:
                await third.runs.pin(run_id, "/name", "내 모임")
            assert (raised.value.code, raised.value.retryable) == (Code.WORKER_LOST, True)
            await other.take_over()
            assert await third.runs.pin(run_id, "/name", "내 모임")

    async def test_any_number_of_times(self) -> None:
        """A rolling restart uses up no takeover."""
        async with hiring(HALF) as workers:
            worker = await workers.hire("first", Bounds(takeovers=0))
            run_id, _ = await half_told(worker)
            for number in range(4):
                await worker.runs.give_up()
                worker = await workers.hire(f"worker {number}", Bounds(takeovers=0))
                await worker.take_over(86_400.0)
                await turns(100)
            await worker.runs.cancel(run_id, "enough")
            log = await ends(worker, run_id)
            assert [event.reason for event in log if isinstance(event, Reset)] == [Code.SHUTTING_DOWN] * 4
            assert isinstance(log[-1], Cancelled)

    async def test_what_has_ended_is_not_given_away(self) -> None:
        async with hiring(ROUND) as workers:
            one, other, _ = await workers.three()
            run_id = await one.begin(CHAIN)
            log = await one.read(run_id)
            await one.runs.give_up()
            assert await other.take_over(86_400.0) == []
            assert await ends(other, run_id) == log

    async def test_twice_at_once_is_as_good_as_once(self) -> None:
        async with hiring(HALF, ROUND) as workers:
            one, other, _ = await workers.three()
            run_id, _ = await half_told(one)
            await asyncio.wait_for(asyncio.gather(one.runs.give_up(), one.runs.give_up()), SOON)
            await other.take_over(86_400.0)
            assert isinstance((await ends(other, run_id))[-1], Complete)

    async def test_in_a_memory_of_its_own_it_is_told_its_end(self) -> None:
        async with hiring(HALF) as workers:
            worker = await workers.hire_alone("a")
            run_id, _ = await half_told(worker)
            reading = asyncio.create_task(worker.read(run_id))
            await turns(3)
            await worker.runs.give_up()
            log = await reading
            check(log, MeetingInfo)
            end = log[-1]
            assert isinstance(end, Failed)
            assert (end.code, end.retryable) == (Code.SHUTTING_DOWN, True)
