"""The store in Redis when Redis is away, slow, deaf, full, empty again, or was never there."""

import asyncio
import random
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing, suppress
from pathlib import Path

import pytest

from server.runs import redis_check, redis_pipe, redis_tail
from server.runs.redis_check import check
from server.runs.redis_store import RedisStore
from server.runs.store import Lost, Store, StoreUnavailable
from tests.proxy import Proxy
from tests.redis import RedisServer
from tests.server.process import free_port
from tests.server.runs.fleet import entries, followed, new, progress, said
from tests.server.runs.redis_fleet import RedisFleet

TIMEOUT_S = 0.4


@pytest.fixture(autouse=True)
def short_times(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redis_pipe, "TIMEOUT_S", TIMEOUT_S)
    monkeypatch.setattr(redis_tail, "TIMEOUT_S", TIMEOUT_S)
    monkeypatch.setattr(redis_check, "TIMEOUT_S", TIMEOUT_S)
    monkeypatch.setattr(redis_tail, "BLOCK_S", 0.2)
    monkeypatch.setattr(redis_tail, "RETRY_S", (0.01, 0.05))


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RedisServer]:
    with RedisServer(tmp_path) as server:
        yield server


@pytest.fixture
async def fleet(server: RedisServer) -> AsyncIterator[RedisFleet]:
    async with RedisFleet(server) as fleet:
        yield fleet


async def until_it_works(work: Callable[[], Awaitable[object]]) -> None:
    async with asyncio.timeout(10):
        while True:
            with suppress(StoreUnavailable):
                await work()
                return
            await asyncio.sleep(0.01)


async def test_after_a_restart_with_its_data_all_is_as_before(
    fleet: RedisFleet, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    other = await fleet.another()
    following = [asyncio.create_task(followed(other.follow("a", after), 6)) for after in (0, 1, 4)]
    await fleet.first.create(new("a", key="k"))
    await fleet.first.append("a", entries(1, 2))
    assert fleet.first.steady_s > 0
    fleet.server.stop(save=True)
    stopped = time.monotonic()
    for asked in (
        fleet.first.append("a", entries(3, 3)),
        fleet.first.read("a"),
        fleet.first.create(new("b")),
        fleet.first.renew(["a"]),
        fleet.first.claim(0, 1),
        fleet.first.is_read("a"),
    ):
        with pytest.raises(StoreUnavailable) as raised:
            await asked
        assert raised.value.retryable
    assert fleet.first.steady_s == 0
    late = asyncio.create_task(followed(other.follow("a", 0), 6))
    fleet.server.start()
    await until_it_works(lambda: fleet.first.append("a", entries(3, 4)))
    assert 0 < fleet.first.steady_s < time.monotonic() - stopped
    await fleet.first.append("a", entries(5, 6))
    assert await fleet.first.create(new("b", key="k")) == "a"
    for after, task in zip((0, 1, 4, 0), (*following, late), strict=True):
        assert said(await task) == said(entries(after + 1, 6))
    messages = [record.getMessage() for record in caplog.records]
    assert "the store of runs can be reached again" in messages
    assert not [message for message in messages if "127.0.0.1" in message or str(fleet.server.port) in message]


async def test_after_a_restart_without_its_data_a_run_is_lost_and_can_be_given_again(fleet: RedisFleet) -> None:
    other = await fleet.another()
    await fleet.first.create(new("a"))
    await fleet.first.append("a", entries(1, 5))
    async with asyncio.timeout(10), aclosing(other.follow("a", 0)) as follower:
        got = [*await anext(follower)]
        fleet.server.stop()
        fleet.server.start()
        with pytest.raises(Lost):
            await until_it_works(lambda: fleet.first.append("a", entries(6, 6)))
        assert await fleet.first.renew(["a"]) == set()
        assert await other.claim(0, 10) == []
        await fleet.first.create(new("a"))
        await fleet.first.append("a", entries(4, 7), progress(3))
        while got[-1].seq < 7:
            got += await anext(follower)
    assert said(got) == said(entries(1, 7))
    assert [record.id for record in await other.claim(0, 10)] == ["a"]


async def test_a_server_that_does_not_answer_is_unavailable_within_the_time_and_then_back(fleet: RedisFleet) -> None:
    clock = asyncio.get_running_loop().time
    await fleet.first.create(new("a"))
    following = asyncio.create_task(followed(fleet.first.follow("a", 0), 2))
    await fleet.first.append("a", entries(1, 1))
    fleet.server.pause()
    began = clock()
    with pytest.raises(StoreUnavailable):
        await fleet.first.append("a", entries(2, 2))
    assert TIMEOUT_S * 0.9 < clock() - began < TIMEOUT_S + 3
    async with asyncio.timeout(5):  # not one time-out after another
        many = await asyncio.gather(*(fleet.first.read("a") for _ in range(5_000)), return_exceptions=True)
    assert {type(one) for one in many} == {StoreUnavailable}
    fleet.server.resume()
    await until_it_works(lambda: fleet.first.append("a", entries(2, 2)))
    assert said(await following) == said(entries(1, 2))


class Asker:
    """Asks a store about runs at random, and knows what it must say."""

    def __init__(self, store: Store, dice: random.Random) -> None:
        self.runs = {f"run-{i}": 0 for i in range(40)}
        self._store = store
        self._dice = dice

    async def begin(self) -> None:
        for run_id in self.runs:
            await self._store.create(new(run_id, request={"of": run_id}, print=f"print of {run_id}"))

    async def ask(self) -> bool:
        """Asks one thing, and may stop waiting for it. Whether it was answered."""
        about = self._dice.choice([self._append, self.read, self._record, self._worker_of, self._is_read, self._renew])
        asking = asyncio.create_task(about(self._dice.choice(list(self.runs))))
        if self._dice.random() < 0.4:
            await asyncio.sleep(self._dice.uniform(0, 0.006))
            asking.cancel()
        await asyncio.wait({asking})
        if not asking.cancelled():
            asking.result()
        return not asking.cancelled()

    async def _append(self, run_id: str) -> None:
        self.runs[run_id] += 1
        await self._store.append(run_id, entries(1, self.runs[run_id], f"of {run_id}"))

    async def read(self, run_id: str) -> None:
        read = (await self._store.read(run_id)).entries
        assert said(read) == said(entries(1, len(read), f"of {run_id}"))

    async def _record(self, run_id: str) -> None:
        record = await self._store.record(run_id)
        assert (record.id, record.request, record.print) == (run_id, {"of": run_id}, f"print of {run_id}")

    async def _worker_of(self, run_id: str) -> None:
        assert await self._store.worker_of(run_id) == self._store.worker

    async def _is_read(self, run_id: str) -> None:
        assert await self._store.is_read(run_id) is False

    async def _renew(self, run_id: str) -> None:
        assert await self._store.renew([run_id, "nobody's"]) == set()


async def test_every_reply_belongs_to_its_question_whoever_stops_waiting(server: RedisServer) -> None:
    dice = random.Random(7)  # no secret
    async with Proxy(server.port) as proxy, RedisFleet(server, port=proxy.port) as fleet:
        asker = Asker(fleet.first, dice)
        await asker.begin()
        proxy.late = lambda: dice.choice([0, 0, 0.001, 0.003])
        connections = proxy.connections

        async def ask_often() -> list[bool]:
            return [await asker.ask() for _ in range(100)]

        answered = [one for some in await asyncio.gather(*(ask_often() for _ in range(20))) for one in some]
        assert len(answered) == 2_000
        assert 200 < answered.count(False) < 1_800
        assert proxy.connections == connections
        for run_id in asker.runs:
            await asker.read(run_id)


@pytest.mark.parametrize("breaks", ["cut", "deaf"])
async def test_broken_connections_lose_and_double_nothing(server: RedisServer, breaks: str) -> None:
    async with Proxy(server.port) as proxy, RedisFleet(server, port=proxy.port) as fleet:
        writer = await fleet.another()
        await writer.create(new("a"))
        following = [asyncio.create_task(followed(fleet.first.follow("a", after), 100)) for after in (0, 0, 30)]
        for seq in range(1, 101):
            await writer.append("a", entries(seq, seq))
            if seq % 20 == 0:
                if breaks == "cut":
                    proxy.cut()
                else:
                    proxy.deaf = True
                    with pytest.raises(StoreUnavailable):
                        await fleet.first.read("a")
                    proxy.deaf = False
            await asyncio.sleep(0)
        for after, task in zip((0, 0, 30), following, strict=True):
            assert said(await task) == said(entries(after + 1, 100))
        await until_it_works(lambda: fleet.first.read("a"))


async def test_an_append_whose_outcome_was_not_heard_is_repeated_without_harm(server: RedisServer) -> None:
    async with Proxy(server.port) as proxy, RedisFleet(server, port=proxy.port) as fleet:
        await fleet.first.create(new("a", key="k"))
        proxy.deaf = True
        for repeated in (
            lambda: fleet.first.append("a", entries(1, 3)),
            lambda: fleet.first.create(new("b", key="b")),
        ):
            with pytest.raises(StoreUnavailable):
                await repeated()
        proxy.deaf = False
        await fleet.first.append("a", entries(1, 4))
        assert await fleet.first.create(new("b", key="b")) == "b"
        assert said((await fleet.first.read("a")).entries) == said(entries(1, 4))


async def test_a_full_or_read_only_redis_is_unavailable(fleet: RedisFleet) -> None:
    await fleet.first.create(new("a"))
    for wrong, right in (
        (("CONFIG", "SET", "maxmemory", "1"), ("CONFIG", "SET", "maxmemory", "0")),
        (("REPLICAOF", "127.0.0.1", "1"), ("REPLICAOF", "NO", "ONE")),
    ):
        fleet.server.tell(*wrong)
        with pytest.raises(StoreUnavailable):
            await fleet.first.append("a", entries(1, 1))
        fleet.server.tell(*right)
        await fleet.first.append("a", entries(1, 1))


async def test_closing_never_fails_and_nothing_can_be_asked_then(fleet: RedisFleet) -> None:
    other = await fleet.another()
    waiting = asyncio.create_task(other.read("a"))
    fleet.server.stop()
    await other.close()
    await other.close()
    with pytest.raises(StoreUnavailable):
        await waiting
    with pytest.raises(StoreUnavailable):
        await other.read("a")


# -- before there is a server ------------------------------------------------------------------------------------------


def refusal(url: str) -> str:
    with pytest.raises(StoreUnavailable) as raised:
        check(url)
    return raised.value.message


def test_a_good_redis_is_fine(server: RedisServer) -> None:
    check(server.url)


def test_no_redis_or_one_that_does_not_answer(server: RedisServer) -> None:
    expected = "No Redis answers at its URL: start it, or correct the URL."
    assert refusal(f"redis://:hush@127.0.0.1:{free_port()}") == expected
    assert refusal("rediss://:hush@127.0.0.1:1") == expected
    assert refusal("unix:///nowhere/redis.sock") == expected
    server.pause()
    assert refusal(server.url) == expected


@pytest.mark.parametrize(
    "url", ["", "127.0.0.1:6379", "http://127.0.0.1", "redis://:hush@127.0.0.1:no", "redis://[::1"]
)
def test_no_url_of_redis(url: str) -> None:
    assert refusal(url) == "The URL of Redis begins with redis://, rediss:// or unix://."


def test_users_and_passwords(tmp_path: Path) -> None:
    wrong = "Redis refuses the user or the password: correct them in its URL."
    with RedisServer(tmp_path, requirepass="hush") as server:
        check(f"redis://:hush@127.0.0.1:{server.port}")
        for user in ("", ":hash@", "nobody:hush@"):
            assert refusal(f"redis://{user}127.0.0.1:{server.port}") == wrong
            assert refusal(f"redis://{user}127.0.0.1:{server.port}/1") == wrong


def test_a_user_who_may_not_do_everything(server: RedisServer) -> None:
    server.tell("ACL", "SETUSER", "reader", "on", ">hush", "~*", "+get")
    expected = "Redis does not let this user do what runs need: allow it all commands."
    assert refusal(f"redis://reader:hush@127.0.0.1:{server.port}") == expected


def test_a_replica(server: RedisServer) -> None:
    server.tell("REPLICAOF", "127.0.0.1", "1")
    assert "replica" in refusal(server.url)


def test_an_old_version() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener, ThreadPoolExecutor(1) as thread:
        answering = thread.submit(answer_once, listener, "redis_version:6.0.16\r\nrole:master\r\n")
        url = f"redis://127.0.0.1:{listener.getsockname()[1]}"
        assert refusal(url) == "Redis 6.0.16 is too old for runs: 6.2 or newer is needed."
        answering.result()


def answer_once(listener: socket.socket, text: str) -> None:
    connection, _ = listener.accept()
    with connection:
        connection.recv(1 << 10)
        connection.sendall(f"${len(text)}\r\n{text}\r\n".encode())


def test_a_redis_that_may_evict_runs_is_warned_of(server: RedisServer, caplog: pytest.LogCaptureFixture) -> None:
    server.tell("CONFIG", "SET", "maxmemory", "100mb")
    check(server.url)
    assert not caplog.records
    server.tell("CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
    check(server.url)
    assert [record.getMessage() for record in caplog.records] == [
        "Redis may evict runs that go on: set its maxmemory-policy to noeviction"
    ]


async def test_opening_says_the_same(server: RedisServer) -> None:
    store: Store = RedisStore(f"redis://:hush@127.0.0.1:{free_port()}")
    with pytest.raises(StoreUnavailable, match="No Redis answers"):
        await store.open()
    await store.close()
