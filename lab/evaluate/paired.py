"""A figure of A and of B over the same cases, and how it changes from the one to the other."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, Self

import numpy as np

from lab.evaluate.statistics import SURE, Estimate, Shares, difference, median, share

Unit = Literal["share", "ms", "score"]


@dataclass(frozen=True)
class Paired:
    """One figure of both over `cases` cases. `change` is B less A, case by case, each of its ends 95 % sure."""

    name: str
    unit: Unit
    cases: int
    a: Estimate
    b: Estimate
    change: Estimate

    @classmethod
    def shares(cls, name: str, a: Shares, b: Shares) -> Self:
        """Of shares, or whatever else lies between 0 and 1; by case, in the same order."""
        return cls(name, "share", len(a), share(a), share(b), difference(b - a))

    @classmethod
    def opinions(cls, name: str, a: Shares, b: Shares, *, lowest: int, highest: int) -> Self:
        """Of scores on a scale; its intervals are those of what lies between 0 and 1."""
        span = highest - lowest
        parts = cls.shares(name, (a - lowest) / span, (b - lowest) / span)
        of_a, of_b = parts.a.stretched(lowest, span), parts.b.stretched(lowest, span)
        return replace(parts, unit="score", a=of_a, b=of_b, change=parts.change.stretched(0, span))

    @classmethod
    def medians(cls, name: str, a: Mapping[str, Sequence[float]], b: Mapping[str, Sequence[float]]) -> Self | None:
        """Of milliseconds, by case; each case counts with the median of its repeats. None without a common case."""
        ids = sorted(a.keys() & b.keys())
        if not ids:
            return None
        of_a = [float(np.median(a[each])) for each in ids]
        of_b = [float(np.median(b[each])) for each in ids]
        changes = [later - earlier for earlier, later in zip(of_a, of_b, strict=True)]
        return cls(name, "ms", len(ids), median(of_a), median(of_b), median(changes, 2 * SURE - 1))
