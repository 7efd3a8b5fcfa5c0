"""A worker dies, and another one goes on with its runs: what was told stays told, and every reader is told all.

Workers are killed without a farewell: their tasks are gone, and their leases run out.
"""

import asyncio

import pytest

from schemas import Cancelled, Code, Complete, Failed, MeetingInfo, Reset, ServerError
from server.runs.owner import Bounds
from server.runs.store import Unknown
from tests.chains.contract import check
from tests.server.configs import MEETING
from tests.server.runs.fleet import new
from tests.server.runs.script import RUN_ID, SOON, turns
from tests.server.runs.workers import CHAIN, HALF, INPUTS, ROUND, ends, half_told, hiring, stalls


class TestKilled:
    async def test_another_worker_comes_to_the_end_and_keeps_what_had_settled(self) -> None:
        async with hiring(HALF, ROUND) as workers:
            one, other, third = await workers.three()
            run_id, told = await half_told(one)
            reading = asyncio.create_task(third.read(run_id))
            await turns(5)
            await workers.kill(one)
            workers.now += 11
            assert [record.id for record in await other.take_over(10)] == [run_id]
            log = await ends(other, run_id)
            assert await reading == log
            assert log[: len(told)] == told
            reset = next(event for event in log if isinstance(event, Reset))
            assert (reset.attempt, reset.reason) == (2, Code.WORKER_LOST)
            assert reset.keep == ("/name", "/category", "/summary")
            end = log[-1]
            assert isinstance(end, Complete)
            assert (end.value, end.attempts, end.repaired) == (MEETING, 2, False)
            assert len(workers.chat.calls) == 2

    async def test_a_reader_elsewhere_feels_nothing_and_one_of_the_lost_worker_comes_again(self) -> None:
        async with hiring(HALF, ROUND) as workers:
            one, other, _ = await workers.three()
            run_id, _ = await half_told(one)
            async with one.runs.reader(run_id) as reader:
                had = [entry.event for entry in await reader.next(asyncio.get_running_loop().time() + SOON)]
            await workers.kill(one)
            await other.take_over()
            log = await ends(other, run_id)
            assert had + await other.read(run_id, had[-1].seq) == log

    async def test_one_that_had_told_nothing_begins(self) -> None:
        async with hiring(ROUND) as workers:
            one, other, _ = await workers.three()
            await one.store.create(new(RUN_ID, chain=CHAIN, request=INPUTS[CHAIN], lives_s=100.0))
            reading = asyncio.create_task(other.read(RUN_ID))
            await workers.kill(one)
            await other.take_over()
            log = await reading
            check(log, MeetingInfo)
            assert (log[0].type, log[-1].type) == ("start", "complete")
            assert "reset" not in {event.type for event in log}

    async def test_one_that_had_told_nothing_and_is_refused_now_has_never_been(self) -> None:
        async with hiring(ROUND) as workers:
            one, other, _ = await workers.three()
            await one.store.create(new(RUN_ID, chain=CHAIN, request={"no": "longer valid"}, lives_s=100.0))
            await workers.kill(one)
            await other.take_over()
            await other.empty()
            with pytest.raises(Unknown):
                await other.store.record(RUN_ID)

    async def test_one_whose_end_was_stored_is_only_read(self) -> None:
        async with hiring(ROUND) as workers:
            one, other, _ = await workers.three()
            run_id = await one.begin(CHAIN)
            log = await one.read(run_id)
            await workers.kill(one)
            assert await other.take_over() == []
            await other.runs.owner.take_over(await other.store.record(run_id))
            assert other.left == []
            assert await ends(other, run_id) == log
            assert len(workers.chat.calls) == 1

    async def test_a_takeover_of_a_takeover(self) -> None:
        async with hiring(HALF, stalls(CHAIN, '"period"'), ROUND) as workers:
            one, other, third = await workers.three(Bounds(takeovers=2))
            run_id, _ = await half_told(one)
            await workers.kill(one)
            await other.take_over()
            await other.read_up_to(run_id, "field", "/tags")
            await workers.kill(other)
            await third.take_over()
            log = await ends(third, run_id)
            assert [event.attempt for event in log if isinstance(event, Reset)] == [2, 3]
            end = log[-1]
            assert isinstance(end, Complete)
            assert (end.value, end.attempts) == (MEETING, 3)

    @pytest.mark.parametrize("takeovers", [0, 1, 2])
    async def test_so_often_and_no_more(self, takeovers: int) -> None:
        bounds = Bounds(takeovers=takeovers)
        async with hiring(HALF) as workers:
            worker = await workers.hire("first", bounds)
            run_id, _ = await half_told(worker)
            for number in range(takeovers + 1):
                await workers.kill(worker)
                worker = await workers.hire(f"taker {number}", bounds)
                await worker.take_over()
                await turns(100)
            log = await ends(worker, run_id)
            resets = [event for event in log if isinstance(event, Reset)]
            assert len(resets) == takeovers
            end = log[-1]
            assert isinstance(end, Failed)
            assert (end.code, end.retryable, end.partial["name"]) == (Code.WORKER_LOST, True, MEETING["name"])
            assert len(workers.chat.calls) == takeovers + 1

    async def test_used_up_before_anything_was_told_it_has_never_been(self) -> None:
        async with hiring(ROUND) as workers:
            one, other = await workers.hire("a"), await workers.hire("b", Bounds(takeovers=0))
            await one.store.create(new(RUN_ID, chain=CHAIN, request=INPUTS[CHAIN], lives_s=100.0))
            await workers.kill(one)
            await other.take_over()
            with pytest.raises(Unknown):
                await other.read(RUN_ID)
            assert other.left == []

    async def test_of_a_chain_that_is_not_served_any_more_it_fails(self) -> None:
        async with hiring(HALF) as workers:
            one = await workers.hire("a")
            other = await workers.hire("b", chains={"chatbot": workers.chains["chatbot"]})
            run_id, _ = await half_told(one)
            await workers.kill(one)
            await other.take_over()
            end = (await other.read(run_id))[-1]
            assert isinstance(end, Failed)
            assert (end.code, end.partial["name"]) == (Code.WORKER_LOST, MEETING["name"])

    async def test_what_the_user_had_pinned_stays_and_pins_go_on(self) -> None:
        async with hiring(HALF, stalls(CHAIN, '"period"')) as workers:
            one, other, third = await workers.three()
            run_id, _ = await half_told(one)
            await third.runs.pin(run_id, "/name", "내 모임")
            await workers.kill(one)
            with pytest.raises(ServerError) as raised:  # it may have taken the pin and died before it said so
                await third.runs.pin(run_id, "/name", "now?")
            assert (raised.value.code, raised.value.retryable) == (Code.WORKER_LOST, True)
            await other.take_over()
            await third.read_up_to(run_id, "field", "/tags")
            await third.runs.pin(run_id, "/max_members", 5)
            assert await third.runs.cancel(run_id, "enough")
            end = (await ends(other, run_id))[-1]
            assert isinstance(end, Cancelled)
            assert (end.partial["name"], end.partial["max_members"]) == ("내 모임", 5)

    async def test_a_run_that_goes_on_here_is_not_begun_once_more(self) -> None:
        """A worker can be told of a lease of its own that it was slow to renew."""
        async with hiring(HALF) as workers:
            one = await workers.hire("a")
            run_id, told = await half_told(one)
            assert [record.id for record in await one.take_over()] == [run_id]
            await turns(50)
            assert len(workers.chat.calls) == 1
            await one.runs.cancel(run_id, "enough")
            assert (await ends(one, run_id))[:-1] == told


class TestCancelled:
    async def test_while_nobody_owned_it(self) -> None:
        async with hiring(HALF) as workers:
            one, other, third = await workers.three()
            run_id, told = await half_told(one)
            await workers.kill(one)
            assert not await third.runs.cancel(run_id, "the user stopped it")
            await other.take_over()
            log = await ends(other, run_id)
            assert log[:-1] == told
            assert isinstance(log[-1], Cancelled)
            assert log[-1].reason == "the user stopped it"
            assert len(workers.chat.calls) == 1

    async def test_before_anything_was_told_of_it_has_never_been(self) -> None:
        async with hiring(HALF) as workers:
            one, other, third = await workers.three()
            await one.store.create(new(RUN_ID, chain=CHAIN, request=INPUTS[CHAIN], lives_s=100.0))
            await workers.kill(one)
            await third.runs.cancel(RUN_ID, "enough")
            await other.take_over()
            with pytest.raises(Unknown):
                await third.store.record(RUN_ID)
            assert workers.chat.calls == []

    async def test_while_it_is_given_away(self) -> None:
        async with hiring(HALF) as workers:
            one, other, third = await workers.three()
            run_id, _ = await half_told(one)
            await one.runs.give_up()
            assert not await third.runs.cancel(run_id, "enough")
            await other.take_over()
            assert isinstance((await ends(other, run_id))[-1], Cancelled)

    async def test_by_way_of_the_worker_that_is_about_to_go_on_with_it(self) -> None:
        async with hiring(HALF) as workers:
            one, other, _ = await workers.three()
            run_id, _ = await half_told(one)
            await workers.kill(one)
            (record,) = await other.store.claim(0, 10)
            assert not await other.runs.cancel(run_id, "enough")
            with other.here():
                await other.runs.owner.take_over(record)
            assert isinstance((await ends(other, run_id))[-1], Cancelled)

    @pytest.mark.parametrize("told", [False, True])
    async def test_between_its_claim_and_its_going_on(self, told: bool) -> None:
        """The claimant has read that nobody wants it stopped, and does not own it yet."""
        async with hiring(HALF) as workers:
            one, other, third = await workers.three()
            if told:
                run_id, _ = await half_told(one)
            else:
                await one.store.create(new(run_id := RUN_ID, chain=CHAIN, request=INPUTS[CHAIN], lives_s=100.0))
            await workers.kill(one)
            (record,) = await other.store.claim(0, 10)
            await third.runs.cancel(run_id, "enough")
            with other.here():
                await other.runs.owner.take_over(record)
            await turns(100)
            assert not any(run.running for run in other.runs.owner.owned.values())
            await other.empty()
            if told:
                assert (await ends(other, run_id))[-1].type == "cancelled"
