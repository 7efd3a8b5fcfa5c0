"""A worker dies or goes, and another one goes on with its runs: what was told stays told, and every reader is told all.

Workers are killed without a farewell: their tasks are gone, and their leases run out.
"""

import asyncio

import pytest

from schemas import Cancelled, Code, Complete, Event, Failed, MeetingInfo, RequestError, Reset, ServerError
from server.runs.log import Moved
from server.runs.service import Bounds
from server.runs.store import Unknown
from tests.chains.contract import check
from tests.server.configs import MEETING
from tests.server.runs.fleet import new
from tests.server.runs.script import RUN_ID, SOON, turns
from tests.server.runs.workers import INPUTS, WHOLE, Worker, hiring, stalls

CHAIN = "meeting-info"
HALF = stalls(CHAIN, '"description"')
"""The model stops when three properties have settled."""
ROUND = WHOLE[CHAIN]
TAKERS = [Bounds(takeovers=0), Bounds(takeovers=1), Bounds(takeovers=2)]


async def begun(worker: Worker) -> tuple[str, list[Event]]:
    """A run that has come as far as its model goes, and what was told of it."""
    run_id = await worker.begin(CHAIN)
    return run_id, await worker.read_up_to(run_id, "field", "/summary")


async def ends(worker: Worker, run_id: str) -> list[Event]:
    """The whole log of a run, which keeps the contract, wherever it is read and from whatever number."""
    log = await worker.read(run_id)
    check(log, MeetingInfo)
    await worker.empty()
    for after in range(len(log)):
        assert await worker.read(run_id, after) == log[after:]
    return log


class TestKilled:
    async def test_another_worker_comes_to_the_end_and_keeps_what_had_settled(self) -> None:
        async with hiring(HALF, ROUND) as workers:
            one, other, third = await workers.three()
            run_id, told = await begun(one)
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
            run_id, _ = await begun(one)
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
            assert await ends(other, run_id) == log
            assert len(workers.chat.calls) == 1

    async def test_a_takeover_of_a_takeover(self) -> None:
        async with hiring(HALF, stalls(CHAIN, '"period"'), ROUND) as workers:
            one, other, third = await workers.three(Bounds(takeovers=2))
            run_id, _ = await begun(one)
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

    @pytest.mark.parametrize("bounds", TAKERS, ids=["0", "1", "2"])
    async def test_so_often_and_no_more(self, bounds: Bounds) -> None:
        async with hiring(HALF) as workers:
            worker = await workers.hire("first", bounds)
            run_id, _ = await begun(worker)
            for number in range(bounds.takeovers + 1):
                await workers.kill(worker)
                worker = await workers.hire(f"taker {number}", bounds)
                await worker.take_over()
                await turns(100)
            log = await ends(worker, run_id)
            resets = [event for event in log if isinstance(event, Reset)]
            assert len(resets) == bounds.takeovers
            end = log[-1]
            assert isinstance(end, Failed)
            assert (end.code, end.retryable, end.partial["name"]) == (Code.WORKER_LOST, True, MEETING["name"])
            assert len(workers.chat.calls) == bounds.takeovers + 1

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
            run_id, _ = await begun(one)
            await workers.kill(one)
            await other.take_over()
            end = (await other.read(run_id))[-1]
            assert isinstance(end, Failed)
            assert (end.code, end.partial["name"]) == (Code.WORKER_LOST, MEETING["name"])

    async def test_what_the_user_had_pinned_stays_and_pins_go_on(self) -> None:
        async with hiring(HALF, stalls(CHAIN, '"period"')) as workers:
            one, other, third = await workers.three()
            run_id, _ = await begun(one)
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
            run_id, told = await begun(one)
            assert [record.id for record in await one.take_over()] == [run_id]
            await turns(50)
            assert len(workers.chat.calls) == 1
            await one.runs.cancel(run_id, "enough")
            assert (await ends(one, run_id))[:-1] == told


class TestCancelled:
    async def test_while_nobody_owned_it(self) -> None:
        async with hiring(HALF) as workers:
            one, other, third = await workers.three()
            run_id, told = await begun(one)
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
            run_id, _ = await begun(one)
            await one.runs.give_up()
            assert not await third.runs.cancel(run_id, "enough")
            await other.take_over()
            assert isinstance((await ends(other, run_id))[-1], Cancelled)

    async def test_by_way_of_the_worker_that_is_about_to_go_on_with_it(self) -> None:
        async with hiring(HALF) as workers:
            one, other, _ = await workers.three()
            run_id, _ = await begun(one)
            await workers.kill(one)
            (record,) = await other.store.claim(0, 10)
            assert not await other.runs.cancel(run_id, "enough")
            with other.here():
                await other.runs.take_over(record)
            assert isinstance((await ends(other, run_id))[-1], Cancelled)

    @pytest.mark.parametrize("told", [False, True])
    async def test_between_its_claim_and_its_going_on(self, told: bool) -> None:
        """The claimant has read that nobody wants it stopped, and does not own it yet."""
        async with hiring(HALF) as workers:
            one, other, third = await workers.three()
            if told:
                run_id, _ = await begun(one)
            else:
                await one.store.create(new(run_id := RUN_ID, chain=CHAIN, request=INPUTS[CHAIN], lives_s=100.0))
            await workers.kill(one)
            (record,) = await other.store.claim(0, 10)
            await third.runs.cancel(run_id, "enough")
            with other.here():
                await other.runs.take_over(record)
            await turns(100)
            assert not any(run.running for run in other.runs.owned.values())
            await other.empty()
            if told:
                assert (await ends(other, run_id))[-1].type == "cancelled"


class TestWakes:
    """A worker that was only paused finds that its runs are another's."""

    async def test_it_writes_nothing_more_and_sends_its_readers_on(self) -> None:
        async with hiring(HALF, ROUND) as workers:
            one, other, _ = await workers.three()
            run_id, told = await begun(one)
            async with one.runs.reader(run_id, told[-1].seq) as reader:
                await other.take_over()
                for lost in await one.store.renew(list(one.runs.owned)):
                    await one.runs.owned[lost].abandon()
                with pytest.raises(Moved):
                    await reader.next(asyncio.get_running_loop().time() + SOON)
            await one.empty()
            log = await ends(other, run_id)
            assert [event.type for event in log].count("reset") == 1
            assert isinstance(log[-1], Complete)

    async def test_a_pin_that_it_takes_is_refused_and_not_told(self) -> None:
        async with hiring(HALF, ROUND) as workers:
            one, other, _ = await workers.three()
            run_id, _ = await begun(one)
            await other.take_over()
            with pytest.raises(RequestError) as raised:
                await one.runs.pin(run_id, "/name", "too late")
            assert raised.value.code is Code.CONFLICT
            await one.empty()
            log = await ends(other, run_id)
            assert "pinned" not in {event.type for event in log}

    async def test_an_end_that_it_writes_is_not_told(self) -> None:
        async with hiring(HALF, ROUND) as workers:
            one, other, _ = await workers.three()
            run_id, _ = await begun(one)
            await other.take_over()
            await one.runs.owned[run_id].end("nobody reads it")
            await one.empty()
            assert isinstance((await ends(other, run_id))[-1], Complete)


class TestHandedOver:
    """A worker that goes in order gives its runs away."""

    async def test_another_goes_on_at_once_and_says_why(self) -> None:
        async with hiring(HALF, ROUND) as workers:
            one, other = await workers.hire("a", TAKERS[0]), await workers.hire("b", TAKERS[0])
            run_id, told = await begun(one)
            async with one.runs.reader(run_id, told[-1].seq) as reader:
                one.runs.draining = True
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
            run_id, _ = await begun(one)
            await one.runs.give_up()
            with pytest.raises(ServerError) as raised:
                await third.runs.pin(run_id, "/name", "내 모임")
            assert (raised.value.code, raised.value.retryable) == (Code.WORKER_LOST, True)
            await other.take_over()
            assert await third.runs.pin(run_id, "/name", "내 모임")

    async def test_any_number_of_times(self) -> None:
        """A rolling restart uses up no takeover."""
        async with hiring(HALF) as workers:
            worker = await workers.hire("first", TAKERS[0])
            run_id, _ = await begun(worker)
            for number in range(4):
                await worker.runs.give_up()
                worker = await workers.hire(f"worker {number}", TAKERS[0])
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
            run_id, _ = await begun(one)
            await asyncio.wait_for(asyncio.gather(one.runs.give_up(), one.runs.give_up()), SOON)
            await other.take_over(86_400.0)
            assert isinstance((await ends(other, run_id))[-1], Complete)

    async def test_in_a_memory_of_its_own_it_is_told_its_end(self) -> None:
        async with hiring(HALF) as workers:
            worker = await workers.hire_alone("a")
            run_id, _ = await begun(worker)
            reading = asyncio.create_task(worker.read(run_id))
            await turns(3)
            await worker.runs.give_up()
            log = await reading
            check(log, MeetingInfo)
            end = log[-1]
            assert isinstance(end, Failed)
            assert (end.code, end.retryable) == (Code.SHUTTING_DOWN, True)
