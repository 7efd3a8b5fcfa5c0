"""A run that goes on elsewhere is read from the store as if it were here: all of it, each event once, to its end."""

import asyncio
import gc
import weakref
from collections.abc import AsyncGenerator, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas import Code, Event, Reset
from server.runs.entry import Entry
from server.runs.log import Moved, Reader
from server.runs.memory import Memory, MemoryStore
from server.runs.reading import StoreReader, log_of, store_reader
from server.runs.store import Expired, StoreUnavailable, Stretch, Unknown
from tests.server.runs.fleet import ending, entries, event, new, progress
from tests.server.runs.script import SOON, is_a_reading, read_on, sum_of, turns

RESET = Reset(seq=3, attempt=2, keep=(), reason=Code.WORKER_LOST)


class Clock:
    """A memory's time, which only the test moves."""

    now = 1.0

    def __call__(self) -> float:
        return self.now


class Trying(MemoryStore):
    """The store of a worker that reads; its requests can fail, and its followers can hear nothing."""

    fault: Exception | None = None
    deaf = False

    async def read(self, run_id: str, after: int = 0) -> Stretch:
        if self.fault:
            raise self.fault
        return await super().read(run_id, after)

    async def follow(self, run_id: str, after: int) -> AsyncGenerator[Sequence[Entry]]:
        while self.deaf:
            await asyncio.Event().wait()
        async for news in super().follow(run_id, after):
            yield news


class Workers:
    """One who writes a run, and one who reads it."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.memory = Memory(60.0, clock=self.clock)
        self.owner = MemoryStore(self.memory, "owner")
        self.other = Trying(self.memory, "other")

    async def write(self, *written: Entry, let_go: int = 0) -> None:
        """The owner writes this; what is up to the number `let_go` is let go."""
        await self.owner.append("run", written, progress(let_go) if let_go else None)


@pytest.fixture
async def workers() -> Workers:
    workers = Workers()
    await workers.owner.create(new("run", lives_s=100.0))
    return workers


def soon() -> float:
    return asyncio.get_running_loop().time() + SOON


async def news_of(reader: Reader) -> list[Event]:
    return [entry.event for entry in await reader.next(soon())]


def tokens(first: int, last: int) -> list[Event]:
    return [event(seq) for seq in range(first, last + 1)]


class TestJoining:
    @pytest.mark.parametrize("after", range(6))
    @pytest.mark.parametrize("live", [False, True])
    async def test_at_any_number_gets_what_is_behind_it(self, workers: Workers, after: int, live: bool) -> None:
        end = ending(5)
        await workers.write(*entries(1, 2))
        if not live:
            await workers.write(*entries(3, 4), end)
        else:
            after = min(after, 2)
        async with store_reader(workers.other, "run", after, sure=True) as reader:
            assert reader.done is (after == 5)
            if live:
                reading = asyncio.create_task(read_on(reader))
                for entry in (*entries(3, 4), end):
                    await turns(3)
                    await workers.write(entry)
                got = await reading
            else:
                got = [] if reader.done else await read_on(reader)
        assert [entry.event for entry in got] == [*tokens(1, 4), end.event][after:]

    @pytest.mark.parametrize("after", range(8))
    async def test_what_was_let_go_comes_as_what_it_adds_up_to(self, workers: Workers, after: int) -> None:
        await workers.write(*entries(1, 6), let_go=4)
        end = ending(7)
        await workers.write(end)
        expected = [progress(4).partial(), event(5), event(6), end.event] if after < 4 else [*tokens(5, 6), end.event]
        async with store_reader(workers.other, "run", after, sure=True) as reader:
            assert reader.done is (after == 7)
            got = [] if reader.done else [entry.event for entry in await read_on(reader)]
        assert got == (expected if after <= 4 else expected[after - 4 :])

    async def test_where_nothing_has_come_behind_what_was_let_go(self, workers: Workers) -> None:
        await workers.write(*entries(1, 4), let_go=4)
        for after in (3, 4):
            async with store_reader(workers.other, "run", after, sure=True) as reader:
                if after < 4:
                    assert await news_of(reader) == [progress(4).partial()]
                waiting = asyncio.create_task(news_of(reader))
                await turns(3)
                assert not waiting.done()
                waiting.cancel()

    @pytest.mark.parametrize("sure", [True, False])
    async def test_ahead_of_the_log_is_told_how_far_it_is(self, workers: Workers, sure: bool) -> None:
        await workers.write(*entries(1, 4))
        async with store_reader(workers.other, "run", 9, sure=sure) as reader:
            assert await news_of(reader) == [progress(3).partial(), event(4)]
            await workers.write(ending(5))
            assert await news_of(reader) == [ending(5).event]

    @pytest.mark.parametrize("after", [3, 4, 5])
    async def test_unsure_of_what_a_takeover_has_replaced(self, workers: Workers, after: int) -> None:
        told = [*tokens(1, 2), RESET, *tokens(4, 5)]
        await workers.write(*map(Entry, told))
        async with store_reader(workers.other, "run", after, sure=False) as reader:
            assert not reader.done
            assert await news_of(reader) == [sum_of(told[:-1]).partial(), told[-1]]
        async with store_reader(workers.other, "run", after, sure=True) as reader:
            await workers.write(ending(6))
            assert [entry.event for entry in await read_on(reader)] == [*told[after:], ending(6).event]

    @pytest.mark.parametrize("after", range(1, 4))
    async def test_unsure_of_what_nobody_has_replaced(self, workers: Workers, after: int) -> None:
        await workers.write(*entries(1, 2), ending(3))
        async with store_reader(workers.other, "run", after, sure=False) as reader:
            assert not reader.done
            assert await news_of(reader) == [sum_of(tokens(1, 2)).partial(), ending(3).event]

    async def test_unsure_of_a_run_that_begins_anew(self, workers: Workers) -> None:
        async with store_reader(workers.other, "run", 7, sure=False) as reader:
            await workers.write(*entries(1, 2), ending(3))
            assert [entry.event for entry in await read_on(reader)] == [*tokens(1, 2), ending(3).event]

    async def test_a_run_that_never_was_or_that_is_over(self, workers: Workers) -> None:
        await workers.write(*entries(1, 2), ending(3))
        for after in (0, 2, 9):
            with pytest.raises(Unknown):
                async with store_reader(workers.other, "none", after, sure=True):
                    pass
        workers.clock.now += 1000
        for sure in (True, False):
            with pytest.raises(Expired):
                async with store_reader(workers.other, "run", 2, sure=sure):
                    pass

    async def test_while_the_store_is_away_is_refused(self, workers: Workers) -> None:
        workers.other.fault = StoreUnavailable()
        with pytest.raises(StoreUnavailable):
            async with store_reader(workers.other, "run", 0, sure=True):
                pass


class TestReading:
    async def test_what_comes_while_nobody_looks_waits(self, workers: Workers) -> None:
        async with store_reader(workers.other, "run", 0, sure=True) as reader:
            for seq in range(1, 6):
                await workers.write(*entries(seq, seq))
                await turns(3)
            assert await news_of(reader) == tokens(1, 5)

    async def test_what_was_let_go_before_it_was_read_leaves_no_hole(self, workers: Workers) -> None:
        await workers.write(*entries(1, 3))
        async with store_reader(workers.other, "run", 0, sure=True) as reader:
            await turns(3)
            await workers.write(*entries(4, 10), let_go=8)
            got = [entry.event for entry in await read_on(reader, until=10)]
        assert got == [*tokens(1, 3), progress(8).partial(), *tokens(9, 10)]

    async def test_silence_gives_nothing_at_its_time(self, workers: Workers) -> None:
        loop = asyncio.get_running_loop()
        async with store_reader(workers.other, "run", 0, sure=True) as reader:
            assert await reader.next(loop.time() + 0.01) == []
            assert await reader.next(loop.time() - 1) == []
            await workers.write(*entries(1, 1))
            assert await news_of(reader) == [event(1)]

    async def test_in_silence_it_looks_for_what_nobody_has_told_it(self, workers: Workers) -> None:
        workers.other.deaf = True
        async with store_reader(workers.other, "run", 0, sure=True) as reader:
            await workers.write(*entries(1, 2))
            assert list(await reader.next(asyncio.get_running_loop().time())) != []
            await workers.write(*entries(3, 9), let_go=8)
            read = await reader.next(asyncio.get_running_loop().time())
            assert [entry.event for entry in read] == [progress(8).partial(), event(9)]

    async def test_many_read_at_once(self, workers: Workers) -> None:
        async def read(after_turns: int) -> list[Event]:
            await turns(after_turns)
            async with store_reader(workers.other, "run", 0, sure=True) as reader:
                return [entry.event for entry in await read_on(reader)]

        reading = [asyncio.create_task(read(number)) for number in range(50)]
        for seq in range(1, 30):
            await workers.write(*entries(seq, seq))
            await turns(2)
        await workers.write(ending(30))
        for got in await asyncio.gather(*reading):
            assert got == [*tokens(1, 29), ending(30).event]


class TestSentAway:
    """Whoever reads is told to come again, and never left waiting."""

    async def test_from_a_run_that_has_vanished(self, workers: Workers) -> None:
        async with store_reader(workers.other, "run", 0, sure=True) as reader:
            workers.clock.now += 1000
            assert await reader.next(asyncio.get_running_loop().time()) == []
            with pytest.raises(Moved):
                await reader.next(soon())

    async def test_not_while_the_store_is_away_in_silence(self, workers: Workers) -> None:
        async with store_reader(workers.other, "run", 0, sure=True) as reader:
            workers.other.fault = StoreUnavailable()
            assert await reader.next(asyncio.get_running_loop().time()) == []
            workers.other.fault = None
            await workers.write(*entries(1, 1))
            assert await news_of(reader) == [event(1)]

    @pytest.mark.parametrize("fault", [StoreUnavailable(), Unknown(), Expired()], ids=["away", "unknown", "expired"])
    async def test_when_what_it_has_missed_cannot_be_had(self, workers: Workers, fault: Exception) -> None:
        await workers.write(*entries(1, 3))
        async with store_reader(workers.other, "run", 0, sure=True) as reader:
            await turns(3)
            workers.other.fault = fault
            await workers.write(*entries(4, 10), let_go=8)
            assert await news_of(reader) == tokens(1, 3)
            with pytest.raises(Moved):
                await reader.next(soon())

    async def test_when_this_process_is_going_with_all_that_had_come(self, workers: Workers) -> None:
        async with (
            store_reader(workers.other, "run", 0, sure=True) as waiter,
            store_reader(workers.other, "run", 0, sure=True) as reader,
        ):
            waiting = asyncio.create_task(waiter.next(soon()))
            await turns(3)
            waiter.send_away()
            await workers.write(*entries(1, 2))
            await turns(3)
            reader.send_away()
            assert await news_of(reader) == tokens(1, 2)
            for moved in (waiting, reader.next(soon())):
                with pytest.raises(Moved):
                    await moved


async def test_leaving_leaves_nothing_behind(workers: Workers) -> None:
    before = asyncio.all_tasks()
    async with store_reader(workers.other, "run", 0, sure=True) as reader:
        await reader.next(asyncio.get_running_loop().time() + 0.001)
        waiting = asyncio.create_task(reader.next(soon() + 3600))
        await turns(3)
        waiting.cancel()
        await asyncio.wait({waiting})
    with pytest.raises(LookupError):
        async with store_reader(workers.other, "run", 0, sure=True):
            raise LookupError
    assert asyncio.all_tasks() == before
    assert not workers.memory._waiting
    left = weakref.ref(reader._wake)
    del reader, waiting
    gc.collect()
    assert left() is None


async def test_a_stretch_as_a_log(workers: Workers) -> None:
    await workers.write(*entries(1, 6), let_go=2)
    stretch = await workers.other.read("run")
    log = log_of(stretch)
    assert (log.base.seq, log.progress().dump()) == (2, progress(6).dump())
    small = log_of(stretch, keeps=1)
    assert (small.base.seq, small.progress().dump()) == (5, progress(6).dump())


@given(
    steps=st.lists(st.tuples(st.integers(1, 5), st.integers(0, 6), st.integers(0, 3)), min_size=1, max_size=8),
    after=st.integers(0, 6),
    joins=st.integers(0, 30),
)
async def test_whenever_it_joins_and_whatever_is_let_go_it_is_told_all(
    steps: list[tuple[int, int, int]], after: int, joins: int
) -> None:
    workers = Workers()
    await workers.owner.create(new("run"))
    written: list[Event] = []

    async def read() -> tuple[int, list[Event]]:
        await turns(joins)
        had = min(after, len(written))
        async with store_reader(workers.other, "run", had, sure=True) as reader:
            assert isinstance(reader, StoreReader)
            return had, [] if reader.done else [entry.event for entry in await read_on(reader)]

    reading = asyncio.create_task(read())
    for count, keep, wait in steps:
        batch = entries(len(written) + 1, len(written) + count)
        written += [entry.event for entry in batch]
        await workers.write(*batch, let_go=max(len(written) - keep, 0))
        await turns(wait)
    end = ending(len(written) + 1)
    written.append(end.event)
    await workers.write(end)
    had, got = await reading
    assert is_a_reading([*written[:had], *got], written)
    assert had == len(written) or got[-1] == end.event
