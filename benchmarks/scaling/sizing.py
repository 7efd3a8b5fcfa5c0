"""From what one of each takes to what a million readers need: arithmetic, and so an extrapolation."""

from dataclasses import dataclass
from math import ceil
from typing import NamedTuple


@dataclass(frozen=True)
class Measured:
    """What one of each takes.

    - `run_s`: seconds for which a run's model writes
    - `run_cores`, `reader_cores`: of a worker, by a run whose model writes, and by its one reader on another worker
    - `idle_cores`: of a worker, by a reader who is sent nothing but pings
    - `run_bytes`, `reader_bytes`: memory in the workers
    - `redis_cores`, `redis_asked`, `redis_in`, `redis_out`: of Redis, by a run with one reader elsewhere: cores, and
      commands and bytes a second
    - `kept_bytes`: memory in Redis, from a run's beginning until its time to live is over
    - `sent`: bytes a second to a reader while the model writes
    """

    run_s: float
    run_cores: float
    reader_cores: float
    idle_cores: float
    run_bytes: float
    reader_bytes: float
    redis_cores: float
    redis_asked: float
    redis_in: float
    redis_out: float
    kept_bytes: float
    sent: float


@dataclass(frozen=True)
class Plan:
    """What is decided, not measured.

    - `worker_busy`, `redis_busy`: the share of a core that is planned with; the rest is for peaks and lost replicas
    - `worker_runs`, `worker_readers`: how many a worker is to have: as many runs as `limits.runs` allows, and half of
      the readers that `limits.readers` does, so that those of a lost replica find room
    - `ttl_s`: for how long an ended run is kept; `shard_bytes`: memory of one Redis
    """

    readers: int = 1_000_000
    worker_busy: float = 0.7
    redis_busy: float = 0.6
    worker_runs: int = 500
    worker_readers: int = 5_000
    ttl_s: float = 600.0
    shard_bytes: float = 64e9


class Need(NamedTuple):
    """What it takes if models write for this `share` of the readers, each of whom reads a run of its own elsewhere."""

    share: float
    workers: int
    workers_by: str
    worker_bytes: float
    shards: int
    shards_by: str
    asked: float
    bytes_in: float
    bytes_out: float
    kept_bytes: float
    sent: float


def need(share: float, measured: Measured, plan: Plan) -> Need:
    """The number of workers and shards is the largest that anything asks for, which is named."""
    runs = share * plan.readers
    cores = runs * (measured.run_cores + measured.reader_cores) + (plan.readers - runs) * measured.idle_cores
    kept = runs * (1 + plan.ttl_s / measured.run_s) * measured.kept_bytes
    workers, workers_by = _largest(
        CPU=cores / plan.worker_busy, runs=runs / plan.worker_runs, readers=plan.readers / plan.worker_readers
    )
    shards, shards_by = _largest(CPU=runs * measured.redis_cores / plan.redis_busy, memory=kept / plan.shard_bytes)
    return Need(
        share=share,
        workers=workers,
        workers_by=workers_by,
        worker_bytes=runs * measured.run_bytes + plan.readers * measured.reader_bytes,
        shards=shards,
        shards_by=shards_by,
        asked=runs * measured.redis_asked,
        bytes_in=runs * measured.redis_in,
        bytes_out=runs * measured.redis_out,
        kept_bytes=kept,
        sent=runs * measured.sent,
    )


def _largest(**wanted: float) -> tuple[int, str]:
    name = max(wanted, key=lambda name: wanted[name])
    return ceil(wanted[name]), name
