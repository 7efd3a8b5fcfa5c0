"""The bench: simulator, client and contenders, kept running, and one way to measure each of them."""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import wait
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from math import ceil
from statistics import median
from time import monotonic

import httpx2

from benchmarks import answers
from benchmarks.client import Load, Received
from benchmarks.contenders import SIMULATOR, Contender, brings
from benchmarks.findings import KB
from benchmarks.processes import Client, Served, cpu, serving, simulating
from benchmarks.simulator import Script

BUSY = 0.9
"""The share of a core beyond which the simulator or the client, rather than the server, may be what was measured."""


LATE = 1.02
"""How much longer than its pace the simulator may take to write a stream before the machine was not its own."""


class CheckFailed(Exception):
    """Not what the simulator sent has arrived, so the numbers mean nothing."""


@dataclass(frozen=True)
class Sample:
    """One measurement of one contender."""

    script: Script
    received: Sequence[Received]
    cpu: float
    simulator_cpu: float
    client_cpu: float
    records: Mapping[int, Sequence[int]]
    """When each write of each stream left the simulator, if it wrote at a pace."""
    memory: Sequence[int] = ()
    """USS of the serving processes before the load and then now and again while it lasted, if that was asked for."""

    @property
    def wall(self) -> float:
        """Seconds from the first request to the last byte."""
        return (max(one.ended for one in self.received) - min(one.began for one in self.received)) / 1e9

    @property
    def tokens(self) -> int:
        return len(self.received) * len(answers.tokens(self.script.size))

    @property
    def per_token(self) -> float:
        """Microseconds of the server's CPU for a token."""
        return self.cpu / self.tokens * 1e6

    @property
    def cores(self) -> float:
        """The share of a core that the server used."""
        return self.cpu / self.wall

    @property
    def bytes(self) -> float:
        """Bytes of a body, without HTTP's own."""
        return sum(len(one.body) for one in self.received) / len(self.received)

    @property
    def mark(self) -> str:
        """What else may have been the limit; nothing is said of runs too short to tell."""
        shares = {"the simulator": self.simulator_cpu / self.wall, "the client": self.client_cpu / self.wall}
        marks = [f"{name} at {share:.1f} core" for name, share in shares.items() if share > BUSY and self.wall > 0.5]
        took = max(((times[-1] - times[0]) / 1e9 for times in self.records.values()), default=0.0)
        if self.script.rate and took > LATE * self.script.size / answers.TOKEN / self.script.rate:
            marks.append(f"the simulator itself needed {took:.1f} s")
        return ", ".join(marks)


@dataclass
class Bench:
    """Measures contenders, which start when they are first needed. Every stream is compared with what was sent."""

    quick: bool
    simulator: Served
    client: Client
    _running: ExitStack
    _served: dict[str, Served]
    _began: float = field(default_factory=monotonic)
    _ratios: dict[tuple[str, int], float] = field(default_factory=dict)

    def say(self, progress: str) -> None:
        """A line of progress, with the seconds since the bench began."""
        print(f"  {monotonic() - self._began:4.0f} s  {progress}", flush=True)

    def served(self, contender: Contender) -> Served:
        """The contender, running."""
        if contender.name not in self._served:
            self._served[contender.name] = self._running.enter_context(serving(contender, self.simulator.base))
        return self._served[contender.name]

    def burst(self, contender: Contender, size: int, *, objects: int, at_once: int = 1) -> Sample:
        """Objects as fast as the contender can, so many at once."""
        script = Script(size, rate=0)
        load = contender.load(self.served(contender).base, script, streams=objects, at_once=min(at_once, objects))
        sample = self.measure(contender, load)
        self._ratios[contender.name, size] = sample.bytes / size
        return sample

    def ratio(self, contender: Contender, size: int) -> float:
        """Bytes of a body for each byte of the object, from an earlier burst if there was one."""
        if (contender.name, size) not in self._ratios:
            self.say(f"bytes on the wire, {size // KB} KB: {contender.label}")
            self.burst(contender, size, objects=1)
        return self._ratios[contender.name, size]

    def enough(self, contender: Contender, size: int, seconds: float, *, at_once: int = 1) -> int:
        """Warms up, and says how many objects take so many seconds of CPU: a process's clock ticks only every 10 ms."""
        sample = self.burst(contender, size, objects=at_once, at_once=at_once)
        while sample.cpu < seconds:  # which warms up compilers, too
            sample = self.burst(contender, size, objects=2 * len(sample.received), at_once=at_once)
        per_object = sample.cpu / len(sample.received)
        return max(at_once, ceil(seconds / per_object))

    def measure(
        self, contender: Contender, load: Load, served: Served | None = None, *, weigh_every: float | None = None
    ) -> Sample:
        """A load, and what it cost. `CheckFailed` if a stream is not whole or holds something else than was sent."""
        served = served or self.served(contender)
        memory = [served.memory()] if weigh_every else []
        if load.script.rate:
            self.records()  # those of earlier streams
        before, simulator_before = served.cpu(), cpu(self.simulator.process)
        running = self.client.start(load)
        while weigh_every and wait([running], weigh_every).not_done:
            memory.append(served.memory())
        run = running.result()
        (received,) = run.loads
        used, simulated = served.cpu() - before, cpu(self.simulator.process) - simulator_before
        records = self.records() if load.script.rate else {}
        sample = Sample(load.script, received, used, simulated, run.cpu, records, memory)
        check(contender, sample)
        return sample

    def records(self) -> Mapping[int, Sequence[int]]:
        """When each write of each stream left the simulator since the last call."""
        records = httpx2.get(f"{self.simulator.base}/records", timeout=60).json()
        httpx2.post(f"{self.simulator.base}/forget")
        return {int(stream): times for stream, times in records.items()}


def check(contender: Contender, sample: Sample) -> None:
    """Raises `CheckFailed` unless every stream brought what was sent."""
    wrong = [one for one in sample.received if not brings(contender, one, sample.script)]
    if wrong:
        raise CheckFailed(
            f"{contender.label}: {len(wrong)} of {len(sample.received)} streams of {sample.script} are not what the "
            f"simulator sent. The first of them, number {wrong[0].stream}, ends with {wrong[0].body[-300:]!r}"
        )


def medians(rounds: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """By name, the median over the rounds."""
    return {name: median(one[name] for one in rounds) for name in rounds[0]}


@contextmanager
def bench(*, quick: bool) -> Iterator[Bench]:
    """A bench; what runs for it ends with it."""
    with ExitStack() as running:
        simulator = running.enter_context(simulating())
        client = Client(simulator.base)
        running.callback(client.close)
        yield Bench(quick, simulator, client, running, {SIMULATOR.name: simulator})
