"""What every store promises about runs and their logs (`server.runs.store`). Subclasses say which store is tried."""

import asyncio
import random
from contextlib import aclosing

import pytest

from server.runs.store import Expired, Fenced, Lost, Record, Unknown
from tests.server.runs.fleet import LIVES_S, TTL_S, Fleet, ending, entries, followed, new, progress, said


class LogContract:
    """Runs and their logs."""

    # -- making runs ---------------------------------------------------------------------------------------------------

    async def test_a_run_is_recorded_as_it_was_made(self, fleet: Fleet) -> None:
        assert await fleet.first.create(new("a", print="p", user="kim")) == "a"
        other = await fleet.another()
        assert await other.record("a") == Record(
            "a", "chatbot", {"q": "안녕"}, 1.5, fleet.first.worker, print="p", user="kim"
        )
        assert (await other.read("a")).user == "kim"

    async def test_a_run_that_never_was_is_unknown(self, fleet: Fleet) -> None:
        for asked in (
            fleet.first.record("a"),
            fleet.first.read("a"),
            fleet.first.cancel("a", "why"),
            fleet.first.worker_of("a"),
        ):
            with pytest.raises(Unknown):
                await asked

    async def test_however_many_create_runs_with_one_key_one_is_made(self, fleet: Fleet) -> None:
        stores = [fleet.first, await fleet.another(), await fleet.another()]
        created = [stores[i % 3].create(new(f"run-{i}", key="k")) for i in range(200)]
        (made,) = set(await asyncio.gather(*created))
        assert (await fleet.first.record(made)).owner == stores[int(made.removeprefix("run-")) % 3].worker
        for i in range(200):
            if f"run-{i}" != made:
                with pytest.raises(Unknown):
                    await fleet.first.record(f"run-{i}")

    async def test_other_keys_and_no_key_make_other_runs(self, fleet: Fleet) -> None:
        made = [await fleet.first.create(new(f"run-{i}", key=key)) for i, key in enumerate(["", "", "j", "k"])]
        assert made == ["run-0", "run-1", "run-2", "run-3"]

    async def test_creating_it_again_changes_nothing(self, fleet: Fleet) -> None:
        await fleet.first.create(new("a", key="k"))
        await fleet.first.append("a", entries(1, 3))
        assert await fleet.first.create(new("a", key="k")) == "a"
        assert await fleet.first.create(new("a")) == "a"
        await fleet.first.append("a", entries(4, 4))
        assert said((await fleet.first.read("a")).entries) == said(entries(1, 4))

    async def test_a_key_is_free_again_when_its_run_is_over(self, fleet: Fleet) -> None:
        await fleet.first.create(new("a", key="k"))
        await fleet.first.append("a", [ending(1)])
        await fleet.pass_time(TTL_S - 1)
        assert await fleet.first.create(new("b", key="k")) == "a"
        await fleet.pass_time(2)
        assert await fleet.first.create(new("b", key="k")) == "b"

    async def test_a_dropped_run_is_unknown_and_its_key_free(self, fleet: Fleet) -> None:
        await fleet.first.create(new("a", key="k"))
        await fleet.first.drop("a")
        with pytest.raises(Unknown):
            await fleet.first.read("a")
        with pytest.raises(Lost):
            await fleet.first.append("a", entries(1, 1))
        assert await (await fleet.another()).claim(0, 10) == []
        assert await fleet.first.create(new("b", key="k")) == "b"

    async def test_only_ones_own_run_that_never_began_is_dropped(self, fleet: Fleet) -> None:
        other = await fleet.another()
        await fleet.first.create(new("a"))
        await other.drop("a")
        await fleet.first.append("a", entries(1, 1))
        await fleet.first.drop("a")
        await fleet.first.drop("none")
        assert said((await fleet.first.read("a")).entries) == said(entries(1, 1))

    # -- the log -------------------------------------------------------------------------------------------------------

    async def test_the_log_is_what_was_appended_byte_for_byte(self, fleet: Fleet) -> None:
        written = [*entries(1, 5, "줄\n바꿈 \u2028 \U0001f600 \x00"), *entries(6, 9), ending(10)]
        await fleet.first.create(new("a"))
        for entry in written:
            await fleet.first.append("a", [entry])
        stretch = await (await fleet.another()).read("a")
        assert stretch.base is None
        assert said(stretch.entries) == said(written)
        assert [entry.event for entry in stretch.entries] == [entry.event for entry in written]

    async def test_what_is_behind_a_number(self, fleet: Fleet) -> None:
        await fleet.first.create(new("a"))
        assert (await fleet.first.read("a")).entries == []
        await fleet.first.append("a", entries(1, 120))
        for after in (0, 1, 9, 10, 99, 119, 120, 121, 5000):
            stretch = await fleet.first.read("a", after)
            assert (stretch.base, said(stretch.entries)) == (None, said(entries(after + 1, 120)))

    async def test_what_it_has_already_is_passed_over(self, fleet: Fleet) -> None:
        await fleet.first.create(new("a"))
        for first, last in ((1, 3), (1, 3), (2, 5), (5, 5), (1, 6)):
            await fleet.first.append("a", entries(first, last))
        await fleet.first.append("a", [])
        assert said((await fleet.first.read("a")).entries) == said(entries(1, 6))

    @pytest.mark.parametrize("numbers", [[5], [5, 6], [4, 6], [4, 4], [5, 4], [3, 5], [3, 3, 4]])
    async def test_a_hole_or_a_disorder_is_refused_whole(self, fleet: Fleet, numbers: list[int]) -> None:
        await fleet.first.create(new("a"))
        await fleet.first.append("a", entries(1, 3))
        with pytest.raises(Lost):
            await fleet.first.append("a", [entries(number, number)[0] for number in numbers])
        assert said((await fleet.first.read("a")).entries) == said(entries(1, 3))

    async def test_a_first_entry_has_number_one(self, fleet: Fleet) -> None:
        await fleet.first.create(new("a"))
        with pytest.raises(Lost):
            await fleet.first.append("a", entries(2, 3))

    async def test_a_run_that_is_not_there_is_lost(self, fleet: Fleet) -> None:
        with pytest.raises(Lost):
            await fleet.first.append("a", entries(1, 1))

    async def test_only_its_owner_appends(self, fleet: Fleet) -> None:
        await fleet.first.create(new("a"))
        await fleet.first.append("a", entries(1, 1))
        other = await fleet.another()
        for repeated_or_next in (entries(1, 1), entries(2, 2), []):
            with pytest.raises(Fenced):
                await other.append("a", repeated_or_next, progress(1))
        assert said((await fleet.first.read("a")).entries) == said(entries(1, 1))

    async def test_nothing_comes_behind_the_end_but_the_end_can_be_repeated(self, fleet: Fleet) -> None:
        await fleet.first.create(new("a"))
        await fleet.first.append("a", [*entries(1, 2), ending(3)])
        await fleet.first.append("a", [*entries(1, 2), ending(3)])
        await fleet.first.append("a", [ending(3)])
        for more in (entries(4, 4), [ending(3), ending(4)]):
            with pytest.raises(Fenced):
                await fleet.first.append("a", more)
        assert said((await fleet.first.read("a")).entries) == said([*entries(1, 2), ending(3)])

    async def test_the_end_is_in_the_record_and_the_request_is_not(self, fleet: Fleet) -> None:
        await fleet.first.create(new("a", print="p"))
        await fleet.first.append("a", [ending(1)])
        expected = Record("a", "chatbot", None, 1.5, fleet.first.worker, end="cancelled", print="p")
        assert await fleet.first.record("a") == expected

    # -- what is let go ------------------------------------------------------------------------------------------------

    async def test_a_base_stands_for_what_is_before_it(self, fleet: Fleet) -> None:
        await fleet.first.create(new("a"))
        await fleet.first.append("a", entries(1, 10))
        await fleet.first.append("a", entries(11, 12), progress(7))
        for after in range(14):
            stretch = await (await fleet.another()).read("a", after)
            base = progress(7).dump() if after < 7 else None
            assert (stretch.base and stretch.base.dump()) == base
            assert said(stretch.entries) == said(entries(max(after, 7) + 1, 12))

    async def test_a_base_is_what_it_was_when_it_was_given(self, fleet: Fleet) -> None:
        await fleet.first.create(new("a"))
        base = progress(1)
        await fleet.first.append("a", entries(1, 2), base)
        base.apply(entries(2, 2)[0].event)
        taken = (await fleet.first.read("a")).base
        assert taken
        taken.apply(entries(2, 2)[0].event)
        again = (await fleet.first.read("a")).base
        assert again
        assert again.dump() == progress(1).dump()

    async def test_an_older_base_changes_nothing(self, fleet: Fleet) -> None:
        await fleet.first.create(new("a"))
        await fleet.first.append("a", entries(1, 10), progress(7))
        await fleet.first.append("a", entries(1, 10), progress(5))
        stretch = await fleet.first.read("a")
        assert stretch.base
        assert (stretch.base.seq, said(stretch.entries)) == (7, said(entries(8, 10)))

    async def test_a_base_may_come_alone_and_for_everything(self, fleet: Fleet) -> None:
        await fleet.first.create(new("a"))
        await fleet.first.append("a", entries(1, 10))
        await fleet.first.append("a", [], progress(10))
        stretch = await fleet.first.read("a")
        assert stretch.base
        assert (stretch.base.dump(), stretch.entries) == (progress(10).dump(), [])
        await fleet.first.append("a", [*entries(11, 11), ending(12)])
        assert said((await fleet.first.read("a", 10)).entries) == said([*entries(11, 11), ending(12)])

    @pytest.mark.parametrize("has", [0, 3])
    async def test_a_base_closes_a_hole_in_front_of_it(self, fleet: Fleet, has: int) -> None:
        await fleet.first.create(new("a"))
        await fleet.first.append("a", entries(1, has))
        with pytest.raises(Lost):
            await fleet.first.append("a", entries(10, 12), progress(8))
        await fleet.first.append("a", entries(8, 12), progress(9))
        stretch = await fleet.first.read("a")
        assert stretch.base
        assert (stretch.base.dump(), said(stretch.entries)) == (progress(9).dump(), said(entries(10, 12)))
        await fleet.first.append("a", entries(13, 13))
        assert said((await fleet.first.read("a", 11)).entries) == said(entries(12, 13))

    async def test_reading_and_letting_go_at_once_leaves_no_hole(self, fleet: Fleet) -> None:
        await fleet.first.create(new("a"))
        other = await fleet.another()

        async def write() -> None:
            for seq in range(1, 151):
                await fleet.first.append("a", entries(seq, seq), progress(seq - 2) if seq % 3 == 0 else None)
                await asyncio.sleep(0)

        writing = asyncio.create_task(write())
        while not writing.done():
            await asyncio.sleep(0)
            stretch = await other.read("a")
            numbers = [entry.seq for entry in stretch.entries]
            first = stretch.base.seq + 1 if stretch.base else 1
            assert numbers == list(range(first, first + len(numbers)))
        await writing

    # -- following -----------------------------------------------------------------------------------------------------

    async def test_a_follower_gets_what_is_there_and_then_what_comes(self, fleet: Fleet) -> None:
        await fleet.first.create(new("a"))
        await fleet.first.append("a", entries(1, 3))
        async with asyncio.timeout(10), aclosing((await fleet.another()).follow("a", 1)) as follower:
            assert said(await anext(follower)) == said(entries(2, 3))
            await fleet.first.append("a", entries(4, 4))
            assert said(await anext(follower)) == said(entries(4, 4))
            await fleet.first.append("a", [ending(5)])
            assert said(await anext(follower)) == said([ending(5)])

    async def test_a_follower_waits_for_a_run_that_is_not_there(self, fleet: Fleet) -> None:
        following = asyncio.create_task(followed(fleet.first.follow("a", 0), 2))
        await asyncio.sleep(0)
        await fleet.first.create(new("a"))
        await fleet.first.append("a", entries(1, 2))
        assert said(await following) == said(entries(1, 2))

    async def test_a_follower_who_is_ahead_gets_what_is_new_to_it(self, fleet: Fleet) -> None:
        await fleet.first.create(new("a"))
        await fleet.first.append("a", entries(1, 3))
        following = asyncio.create_task(followed(fleet.first.follow("a", 5), 7))
        await fleet.first.append("a", entries(4, 7))
        assert said(await following) == said(entries(6, 7))

    async def test_what_was_let_go_before_it_was_read_is_a_hole(self, fleet: Fleet) -> None:
        await fleet.first.create(new("a"))
        await fleet.first.append("a", entries(1, 10), progress(8))
        assert said(await followed(fleet.first.follow("a", 2), 10)) == said(entries(9, 10))

    @pytest.mark.parametrize("seed", range(5))
    async def test_followers_join_anywhere_and_miss_and_double_nothing(self, fleet: Fleet, seed: int) -> None:
        chance, last = random.Random(seed), 200  # no secret
        await fleet.first.create(new("a"))
        stores = [fleet.first, await fleet.another()]

        async def follow() -> tuple[int, list[tuple[int, str, str]]]:
            for _ in range(chance.randrange(60)):
                await asyncio.sleep(0)
            after = chance.randrange(last)
            return after, said(await followed(chance.choice(stores).follow("a", after), last))

        following = [asyncio.create_task(follow()) for _ in range(40)]
        seq = 0
        while seq < last:
            size = min(chance.randint(1, 9), last - seq)
            await fleet.first.append("a", entries(seq + 1, seq + size))
            seq += size
            await asyncio.sleep(0)
        for after, got in await asyncio.gather(*following):
            assert got == said(entries(after + 1, last))

    async def test_500_follow_one_run_and_others_are_not_mixed_in(self, fleet: Fleet) -> None:
        other = await fleet.another()
        following = [asyncio.create_task(followed(other.follow("a", 0), 21)) for _ in range(500)]
        for run_id in ("a", "b"):
            await fleet.first.create(new(run_id))
        for seq in range(1, 21):
            for run_id in ("b", "a"):
                await fleet.first.append(run_id, entries(seq, seq, f"{run_id}{seq}"))
        await fleet.first.append("a", [ending(21)])
        expected = [said(entries(seq, seq, f"a{seq}"))[0] for seq in range(1, 21)] + said([ending(21)])
        for got in await asyncio.gather(*following):
            assert said(got) == expected

    async def test_a_follower_who_does_not_read_holds_nobody_up_and_misses_nothing(self, fleet: Fleet) -> None:
        last = 5_000
        await fleet.first.create(new("a"))
        async with aclosing(fleet.first.follow("a", 0)) as slow:
            await fleet.first.append("a", entries(1, 1))
            got = [*await anext(slow)]
            quick = asyncio.create_task(followed(fleet.first.follow("a", 0), last))
            for seq in range(2, last, 100):
                await fleet.first.append("a", entries(seq, min(seq + 99, last)))
            assert said(await quick) == said(entries(1, last))
            async with asyncio.timeout(10):
                while got[-1].seq < last:
                    got += await anext(slow)
        assert said(got) == said(entries(1, last))

    # -- time ----------------------------------------------------------------------------------------------------------

    async def test_a_run_is_kept_for_its_time_after_its_end_and_then_expired(self, fleet: Fleet) -> None:
        await fleet.first.create(new("a"))
        await fleet.pass_time(LIVES_S - 1)
        await fleet.first.append("a", [*entries(1, 3), ending(4)], progress(2))
        await fleet.pass_time(TTL_S - 1)
        stretch = await fleet.first.read("a", 0)
        assert stretch.base
        assert said(stretch.entries) == said([*entries(3, 3), ending(4)])
        await fleet.pass_time(2)
        await self.is_expired(fleet)
        await fleet.first.create(new("b"))
        await self.is_expired(fleet)

    async def test_a_run_without_an_end_has_its_time_too(self, fleet: Fleet) -> None:
        await fleet.first.create(new("a", key="k"))
        await fleet.first.append("a", entries(1, 3), progress(2))
        await fleet.pass_time(LIVES_S - 1)
        await fleet.first.append("a", entries(4, 4))
        await fleet.pass_time(2)
        await self.is_expired(fleet)
        with pytest.raises(Lost):
            await fleet.first.append("a", entries(5, 5))
        assert await fleet.first.create(new("b", key="k")) == "b"
        assert [record.id for record in await (await fleet.another()).claim(0, 10)] == ["b"]

    async def is_expired(self, fleet: Fleet) -> None:
        for store in (fleet.first, await fleet.another()):
            for asked in (store.record("a"), store.read("a"), store.cancel("a", "why"), store.worker_of("a")):
                with pytest.raises(Expired):
                    await asked
