"""The store in Redis: what every store promises, and what it costs there."""

import asyncio
import random
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from itertools import count

import pytest

from server.runs import redis_store, redis_tail
from server.runs.redis_store import RedisStore
from server.runs.store import StoreUnavailable, Unknown
from tests.proxy import Proxy
from tests.redis import RedisServer
from tests.server.runs.contract import LogContract
from tests.server.runs.contract_owners import OwnerContract
from tests.server.runs.fleet import (
    LEASE_S,
    LIVES_S,
    begun,
    ending,
    entries,
    followed,
    new,
    progress,
    said,
)
from tests.server.runs.redis_fleet import RedisFleet

_prefixes = (f"test-{number}" for number in count(1))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with RedisServer(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture
async def fleet(server: RedisServer) -> AsyncIterator[RedisFleet]:
    async with RedisFleet(server, next(_prefixes)) as fleet:
        yield fleet


class TestRedisStore(LogContract, OwnerContract):
    """All that every store promises."""


# -- what is left behind -----------------------------------------------------------------------------------------------


async def test_nothing_is_left_of_runs_and_workers_but_the_empty_list_of_leases(fleet: RedisFleet) -> None:
    other = await fleet.another()
    for run_id in ("ended", "cut", "taken", "dropped", "lost", "never"):
        await fleet.first.create(new(run_id, key=f"key of {run_id}"))
    await fleet.first.append("ended", [*entries(1, 5), ending(6)])
    await fleet.first.append("cut", entries(1, 5), progress(3))
    await fleet.first.append("cut", [*entries(6, 6), ending(7)], progress(7))
    await fleet.first.drop("dropped")
    await fleet.first.append("lost", [], progress(3))
    await fleet.first.append("lost", entries(4, 5))
    await fleet.first.release("taken")
    await other.claim(LEASE_S, 1)
    await other.append("taken", [ending(1)])
    await other.note_readers(["ended", "none"], 10)
    await other.locate("attached", 10)
    await fleet.first.send(other.worker, "hello")
    assert await followed(other.follow("ended", 0), 6)
    assert await followed(fleet.first.follow("ended", 0), 6)
    assert fleet.server.tell("XLEN", f"{{{fleet.prefix}}}:leases") == ":2\r\n"  # lost, never
    for store in (fleet.first, other):
        await store.close()
    await fleet.pass_time(LIVES_S + 1)
    last = await fleet.another()
    assert await last.claim(0, 100) == []
    await last.close()
    assert fleet.left_there() == [
        "leases",
        *(f"run:{run_id}" for run_id in ("cut", "ended", "lost", "never", "taken")),
    ]
    await fleet.pass_time(redis_store.REMEMBERED_S)
    assert fleet.left_there() == ["leases"]
    leases = f"{{{fleet.prefix}}}:leases"
    assert fleet.server.tell("XLEN", leases) == ":0\r\n"
    assert fleet.server.tell("XPENDING", leases, "owners").startswith("*4\r\n:0\r\n")


async def test_a_worker_that_says_nothing_for_two_leases_gets_no_messages(fleet: RedisFleet) -> None:
    other = await fleet.another()
    await fleet.first.send(other.worker, "waits")
    await fleet.pass_time(2 * LEASE_S - 1)
    await fleet.first.send(other.worker, "waits, too")
    await other.renew([])
    await fleet.pass_time(2 * LEASE_S - 1)
    async with asyncio.timeout(5), aclosing(other.inbox()) as inbox:
        assert [await anext(inbox), await anext(inbox)] == ["waits", "waits, too"]
        await fleet.pass_time(2)
        with pytest.raises(Unknown):
            await fleet.first.send(other.worker, "lost")
        await other.renew([])  # it was only slow
        await fleet.first.send(other.worker, "again")
        assert await anext(inbox) == "again"


async def test_nothing_is_left_of_a_worker_that_died(fleet: RedisFleet) -> None:
    other = await fleet.another()
    waiting = asyncio.create_task(followed(other.follow("a", 0), 1))
    await fleet.first.create(new("a"))
    await fleet.first.append("a", [ending(1)])
    await waiting
    await fleet.first.send(other.worker, "hello")
    assert [key for key in fleet.left_there() if other.worker in key]
    await fleet.pass_time(LIVES_S)
    assert not [key for key in fleet.left_there() if other.worker in key]


async def test_an_inbox_holds_no_more_than_so_many(fleet: RedisFleet, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redis_store, "INBOX", 100)
    for number in range(1_000):
        await fleet.first.send(fleet.first.worker, str(number))
    async with asyncio.timeout(5), aclosing(fleet.first.inbox()) as inbox:
        got = [int(await anext(inbox))]
        while got[-1] < 999:
            got.append(int(await anext(inbox)))
    assert got == list(range(got[0], 1_000))
    assert 100 <= len(got) <= 300


async def test_prefixes_know_nothing_of_one_another(server: RedisServer) -> None:
    async with RedisFleet(server, "one") as one, RedisFleet(server, "two") as two:
        await one.first.create(new("a", key="k"))
        assert await two.first.create(new("b", key="k")) == "b"
        assert [record.id for record in await two.first.claim(0, 10)] == ["b"]
        with pytest.raises(Unknown):
            await two.first.read("a")
        with pytest.raises(Unknown):
            await two.first.send(one.first.worker, "hello")


@pytest.mark.parametrize("prefix", ["", "{a}", "a}b"])
def test_a_prefix_that_would_split_the_keys_is_refused(prefix: str) -> None:
    with pytest.raises(ValueError, match="prefix"):
        RedisStore("redis://127.0.0.1", prefix=prefix)


# -- what others may do to it ------------------------------------------------------------------------------------------


async def test_scripts_that_were_forgotten_are_sent_again(fleet: RedisFleet) -> None:
    await fleet.first.create(new("a"))
    fleet.server.tell("SCRIPT", "FLUSH")
    await asyncio.gather(*(fleet.first.create(new(f"run-{i}")) for i in range(20)))
    fleet.server.tell("SCRIPT", "FLUSH")
    await fleet.first.append("a", entries(1, 3))
    assert said((await fleet.first.read("a")).entries) == said(entries(1, 3))


async def test_leases_that_were_deleted_are_made_again(fleet: RedisFleet) -> None:
    other = await fleet.another()
    await fleet.first.create(new("a"))
    fleet.server.tell("DEL", f"{{{fleet.prefix}}}:leases")
    assert await other.claim(0, 10) == []
    assert await fleet.first.renew(["a"]) == set()
    await fleet.pass_time(LEASE_S + 1)
    assert [record.id for record in await other.claim(LEASE_S, 10)] == ["a"]


async def test_what_redis_refuses_is_told_without_its_words(
    fleet: RedisFleet, caplog: pytest.LogCaptureFixture
) -> None:
    await fleet.first.create(new("secret"))
    fleet.server.tell("SET", f"{{{fleet.prefix}}}:log:secret", "of another kind")
    for _ in range(3):
        with pytest.raises(StoreUnavailable) as raised:
            await fleet.first.append("secret", entries(1, 1))
        assert "secret" not in str(raised.value)
        assert raised.value.__cause__ is None
    assert [record.getMessage() for record in caplog.records] == ["the store of runs cannot be used: ResponseError"]


# -- what it costs -----------------------------------------------------------------------------------------------------


async def test_500_followers_of_300_runs_need_a_handful_of_connections(fleet: RedisFleet) -> None:
    other = await fleet.another()
    following = [asyncio.create_task(followed(other.follow(f"run-{i % 300}", 0), 3)) for i in range(500)]
    for i in range(300):
        await fleet.first.create(new(f"run-{i}"))
        await fleet.first.append(f"run-{i}", entries(1, 2, f"of {i}"))
    clients = [line for line in fleet.server.tell("CLIENT", "LIST").splitlines() if "id=" in line]
    assert len(clients) - 1 == 1 + 1 + 2  # the test's own; to ask, for each worker, and two reads that wait
    for i in range(300):
        await fleet.first.append(f"run-{i}", [ending(3)])
    for i, got in enumerate(await asyncio.gather(*following)):
        assert said(got) == said([*entries(1, 2, f"of {i % 300}"), ending(3)])


async def test_a_run_costs_one_command_for_each_append_and_one_for_each_reading(fleet: RedisFleet) -> None:
    await fleet.first.create(new("warm"))
    await fleet.first.append("warm", entries(1, 1))
    fleet.server.tell("CONFIG", "RESETSTAT")
    await fleet.first.create(new("a"))
    for seq in range(1, 20):
        await fleet.first.append("a", entries(seq, seq))
    await fleet.first.append("a", [ending(20)])
    await fleet.first.read("a")
    stats = fleet.server.tell("INFO", "commandstats").splitlines()
    calls = {
        line.split(":")[0].removeprefix("cmdstat_"): int(line.split("=")[1].split(",")[0])
        for line in stats
        if "=" in line
    }
    assert calls["evalsha"] == 1 + 20
    assert calls["exec"] == calls["xrange"] == 1
    assert "xread" not in calls
    assert calls["xadd"] == 1 + 20


async def test_a_read_that_waits_is_woken_for_each_further_stream(
    fleet: RedisFleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redis_tail, "BLOCK_S", 100.0)  # so that nothing else wakes it
    dice, other = random.Random(3), await fleet.another()  # no secret
    async with asyncio.timeout(20), aclosing(other.follow("silent", 0)) as silent:
        waiting = await begun(silent)
        for number in range(200):
            run_id = f"run-{number}"
            if number % 2:  # else it comes while a read is on its way
                await fleet.until_a_read_waits()
            following = asyncio.create_task(followed(other.follow(run_id, 0), 1))
            for _ in range(dice.randrange(40)):
                await asyncio.sleep(0)
            await fleet.first.create(new(run_id))
            await fleet.first.append(run_id, entries(1, 1))
            assert said(await following) == said(entries(1, 1))
        waiting.cancel()
        await asyncio.wait({waiting})


async def test_what_nobody_follows_any_more_is_not_read(server: RedisServer) -> None:
    async with Proxy(server.port) as proxy, RedisFleet(server, next(_prefixes), proxy.port) as fleet:
        await fleet.first.create(new("left"))
        await fleet.first.create(new("kept"))
        async with aclosing(fleet.first.follow("kept", 0)) as kept:
            waiting = await begun(kept)
            async with aclosing(fleet.first.follow("left", 0)) as left:
                await fleet.first.append("left", entries(1, 1))
                assert await anext(left)
                waits_too = await begun(left)
                waits_too.cancel()
                await asyncio.wait({waits_too})
            for seq in (1, 2):  # a read that waits may name it still
                await fleet.first.append("kept", entries(seq, seq))
                await waiting
                waiting = await begun(kept)
            proxy.asked.clear()
            await fleet.first.append("left", entries(2, 2))
            await fleet.first.append("kept", entries(3, 3))
            await waiting
            waiting = await begun(kept)
            await proxy.hears(b"XREAD")
            named = bytes(proxy.asked).split(b"XREAD")[1]
            assert b":log:kept" in named
            assert b":log:left" not in named
            waiting.cancel()
            await asyncio.wait({waiting})
