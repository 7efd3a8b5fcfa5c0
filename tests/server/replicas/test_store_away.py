"""While Redis is away, what a replica runs goes on to its own readers; whatever needs Redis is refused in words."""

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from tests.redis import RedisServer
from tests.server.configs import MEETING, MEETING_INPUT, openai, text
from tests.server.process import ROOT, START_S, server_environment
from tests.server.replicas.conftest import Replicas
from tests.server.replicas.reader import Journal, Refused, call, post, read, read_to_end, until, until_had
from tests.server.replicas.test_replicas import LEASE_S, begin, config, halves, sound
from tests.upstream import DONE, Upstream, ends, gate, says, stream, usage


async def readiness(url: str, wanted: int) -> str:
    """What `/ready` says, as soon as it answers so."""
    while True:
        status, told = await call("GET", f"{url}/ready")
        if status == wanted:
            return str(told["status"])
        await asyncio.sleep(0.05)


@pytest.mark.parametrize("gone", ["killed, its data kept", "killed, its data lost", "silent"])
async def test_in_the_middle_of_a_run(replicas: Replicas, upstream: Upstream, gone: str) -> None:
    cluster, redis = replicas(config(upstream), 2)
    whole = text(MEETING)
    script = upstream.plays(
        *stream(says(whole[:60]), gate, says(whole[60:120]), gate, says(whole[120:]), ends(), usage(1, 1), DONE)
    )
    one, other = cluster.urls
    path = await begin(one)
    here, there = Journal(), Journal()
    reading = asyncio.create_task(read(f"{one}{path}", here))
    elsewhere = asyncio.create_task(read_to_end(f"{other}{path}", there))
    for journal in (here, there):
        await until_had(journal, "field")
    model = script.next_call()

    if gone == "silent":
        redis.pause()
    else:
        redis.stop(save=gone == "killed, its data kept")
    model.permit()
    had = len(here.frames)
    await until(lambda: len(here.frames) > had)
    assert here.last_id.endswith("~")  # it is not in the store
    for url in cluster.urls:
        assert "store" in await asyncio.wait_for(readiness(url, 503), 20)
        assert (await call("GET", f"{url}/health"))[0] == 200
        status, refusal = await post(f"{url}/meeting-info/runs", {"input": MEETING_INPUT})
        assert (status, refusal["code"], refusal["retryable"]) == (503, "store_unavailable", True)
    with pytest.raises(Refused) as refused:
        await read(f"{other}{path}", Journal())
    assert (refused.value.status, refused.value.envelope["code"]) == (503, "store_unavailable")

    if gone == "silent":
        redis.resume()
    else:
        redis.start()
    for url in cluster.urls:
        await asyncio.wait_for(readiness(url, 200), 20)
    await until(lambda: len(there.frames) >= len(here.frames))  # the store has been given what it missed
    model.permit()
    await asyncio.wait_for(asyncio.gather(reading, elsewhere), 20)
    assert [event for event in sound(here) if event["type"] == "reset"] == []
    assert here.events == there.events
    assert (await read_to_end(f"{other}{path}")).joined == there.joined
    assert script.count == 1


async def test_a_whole_run_that_ended_meanwhile_is_there_afterwards(replicas: Replicas, upstream: Upstream) -> None:
    cluster, redis = replicas(config(upstream), 2)
    script = halves(upstream)
    path = await begin(cluster.urls[0])
    journal = Journal()
    reading = asyncio.create_task(read(f"{cluster.urls[0]}{path}", journal))
    await until_had(journal, "field")
    redis.stop()
    script.next_call().permit()
    await asyncio.wait_for(reading, 10)
    assert sound(journal)[-1]["type"] == "complete"
    redis.start()
    again = await asyncio.wait_for(read_to_end(f"{cluster.urls[1]}{path}"), 20)
    assert again.events == journal.events


async def test_nobody_takes_over_within_a_lease_of_its_return(replicas: Replicas, upstream: Upstream) -> None:
    """Every lease is long over then; none of their owners is gone."""
    cluster, redis = replicas(config(upstream), 3)
    script = halves(upstream)
    paths = [await begin(url) for url in cluster.urls]
    readers = [asyncio.create_task(read_to_end(f"{url}{path}")) for url, path in zip(cluster.urls, paths, strict=True)]
    redis.pause()
    await asyncio.sleep(2 * LEASE_S)  # the outage itself
    redis.resume()
    for url in cluster.urls:
        await asyncio.wait_for(readiness(url, 200), 20)
    await asyncio.sleep(2 * LEASE_S)  # in which they might be taken over
    script.next_call().permit()
    journals = await asyncio.wait_for(asyncio.gather(*readers), 20)
    assert all(event["type"] != "reset" for journal in journals for event in sound(journal))


def start_refused(config: str, **environment: str) -> str:
    """What a server says that does not start."""
    ended = subprocess.run(
        [sys.executable, "-m", "server"],
        cwd=ROOT,
        env=server_environment(CONFIG=config, PORT="0", **environment),
        capture_output=True,
        text=True,
        timeout=START_S,
        check=False,
    )
    assert ended.returncode == 2
    assert "Traceback" not in ended.stderr
    return ended.stderr


def test_at_the_start_it_is_missed_in_words(tmp_path: Path) -> None:
    file = tmp_path / "langserve.yaml"
    file.write_text(openai("http://127.0.0.1:9/v1", runs={"store": "redis"}))
    assert "REDIS_URL" in start_refused(str(file))
    said = start_refused(str(file), REDIS_URL="redis://:a-secret-word@127.0.0.1:9/0")
    assert "No Redis answers" in said
    assert "secret" not in said
    for url in ("http://127.0.0.1:9", "redis://:a-secret-word@127.0.0.1:port/0", "nonsense"):
        said = start_refused(str(file), REDIS_URL=url)
        assert "redis://" in said
        assert "secret" not in said
    with RedisServer(tmp_path, requirepass="a-secret-word") as redis:
        assert "password" in start_refused(str(file), REDIS_URL=redis.url)
