"""Whoever reads a log gets all of it from where it left off, each event once, or is told how far the run had come."""

import asyncio
import gc
import weakref

import pytest

from schemas import Code, Event, FieldSettled, Partial, Reset, Token
from server.runs.entry import Entry
from server.runs.log import AT_ONCE, Log, Moved
from tests.server.runs.fleet import ending, entries, event, progress
from tests.server.runs.script import SOON, all_of, events_in, read_on, sum_of, turns


def log_of(*events: Event, keeps: int | None = 1_000_000) -> Log:
    log = Log(keeps=keeps)
    for told in events:
        log.put(Entry(told))
    return log


def tokens(count: int) -> list[Event]:
    return [event(seq) for seq in range(1, count + 1)]


def soon() -> float:
    return asyncio.get_running_loop().time() + SOON


class TestJoining:
    @pytest.mark.parametrize("after", range(7))
    async def test_at_any_number_gets_what_is_behind_it(self, after: int) -> None:
        log = log_of(*tokens(4))
        with log.reader(after) as reader:
            reading = asyncio.create_task(read_on(reader, until=7))
            for seq in (5, 6, 7):
                await turns(3)
                log.put(Entry(event(seq)))
            got = [entry.event for entry in await reading]
        if after <= 4:
            assert got == tokens(7)[after:]
        else:  # nobody can have been given these numbers: it must have been another log
            assert got[:2] == [progress(3).partial(), event(4)]

    @pytest.mark.parametrize("after", range(8))
    async def test_where_the_log_no_longer_reaches_it_is_told_what_it_has_missed(self, after: int) -> None:
        log = Log(keeps=1_000_000, base=progress(4))
        for entry in (*entries(5, 6), ending(7)):
            log.put(entry)
        whole = [progress(4).partial(), event(5), event(6), ending(7).event]
        with log.reader(after) as reader:
            assert reader.done is (after == 7)
            assert [entry.event for entry in log.behind(reader)] == whole[max(after - 3, 0) :]

    async def test_behind_the_end_there_is_nothing(self) -> None:
        log = log_of(*tokens(2), ending(3).event)
        for after, done in ((2, False), (3, True), (4, False)):
            with log.reader(after) as reader:
                assert reader.done is done

    async def test_ahead_of_an_ended_log_it_is_told_its_end(self) -> None:
        log = log_of(*tokens(2), ending(3).event)
        assert await all_of(log, 9) == [progress(2).partial(), ending(3).event]

    async def test_ahead_of_a_log_of_one_event_it_gets_that(self) -> None:
        assert await all_of(log_of(ending(1).event), 9) == [ending(1).event]

    async def test_what_it_is_given_does_not_change_behind_its_back(self) -> None:
        log = log_of(event(1))
        with log.reader() as one, log.reader(9) as ahead:
            given = [await one.next(soon()), await ahead.next(soon())]
            log.put(Entry(event(2)))
            assert [[entry.seq for entry in news] for news in given] == [[1], [1]]

    async def test_what_is_behind_a_base_that_is_all_there_is_comes(self) -> None:
        log = Log(keeps=1_000_000, base=progress(5))
        with log.reader(5) as there, log.reader(2) as late, log.reader(8) as ahead:
            assert list(log.behind(there)) == []
            assert [entry.event for entry in log.behind(late)] == [progress(5).partial()]
            assert list(log.behind(ahead)) == []  # nothing that it could be told in one event that is not made up
            log.put(Entry(event(6)))
            assert [entry.event for entry in log.behind(there)] == [event(6)]
            assert [entry.event for entry in log.behind(late)] == [event(6)]
            assert [entry.event for entry in log.behind(ahead)] == [progress(5).partial(), event(6)]


class TestUnsure:
    """Readers who were shown, as some number, what may not have been in the store: it may be something else here."""

    TOLD = (event(1), event(2), Reset(seq=3, attempt=2, keep=(), reason=Code.WORKER_LOST), event(4), event(5))

    @pytest.mark.parametrize("after", [1, 2, 3, 4, 5, 9])
    @pytest.mark.parametrize("let_go", [0, 3])
    async def test_they_are_told_how_far_it_is_and_then_what_comes(self, after: int, let_go: int) -> None:
        log = Log(keeps=1_000_000, base=sum_of(self.TOLD[:let_go]))
        for told in self.TOLD[let_go:]:
            log.put(Entry(told))
        with log.reader(after, sure=False) as reader:
            assert not reader.done
            partial, last = await reader.next(soon())
            assert (partial.event, partial.resumed) == (sum_of(self.TOLD[:4]).partial(), True)
            assert last.event == self.TOLD[4]
            assert list(log.behind(reader)) == []
            log.put(ending(6))
            assert [entry.event for entry in await reader.next(soon())] == [ending(6).event]
            assert reader.done

    async def test_who_was_given_its_number_with_certainty_goes_on_from_it(self) -> None:
        log = log_of(*self.TOLD)
        with log.reader(4) as reader:
            assert [entry.event for entry in await reader.next(soon())] == [self.TOLD[4]]

    async def test_of_an_end_that_may_be_another_are_told_the_end(self) -> None:
        log = log_of(*self.TOLD[:3], ending(4).event)
        with log.reader(4, sure=False) as reader:
            assert not reader.done
            assert [entry.name for entry in await reader.next(soon())] == ["partial", "cancelled"]
            assert reader.done

    async def test_wait_for_a_log_that_has_nothing_yet(self) -> None:
        log = Log(keeps=1_000_000)
        with log.reader(7, sure=False) as reader:
            assert list(log.behind(reader)) == []
            for entry in entries(1, 9):
                log.put(entry)
            assert [entry.event for entry in log.behind(reader)] == [progress(8).partial(), event(9)]


class TestWaiting:
    async def test_silence_gives_nothing_at_its_time(self) -> None:
        loop = asyncio.get_running_loop()
        with log_of(event(1)).reader() as reader:
            assert len(await reader.next(soon())) == 1
            assert await reader.next(loop.time() + 0.01) == []
            assert await reader.next(loop.time() - 1) == []

    async def test_what_comes_wakes_everybody(self) -> None:
        log = Log(keeps=1_000_000)
        with log.reader() as one, log.reader() as other:
            waiting = [asyncio.create_task(reader.next(soon())) for reader in (one, other)]
            arriving = asyncio.create_task(log.until(1))
            await turns(3)
            log.put(Entry(event(1)))
            assert [[entry.seq for entry in news] for news in await asyncio.gather(*waiting)] == [[1], [1]]
            assert await arriving

    @pytest.mark.parametrize("close", [False, True])
    async def test_who_waits_for_a_number_hears_that_it_never_comes(self, close: bool) -> None:
        log = log_of(event(1))
        waiting = asyncio.create_task(log.until(3))
        await turns(3)
        if close:
            log.close()
        else:
            log.put(ending(2))
        assert not await asyncio.wait_for(waiting, SOON)
        assert await log.until(1)

    async def test_a_closed_log_gives_what_it_has_and_sends_its_readers_away(self) -> None:
        log = log_of(*tokens(2))
        with log.reader(1) as reader, log.reader(2) as waiter:
            waiting = asyncio.create_task(waiter.next(soon()))
            await turns(3)
            log.close()
            assert [entry.event for entry in await reader.next(soon())] == [event(2)]
            for moved in (reader.next(soon()), waiting):
                with pytest.raises(Moved):
                    await moved
        assert log.over
        assert not log.ended

    async def test_an_ended_log_sends_nobody_away(self) -> None:
        log = log_of(*tokens(1), ending(2).event)
        with log.reader() as reader:
            assert [entry.name for entry in await reader.next(soon())] == ["token", "cancelled"]
            assert await reader.next(asyncio.get_running_loop().time()) == []
        assert (log.over, log.ended, log.closed) == (True, True, False)

    async def test_who_has_left_is_forgotten_at_once(self) -> None:
        log = log_of(event(1))
        with log.reader(1) as reader:
            assert log.readers == 1
            await reader.next(asyncio.get_running_loop().time() + 0.001)
            waiting = asyncio.create_task(reader.next(soon() + 3600))
            await turns(3)
            waiting.cancel()
            await asyncio.wait({waiting})
        left = weakref.ref(reader.wake)
        del reader, waiting
        gc.collect()
        assert (log.readers, left()) == (0, None)


class TestPortions:
    """What is written for a reader waits in memory until its client has taken it: so it is not given all at once."""

    @pytest.mark.parametrize(("base", "after"), [(0, 0), (0, 57), (90, 90), (90, 40)])
    async def test_each_comes_in_its_turn(self, base: int, after: int) -> None:
        last, got, sizes = 3 * AT_ONCE + 7, list[Event](), list[int]()
        log = Log(keeps=1_000_000, base=progress(base))
        for entry in entries(base + 1, last):
            log.put(entry)
        with log.reader(after) as reader:
            while portion := log.behind(reader):
                got += [entry.event for entry in portion]
                sizes.append(len(portion))
        if after < base:
            assert got.pop(0) == progress(base).partial()
            sizes[0] -= 1
        assert set(sizes[:-1]) == {AT_ONCE}
        assert got == tokens(last)[max(after, base) :]


class TestMemory:
    async def test_without_keeping_what_all_have_read_is_let_go(self) -> None:
        log = log_of(*tokens(2), keeps=None)
        with log.reader() as one, log.reader() as other:
            await one.next(soon())
            assert events_in(log) == tokens(2)
            await other.next(soon())
            assert events_in(log) == []
            log.put(Entry(event(3)))
            assert [entry.event for entry in await one.next(soon())] == [event(3)]
        assert log.last == 3

    async def test_without_keeping_who_has_left_holds_nothing(self) -> None:
        log = log_of(*tokens(2), keeps=None)
        with log.reader() as reader:
            with log.reader():
                await reader.next(soon())
                assert events_in(log) == tokens(2)
            log.put(Entry(event(3)))
            await reader.next(soon())
            assert events_in(log) == []

    async def test_while_there_is_room_nothing_is_let_go(self) -> None:
        size = sum(len(entry.data) for entry in entries(1, 9))
        log = log_of(*tokens(9), keeps=size)
        assert events_in(log) == tokens(9)
        log.put(Entry(event(10)))
        assert (log.base.seq, log.last) == (6, 10)  # four and a half would be one half of what it keeps
        assert log.base.dump() == progress(6).dump()

    async def test_however_long_it_gets_it_holds_no_more(self) -> None:
        log = Log(keeps=500)
        for entry in entries(1, 2_000):
            log.put(entry)
            assert sum(len(kept.data) for kept in log.entries) <= 500
        assert log.last == 2_000

    async def test_the_last_is_kept_however_large_it_is(self) -> None:
        log = log_of(*tokens(3), keeps=10)
        assert events_in(log) == [event(3)]
        log.put(ending(4))
        assert await all_of(log) == [progress(3).partial(), ending(4).event]

    async def test_what_settled_is_told_by_the_snapshot_too(self) -> None:
        told: list[Event] = [
            FieldSettled(seq=1, path="/a", value=1, source="given", ms=0),
            Token(seq=2, path="/b", text="half"),
            ending(3).event,
        ]
        resumed = Partial(seq=2, value={"a": 1, "b": "half"}, settled=("/a",), resumed=True)
        assert await all_of(log_of(*told, keeps=1)) == [resumed, told[-1]]

    async def test_its_progress_is_what_it_adds_up_to(self) -> None:
        log = Log(keeps=1_000_000, base=progress(3))
        for entry in entries(4, 7):
            log.put(entry)
        assert log.progress().dump() == progress(7).dump()
        assert log.base.dump() == progress(3).dump()

    async def test_a_base_with_the_end_is_an_ended_log(self) -> None:
        log = Log(base=sum_of([event(1), ending(2).event]))
        assert (log.ended, log.over, log.last) == (True, True, 2)
