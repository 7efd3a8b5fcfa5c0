"""What Redis was asked for, and what it took."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from benchmarks.scaling.servers import RedisServed

FROM_CLIENTS = ("evalsha", "eval", "xread", "multi", "exec")
"""The commands by which workers ask; the others are done within a script or a transaction."""

LOOKING = {"info", "client|setinfo", "memory|usage"}
"""Commands of whoever measures."""

PREFIX = "{moim}"
KINDS = ("run", "input", "log", "base")
"""The keys of a run; the first is the one that lives longest."""


@dataclass(frozen=True)
class Costs:
    """Since Redis began, or between two times."""

    calls: Mapping[str, int]
    micros: Mapping[str, int]
    """Microseconds within each command. A script's hold those of what it called."""
    bytes_in: int
    bytes_out: int
    cpu: float

    def since(self, before: "Costs") -> "Costs":
        """What has come on top."""
        return Costs(
            {name: calls - before.calls.get(name, 0) for name, calls in self.calls.items()},
            {name: micros - before.micros.get(name, 0) for name, micros in self.micros.items()},
            self.bytes_in - before.bytes_in,
            self.bytes_out - before.bytes_out,
            self.cpu - before.cpu,
        )

    @property
    def asked(self) -> int:
        """How many commands workers sent."""
        return sum(self.calls.get(name, 0) for name in FROM_CLIENTS)


def costs(redis: RedisServed) -> Costs:
    """What it has cost so far."""
    stats: dict[str, Any] = redis.look.info("stats")
    commands: dict[str, Any] = redis.look.info("commandstats")
    counted = {name.removeprefix("cmdstat_"): told for name, told in commands.items()}
    return Costs(
        {name: told["calls"] for name, told in counted.items() if name not in LOOKING},
        {name: told["usec"] for name, told in counted.items() if name not in LOOKING},
        stats["total_net_input_bytes"],
        stats["total_net_output_bytes"],
        redis.served.cpu(),
    )


def kept(redis: RedisServed, run_ids: Iterable[str]) -> float:
    """Bytes of memory that a run's keys take, on the average."""
    ids = list(run_ids)
    pipe = redis.look.pipeline(transaction=False)
    for run_id in ids:
        for kind in KINDS:
            pipe.memory_usage(f"{PREFIX}:{kind}:{run_id}", samples=0)  # 0: all of it
    return sum(size or 0 for size in pipe.execute()) / len(ids)


def version(redis: RedisServed) -> str:
    """Redis's own."""
    server: dict[str, Any] = redis.look.info("server")
    return str(server["redis_version"])
