"""How sure a share and a difference of shares are, when they come from few cases, some of them asked several times.

A case is the unit: its repeats are averaged before anything else, so an array here has one number a case. Everything
stays honest where bootstrap and normal approximation do not, which is where prompts live: most checks pass nearly
always, and sixty cases of which all pass are no proof that the next one will.
"""

from collections.abc import Mapping, Sequence
from math import ceil, inf, isnan, sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, stats

Shares = NDArray[np.float64]

SURE = 0.95
"""How sure a bound is: a share's interval as a whole, each end of a difference's, and that a drop is no accident."""


class Estimate(NamedTuple):
    """A figure and its interval. An end that the cases cannot tell is infinite."""

    value: float
    low: float
    high: float

    def stretched(self, origin: float, factor: float) -> "Estimate":
        """The same on a scale whose 0 is `origin`, and whose 1 lies `factor` above it."""
        return Estimate(*(origin + factor * each for each in self))


def share(passed: Shares) -> Estimate:
    """The share that passed, with Wilson's interval, 95 % as a whole.

    scipy has it for whole numbers (`binomtest`), which it equals where each case was asked once. Repeats make it
    narrower by as much as cases then lie closer together than yes and no do.
    """
    value = float(passed.mean())
    spread = ((passed - value) ** 2).sum()
    n = len(passed) / _narrowing(spread, len(passed) * value * (1 - value), 0.5)
    z = _z((1 + SURE) / 2)
    middle = (value + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z * sqrt(value * (1 - value) / n + z**2 / (4 * n**2)) / (1 + z**2 / n)
    return Estimate(value, min(value, max(0.0, middle - half)), max(value, min(1.0, middle + half)))


def difference(changes: Shares) -> Estimate:
    """The mean change from A to B, case by case, with Tango's score interval: 95 % sure at each end, so 90 % in all.

    T. Tango, "Equivalence test and confidence interval for the difference in proportions for the paired-sample
    design", Statistics in Medicine 17 (1998), 891-908. Unlike a bootstrap's it does not shrink to a point where no
    case changed. A change that is a part of one (repeats) counts as that part of a change.
    """
    pairs = _Pairs.of(changes)
    return Estimate(float(changes.mean()), pairs.low(), -pairs.turned().low())


def chance_of_drop(changes: Shares, seed: int = 1) -> float:
    """How likely so large a drop is if A and B are alike: the exact test of signs over the cases that changed.

    If they are alike, each case's change could as well have been the other way round. For yes and no that is McNemar's
    test in its exact form, a binomial one over the discordant pairs. Where repeats make changes of several sizes the
    signs are flipped in every way, or in 9,999 seeded random ones where there are more.
    """
    changed = changes[changes != 0]
    sizes = np.abs(changed)
    if not len(changed):
        return 1.0
    if np.allclose(sizes, sizes[0]):
        return float(stats.binomtest(int((changed < 0).sum()), len(changed), alternative="greater").pvalue)
    flipped = stats.permutation_test(
        (changed,), np.mean, permutation_type="samples", alternative="less", n_resamples=9999, rng=seed
    )
    return float(flipped.pvalue)


def least_chance(changes: Shares) -> float:
    """The smallest `chance_of_drop` that so many changed cases can come to: all of them for the worse."""
    return float(0.5 ** np.count_nonzero(changes))


def holm(chances: Mapping[str, float]) -> dict[str, float]:
    """The chances, raised for how many questions were asked at once: one false alarm in 20 over all of them, not each.

    S. Holm, "A simple sequentially rejective multiple test procedure", Scandinavian Journal of Statistics 6 (1979).
    """
    raised: dict[str, float] = {}
    highest = 0.0
    for rank, name in enumerate(sorted(chances, key=lambda name: chances[name])):
        highest = max(highest, min(1.0, chances[name] * (len(chances) - rank)))
        raised[name] = highest
    return raised


def cases_needed(changes: Shares, margin: float, *, questions: int = 1, power: float = 0.8) -> int:
    """About how many cases would tell, in 4 of 5 tries, if they went on as these did.

    Where the drop here is beyond the margin: so many that it would be seen to be one, among so many questions. Else: so
    many that B would be seen not to be worse by more than the margin, if cases change as often but both ways.
    """
    pairs = _Pairs.of(changes)
    drop = -float(changes.mean())
    if drop > margin:
        changed = (pairs.gains + pairs.losses) / pairs.n
        spread = _z(1 - (1 - SURE) / questions) * sqrt(changed) + _z(power) * sqrt(max(0.0, changed - drop**2))
        smallest = drop
    else:
        alike = _Pairs(pairs.n, (pairs.gains + pairs.losses) / 2, (pairs.gains + pairs.losses) / 2)
        spread = _z(SURE) * sqrt(alike.variance(-margin)) + _z(power) * sqrt(alike.variance(0.0))
        smallest = margin
    return ceil((spread / smallest) ** 2 * len(changes) / pairs.n)


def median(values: Sequence[float], sure: float = SURE) -> Estimate:
    """The median of a figure without bounds (milliseconds), with its exact interval by order statistics."""
    low, high = np.asarray(stats.quantile_test(values, p=0.5).confidence_interval(sure), dtype=np.float64)
    return Estimate(float(np.median(values)), -inf if isnan(low) else float(low), inf if isnan(high) else float(high))


class _Pairs(NamedTuple):
    """What Tango's interval needs of paired answers: how many pairs, and how many of them gained and lost."""

    n: float
    gains: float
    losses: float

    @classmethod
    def of(cls, changes: Shares) -> "_Pairs":
        gains, losses = float(changes[changes > 0].sum()), float(-changes[changes < 0].sum())
        narrowing = _narrowing((changes**2).sum(), gains + losses, 1.0)
        return cls(len(changes) / narrowing, gains / narrowing, losses / narrowing)

    def turned(self) -> "_Pairs":
        return _Pairs(self.n, self.losses, self.gains)

    def variance(self, change: float) -> float:
        """Of one pair's change, as likely as can be if the true mean change were this one."""
        b = (2 * self.n - self.gains + self.losses) * change - self.gains - self.losses
        c = -self.losses * change * (1 - change)
        lost = (sqrt(max(0.0, b**2 - 8 * self.n * c)) - b) / (4 * self.n)
        return max(0.0, 2 * lost + change * (1 - change))

    def low(self) -> float:
        """The least mean change that these pairs do not speak against."""
        value = (self.gains - self.losses) / self.n
        z = _z(SURE)

        def beyond(change: float) -> float:
            return self.n * (value - change) ** 2 - z**2 * self.variance(change)

        nearest = value - 1e-9  # at the value itself nothing speaks against it, also where no pair changed
        return float(optimize.brentq(beyond, -1.0, nearest)) if nearest > -1 else -1.0


def _narrowing(spread: float, of_yes_or_no: float, added: float) -> float:
    """How much closer cases lie together than yes and no would: 1 where each was asked once, less with repeats.

    Something is `added` to both, the spread of one more case that is asked once, since few cases may agree by accident.
    """
    return float((spread + added) / (of_yes_or_no + added))


def _z(sure: float) -> float:
    return float(stats.norm.ppf(sure))
