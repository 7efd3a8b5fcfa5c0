"""What all the rows found together, and what one of each takes by that."""

from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.scaling.fanout import Fanout, Phase
from benchmarks.scaling.idle import ELSEWHERE, Silence
from benchmarks.scaling.servers import REDIS
from benchmarks.scaling.sizing import Measured
from benchmarks.scaling.storm import Storm
from benchmarks.scaling.streams import RATE, Streams
from benchmarks.scaling.takeover import Takeover

LOST, WORKERS = 100_000, 20
"""Readers and workers of one replica: so each worker has half of the readers that it is allowed."""

TOGETHER = ("all come after 2 s", (1.0, 1.0), 1.0)
SPREAD = ("each after 1 to 3 s", (0.5, 1.5), 1.0)
BACKING_OFF = ("and twice as long each time", (0.5, 1.5), 2.0)
"""How readers come again: in words, the jitter, and by what their wait grows."""


@dataclass(frozen=True)
class Results:
    """Everything that was measured."""

    streams: Sequence[Streams]
    fanout: Fanout
    silence: Silence
    takeovers: Sequence[Takeover]

    @property
    def measured(self) -> Measured:
        """What one of each takes."""
        alone, _, read, _ = self.fanout.phases
        run_s = self.fanout.run_s
        few, *_, many = (one for one in self.silence.idle if (one.store, one.where) == (REDIS, ELSEWHERE))
        return Measured(
            run_s=run_s,
            run_cores=alone.owner_cpu / alone.runs / run_s,
            reader_cores=(read.other_cpu - alone.other_cpu) / read.runs / run_s,
            idle_cores=max(many.cores - few.cores, 0) / (many.readers - few.readers),
            run_bytes=max(alone.run_bytes, self.silence.run_bytes[REDIS]),
            reader_bytes=many.each_bytes,
            redis_cores=read.redis.cpu / read.runs / run_s,
            redis_asked=read.redis.asked / read.runs / run_s,
            redis_in=read.redis.bytes_in / read.runs / run_s,
            redis_out=read.redis.bytes_out / read.runs / run_s,
            kept_bytes=read.redis_bytes,
            sent=read.sent / run_s,
        )

    def storms(self) -> list[tuple[str, Storm]]:
        """One of so many replicas is lost. What a resume takes was measured of readers who had missed something."""
        resume_s = self.fanout.resumes.cpu / self.fanout.resumes.readers
        told = [(replicas, *how) for replicas in (10, 4, 2) for how in (TOGETHER, SPREAD)] + [(2, *BACKING_OFF)]
        return [
            (
                f"{replicas} replicas, {words}",
                Storm(LOST, WORKERS * (replicas - 1), resume_s, jitter=jitter, growth=growth),
            )
            for replicas, words, jitter, growth in told
        ]


def per_event(phase: Phase, alone: Phase) -> float:
    """Microseconds of CPU that an event took for a reader, beyond what the run takes without any."""
    spent = phase.owner_cpu - alone.owner_cpu if phase.here else phase.other_cpu - alone.other_cpu
    return spent / (phase.runs * (phase.here + phase.elsewhere) * phase.events) * 1e6


def per_token(phase: Phase, run_s: float) -> float:
    """Microseconds of CPU that a token took in its worker."""
    return phase.owner_cpu / (phase.runs * run_s * RATE) * 1e6
