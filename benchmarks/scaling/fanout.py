"""What a run costs its worker and Redis, and what each of its readers costs, on that worker and on another one."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import mean
from time import monotonic
from urllib.parse import urlsplit

import httpx2
import uvloop

from benchmarks import answers
from benchmarks.bench import Bench, CheckFailed
from benchmarks.findings import KB
from benchmarks.processes import LOADING, SERVING, Served
from benchmarks.scaling.readers import Reading, asking, begin, first, read, tell
from benchmarks.scaling.redis_costs import Costs, costs, kept, version
from benchmarks.scaling.servers import RedisServed, redis_serving, worker
from benchmarks.scaling.streams import RATE
from benchmarks.simulator import Script

RAMP_S, REST_S = 2.0, 3.0
"""Over how long the runs begin, and how much longer than its text each is given."""

WARM = 4
"""Runs before the first that counts: so few that its memory is not that of earlier ones."""

MISSED = 60
"""Events that a reader has missed when it comes again, about: what two seconds bring."""


@dataclass(frozen=True)
class Phase:
    """Runs that all had so many readers on their own worker, and on another one. Costs are for all the runs together.

    `events`, `sent`: events and bytes that a reader was sent of its run, on the average; 0 without readers.
    """

    runs: int
    seconds: float
    here: int
    elsewhere: int
    events: float
    sent: float
    owner_cpu: float
    other_cpu: float
    redis: Costs
    redis_bytes: float
    """Bytes of memory that a run takes in Redis when it has ended."""
    run_bytes: float
    """Bytes by which the owner has grown for a run, just before it ends. It tells what a run takes in the first phase
    only: later ones take what earlier ones have left.
    """


@dataclass(frozen=True)
class Resumes:
    """Readers who all came again at once, each having missed so many events on the average: what that took."""

    readers: int
    events: float
    seconds: float
    cpu: float
    redis_cpu: float


@dataclass(frozen=True)
class Fanout:
    """What was found. The phases come in the order of `PHASES`; a run's model wrote for `run_s` seconds."""

    run_s: float
    phases: Sequence[Phase]
    resumes: Resumes
    redis_version: str


PHASES = ((80, 0, 0), (80, 1, 0), (80, 0, 1), (20, 0, 10))
"""Runs, and the readers of each: on its own worker, and elsewhere."""


def fanout(bench: Bench) -> Fanout:
    """The phases one after another, on one worker that runs and one that only reads."""
    with (
        redis_serving() as redis,
        worker(bench.simulator.base, redis) as owner,
        worker(bench.simulator.base, redis, cores=SERVING | LOADING) as other,
    ):
        return uvloop.run(_Measured(bench, redis, owner, other).all())


class _Measured:
    """One Redis and the two workers on it."""

    def __init__(self, bench: Bench, redis: RedisServed, owner: Served, other: Served) -> None:
        self._bench = bench
        self._redis = redis
        self._owner = owner
        self._other = other
        size = KB // 2 if bench.quick else 2 * KB
        self._script = Script(size, RATE)
        self._text_s = len(answers.tokens(size)) / RATE
        self._paths: Sequence[str] = ()  # of the last phase's runs

    async def all(self) -> Fanout:
        async with asking() as client:
            await tell(client, self._bench.simulator.base, Script(self._script.size, 0))
            paths = await begin(client, self._owner, WARM)
            await asyncio.gather(*(reading.over for reading in await read(self._other, paths, WARM)))
            await tell(client, self._bench.simulator.base, self._script)
            phases = [await self._phase(client, *phase) for phase in PHASES]
            resumes = await self._resumes(phases[-1])
        return Fanout(self._text_s, phases, resumes, version(self._redis))

    async def _phase(self, client: httpx2.AsyncClient, runs: int, here: int, elsewhere: int) -> Phase:
        runs = runs // 8 if self._bench.quick else runs
        self._bench.say(f"{runs} runs, readers of each: {here} here, {elsewhere} elsewhere")
        memory = self._owner.memory()
        before, owner_cpu, other_cpu = costs(self._redis), self._owner.cpu(), self._other.cpu()
        began = monotonic()
        paths = self._paths = await begin(client, self._owner, runs, over_s=RAMP_S)
        readings = [
            *await read(self._owner, paths, here * runs, kinds=["complete"]),
            *await read(self._other, paths, elsewhere * runs, kinds=["complete"]),
        ]
        await asyncio.sleep(max(began + self._text_s - monotonic(), 0))  # the first is about to end
        run_bytes = (self._owner.memory() - memory) / runs
        await asyncio.sleep(RAMP_S + REST_S)
        spent = costs(self._redis).since(before)
        phase = Phase(
            runs=runs,
            seconds=monotonic() - began,
            here=here,
            elsewhere=elsewhere,
            events=mean(reading.events for reading in readings) if readings else 0,
            sent=mean(reading.bytes for reading in readings) if readings else 0,
            owner_cpu=self._owner.cpu() - owner_cpu,
            other_cpu=self._other.cpu() - other_cpu,
            redis=spent,
            redis_bytes=kept(self._redis, map(run_id, paths)),
            run_bytes=run_bytes,
        )
        await self._check(client, paths, readings)
        return phase

    async def _check(self, client: httpx2.AsyncClient, paths: Sequence[str], readings: Sequence[Reading]) -> None:
        views = [(await client.get(f"{self._other.base}{path.removesuffix('/events')}")).json() for path in paths]
        if any(view["value"] != answers.value(self._script.size) or view["state"] != "complete" for view in views):
            raise CheckFailed("a run is not what the simulator sent, or came too late")
        if not all(reading.over.done() and reading.first["complete"].done() for reading in readings):
            raise CheckFailed("a reader did not have its run's end in time")

    async def _resumes(self, phase: Phase) -> Resumes:
        """Of runs that have ended, so that nothing else goes on."""
        readers = 100 if self._bench.quick else 1000
        self._bench.say(f"{readers} readers come again at once, having missed {MISSED} events")
        had = str(round(phase.events) - MISSED)
        before, redis_before, began = self._other.cpu(), self._redis.served.cpu(), monotonic()
        readings = await read(self._other, self._paths, readers, last_id=had, kinds=["complete"], at_once=readers)
        await first(readings, "complete")
        return Resumes(
            readers,
            mean(reading.events for reading in readings),
            monotonic() - began,
            self._other.cpu() - before,
            self._redis.served.cpu() - redis_before,
        )


def run_id(events_url: str) -> str:
    """The run whose events are there."""
    return urlsplit(events_url).path.split("/")[2]
