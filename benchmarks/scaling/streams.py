"""How many answers one worker streams at once, at a reading pace, before they come late."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import wait
from dataclasses import dataclass
from math import inf
from time import monotonic_ns

from benchmarks import answers
from benchmarks.bench import Bench, Sample, check
from benchmarks.client import Received
from benchmarks.contenders import OURS
from benchmarks.delays import by_tokens, delays, percentile, sent
from benchmarks.findings import KB
from benchmarks.processes import Served, cpu
from benchmarks.scaling.servers import MEMORY, REDIS, redis_serving, worker
from benchmarks.simulator import Script

RATE = 25
LATE_MS = 100.0
"""What a hundredth of the characters may at the most come later than the model wrote them."""

DETACHED = "?detach=true"
"""Asks for a run that is kept, and reads it at once: what `POST …/runs` and `GET …/events` do on one worker."""

STEP = 20
"""Streams from one step to the next."""

FULL = 0.9
"""The share of a core at which it is likely to end."""

Used = tuple[int, float]
"""A time by the clock of `monotonic_ns`, and the seconds of CPU that had been used by then."""


@dataclass(frozen=True)
class Step:
    """One try with so many streams: milliseconds that were added, and cores that the worker used."""

    streams: int
    p50: float
    p99: float
    cores: float
    mark: str = ""

    @property
    def holds(self) -> bool:
        return self.p99 < LATE_MS and self.cores < 1


@dataclass(frozen=True)
class Streams:
    """What was tried with one store, in order of the number of streams."""

    store: str
    steps: Sequence[Step]

    @property
    def most(self) -> int:
        """The most streams that came in time; 0 if none did."""
        return max((step.streams for step in self.steps if step.holds), default=0)


def streams(bench: Bench) -> list[Streams]:
    """For each store, on one worker with default limits."""
    first = 20 if bench.quick else 120
    found = []
    with redis_serving() as redis:
        for store, used in ((REDIS, redis), (MEMORY, None)):
            with worker(bench.simulator.base, used) as served:
                warm = OURS.load(served.base, Script(KB, 0), query=DETACHED, streams=32, at_once=8)
                bench.measure(OURS, warm, served)

                def tried(count: int, store: str = store, served: Served = served) -> Step:
                    bench.say(f"{count} streams at once, store {store}")
                    return _tried(bench, served, count)

                found.append(Streams(store, [tried(first)] if bench.quick else search(tried, first)))
    return found


def search(tried: Callable[[int], Step], first: int) -> list[Step]:
    """Tries until one number holds and the next one does not. Until one has failed, its core says how many may do."""
    steps: list[Step] = []
    low, high, count = 0, inf, first
    while high - low > STEP:
        steps.append(tried(count))
        if steps[-1].holds:
            low = count
        else:
            high = count
        between = (low + high) / 2 if high < inf else max(low * FULL / steps[-1].cores, low + STEP)
        count = int(between / STEP) * STEP
    return sorted(steps, key=lambda step: step.streams)


def _tried(bench: Bench, served: Served, count: int) -> Step:
    """So many at once, each followed by another one. They begin over half the time that a stream takes."""
    script = Script(KB // 2 if bench.quick else KB, RATE)
    lasts = len(answers.tokens(script.size)) / RATE
    load = OURS.load(served.base, script, query=DETACHED, streams=2 * count, at_once=count, ramp=lasts / 2, first=1)
    bench.records()  # those of earlier streams
    readings: list[Used] = [(monotonic_ns(), served.cpu())]
    simulator_before = cpu(bench.simulator.process)
    running = bench.client.start(load)
    while wait([running], 0.25).not_done:
        readings.append((monotonic_ns(), served.cpu()))
    run = running.result()
    (received,) = run.loads
    simulated = cpu(bench.simulator.process) - simulator_before
    sample = Sample(script, received, readings[-1][1] - readings[0][1], simulated, run.cpu, bench.records())
    check(OURS, sample)
    began = min(one.began for one in received)
    return step(count, sample, readings, round(began + lasts / 2 * 1e9), round(began + lasts * 1.5e9))


def step(count: int, sample: Sample, readings: Sequence[Used], since: int, until: int) -> Step:
    """What happened in that time, in which all the streams ran."""
    late = [delay / 1e6 for one in sample.received for left, delay in _delays(sample, one) if since <= left < until]
    inside = [reading for reading in readings if since <= reading[0] <= until]
    (first, before), (last, after) = inside[0], inside[-1]
    cores = (after - before) / (last - first) * 1e9
    return Step(count, percentile(late, 50), percentile(late, 99), cores, sample.mark)


def _delays(sample: Sample, received: Received) -> Iterator[tuple[int, int]]:
    """When each character left the simulator, and the nanoseconds until it came."""
    marks = sent(sample.script, sample.records[received.stream])
    return zip((mark.at for mark in marks), delays(marks, by_tokens(received.frames)), strict=True)
