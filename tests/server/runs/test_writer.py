"""What a run writes is shown when the store has it, or at once if the store is away; and in the end the store has it.

Time stands still here, and passes when the writer pauses or the test says so.
"""

import asyncio

from schemas import from_frames
from server.runs.writer import BATCH, PATIENCE_S
from tests.server.runs.fleet import ending, entries, event, progress
from tests.server.runs.script import turns
from tests.server.runs.troubled import Held, away, none, numbers, stored, unheard
from tests.server.runs.writing import NEW, Sits


class TestShown:
    async def test_what_the_store_has_and_not_before(self, desk: Sits) -> None:
        storing = Held()
        here = await desk(storing)
        here.write(*entries(1, 2))
        await here.wait(PATIENCE_S * 0.9)
        assert here.shown == []
        storing.let_go()
        await here.rest()
        assert here.shown == ["1", "2"]

    async def test_at_once_and_marked_if_the_store_is_away(self, desk: Sits) -> None:
        back = Held()
        here = await desk(away, back)
        here.write(*entries(1, 2))
        await back.reached.wait()
        assert here.shown == ["1~", "2~"]
        here.write(*entries(3, 3))
        assert here.shown == ["1~", "2~", "3~"]
        back.let_go()
        await here.rest()
        assert here.shown == ["1", "2", "3"]
        assert await stored(here.store, NEW) == (0, [1, 2, 3])

    async def test_and_marked_if_the_store_takes_too_long(self, desk: Sits) -> None:
        slow = Held()
        here = await desk(slow)
        here.write(*entries(1, 2))
        await here.wait(PATIENCE_S * 1.1)
        assert here.shown == ["1~", "2~"]
        here.write(*entries(3, 3))
        assert here.shown == ["1~", "2~", "3~"]
        slow.let_go()
        await here.rest()
        assert here.shown == ["1", "2", "3"]

    async def test_only_what_the_store_has_when_it_is_back(self, desk: Sits) -> None:
        storing = Held()
        here = await desk(away, none, storing)
        here.write(*entries(1, 1))
        await here.rest()
        assert here.shown == ["1"]
        here.write(*entries(2, 2))
        await storing.reached.wait()
        assert here.shown == ["1"]
        storing.let_go()
        await here.rest()
        assert here.shown == ["1", "2"]

    async def test_a_marked_frame_tells_the_same_event(self, desk: Sits) -> None:
        here = await desk(away, Held())
        here.write(*entries(1, 2))
        await here.rest()
        text = "".join(entry.frame for entry in here.log.entries)
        assert list(from_frames(text.splitlines())) == [event(1), event(2)]


class TestStored:
    async def test_what_was_written_while_the_store_was_away_in_order(self, desk: Sits) -> None:
        here = await desk(*[away] * 30)
        for seq in range(1, 31):
            here.write(*entries(seq, seq))
            await turns(1)
        here.write(ending(31))
        await here.writer.finished()
        assert await stored(here.store, NEW) == (0, list(range(1, 32)))
        assert here.shown == [str(seq) for seq in range(1, 32)]

    async def test_once_though_its_answer_was_lost(self, desk: Sits) -> None:
        here = await desk(unheard, unheard)
        here.write(*entries(1, 2))
        await turns(2)
        here.write(ending(3))
        await here.writer.finished()
        assert here.store.appended[0] == [1, 2]
        assert here.store.appended[-1][-1] == 3
        assert await stored(here.store, NEW) == (0, [1, 2, 3])

    async def test_so_much_at_once_and_no_more(self, desk: Sits) -> None:
        count = 2 * BATCH + 7
        here = await desk(away)
        here.write(*entries(1, count), ending(count + 1))
        await here.writer.finished()
        assert [len(batch) for batch in here.store.appended] == [BATCH, BATCH, BATCH, 8]
        assert await stored(here.store, NEW) == (0, list(range(1, count + 2)))
        assert numbers(here.log.entries) == list(range(1, count + 2))

    async def test_the_end_too_before_it_is_finished(self, desk: Sits) -> None:
        last = Held()
        here = await desk(none, away, last)
        finishing = asyncio.create_task(here.writer.finished())
        here.write(*entries(1, 1))
        await here.rest()
        here.write(ending(2))
        await last.reached.wait()
        assert (here.log.ended, finishing.done()) == (True, False)
        last.let_go()
        await finishing
        assert (await here.store.record(NEW.id)).end == "cancelled"

    async def test_what_the_log_has_let_go_is_let_go_there_too(self, desk: Sits) -> None:
        here = await desk(keeps=300)
        for seq in range(1, 20):
            here.write(*entries(seq, seq))
            await here.rest()
        base = here.log.base.seq
        assert base > 10
        stretch = await here.store.read(NEW.id)
        assert stretch.base
        assert stretch.base.dump() == progress(stretch.base.seq).dump()
        assert base - 5 < stretch.base.seq <= base
        assert numbers(stretch.entries) == list(range(stretch.base.seq + 1, 20))


class TestFlush:
    async def test_what_was_written_is_stored_before_it_stops(self, desk: Sits) -> None:
        storing = Held()
        here = await desk(storing)
        here.write(*entries(1, 3))
        flushing = asyncio.create_task(here.writer.flush(2))
        await here.wait(1)
        assert not flushing.done()
        storing.let_go()
        assert await flushing
        assert await stored(here.store, NEW) == (0, [1, 2, 3])
        assert here.log.closed

    async def test_no_longer_than_it_may_take(self, desk: Sits) -> None:
        here = await desk(Held())
        here.write(*entries(1, 3))
        flushing = asyncio.create_task(here.writer.flush(2))
        await here.wait(1.9)
        assert not flushing.done()
        await here.wait(0.2)
        assert not await flushing
        assert here.log.closed

    async def test_an_end_that_is_stored_stays_one(self, desk: Sits) -> None:
        here = await desk()
        here.write(ending(1))
        assert await here.writer.flush(2)
        assert (here.log.ended, here.log.closed) == (True, False)

    async def test_two_who_flush_both_hear_of_it(self, desk: Sits) -> None:
        storing = Held()
        here = await desk(storing)
        here.write(*entries(1, 1))
        flushing = asyncio.gather(here.writer.flush(2), here.writer.flush(2))
        await here.rest()
        storing.let_go()
        assert list(await flushing) == [True, True]

    async def test_it_stops_though_nothing_was_ever_written(self, desk: Sits) -> None:
        here = await desk()
        assert await here.writer.flush(2)
        await here.writer.finished()
        assert here.log.closed
