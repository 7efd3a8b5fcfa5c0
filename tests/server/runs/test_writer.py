"""What a run writes is shown when the store has it, or at once if the store is away; and in the end the store has it.

Time stands still here, and passes when the writer pauses or the test says so.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace

import pytest

from schemas import from_frames
from server.runs.entry import Entry
from server.runs.log import Log
from server.runs.store import NewRun
from server.runs.writer import BATCH, PATIENCE_S, RETRY_S, Writer
from tests.chains.clock import Clock
from tests.server.runs.fleet import ending, entries, event, new, progress
from tests.server.runs.script import turns
from tests.server.runs.troubled import Held, Trouble, TroubledStore, away, none, numbers, stored, unheard

NEW = new("run", lives_s=100.0)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


class Desk:
    """A writer, its log, its store."""

    def __init__(self, store: TroubledStore, run: NewRun, log: Log, clock: Clock) -> None:
        self.store = store
        self.log = log
        self.clock = clock
        self.writer = Writer(store, run, log)

    def write(self, *written: Entry) -> None:
        """The run says this."""
        for entry in written:
            self.writer.write(entry)

    async def rest(self) -> None:
        """Whatever can happen without time passing has happened."""
        await turns(50)

    async def wait(self, seconds: float) -> None:
        """So much time passes."""
        await self.rest()
        self.clock.now += seconds
        await self.rest()

    @property
    def shown(self) -> list[str]:
        """The ids of the frames that a reader would get now."""
        return [entry.frame.split("\n")[0].removeprefix("id:") for entry in self.log.entries]


Sits = Callable[..., Awaitable[Desk]]


@pytest.fixture
async def desk(clock: Clock) -> AsyncIterator[Sits]:
    """Sits down at a store with these troubles; the writer is stopped at the end."""
    desks: list[Desk] = []

    async def sit(*troubles: Trouble, keeps: int = 1_000_000, keyed: bool = False) -> Desk:
        store, run = TroubledStore(*troubles), replace(NEW, key="key") if keyed else NEW
        await store.create(run)
        desks.append(Desk(store, run, Log(keeps=keeps), clock))
        return desks[-1]

    yield sit
    for each in desks:
        await each.writer.flush(0)


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
