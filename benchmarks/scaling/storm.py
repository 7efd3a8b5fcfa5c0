"""The reconnect storm after a replica is lost, simulated: when each of its readers is back, and what that takes.

The readers of one replica lose their connections at once. Each waits for what its `retry` said, connects to a worker of
another replica and is resumed there. A worker does one resume after another, in the share of its core that its other
work leaves; connections wait for it in a queue, and beyond that are refused. Who is refused, or waits in vain, tries
again. The same seed gives the same storm.

Simpler than the world: a load balancer spreads connections at random and knows nothing of queues, every resume takes
equally long, and whoever was given up has cost the worker as much as one who stayed.
"""

import heapq
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from math import ceil, inf

BUCKET_S = 0.1
"""The width in which attempts are counted."""


@dataclass(frozen=True)
class Storm:
    """What happens.

    - `readers`: those of the replica that is lost; `workers`: those that are left, each with a core
    - `resume_s`: seconds of CPU for a resume; `busy`: the share of its core that a worker needs for other work
    - `backlog`: connections that a worker may have before it, the one that it is resuming included
    - `patience_s`: seconds after which whoever waits is given up, by a load balancer or by itself
    - `retry_s`: what `retry` says, times a number drawn from `jitter` for each reader. It was told on the connection
      that is lost, so it stays the same for all tries
    - `growth`: what a reader multiplies its wait with for each try that failed, up to `longest_s`. By its standard an
      EventSource may; Chromium's does not: 1
    - `noticed_s`: the longest that the news of the loss is under way
    """

    readers: int
    workers: int
    resume_s: float
    busy: float = 0.5
    backlog: int = 2048
    patience_s: float = 60.0
    retry_s: float = 2.0
    jitter: tuple[float, float] = (0.5, 1.5)
    growth: float = 1.0
    longest_s: float = 60.0
    noticed_s: float = 0.1
    until_s: float = 600.0
    """When it is over, whoever is back by then: workers that only serve those who have left never catch up."""
    seed: int = 1

    @property
    def service_s(self) -> float:
        """Seconds that a worker needs for a resume beside its other work."""
        return self.resume_s / (1 - self.busy)


@dataclass(frozen=True)
class Outcome:
    """What came of it. Times are in seconds after the loss, in order."""

    readers: int
    attempts: Sequence[float]
    back: Sequence[float]
    refused: int
    given_up: int
    cpu_s: float
    """Seconds of CPU that the workers spent on resumes, those of readers who were given up included."""

    def rates(self) -> list[tuple[float, float]]:
        """Attempts a second in each bucket that has any, by where it begins."""
        counts = Counter(int(at / BUCKET_S) for at in self.attempts)
        return [(bucket * BUCKET_S, count / BUCKET_S) for bucket, count in sorted(counts.items())]

    def back_after(self, share: float) -> float:
        """After how many seconds so large a share of the readers was back; infinite if it never was."""
        wanted = ceil(self.readers * share)
        return self.back[wanted - 1] if wanted <= len(self.back) else inf

    @property
    def peak(self) -> int:
        """The most attempts in one bucket."""
        return max(Counter(int(at / BUCKET_S) for at in self.attempts).values())


def simulate(storm: Storm) -> Outcome:
    """Lets it happen."""
    dice = random.Random(storm.seed)  # noqa: S311  # a simulation's dice
    waits = [storm.retry_s * dice.uniform(*storm.jitter) for _ in range(storm.readers)]
    arriving = [(dice.uniform(0, storm.noticed_s) + wait, reader, 1) for reader, wait in enumerate(waits)]
    heapq.heapify(arriving)
    free_at = [0.0] * storm.workers
    attempts: list[float] = []
    back: list[float] = []
    served = refused = given_up = 0
    while arriving and arriving[0][0] < storm.until_s:
        now, reader, tries = heapq.heappop(arriving)
        attempts.append(now)
        worker = dice.randrange(storm.workers)
        ready_at = max(free_at[worker], now) + storm.service_s
        if free_at[worker] - now > (storm.backlog - 1) * storm.service_s:
            refused += 1
            failed_at = now
        else:
            served += 1
            free_at[worker] = ready_at
            if ready_at <= now + storm.patience_s:
                back.append(ready_at)
                continue
            given_up += 1
            failed_at = now + storm.patience_s
        wait = min(waits[reader] * storm.growth**tries, max(storm.longest_s, waits[reader]))
        heapq.heappush(arriving, (failed_at + wait, reader, tries + 1))
    return Outcome(storm.readers, attempts, sorted(back), refused, given_up, served * storm.resume_s)


def back_by(outcome: Outcome) -> list[tuple[float, float]]:
    """How large a share of the readers is back by when."""
    counts = Counter(int(at / BUCKET_S) + 1 for at in outcome.back)
    buckets = sorted(counts)
    shares = accumulate(counts[bucket] / outcome.readers for bucket in buckets)
    return [(bucket * BUCKET_S, share) for bucket, share in zip(buckets, shares, strict=True)]
