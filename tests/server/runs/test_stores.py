"""The store in memory: what every store promises, and its own bounds."""

import asyncio
from contextlib import aclosing
from math import inf

import pytest

from server.runs.memory import Memory, MemoryStore
from server.runs.store import Expired, Store, Unknown
from tests.server.runs.contract import LogContract
from tests.server.runs.contract_owners import OwnerContract
from tests.server.runs.fleet import TTL_S, ending, entries, new, progress, said


class MemoryFleet:
    """Workers over one memory, whose clock only the test moves."""

    def __init__(self, max_bytes: int = 1 << 40) -> None:
        self.now = 5.0
        self.memory = Memory(TTL_S, max_bytes, lambda: self.now)
        self.first: Store = MemoryStore(self.memory)

    async def another(self) -> Store:
        store = MemoryStore(self.memory)
        await store.open()
        return store

    async def pass_time(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
async def fleet() -> MemoryFleet:
    fleet = MemoryFleet()
    await fleet.first.open()
    return fleet


class TestMemoryStore(LogContract, OwnerContract):
    """All that every store promises."""


async def test_what_was_appended_is_not_copied() -> None:
    store = MemoryStore()
    await store.create(new("a"))
    written = entries(1, 3)
    await store.append("a", written)
    assert all(one is other for one, other in zip((await store.read("a")).entries, written, strict=True))


async def test_a_store_is_shared_only_if_its_memory_is() -> None:
    assert not MemoryStore().shared
    assert MemoryStore(Memory()).shared


async def test_a_memory_is_always_there() -> None:
    assert MemoryStore().steady_s == inf


async def test_the_runs_that_ended_first_go_first_when_room_is_short() -> None:
    fleet = MemoryFleet(max_bytes=27_000)
    store = fleet.first
    await store.create(new("goes on"))
    await store.append("goes on", entries(1, 10, "x" * 500))
    for run_id in ("a", "b", "c", "d", "e"):
        await store.create(new(run_id, key=run_id))
        await store.append(run_id, [*entries(1, 10, "x" * 500), ending(11)])
    kept = []
    for run_id in ("a", "b", "c", "d", "e"):
        try:
            await store.read(run_id)
            kept.append(run_id)
        except Expired:
            assert await store.create(new(f"{run_id} again", key=run_id)) == f"{run_id} again"
    assert kept in (["c", "d", "e"], ["d", "e"])
    assert len((await store.read("goes on")).entries) == 10


@pytest.mark.parametrize("way", ["dropped", "trimmed", "its time was over", "never ended"])
async def test_what_has_gone_takes_no_room(way: str) -> None:
    """Many times what there is room for goes; what ended before must not go for it."""
    fleet = MemoryFleet(max_bytes=60_000)
    store = fleet.first
    for number in range(300):
        run_id, kept = f"{way} {number}", f"kept {number}"
        await store.create(new(run_id, lives_s=TTL_S / 100))
        if way == "trimmed":
            await store.append(run_id, entries(1, 10, "x" * 500))
            await store.append(run_id, [], progress(9))
        elif way == "its time was over":
            await store.append(run_id, [*entries(1, 10, "x" * 500), ending(11)], progress(2))
        elif way == "never ended":
            await store.append(run_id, entries(1, 10, "x" * 500), progress(2))
        else:
            await store.drop(run_id)
        await store.create(new(kept))
        await store.append(kept, [*entries(1, 10, "x" * 500), ending(11)])
        await fleet.pass_time(TTL_S / 5)
        await store.create(new(f"sweeps {number}", lives_s=0.001))
        for earlier in range(max(number - 3, 0), number + 1):
            assert (await store.record(f"kept {earlier}")).end


async def test_no_more_than_so_many_runs_are_told_from_those_that_never_were(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.runs.memory.REMEMBERED", 2)
    fleet = MemoryFleet()
    for run_id in ("a", "b", "c"):
        await fleet.first.create(new(run_id))
        await fleet.first.append(run_id, [ending(1)])
        await fleet.pass_time(1)
    await fleet.pass_time(TTL_S)
    await fleet.first.create(new("sweeps"))
    with pytest.raises(Unknown):
        await fleet.first.read("a")
    for run_id in ("b", "c"):
        with pytest.raises(Expired):
            await fleet.first.read(run_id)


async def test_nobody_who_left_is_told() -> None:
    """Followers that were closed are forgotten, and so are their runs."""
    memory = Memory()
    store = MemoryStore(memory)
    await store.open()
    for i in range(20):
        async with aclosing(store.follow(f"run-{i}", 0)) as follower, aclosing(store.inbox()) as inbox:
            waiting = [asyncio.ensure_future(anext(follower)), asyncio.ensure_future(anext(inbox))]
            await asyncio.sleep(0)
            for task in waiting:
                task.cancel()
            await asyncio.wait(waiting)
    assert not memory._waiting


async def test_the_readers_of_one_run_share_its_entries() -> None:
    store = MemoryStore()
    await store.create(new("a"))
    await store.append("a", entries(1, 2))
    async with aclosing(store.follow("a", 0)) as one, aclosing(store.follow("a", 0)) as other:
        first, second = await anext(one), await anext(other)
    assert said(first) == said(entries(1, 2))
    assert all(a is b for a, b in zip(first, second, strict=True))
