"""A replica that is told to end loses nothing: what it runs ends in time, or goes on elsewhere."""

import asyncio
import os
import re
import signal

import pytest

from tests.server.configs import MEETING, MEETING_INPUT, openai, text
from tests.server.process import Start
from tests.server.replicas.conftest import Replicas
from tests.server.replicas.reader import Journal, Refused, post, read, read_to_end, until, until_had
from tests.server.replicas.test_replicas import begin, config, halves, sound
from tests.upstream import DONE, Upstream, ends, says, stream, usage

SOON_S = 8.0


async def test_what_does_not_end_in_time_is_handed_over(replicas: Replicas, upstream: Upstream) -> None:
    cluster, _ = replicas(config(upstream, takeovers=0))  # which a hand-over is not
    script = halves(upstream)
    path = await begin(cluster.urls[0])
    here, there = Journal(), Journal()
    reading = [
        asyncio.create_task(read(f"{cluster.urls[0]}{path}", here)),
        asyncio.create_task(read_to_end(f"{cluster.urls[1]}{path}", there)),
    ]
    for journal in (here, there):
        await until_had(journal, "field")
    cluster.replicas[0].terminate()
    cluster.replicas[0].wait_until_going()
    status, refusal = await post(f"{cluster.urls[0]}/meeting-info/runs", {"input": MEETING_INPUT})
    assert (status, refusal["code"], refusal["retryable"]) == (503, "shutting_down", True)
    with pytest.raises(Refused):
        await read(f"{cluster.urls[0]}/runs/nobody/events", Journal())  # it still answers
    await asyncio.wait_for(asyncio.gather(*reading), 2 * SOON_S)
    assert cluster.replicas[0].wait(SOON_S) is not None
    await read_to_end(f"{cluster.urls[2]}{path}", here)
    assert here.joined == there.joined
    (reset,) = [event for event in sound(here) if event["type"] == "reset"]
    assert reset["reason"] == "shutting_down"
    assert here.events[-1]["value"] == MEETING
    assert script.count == 2


async def test_what_ends_in_time_ends_where_it_is(replicas: Replicas, upstream: Upstream) -> None:
    cluster, _ = replicas(config(upstream), 1)
    script = halves(upstream)
    journal = Journal()
    path = await begin(cluster.urls[0])
    reading = asyncio.create_task(read(f"{cluster.urls[0]}{path}", journal))
    await until_had(journal, "field")
    cluster.replicas[0].terminate()
    cluster.replicas[0].wait_until_going()
    script.next_call().permit()
    await asyncio.wait_for(reading, SOON_S)
    assert sound(journal)[-1]["type"] == "complete"
    assert cluster.replicas[0].wait(SOON_S) is not None


async def test_a_run_in_memory_ends_with_its_server_and_says_so(start: Start, upstream: Upstream) -> None:
    server = start(openai(upstream.base_url, limits={"drain_s": 0}))
    halves(upstream)
    journal = Journal()
    path = await begin(server.url)
    reading = asyncio.create_task(read(f"{server.url}{path}", journal))
    await until_had(journal, "field")
    server.terminate()
    await asyncio.wait_for(reading, SOON_S)
    end = sound(journal)[-1]
    assert (end["type"], end["code"], end["retryable"]) == ("failed", "shutting_down", True)
    assert server.wait(SOON_S) is not None


async def test_a_rolling_restart_breaks_no_run(replicas: Replicas, upstream: Upstream) -> None:
    """SIGHUP to a server of two workers, which are replaced one after the other while runs begin and are read."""
    (cluster, _), url = (found := replicas(config(upstream) + "workers: 2\n", 1)), found[0].urls[0]
    whole = text(MEETING)
    pieces = [
        step for at in range(0, len(whole), 8) for step in (says(whole[at : at + 8]), lambda _: asyncio.sleep(0.02))
    ]
    upstream.plays(*stream(*pieces, ends(), usage(1, 1), DONE))
    restarted = asyncio.Event()
    journals: list[Journal] = []

    async def user() -> None:
        while not restarted.is_set():
            status, receipt = await post(f"{url}/meeting-info/runs", {"input": MEETING_INPUT})
            if status == 503:  # from a worker that is going: another one takes it
                assert receipt["code"] == "shutting_down"
                continue
            assert status == 201, receipt
            journals.append(await read_to_end(f"{url}{receipt['events_url']}"))

    users = [asyncio.create_task(user()) for _ in range(8)]
    before = started(cluster.logs)
    cluster.signal(0, signal.SIGHUP)
    await until(lambda: len(started(cluster.logs)) >= 2 * len(before) and not any(map(lives, before)), 90)
    restarted.set()
    await asyncio.wait_for(asyncio.gather(*users), 60)
    assert len(journals) >= 8
    assert {sound(journal)[-1]["type"] for journal in journals} == {"complete"}


def started(log: str) -> list[int]:
    return [int(pid) for pid in re.findall(r"Started server process \[(\d+)\]", log)]


def lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
