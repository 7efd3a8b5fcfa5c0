"""Whatever a store does to a writer, and whenever: in the end it has what was written, once, in order, without a hole.

And so has every reader, whenever it joined. Pauses and patience take no time here, so that everything meets everything.
"""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas import TERMINAL, Event
from server.runs import writer as writer_module
from server.runs.log import Log, Moved
from server.runs.writer import Writer
from tests.server.runs.fleet import ending, entries, new
from tests.server.runs.script import SOON, is_a_reading, sum_of, turns
from tests.server.runs.troubled import TroubledStore, away, late, none, stored, unheard

NEW = new("run")
TROUBLES = {"none": none, "away": away, "unheard": unheard, "late": late(1), "later": late(7)}
WRITES = st.lists(st.tuples(st.integers(1, 4), st.integers(0, 6)), min_size=1, max_size=8)
"""How many entries come together, and after how many turns of the loop."""


async def follow(log: Log, after_turns: int) -> list[Event]:
    """What a reader gets who joins so late."""
    await turns(after_turns)
    got: list[Event] = []
    with log.reader() as reader:
        try:
            while not got or got[-1].type not in TERMINAL:
                got += [entry.event for entry in await reader.next(asyncio.get_running_loop().time() + SOON)]
        except Moved:
            pass
    return got


@given(
    writes=WRITES,
    troubles=st.lists(st.sampled_from([*TROUBLES, "forgets"]), max_size=12),
    joins=st.lists(st.integers(0, 40), max_size=3),
    keeps=st.sampled_from([1_000_000, 200]),
    batch=st.sampled_from([500, 2]),
)
async def test_all_is_stored_and_shown_once_and_in_order(
    writes: list[tuple[int, int]], troubles: list[str], joins: list[int], keeps: int, batch: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in (("PATIENCE_S", 0), ("RETRY_S", (0, 0)), ("BATCH", batch)):
            patch.setattr(writer_module, name, value)
        store, log = TroubledStore(), Log(keeps=keeps)
        store.plays(*(TROUBLES.get(name, store.forgets) for name in troubles))
        await store.create(NEW)
        writer = Writer(store, NEW, log)
        reading = [asyncio.create_task(follow(log, turns)) for turns in joins]
        written: list[Event] = []
        for count, wait in writes:
            for entry in entries(len(written) + 1, len(written) + count):
                written.append(entry.event)
                writer.write(entry)
            await turns(wait)
        end = ending(len(written) + 1)
        writer.write(end)
        await asyncio.wait_for(writer.finished(), SOON)
    told = [*written, end.event]
    assert all(entry.sure for entry in log.entries)
    assert (log.ended, log.closed, log.last) == (True, False, len(told))
    for got in await asyncio.gather(*reading):
        assert got[-1] == told[-1]
        assert is_a_reading(got, told)
    let_go, kept = await stored(store, NEW)
    assert kept == list(range(let_go + 1, len(told) + 1))
    stretch = await store.read(NEW.id)
    assert [entry.event for entry in stretch.entries] == told[let_go:]
    assert not stretch.base or stretch.base.dump() == sum_of(told[:let_go]).dump()
    assert let_go <= log.base.seq


@given(writes=WRITES, troubles=st.lists(st.sampled_from(sorted(TROUBLES)), max_size=8), joins=st.integers(0, 20))
async def test_when_it_is_taken_away_it_stops_and_what_was_stored_is_a_beginning(
    writes: list[tuple[int, int]], troubles: list[str], joins: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in (("PATIENCE_S", 0), ("RETRY_S", (0, 0))):
            patch.setattr(writer_module, name, value)
        store, log = TroubledStore(), Log(keeps=1_000_000)
        store.plays(*(TROUBLES[name] for name in troubles), store.changes_hands)
        await store.create(NEW)
        writer = Writer(store, NEW, log)
        reading = asyncio.create_task(follow(log, joins))
        written, seq = [], 0
        for count, wait in (*writes, *[(1, 2)] * 30):
            for entry in entries(seq + 1, seq + count):
                written.append(entry.event)
                writer.write(entry)
            seq += count
            await turns(wait)
        await asyncio.wait_for(writer.finished(), SOON)
        tried = len(store.appended)
        writer.write(ending(seq + 1))
        await turns(10)
    assert (log.closed, log.ended, len(store.appended)) == (True, False, tried)
    got = await reading
    assert is_a_reading(got, written)
    kept = (await store.other().read(NEW.id)).entries
    assert [entry.event for entry in kept] == written[: len(kept)]
    assert len(kept) <= log.last
