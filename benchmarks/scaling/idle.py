"""Readers of runs whose model says nothing just now: what each takes, and whether anybody has to wait for them."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from time import monotonic

import httpx2
import uvloop

from benchmarks.bench import Bench
from benchmarks.delays import percentile
from benchmarks.processes import LOADING, SERVING, Served
from benchmarks.scaling.readers import Reading, asking, begin, health, leave, read, tell
from benchmarks.scaling.servers import MEMORY, REDIS, redis_serving, worker
from benchmarks.simulator import Script

SILENT = Script(400, 0.001)
"""A model that begins and then says nothing for minutes."""

PATIENT = {"limits": {"idle_s": 600, "total_s": 900}, "models": {"simulated": {"read_timeout": 600}}}
"""Settings under which its silence is borne."""

WARM = 20
"""Runs, and readers, before those that count: what is made once is made by then."""

HERE, ELSEWHERE = "the runs' own worker", "another worker"


@dataclass(frozen=True)
class Idle:
    """So many readers on one worker."""

    store: str
    where: str
    readers: int
    each_bytes: float
    health_p50: float
    health_p99: float
    cores: float
    """What the worker used meanwhile: pings, and answering whether it is alive."""


@dataclass(frozen=True)
class Again:
    """Readers who all came again at once, having missed nothing."""

    store: str
    where: str
    readers: int
    seconds: float
    cpu: float


@dataclass(frozen=True)
class Silence:
    """What was found: bytes of a run that has just begun, by store, and its readers."""

    runs: int
    run_bytes: dict[str, float]
    idle: Sequence[Idle]
    again: Sequence[Again]


def silence(bench: Bench) -> Silence:
    """With each store; where it is shared, on a second worker, too."""
    upstream, sizes = bench.simulator.base, (50, 100) if bench.quick else (1_000, 5_000, 10_000)
    found = _Found(bench, 40 if bench.quick else 500)
    with (
        redis_serving() as redis,
        worker(upstream, redis, PATIENT) as owner,
        worker(upstream, redis, PATIENT, cores=SERVING | LOADING) as other,
    ):
        uvloop.run(found.measure(REDIS, owner, [(HERE, owner), (ELSEWHERE, other)], sizes))
    with worker(upstream, changed=PATIENT) as owner:
        uvloop.run(found.measure(MEMORY, owner, [(HERE, owner)], sizes[:2]))
    return Silence(found.runs, found.run_bytes, found.idle, found.again)


class _Found:
    def __init__(self, bench: Bench, runs: int) -> None:
        self.runs = runs
        self.run_bytes: dict[str, float] = {}
        self.idle: list[Idle] = []
        self.again: list[Again] = []
        self._bench = bench

    async def measure(
        self, store: str, owner: Served, places: Sequence[tuple[str, Served]], sizes: Sequence[int]
    ) -> None:
        """Runs that say nothing on `owner`, and so many readers of them in each of the places."""
        async with asking() as client:
            await tell(client, self._bench.simulator.base, SILENT)
            warm = await begin(client, owner, WARM)
            before = owner.memory()
            paths = await begin(client, owner, self.runs - len(warm), over_s=self.runs / 100)
            self.run_bytes[store] = (owner.memory() - before) / len(paths)
            for where, served in places:
                await self._fill(client, store, where, served, [*warm, *paths], sizes)

    async def _fill(
        self,
        client: httpx2.AsyncClient,
        store: str,
        where: str,
        served: Served,
        paths: Sequence[str],
        sizes: Sequence[int],
    ) -> None:
        await leave(await read(served, paths, WARM))
        before, files = served.memory(), served.process.num_fds()
        readings: list[Reading] = []
        for size in sizes:
            self._bench.say(f"{size} idle readers, store {store}, on {where}")
            readings += await read(served, paths, size - len(readings))
            each = (served.memory() - before) / size
            began, used = monotonic(), served.cpu()
            waits = await health(client, served, 150)
            cores = (served.cpu() - used) / (monotonic() - began)
            self.idle.append(Idle(store, where, size, each, percentile(waits, 50), percentile(waits, 99), cores))
        await leave(readings)
        await _all_gone(client, served, files)
        await self._come_again(store, where, served, paths, sizes[0])

    async def _come_again(self, store: str, where: str, served: Served, paths: Sequence[str], readers: int) -> None:
        self._bench.say(f"{readers} readers come again at once, store {store}, on {where}")
        used, began = served.cpu(), monotonic()
        readings = await read(served, paths, readers, last_id="1", at_once=readers)
        self.again.append(Again(store, where, readers, monotonic() - began, served.cpu() - used))
        await leave(readings)


async def _all_gone(client: httpx2.AsyncClient, served: Served, files: int) -> None:
    """Returns when the server has let go of its readers: until then they count among those that it may have."""
    while served.process.num_fds() > files + WARM:  # noqa: ASYNC110  # another process: it can only be looked at
        await asyncio.sleep(0.05)
    await health(client, served, 20)
