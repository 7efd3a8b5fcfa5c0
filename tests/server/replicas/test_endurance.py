"""Many runs, many readers, many faults at once: nothing is lost, nothing doubled, nothing hangs, nothing stays behind.

`make test-long` does it at full size.
"""

import asyncio
import os
import random
import statistics
import time
from collections import Counter
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests import figures
from tests.server.configs import MEETING, MEETING_INPUT, openai, text
from tests.server.process import Start
from tests.server.replicas.cluster import Cluster, nginx
from tests.server.replicas.conftest import Replicas
from tests.server.replicas.reader import Journal, Refused, call, post, read, read_to_end, until
from tests.server.replicas.test_replicas import ENDLESS, begin, config, sound
from tests.upstream import DONE, Upstream, chunk, ends, pause, says, stall, stream, usage

LATER = (502, 503, 504)
LONG = os.environ.get("HYPOTHESIS_PROFILE") == "long"
pytestmark = pytest.mark.long


async def begun(number: int, url: str) -> str:
    """The address of a user's run, which is begun once, however often it is asked for."""
    while True:
        try:
            status, receipt = await post(
                f"{url}/meeting-info/runs", {"input": MEETING_INPUT}, idempotency_key=f"user-{number}"
            )
        except OSError:
            continue
        if status == 201:
            return f"{url}{receipt['events_url']}"
        assert status in LATER, (status, receipt)
        await asyncio.sleep(0.1)


async def user(number: int, url: str, dice: random.Random) -> Journal:
    """Begins a run, whatever it takes, and reads it to its end: cut at random, and now and then slow."""
    address, journal = await begun(number, url), Journal()
    while not journal.ended:
        try:
            await read(address, journal, at_most=dice.choice([None, None, dice.randrange(1, 4000)]))
        except Refused as refused:
            if refused.status not in LATER:
                raise
            await asyncio.sleep(0.1)
        except OSError:
            await asyncio.sleep(0.05)
        if dice.random() < 0.1:
            await asyncio.sleep(dice.random())  # a slow one
    return journal


async def faults(cluster: Cluster, dice: random.Random, over: asyncio.Event, kinds: Counter[str]) -> None:
    """Kills a replica, or tells it to end, and starts another one in its place; never two at once."""
    while not over.is_set():
        await asyncio.sleep(dice.uniform(0.5, 2))
        index = dice.randrange(len(cluster.replicas))
        if kinds["killed"] <= kinds["told to end"]:
            await asyncio.to_thread(cluster.kill, index)
            kinds["killed"] += 1
        else:
            cluster.replicas[index].terminate()
            await asyncio.to_thread(cluster.replicas[index].wait, 30)
            kinds["told to end"] += 1
        await asyncio.to_thread(cluster.replace, index)
        await asyncio.sleep(3)  # a lease, so that what it has claimed is not lost with it at once


def is_unbroken(journal: Journal) -> bool:
    """Whether a reader had every event, one behind the other.

    One who was shown what the store did not have yet, by a worker that then died, is told how far the run really was.
    """
    snapshots = [at for at, event in enumerate(journal.events) if event.get("resumed")]
    assert all(journal.frames[at - 1].partition(b"\n")[0].endswith(b"~") for at in snapshots)
    return not snapshots


def needs_no_call(events: list[dict[str, Any]], at: int) -> bool:
    """Whether a takeover may have cost no call: nothing had come of the one before, or nothing was open any more."""
    written = [event for event in events[:at] if event["type"] in ("token", "partial")]
    fields = {
        place["path"] for place in events[0]["fields"] if place["path"].count("/") == 1 and "-" not in place["path"]
    }
    return not written or fields <= set(events[at]["keep"])


def address_of(url: str, journal: Journal) -> str:
    return f"{url}/runs/{journal.events[0]['run_id']}/events"


@pytest.mark.timeout(900)
async def test_users_over_replicas_that_die(replicas: Replicas, upstream: Upstream, tmp_path: Path) -> None:
    count, at_once = (500, 60) if LONG else (60, 30)
    whole = text(MEETING)
    pieces = [step for at in range(0, len(whole), 6) for step in (says(whole[at : at + 6]), pause(0.1))]
    script = upstream.plays(*stream(*pieces, ends(), usage(1, 1), DONE))
    # Takeovers without an end: that a run meets several faults is no failure of what is tried here.
    cluster, _ = replicas(config(upstream, takeovers=50))
    dice, over, places, kinds = random.Random(11), asyncio.Event(), asyncio.Semaphore(at_once), Counter[str]()

    async def one(number: int, url: str) -> Journal:
        async with places:
            return await asyncio.wait_for(user(number, url, random.Random(number)), 300)

    with nginx(cluster, tmp_path) as url:
        breaking = asyncio.create_task(faults(cluster, dice, over, kinds))
        journals = await asyncio.gather(*(one(number, url) for number in range(count)))
        over.set()
        await breaking
        resets = silent = snapshots = 0
        for journal in journals:
            whole_again = journal if is_unbroken(journal) else await read_to_end(address_of(url, journal))
            snapshots += whole_again is not journal
            events = sound(whole_again)
            resets += sum(event["type"] == "reset" for event in events)
            silent += sum(needs_no_call(events, at) for at, event in enumerate(events) if event["type"] == "reset")
            assert (journal.events[-1]["type"], journal.events[-1]["value"]) == ("complete", MEETING)
            assert journal.frames[-1] == whole_again.frames[-1]
        dice.shuffle(journals)
        for journal in journals[:20]:  # what a late reader gets is what the first one got
            again = await read_to_end(address_of(url, journal))
            assert again.joined == journal.joined or not is_unbroken(journal)
    assert len({journal.events[0]["run_id"] for journal in journals}) == count
    connections = sum(journal.connections for journal in journals)
    figures.measured.append(
        f"{count} runs, {dict(kinds)}, {connections} connections, {resets} takeovers, {snapshots} snapshots, "
        f"{script.count} calls of the model"
    )
    # A worker may be lost before it has called the model, or when there is nothing left to ask.
    assert count + resets - silent <= script.count <= count + resets
    assert kinds["killed"]
    assert resets


async def test_connecting_and_dropping_leaves_nothing_behind(start: Start, upstream: Upstream) -> None:
    cycles, at_once = (10_000, 100) if LONG else (1_000, 50)
    server = start(openai(upstream.base_url))
    upstream.plays(*ENDLESS)
    path = await begin(server.url)
    process = psutil.Process(server.pid)
    places = asyncio.Semaphore(at_once)

    async def drop(number: int) -> None:
        async with places:
            await read(f"{server.url}{path}", Journal(), at_most=number % 300 + 1)

    async def settled(sockets: int) -> None:
        await until(lambda: len(process.net_connections()) <= sockets)

    await asyncio.gather(*(drop(number) for number in range(cycles // 4)))  # what is made once is made now
    sockets, threads, memory = 2, process.num_threads(), process.memory_info().rss
    await asyncio.wait_for(settled(sockets), 20)
    await asyncio.gather(*(drop(number) for number in range(cycles)))
    await asyncio.wait_for(settled(sockets), 20)  # the one it listens on, and its model's
    grown = process.memory_info().rss - memory
    figures.measured.append(f"{cycles} cycles: memory grew by {grown / 1024:,.0f} KB, {process.num_fds()} descriptors")
    assert process.num_threads() == threads
    assert grown < 8 * 2**20 + cycles * 200
    await call("DELETE", f"{server.url}{path.removesuffix('/events')}")


async def test_idle_readers_keep_nobody_waiting(start: Start, upstream: Upstream) -> None:
    """Each run has a hundred readers; their model says nothing. Somebody asks after the server's health meanwhile."""
    readers = 5_000 if LONG else 500
    server = start(openai(upstream.base_url, limits={"idle_s": 600, "total_s": 900}))
    upstream.plays(*stream(chunk({"role": "assistant"}), stall))
    paths = [await begin(server.url) for _ in range(readers // 100)]
    process = psutil.Process(server.pid)
    before = process.memory_info().rss
    journals = [Journal() for _ in range(readers)]
    reading = [
        asyncio.create_task(read(f"{server.url}{paths[number % len(paths)]}", journal))
        for number, journal in enumerate(journals)
    ]
    await until(lambda: all(journal.frames for journal in journals))
    each = (process.memory_info().rss - before) / readers
    waits = []
    for _ in range(200):
        began = time.perf_counter()
        assert (await call("GET", f"{server.url}/health"))[0] == 200
        waits.append(time.perf_counter() - began)
        await asyncio.sleep(0.01)
    p99 = statistics.quantiles(waits, n=100)[98]
    figures.measured.append(
        f"{readers} idle readers: {each / 1024:.1f} KB each; "
        f"/health in ms: median {statistics.median(waits) * 1000:.1f}, p99 {p99 * 1000:.1f}"
    )
    for path in paths:
        await call("DELETE", f"{server.url}{path.removesuffix('/events')}")
    await asyncio.gather(*reading)
    assert {journal.events[-1]["type"] for journal in journals} == {"cancelled"}
