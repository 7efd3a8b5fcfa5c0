"""What every store promises about owners, readers and messages (`server.runs.store`)."""

import asyncio
from contextlib import aclosing

import pytest

from server.runs.store import Fenced, Unknown
from tests.server.runs.fleet import LEASE_S, Fleet, ending, entries, new, progress, said


class OwnerContract:
    """Owners, readers and messages."""

    # -- leases --------------------------------------------------------------------------------------------------------

    async def test_a_lease_can_be_claimed_only_when_it_was_not_renewed_for_so_long(self, fleet: Fleet) -> None:
        other = await fleet.another()
        await fleet.first.create(new("a"))
        await fleet.pass_time(LEASE_S - 1)
        assert await other.claim(LEASE_S, 10) == []
        assert await fleet.first.renew(["a"]) == set()
        await fleet.pass_time(LEASE_S - 1)
        assert await other.claim(LEASE_S, 10) == []
        await fleet.pass_time(2)
        (record,) = await other.claim(LEASE_S, 10)
        assert (record.id, record.owner, record.claims, record.handed) == ("a", other.worker, 1, False)
        assert record.request == {"q": "안녕"}
        assert record == await fleet.first.record("a")

    async def test_a_claimed_run_is_the_claimants_and_the_owner_before_is_refused(self, fleet: Fleet) -> None:
        other = await fleet.another()
        await fleet.first.create(new("a"))
        await fleet.first.append("a", entries(1, 2))
        await fleet.pass_time(LEASE_S + 1)
        await other.claim(LEASE_S, 10)
        for late in ([ending(3)], entries(3, 3), entries(2, 2)):
            with pytest.raises(Fenced):
                await fleet.first.append("a", late, progress(1))
        assert await fleet.first.renew(["a"]) == {"a"}
        await fleet.first.release("a")
        await fleet.first.drop("a")
        await other.append("a", entries(3, 3, "other"))
        assert said((await fleet.first.read("a")).entries) == said([*entries(1, 2), *entries(3, 3, "other")])
        assert (await fleet.first.record("a")).owner == other.worker

    async def test_an_owner_who_was_away_learns_that_its_run_was_taken_and_has_ended(self, fleet: Fleet) -> None:
        other = await fleet.another()
        for run_id in ("taken", "its own"):
            await fleet.first.create(new(run_id))
        await fleet.first.release("taken")
        await other.claim(LEASE_S, 10)
        await other.append("taken", [ending(1)])
        await fleet.first.append("its own", [ending(1)])
        assert await fleet.first.renew(["taken", "its own"]) == {"taken"}

    async def test_claiming_renews(self, fleet: Fleet) -> None:
        second, third = await fleet.another(), await fleet.another()
        await fleet.first.create(new("a"))
        await fleet.pass_time(LEASE_S + 1)
        assert len(await second.claim(LEASE_S, 10)) == 1
        assert await third.claim(LEASE_S, 10) == []
        await fleet.pass_time(LEASE_S + 1)
        (record,) = await third.claim(LEASE_S, 10)
        assert (record.owner, record.claims) == (third.worker, 2)

    async def test_each_lease_is_claimed_once_and_no_more_than_asked_for(self, fleet: Fleet) -> None:
        others = [await fleet.another() for _ in range(3)]
        for i in range(40):
            await fleet.first.create(new(f"run-{i}"))
        await fleet.pass_time(LEASE_S + 1)
        few = await others[0].claim(LEASE_S, 7)
        rest = await asyncio.gather(*(other.claim(LEASE_S, 20) for other in others))
        assert len(few) == 7
        assert max(map(len, rest)) <= 20
        claimed = [record.id for records in (few, *rest) for record in records]
        assert sorted(claimed) == sorted(f"run-{i}" for i in range(40))

    async def test_an_idle_lease_is_found_behind_any_number_of_others(self, fleet: Fleet) -> None:
        other, lively = await fleet.another(), [f"run-{i}" for i in range(300)]
        for run_id in (*lively, "late"):
            await fleet.first.create(new(run_id))
        await fleet.pass_time(LEASE_S + 1)
        await fleet.first.renew(lively)
        assert [record.id for record in await other.claim(LEASE_S, 1)] == ["late"]

    async def test_the_lease_of_a_run_that_has_ended_or_was_dropped_is_nobodys(self, fleet: Fleet) -> None:
        other = await fleet.another()
        for run_id in ("ended", "dropped", "goes on"):
            await fleet.first.create(new(run_id))
        await fleet.first.append("ended", [ending(1)])
        await fleet.first.drop("dropped")
        await fleet.pass_time(LEASE_S + 1)
        assert [record.id for record in await other.claim(LEASE_S, 10)] == ["goes on"]
        assert await fleet.first.renew(["ended", "dropped", "goes on", "none"]) == {"goes on"}

    async def test_ones_own_lease_is_only_renewed_by_a_claim(self, fleet: Fleet) -> None:
        await fleet.first.create(new("a"))
        await fleet.first.append("a", entries(1, 1))
        await fleet.pass_time(LEASE_S + 1)
        (record,) = await fleet.first.claim(LEASE_S, 10)
        assert (record.owner, record.claims, record.handed) == (fleet.first.worker, 0, False)
        assert await (await fleet.another()).claim(LEASE_S, 10) == []
        await fleet.first.append("a", entries(1, 2))
        assert said((await fleet.first.read("a")).entries) == said(entries(1, 2))

    async def test_a_released_run_is_claimed_at_once_and_that_is_not_counted(self, fleet: Fleet) -> None:
        second, third = await fleet.another(), await fleet.another()
        await fleet.first.create(new("a"))
        await fleet.first.append("a", entries(1, 1))
        await fleet.first.release("a")
        assert (await fleet.first.record("a")).owner == ""
        with pytest.raises(Fenced):
            await fleet.first.append("a", entries(2, 2))
        assert await fleet.first.renew(["a"]) == {"a"}
        (record,) = await second.claim(86_400.0, 10)
        assert (record.owner, record.claims, record.handed) == (second.worker, 0, True)
        await second.append("a", entries(2, 2))
        await fleet.pass_time(LEASE_S + 1)
        (record,) = await third.claim(LEASE_S, 10)
        assert (record.owner, record.claims, record.handed) == (third.worker, 1, False)

    async def test_nothing_else_is_released(self, fleet: Fleet) -> None:
        other = await fleet.another()
        await fleet.first.create(new("a"))
        await other.release("a")
        await other.release("none")
        await fleet.first.append("a", [ending(1)])
        await fleet.first.release("a")
        assert await other.claim(0, 10) == []
        assert (await other.record("a")).owner == fleet.first.worker

    async def test_the_new_owner_may_repeat_what_it_took_over(self, fleet: Fleet) -> None:
        """As it does when the store has lost the end of the log."""
        other = await fleet.another()
        await fleet.first.create(new("a"))
        await fleet.first.append("a", entries(1, 3))
        await fleet.first.release("a")
        await other.claim(0, 1)
        await other.append("a", entries(1, 5))
        assert said((await other.read("a")).entries) == said(entries(1, 5))

    # -- cancelling ----------------------------------------------------------------------------------------------------

    async def test_a_cancel_is_noted_once_and_survives_a_takeover(self, fleet: Fleet) -> None:
        other = await fleet.another()
        await fleet.first.create(new("a"))
        assert (await other.cancel("a", "이제 그만")).cancelled == "이제 그만"
        assert (await fleet.first.cancel("a", "again")).cancelled == "이제 그만"
        await fleet.first.release("a")
        (record,) = await other.claim(0, 10)
        assert record.cancelled == "이제 그만"

    async def test_an_end_cannot_be_cancelled(self, fleet: Fleet) -> None:
        await fleet.first.create(new("a"))
        await fleet.first.append("a", [ending(1)])
        record = await fleet.first.cancel("a", "too late")
        assert (record.end, record.cancelled) == ("cancelled", "")

    # -- readers -------------------------------------------------------------------------------------------------------

    async def test_a_run_is_read_for_as_long_as_anybody_says(self, fleet: Fleet) -> None:
        other = await fleet.another()
        assert not await fleet.first.is_read("a")
        await other.note_readers(["a", "b"], 10)
        await fleet.first.note_readers(["a"], 1)  # which does not shorten it
        await fleet.first.note_readers([], 10)
        await fleet.pass_time(9)
        assert await fleet.first.is_read("a")
        await fleet.first.note_readers(["a"], 10)
        await fleet.pass_time(9)
        assert await other.is_read("a")
        assert not await other.is_read("b")
        await fleet.pass_time(2)
        assert not await other.is_read("a")

    # -- where runs go on ----------------------------------------------------------------------------------------------

    async def test_the_worker_of_a_kept_run_is_its_owner_while_it_goes_on(self, fleet: Fleet) -> None:
        other = await fleet.another()
        await fleet.first.create(new("a"))
        assert await other.worker_of("a") == fleet.first.worker
        await fleet.first.release("a")
        assert await other.worker_of("a") == ""
        await other.claim(0, 1)
        assert await fleet.first.worker_of("a") == other.worker
        await other.append("a", [ending(1)])
        assert await fleet.first.worker_of("a") == ""

    async def test_a_run_that_is_not_kept_is_found_where_it_goes_on(self, fleet: Fleet) -> None:
        other = await fleet.another()
        await fleet.first.locate("a", 10)
        await fleet.first.locate("b", 10)
        await fleet.pass_time(9)
        assert await other.worker_of("a") == fleet.first.worker
        await fleet.first.leave("a")
        with pytest.raises(Unknown):
            await other.worker_of("a")
        await fleet.pass_time(2)
        with pytest.raises(Unknown):
            await other.worker_of("b")
        await fleet.first.leave("a")

    # -- messages ------------------------------------------------------------------------------------------------------

    async def test_messages_reach_their_worker_only_and_in_order(self, fleet: Fleet) -> None:
        second, third = await fleet.another(), await fleet.another()
        async with asyncio.timeout(10), aclosing(second.inbox()) as seconds, aclosing(third.inbox()) as thirds:
            await fleet.first.send(third.worker, "before")
            for i in range(50):
                await fleet.first.send(second.worker, f"메시지 {i}")
                await second.send(third.worker, str(i))
            assert [await anext(seconds) for _ in range(50)] == [f"메시지 {i}" for i in range(50)]
            assert [await anext(thirds) for _ in range(51)] == ["before", *map(str, range(50))]
            waiting = asyncio.ensure_future(anext(seconds))
            await asyncio.sleep(0)
            await third.send(second.worker, "last")
            assert await waiting == "last"

    async def test_a_further_inbox_goes_on_where_the_one_before_stopped(self, fleet: Fleet) -> None:
        for text in ("1", "2", "3"):
            await fleet.first.send(fleet.first.worker, text)
        async with asyncio.timeout(10):
            async with aclosing(fleet.first.inbox()) as inbox:
                assert await anext(inbox) == "1"
            async with aclosing(fleet.first.inbox()) as inbox:
                assert [await anext(inbox), await anext(inbox)] == ["2", "3"]

    async def test_a_worker_that_never_was_or_has_left_gets_none(self, fleet: Fleet) -> None:
        other = await fleet.another()
        await fleet.first.send(other.worker, "to one who lives")
        await other.close()
        for nobody in (other.worker, "nobody", ""):
            with pytest.raises(Unknown):
                await fleet.first.send(nobody, "hello")

    async def test_workers_have_names_of_their_own(self, fleet: Fleet) -> None:
        assert len({(await fleet.another()).worker for _ in range(5)} | {fleet.first.worker}) == 6
