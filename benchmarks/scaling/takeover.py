"""How long a run stands still whose worker is killed: until its reader, on another worker, is told that it goes on."""

import asyncio
import signal
from collections.abc import Sequence
from dataclasses import dataclass
from time import monotonic

import uvloop

from benchmarks.bench import Bench
from benchmarks.findings import KB
from benchmarks.processes import LOADING, SERVING, Served
from benchmarks.scaling.readers import asking, begin, first, leave, read, tell
from benchmarks.scaling.servers import redis_serving, worker
from benchmarks.simulator import Script

RUNS = 20
LEASES_S = (10, 2)


@dataclass(frozen=True)
class Takeover:
    """Seconds from the kill to each reader's `reset`, in order."""

    lease_s: float
    seconds: Sequence[float]


def takeovers(bench: Bench) -> list[Takeover]:
    """With each lease, one worker of two being killed."""
    return [_takeover(bench, lease_s) for lease_s in (LEASES_S[1:] if bench.quick else LEASES_S)]


def _takeover(bench: Bench, lease_s: float) -> Takeover:
    bench.say(f"a worker is killed, lease {lease_s} s")
    upstream, changed = bench.simulator.base, {"runs": {"lease_s": lease_s}}
    with (
        redis_serving() as redis,
        worker(upstream, redis, changed) as doomed,
        worker(upstream, redis, changed, cores=SERVING | LOADING) as other,
    ):
        return Takeover(lease_s, sorted(uvloop.run(_seconds(bench, lease_s, doomed, other))))


async def _seconds(bench: Bench, lease_s: float, doomed: Served, other: Served) -> list[float]:
    async with asking() as client:
        await tell(client, bench.simulator.base, Script(2 * KB, 25))
        await asyncio.sleep(lease_s)  # a worker that has not looked for so long takes nothing over
        readings = await read(other, await begin(client, doomed, RUNS), RUNS, kinds=["token", "reset"])
        await first(readings, "token")
        killed = monotonic()
        doomed.process.send_signal(signal.SIGKILL)
        seconds = [came - killed for came in await first(readings, "reset")]
        await leave(readings)
    return seconds
