"""The regression gate: is B worse than A?

It asks every score two questions, each of which it answers wrongly in about one case of 20 at most:

- Is B *not worse*, by more than a margin that nobody would mind? The interval of the difference must end above it. All
  scores together are not worse only if each is, so no correction is needed (an intersection-union test).
- Is B *worse*? The exact test of the changed cases must say that the drop is no accident, corrected by Holm for how
  many scores are asked at once. Those in which too few cases changed to ever say so are not counted (Tarone 1990).

What is neither cannot be told from these cases. Then the gate says about how many would do, and does not fail: few
cases are no sin of B's. But nobody should read it as a pass.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from lab.evaluate.paired import Paired
from lab.evaluate.statistics import SURE, Shares, cases_needed, chance_of_drop, holm, least_chance

MARGIN = 0.05
"""How much worse B may be before it matters: five points."""


class Outcome(StrEnum):
    """What can be said of B beside A."""

    WORSE = "worse"
    CANNOT_TELL = "cannot tell"
    NOT_WORSE = "not worse"


@dataclass(frozen=True)
class Comparison:
    """One score of both.

    - `chance`: of so large a drop if A and B were alike, corrected for the number of scores
    - `needed`: about how many cases would tell, where these cannot
    """

    paired: Paired
    chance: float
    outcome: Outcome
    needed: int | None = None

    @property
    def name(self) -> str:
        return self.paired.name


@dataclass(frozen=True)
class Gate:
    """What became of all scores, the worst first."""

    margin: float
    comparisons: tuple[Comparison, ...]

    @property
    def outcome(self) -> Outcome:
        """Of all together: `worse` if one is, `not worse` only if each is."""
        found = {comparison.outcome for comparison in self.comparisons}
        return next((outcome for outcome in Outcome if outcome in found), Outcome.CANNOT_TELL)

    def having(self, outcome: Outcome) -> tuple[Comparison, ...]:
        """The comparisons that came out like this."""
        return tuple(comparison for comparison in self.comparisons if comparison.outcome is outcome)

    @property
    def needed(self) -> int:
        """About how many cases would tell of every score what these cannot."""
        return max((comparison.needed or 0 for comparison in self.comparisons), default=0)


def gate(scores: Mapping[str, tuple[Shares, Shares]], margin: float = MARGIN) -> Gate:
    """Compares what A and B have by score: the share that passed of each case, both in the same order of cases."""
    changes = {name: b - a for name, (a, b) in scores.items()}
    asked = {name: chance_of_drop(each) for name, each in changes.items() if least_chance(each) <= 1 - SURE}
    chances = dict.fromkeys(scores, 1.0) | holm(asked)
    compared = [
        _compare(Paired.shares(name, a, b), changes[name], chances[name], margin, max(1, len(asked)))
        for name, (a, b) in scores.items()
    ]
    order = list(Outcome)
    return Gate(margin, tuple(sorted(compared, key=lambda one: (order.index(one.outcome), one.paired.change.value))))


def _compare(paired: Paired, changes: Shares, chance: float, margin: float, questions: int) -> Comparison:
    if paired.change.low > -margin:  # first: what is surely within the margin may also be surely a little lower
        return Comparison(paired, chance, Outcome.NOT_WORSE)
    if chance <= 1 - SURE:
        return Comparison(paired, chance, Outcome.WORSE)
    return Comparison(paired, chance, Outcome.CANNOT_TELL, cases_needed(changes, margin, questions=questions))
