"""What a worker does by itself: its leases are renewed, runs of the lost are taken over, and those nobody reads end."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

from server.runs.entry import Entry
from server.runs.memory import Memory
from server.runs.owner import Bounds
from server.runs.store import StoreUnavailable, Unknown
from server.runs.tending import AT_ONCE, Tending
from tests.server.runs.fleet import new
from tests.server.runs.script import RUN_ID
from tests.server.runs.workers import CHAIN, HALF, INPUTS, WHOLE, Workers, half_told
from tests.server.runs.yard import BOUNDS, LEASE_S, Time, Watched, Yard


@pytest.fixture
async def yard(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Yard]:
    time = Time(monkeypatch)
    workers = Workers(HALF, WHOLE[CHAIN])
    workers.memory = Memory(10_000.0, clock=lambda: time.now)
    async with AsyncExitStack() as closing:
        closing.push_async_callback(workers.close)
        yield Yard(workers, time)


class TestLeases:
    async def test_of_the_living_are_not_taken(self, yard: Yard) -> None:
        other, one = await yard.hire("b"), await yard.hire("a")  # so the other one looks first
        run_id, _ = await half_told(one)
        await yard.wait(20 * LEASE_S)
        assert (await other.store.record(run_id)).owner == "a"
        assert len(yard.workers.chat.calls) == 1

    async def test_of_the_dead_are_taken_when_they_are_over(self, yard: Yard) -> None:
        one, other = await yard.hire("a"), await yard.hire("b")
        run_id, _ = await half_told(one)
        await yard.wait(3 * LEASE_S)
        await yard.kill(one)
        took = await yard.until(lambda: run_id in yard.stores[0].claimed)
        assert 0.6 * LEASE_S < took < 1.3 * LEASE_S
        assert (await other.read(run_id))[-1].type == "complete"

    async def test_that_were_given_away_are_taken_at_once(self, yard: Yard) -> None:
        one = await yard.hire("a")
        run_id, _ = await half_told(one)
        one.runs.owner.draining = True
        await one.runs.give_up()
        other = await yard.hire("b")
        assert await yard.until(lambda: run_id in yard.stores[1].claimed) <= 1.0
        assert (await other.read(run_id))[-1].type == "complete"

    async def test_a_worker_that_has_just_come_takes_none_within_a_lease(self, yard: Yard) -> None:
        """It cannot know for how long the store was away before."""
        one = await yard.hire("a")
        run_id, _ = await half_told(one)
        await yard.kill(one)
        yard.time.now += 100
        await yard.hire("b")
        assert await yard.until(lambda: run_id in yard.stores[0].claimed) >= LEASE_S

    async def test_that_were_lost_meanwhile_are_let_go(self, yard: Yard) -> None:
        one, other = await yard.hire("a", tends=False), await yard.hire("b")
        run_id, _ = await half_told(one)
        await yard.until(lambda: run_id in other.runs.owner.owned)
        yard.tend(one)
        await yard.until(lambda: not one.runs.owner.owned)
        assert (await one.read(run_id))[-1].type == "complete"


class TestOutages:
    async def test_nothing_is_taken_within_a_lease_of_the_stores_return(self, yard: Yard) -> None:
        """All leases are over then, and none of the workers is dead."""
        workers = [await yard.hire(name) for name in "abc"]
        run_id, _ = await half_told(workers[0])
        await yard.wait(2 * LEASE_S)
        yard.store_is(away=True)
        await yard.wait(10 * LEASE_S)
        yard.store_is(away=False)
        await yard.wait(5 * LEASE_S)
        assert (await workers[1].store.record(run_id)).owner == "a"
        assert len(yard.workers.chat.calls) == 1

    async def test_one_who_dies_in_it_is_taken_over_a_lease_after_it(self, yard: Yard) -> None:
        one, other = await yard.hire("a"), await yard.hire("b")
        run_id, _ = await half_told(one)
        await yard.wait(2 * LEASE_S)
        yard.store_is(away=True)
        await yard.wait(LEASE_S)
        await yard.kill(one)
        await yard.wait(5 * LEASE_S)
        yard.store_is(away=False)
        assert LEASE_S <= await yard.until(lambda: run_id in yard.stores[0].claimed) <= 1.3 * LEASE_S
        assert (await other.read(run_id))[-1].type == "complete"

    async def test_what_was_given_away_is_taken_as_soon_as_it_is_back(self, yard: Yard) -> None:
        one, _ = await yard.hire("a"), await yard.hire("b")
        run_id, _ = await half_told(one)
        yard.stores[1].goes()
        await yard.wait(LEASE_S)
        one.runs.owner.draining = True
        await one.runs.give_up()
        yard.stores[1].comes()
        assert await yard.until(lambda: run_id in yard.stores[1].claimed) <= 2.0

    async def test_they_are_told_and_their_end_too(self, yard: Yard) -> None:
        await yard.hire("a")
        tending = yard.tending["a"]
        await yard.wait(2)
        assert tending.trouble == ""
        yard.store_is(away=True)
        await yard.until(lambda: tending.trouble == "The store is away.", within_s=LEASE_S)
        yard.store_is(away=False)
        assert await yard.until(lambda: tending.trouble == "", within_s=LEASE_S) <= 2.0

    async def test_one_that_was_restarted_empty_is_given_back_every_run(self, yard: Yard) -> None:
        """Also those that have nothing to say just now; and until then nobody is told that there is no such run."""
        one, other = await yard.hire("a"), await yard.hire("b")
        run_id, _ = await half_told(one)
        told = one.runs.owner.owned[run_id].log.last
        await yard.wait(2 * LEASE_S)
        yard.store_is(away=True)
        await yard.wait(LEASE_S)
        memory = Memory(10_000.0, clock=lambda: yard.time.now)
        for store in yard.stores:
            store.forget(memory)
        yard.store_is(away=False)
        with pytest.raises(StoreUnavailable):
            await other.read(run_id)
        await yard.wait(LEASE_S)
        assert (await other.store.record(run_id)).owner == "a"
        assert len((await other.store.read(run_id)).entries) == told
        await yard.wait(2 * LEASE_S)
        with pytest.raises(Unknown):
            await other.read(RUN_ID)
        assert len(yard.workers.chat.calls) == 1


class TestTaking:
    async def test_no_more_than_there_is_room_for(self, yard: Yard) -> None:
        one = await yard.hire("a")
        for number in range(AT_ONCE + 10):
            await one.store.create(new(f"{number:032x}", chain=CHAIN, request=INPUTS[CHAIN], lives_s=10_000.0))
        await yard.kill(one)
        small = await yard.hire("b", Bounds(lease_s=LEASE_S, grace_s=10_000.0, running=3))
        await yard.wait(2 * LEASE_S)
        assert set(yard.stores[0].wanted) <= {1, 2, 3}
        assert len(small.runs.owner.owned) <= 3
        await yard.hire("c")
        await yard.wait(2 * LEASE_S)
        assert max(yard.stores[1].wanted) == AT_ONCE

    async def test_none_while_it_is_going(self, yard: Yard) -> None:
        one, other = await yard.hire("a"), await yard.hire("b")
        run_id, _ = await half_told(one)
        other.runs.owner.draining = True
        await yard.kill(one)
        await yard.wait(5 * LEASE_S)
        assert yard.stores[0].claimed == {}
        assert (await other.store.record(run_id)).owner == "a"

    async def test_one_that_cannot_be_read_stands_in_no_others_way(
        self, yard: Yard, caplog: pytest.LogCaptureFixture
    ) -> None:
        """Another version may have written it."""
        one, other = await yard.hire("a"), await yard.hire("b")
        await one.store.create(new(RUN_ID, chain=CHAIN, request=INPUTS[CHAIN], lives_s=10_000.0))
        await one.store.append(RUN_ID, [Entry.stored(1, "start", '{"type":"start","seq":1,"canary":1}')])
        run_id, _ = await half_told(one)
        await yard.kill(one)
        await yard.until(lambda: run_id in other.runs.owner.owned)
        assert (await other.read(run_id))[-1].type == "complete"
        assert {record.levelno for record in caplog.records} == {logging.ERROR}
        assert "canary" not in caplog.text


class TestReaders:
    GRACE = Bounds(lease_s=LEASE_S, grace_s=30.0)

    async def test_a_run_that_nobody_reads_is_cancelled(self, yard: Yard) -> None:
        worker = await yard.hire("a", self.GRACE)
        run_id, _ = await half_told(worker)
        assert 29 <= await yard.until(lambda: not worker.runs.owner.owned) <= 33
        assert (await worker.read(run_id))[-1].type == "cancelled"

    async def test_one_that_is_read_elsewhere_is_not(self, yard: Yard) -> None:
        one, other = await yard.hire("a", self.GRACE), await yard.hire("b", self.GRACE)
        run_id, _ = await half_told(one)
        async with other.runs.reader(run_id):
            await yard.wait(300)
            assert one.runs.owner.owned[run_id].running
        assert await yard.until(lambda: not one.runs.owner.owned) <= 2 * 30 + 3


async def test_a_store_that_is_not_there_yet_is_waited_for(yard: Yard) -> None:
    worker = await yard.workers.hire("a", BOUNDS, kind=Watched)
    yard.store_is(away=True)
    tending = Tending(worker.runs, worker.store, BOUNDS)
    with worker.here():
        _ = asyncio.create_task(tending.run())  # noqa: RUF006  # it ends with its worker
    await yard.wait(30)
    assert (tending.opened.is_set(), tending.trouble) == (False, "The store is away.")
    yard.store_is(away=False)
    await yard.until(tending.opened.is_set, within_s=5)
    await yard.until(lambda: tending.trouble == "", within_s=5)
