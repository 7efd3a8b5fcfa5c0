"""The parts of the scaling benchmark: what is counted, what is searched for, and what is reckoned from it."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, cast

import psutil
import pytest
from redis import Redis

from benchmarks import answers, report
from benchmarks.bench import CheckFailed, Sample
from benchmarks.client import Received
from benchmarks.delays import sent
from benchmarks.processes import Served
from benchmarks.scaling.__main__ import DOCS
from benchmarks.scaling.fanout import Fanout, Phase, Resumes
from benchmarks.scaling.idle import ELSEWHERE, HERE, PATIENT, Idle, Silence
from benchmarks.scaling.readers import Reading, first, leave, read
from benchmarks.scaling.redis_costs import Costs, costs, kept
from benchmarks.scaling.results import Results, per_event, per_token
from benchmarks.scaling.servers import MEMORY, REDIS, RedisServed, settings
from benchmarks.scaling.sizing import Measured, Plan, need
from benchmarks.scaling.streams import STEP, Step, search, step
from benchmarks.simulator import Script
from schemas import Token
from server.runs.entry import Entry
from server.runs.redis_store import RedisStore
from server.runs.store import NewRun
from server.settings import Settings, parse_settings
from tests.redis import RedisServer

# -- what is served ----------------------------------------------------------------------------------------------------


def test_one_worker_is_measured_with_its_defaults() -> None:
    served = parse_settings(settings(), "served.yaml")
    for section in ("stream", "limits", "runs", "workers"):
        assert getattr(served, section) == Settings.model_fields[section].default, section
    assert served.models["simulated"].model_dump(exclude_defaults=True) == {
        "provider": "openai",
        "name": "simulated",
        "max_concurrency": served.limits.runs,
    }


def test_what_is_changed_leaves_the_rest() -> None:
    served = parse_settings(settings(PATIENT, {"runs": {"store": REDIS}}), "served.yaml")
    assert served.limits == Settings.model_fields["limits"].default.model_copy(update=PATIENT["limits"])
    assert served.runs.store == REDIS
    model = served.models["simulated"].model_dump()
    assert (model["max_concurrency"], model["read_timeout"]) == (500, 600)


# -- readers -----------------------------------------------------------------------------------------------------------

HEAD = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
FRAMES = b"".join(
    b"%x\r\n%s\r\n" % (len(frame), frame)
    for frame in (
        b'retry: 2000\nid: 1\nevent: start\ndata: {"x": "event: reset"}\n\n',
        b": ping\n\n",
        b"id: 2\nevent: token\ndata: {}\n\nid: 3\nevent: token\ndata: {}\n\n",
        b"id: 4\nevent: complete\ndata: {}\n\n",
    )
)


@pytest.mark.parametrize("size", [1, 2, 5, 7, 13, 1000])
async def test_events_are_counted_however_they_are_cut(size: int) -> None:
    reading = Reading(b"", ["token", "reset", "complete"])
    answer = HEAD + FRAMES
    for at in range(0, len(answer), size):
        if at > 20:
            assert reading.answered.done()
        reading.data_received(answer[at : at + size])
    assert reading.status == 200
    assert reading.events == 4
    assert reading.bytes == len(answer)
    assert {kind: came.done() for kind, came in reading.first.items()} == {
        "token": True,
        "reset": False,
        "complete": True,
    }


class Answering:
    """A server that answers every request alike and notes what it was asked."""

    def __init__(self, answer: bytes) -> None:
        self.asked: list[bytes] = []
        self.waiting = self.most = 0
        self._answer = answer

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.waiting += 1
        self.most = max(self.most, self.waiting)
        self.asked.append(await reader.readuntil(b"\r\n\r\n"))
        await asyncio.sleep(0)
        self.waiting -= 1
        writer.write(self._answer)
        writer.close()


@asynccontextmanager
async def answering(answer: bytes) -> AsyncIterator[tuple[Answering, Served]]:
    server = Answering(answer)
    async with await asyncio.start_server(server.serve, "127.0.0.1", 0) as listening:
        port = listening.sockets[0].getsockname()[1]
        yield server, Served(psutil.Process(), f"http://127.0.0.1:{port}")


async def test_readers_are_dealt_out_over_the_runs() -> None:
    async with answering(HEAD + FRAMES) as (server, served):
        readings = await read(
            served, ["/runs/a/events", "/runs/b/events"], 10, last_id="17", kinds=["token"], at_once=3
        )
        came = await first(readings, "token")
        await leave(readings)
    paths = [asked.split(b" ")[1] for asked in server.asked]
    assert sorted(paths) == [b"/runs/a/events"] * 5 + [b"/runs/b/events"] * 5
    assert all(b"\r\nlast-event-id: 17\r\n" in asked for asked in server.asked)
    assert server.most <= 3
    assert len(came) == 10


async def test_a_reader_who_is_refused_makes_the_whole_invalid() -> None:
    async with answering(b"HTTP/1.1 503 Busy\r\n\r\n") as (_, served):
        with pytest.raises(CheckFailed, match="503"):
            await read(served, ["/runs/a/events"], 1)


async def test_a_reader_without_a_last_id_says_none() -> None:
    async with answering(HEAD) as (server, served):
        await leave(await read(served, ["/runs/a/events"], 1))
    assert b"last-event-id" not in server.asked[0]


# -- Redis -------------------------------------------------------------------------------------------------------------


async def test_the_keys_of_a_run_are_the_stores_own(tmp_path: Path) -> None:
    with RedisServer(tmp_path) as running, Redis.from_url(running.url, decode_responses=True) as look:
        store = RedisStore(running.url)
        await store.open()
        redis = RedisServed(Served(psutil.Process(), ""), running.url, look)
        before = costs(redis)
        for run_id in ("a", "b"):
            await store.create(NewRun(run_id, "item", {"subject": "x" * 1000}, 0.0, 60.0))
        await store.append("a", [Entry(Token(seq=1, path="/a", text="half"))])
        spent = costs(redis).since(before)
        keys = [key for key in cast(list[str], look.keys("*")) if key.endswith((":a", ":b"))]
        sizes = [cast(int, look.memory_usage(key, samples=0)) for key in keys]
        assert len(keys) == 5
        assert kept(redis, ["a", "b"]) == sum(sizes) / 2
        assert spent.calls["evalsha"] - before.calls.get("evalsha", 0) >= 1
        assert spent.calls["xadd"] == 3  # two leases and an entry
        assert spent.bytes_in > 2000
        await store.close()


def costing(**calls: int) -> Costs:
    return Costs(calls, {name: 10 * count for name, count in calls.items()}, bytes_in=1000, bytes_out=2000, cpu=3.0)


def test_what_came_on_top() -> None:
    later = Costs({"evalsha": 12, "xadd": 7, "xread": 3}, {"evalsha": 500, "xadd": 80, "xread": 9}, 1500, 2600, 4.5)
    spent = later.since(costing(evalsha=2, xadd=5))
    assert spent.calls == {"evalsha": 10, "xadd": 2, "xread": 3}
    assert spent.micros == {"evalsha": 480, "xadd": 30, "xread": 9}
    assert (spent.bytes_in, spent.bytes_out, spent.cpu) == (500, 600, 1.5)
    assert spent.asked == 13  # what is done within a script nobody sent


# -- how many streams --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("limit", [20, 60, 119, 120, 139, 160, 245])
@pytest.mark.parametrize("wrong", [0.7, 1.0, 1.5])
def test_the_search_ends_where_one_number_holds_and_the_next_does_not(limit: int, wrong: float) -> None:
    """`wrong`: by how much the cores of the first try mislead."""
    tried: list[int] = []

    def one(count: int) -> Step:
        tried.append(count)
        return Step(count, 1.0, 50.0 if count <= limit else 500.0, min(count / limit * 0.9 * wrong, 0.99))

    steps = search(one, 120)
    assert len(set(tried)) == len(tried) == len(steps)
    most = max(step.streams for step in steps if step.p99 < 100)
    assert most == limit // STEP * STEP
    assert most + STEP in tried
    assert len(tried) <= 7
    assert min(tried) > 0
    assert [step.streams for step in steps] == sorted(tried)


def test_a_search_in_vain_ends() -> None:
    assert [one.streams for one in search(lambda count: Step(count, 1, 500, 1), 60)] == [20, 60]


@pytest.mark.parametrize(("p99", "cores", "holds"), [(99.9, 0.9, True), (100, 0.9, False), (99.9, 1.0, False)])
def test_what_holds(p99: float, cores: float, holds: bool) -> None:
    assert Step(1, 1.0, p99, cores).holds is holds


SCRIPT = Script(400, 25)


def received(stream: int, record: list[int], delay: dict[int, int]) -> Received:
    """A stream whose characters came so much later than they were sent, by when that was."""
    reads = [(1, HEAD)]
    lengths: dict[str, int] = {}
    for mark in sent(SCRIPT, record):
        text = "x" * (mark.length - lengths.get(mark.path, 0))
        lengths[mark.path] = mark.length
        frame = f"event: token\ndata: {json.dumps({'path': mark.path, 'text': text})}\n\n".encode()
        reads.append((mark.at + delay[mark.at], b"%x\r\n%s\r\n" % (len(frame), frame)))
    return Received(stream, 0, [*reads, (10**12, b"0\r\n\r\n")], whole=True)


@pytest.mark.parametrize(("streams", "p99"), [(1, 7.0), (3, 5.0)], ids=["one in 60 is late", "one in 180"])
def test_only_what_was_sent_meanwhile_counts(streams: int, p99: float) -> None:
    record = [number * 40_000_000 for number in range(len(answers.tokens(400)))]
    since, until = record[20], record[80]
    delay = {at: 5_000_000 if since <= at < until else 900_000_000 for at in record}
    late = {**delay, record[79]: 7_000_000}
    came = [received(stream, record, delay if stream else late) for stream in range(streams)]
    sample = Sample(SCRIPT, came, 0.0, 0.0, 0.0, dict.fromkeys(range(streams), record))
    readings = [(record[0], 0.0), (record[25], 1.0), (record[75], 2.2), (record[90], 9.0)]
    found = step(30, sample, readings, since, until)
    assert (found.streams, found.p50, found.p99) == (30, 5.0, p99)
    assert found.cores == pytest.approx(1.2 / 2.0)


# -- what is reckoned --------------------------------------------------------------------------------------------------

ALONE = Phase(80, 25.0, 0, 0, 0, 0, 8.0, 0.5, costing(), 1.0, 100.0)
RESULTS = Results(
    streams=[],
    fanout=Fanout(
        20.0,
        [
            ALONE,
            replace(ALONE, here=1, events=700.0, owner_cpu=10.8),
            replace(
                ALONE,
                elsewhere=1,
                events=500.0,
                sent=6000.0,
                other_cpu=4.5,
                redis=costing(evalsha=800, xread=160),
                redis_bytes=9,
            ),
            replace(ALONE, runs=20, elsewhere=10, events=500.0, other_cpu=3.5),
        ],
        Resumes(1000, 60.0, 3.0, 2.5, 0.1),
        "7",
    ),
    silence=Silence(
        500,
        {REDIS: 50.0, MEMORY: 70.0},
        [
            Idle(REDIS, HERE, 10_000, 30.0, 1, 2, 0.9),
            Idle(REDIS, ELSEWHERE, 1_000, 20.0, 1, 2, 0.1),
            Idle(REDIS, ELSEWHERE, 5_000, 40.0, 1, 2, 0.15),
            Idle(MEMORY, HERE, 1_000, 10.0, 1, 2, 0.7),
        ],
        [],
    ),
    takeovers=[],
)


def test_what_a_reader_takes_is_what_comes_on_top_of_the_run() -> None:
    alone, here, elsewhere, many = RESULTS.fanout.phases
    assert per_event(here, alone) == pytest.approx(2.8 / (80 * 700) * 1e6)
    assert per_event(elsewhere, alone) == pytest.approx(4.0 / (80 * 500) * 1e6)
    assert per_event(many, alone) == pytest.approx(3.0 / (20 * 10 * 500) * 1e6)
    assert per_token(alone, 20.0) == pytest.approx(8.0 / (80 * 500) * 1e6)


def test_what_one_of_each_takes() -> None:
    assert asdict(RESULTS.measured) == pytest.approx(
        {
            "run_s": 20,
            "run_cores": 8.0 / 80 / 20,
            "reader_cores": 4.0 / 80 / 20,
            "idle_cores": 0.05 / 4000,
            "run_bytes": 100,
            "reader_bytes": 40,
            "redis_cores": 3.0 / 80 / 20,
            "redis_asked": 960 / 80 / 20,
            "redis_in": 1000 / 80 / 20,
            "redis_out": 2000 / 80 / 20,
            "kept_bytes": 9,
            "sent": 6000 / 20,
        }
    )


def test_storms_cost_what_a_resume_was_measured_to() -> None:
    storms = [storm for _, storm in RESULTS.storms()]
    assert {storm.resume_s for storm in storms} == {0.0025}
    assert {storm.workers for storm in storms} == {180, 60, 20}
    assert {storm.jitter for storm in storms} == {(1.0, 1.0), (0.5, 1.5)}


COSTS = Measured(
    run_s=20.0,
    run_cores=0.004,
    reader_cores=0.003,
    idle_cores=0.00001,
    run_bytes=100e3,
    reader_bytes=30e3,
    redis_cores=0.0006,
    redis_asked=30.0,
    redis_in=2e3,
    redis_out=1e3,
    kept_bytes=1e5,
    sent=500.0,
)


def test_a_million_readers_by_hand() -> None:
    plan = Plan(worker_busy=0.5, redis_busy=0.5, ttl_s=180.0, shard_bytes=1e10)
    one = need(0.1, COSTS, plan)
    assert (one.workers, one.workers_by) == (1418, "CPU")  # (100,000 of 0.007 + 900,000 of 0.00001) / 0.5
    assert one.worker_bytes == pytest.approx(100e3 * 100e3 + 1e6 * 30e3)
    assert one.kept_bytes == pytest.approx(100e3 * 10 * 1e5)
    assert (one.shards, one.shards_by) == (120, "CPU")
    assert (one.asked, one.bytes_in, one.bytes_out, one.sent) == pytest.approx((3e6, 2e8, 1e8, 5e7))


@pytest.mark.parametrize(
    ("changed", "workers_by", "shards_by"),
    [
        ({"worker_readers": 100}, "readers", "CPU"),
        ({"worker_runs": 10}, "runs", "CPU"),
        ({"shard_bytes": 1e8}, "CPU", "memory"),
    ],
)
def test_the_tightest_bound_decides(changed: dict[str, Any], workers_by: str, shards_by: str) -> None:
    one = need(0.1, COSTS, replace(Plan(), **changed))
    assert (one.workers_by, one.shards_by) == (workers_by, shards_by)


def test_the_page_has_its_markers() -> None:
    page = (DOCS / "scaling.md").read_text(encoding="utf-8")
    assert "new" in report.put_between_markers(page, "new")
