"""A store that forgets, changes hands or stays away: nothing is lost, nothing is doubled, and nobody waits in vain.

Time stands still here, and passes when the writer pauses or the test says so.
"""

import logging

import pytest

from server.runs.writer import RETRY_S
from tests.chains.clock import Clock
from tests.server.runs.fleet import ending, entries, new, progress
from tests.server.runs.script import turns
from tests.server.runs.troubled import Trouble, away, none, numbers, stored, unheard
from tests.server.runs.writing import NEW, Sits


class TestForgotten:
    """A store that was restarted empty is given the run again."""

    async def test_all_of_it(self, desk: Sits) -> None:
        here = await desk()
        here.write(*entries(1, 3))
        await here.rest()
        here.store.forget()
        here.write(*entries(4, 5))
        await here.rest()
        assert here.store.appended == [[1, 2, 3], [4, 5], [1, 2, 3, 4, 5]]
        assert await stored(here.store, NEW) == (0, [1, 2, 3, 4, 5])
        record = await here.store.record(NEW.id)
        assert (record.owner, record.request, record.began) == (here.store.worker, NEW.request, NEW.began)
        assert here.shown == ["1", "2", "3", "4", "5"]

    async def test_also_behind_an_outage_in_which_readers_were_shown_more(self, desk: Sits) -> None:
        here = await desk(none, away, away)
        here.write(*entries(1, 3))
        await here.rest()
        here.store.plays(here.store.forgets)
        here.write(*entries(4, 4))
        await turns(3)
        here.write(*entries(5, 6), ending(7))
        await here.writer.finished()
        assert await stored(here.store, NEW) == (0, list(range(1, 8)))
        assert here.shown == [str(seq) for seq in range(1, 8)]

    async def test_what_was_let_go_comes_as_what_it_adds_up_to(self, desk: Sits) -> None:
        here = await desk(keeps=300)
        for seq in range(1, 20):
            here.write(*entries(seq, seq))
            await here.rest()
        here.store.forget()
        here.write(ending(20))
        await here.writer.finished()
        stretch = await here.store.read(NEW.id)
        assert stretch.base
        assert stretch.base.dump() == progress(stretch.base.seq).dump()
        assert numbers(stretch.entries) == list(range(stretch.base.seq + 1, 21))

    async def test_once_more_if_it_forgets_again_meanwhile(self, desk: Sits) -> None:
        here = await desk()
        here.write(*entries(1, 3))
        await here.rest()
        here.store.plays(here.store.forgets, here.store.forgets, here.store.forgets)
        here.write(*entries(4, 4), ending(5))
        await here.writer.finished()
        assert await stored(here.store, NEW) == (0, [1, 2, 3, 4, 5])
        assert not here.log.closed

    async def test_though_its_key_is_another_runs_by_now(self, desk: Sits) -> None:
        here = await desk(keyed=True)
        here.write(*entries(1, 2))
        await here.rest()
        here.store.forget()
        await here.store.other().create(new("another", key="key"))
        here.write(ending(3))
        await here.writer.finished()
        assert await stored(here.store, NEW) == (0, [1, 2, 3])
        assert await here.store.create(new("a third", key="key")) == "another"

    async def test_also_when_it_has_nothing_to_say_just_now(self, desk: Sits) -> None:
        here = await desk()
        here.write(*entries(1, 3))
        await here.rest()
        here.store.forget()
        here.store.plays(away, away)
        here.writer.restore()
        await here.rest()
        assert await stored(here.store, NEW) == (0, [1, 2, 3])
        tries = len(here.store.appended)
        await here.wait(10)
        assert len(here.store.appended) == tries


class TestTakenAway:
    """The run is another worker's."""

    @pytest.mark.parametrize("before", [[], [away], [unheard]], ids=["at once", "behind an outage", "unheard"])
    async def test_readers_are_sent_there_and_nothing_more_is_written(self, desk: Sits, before: list[Trouble]) -> None:
        here = await desk(none)
        here.write(*entries(1, 2))
        await here.rest()
        here.store.plays(*before, here.store.changes_hands)
        here.write(*entries(3, 3))
        await here.writer.finished()
        assert (here.log.closed, here.log.ended) == (True, False)
        tries, shown = len(here.store.appended), here.shown
        here.write(*entries(4, 4), ending(5))
        await here.wait(100)
        assert (len(here.store.appended), here.shown, here.log.ended) == (tries, shown, False)
        base, kept = await stored(here.store, NEW)
        assert (base, kept[:2]) == (0, [1, 2])
        assert len(kept) == (3 if before == [unheard] else 2)

    async def test_also_when_it_has_ended_there(self, desk: Sits) -> None:
        here = await desk()
        here.write(*entries(1, 1))
        await here.rest()
        other = here.store.other()
        await other.claim(0, 1)
        await other.append(NEW.id, [ending(2)])
        here.write(*entries(2, 2))
        await here.writer.finished()
        assert (here.log.closed, here.shown) == (True, ["1"])


class TestOutages:
    async def test_a_long_one_is_waited_out_in_growing_pauses(self, desk: Sits, clock: Clock) -> None:
        tries = 30
        here = await desk(*[away] * tries)
        here.write(*entries(1, 1), ending(2))
        await here.writer.finished()
        pauses = [pause for pause in clock.slept if pause]
        assert len(pauses) == tries
        first, longest = RETRY_S
        for number, pause in enumerate(pauses):
            full = min(first * 2**number, longest)
            assert full / 2 <= pause <= full
        assert len({round(pause, 6) for pause in pauses[10:]}) > 10  # all workers would come back at once

    async def test_the_next_one_begins_with_short_pauses_again(self, desk: Sits, clock: Clock) -> None:
        here = await desk(*[away] * 10, none, away)
        here.write(*entries(1, 1))
        await here.rest()
        clock.slept.clear()
        here.write(*entries(2, 2))
        await here.rest()
        (pause,) = [pause for pause in clock.slept if pause]
        assert pause <= RETRY_S[0]
        assert here.shown == ["1", "2"]

    async def test_beyond_the_runs_time_nothing_more_is_tried(self, desk: Sits, clock: Clock) -> None:
        here = await desk(*[away] * 10_000)
        began = clock.now
        here.write(*entries(1, 1))
        await here.writer.finished()
        assert NEW.lives_s <= clock.now - began <= NEW.lives_s + RETRY_S[1]
        assert (here.log.closed, here.shown) == (True, ["1~"])

    async def test_a_fault_of_ours_leaves_no_reader_waiting(self, desk: Sits, caplog: pytest.LogCaptureFixture) -> None:
        words = "what a user wrote"

        async def breaks(do: object) -> None:
            raise LookupError(words)

        here = await desk(breaks)
        here.write(*entries(1, 1))
        await here.writer.finished()
        assert here.log.closed
        assert [record.levelno for record in caplog.records] == [logging.ERROR]
        assert words not in caplog.text
