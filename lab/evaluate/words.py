"""Figures in words: shares in percent, changes in points, what cannot be known as such."""

from collections.abc import Mapping
from math import isinf

from lab.evaluate.gate import Comparison, Gate, Outcome
from lab.evaluate.paired import Paired, Unit
from lab.evaluate.statistics import Estimate

SIGNS = {Outcome.WORSE: "▼", Outcome.CANNOT_TELL: "?", Outcome.NOT_WORSE: "✓"}
"""Beside the words, so that neither colour nor language is needed to see them."""


def figure(estimate: Estimate, unit: Unit) -> str:
    """A figure with its interval: `95 % (86 to 99)`."""
    number, behind = {"share": (_percent, " %"), "ms": (_whole, ""), "score": (_tenths, "")}[unit]
    return f"{number(estimate.value)}{behind} ({number(estimate.low)} to {number(estimate.high)})"


def change(estimate: Estimate, unit: Unit) -> str:
    """A change with its interval: `-5.0 points (-12.1 to +1.3)`."""
    number, behind = {"share": (_points, " points"), "ms": (_signed, ""), "score": (_signed_tenths, "")}[unit]
    return f"{number(estimate.value)}{behind} ({number(estimate.low)} to {number(estimate.high)})"


def headline(gate: Gate) -> str:
    """What the gate says, in one sentence."""
    margin, every = f"{gate.margin * 100:g} points", _scores(len(gate.comparisons))
    found = gate.having(gate.outcome)
    names = ", ".join(one.name for one in found)
    match gate.outcome:
        case Outcome.WORSE:
            return f"B is WORSE than A in {len(found)} of {every}: {names}."
        case Outcome.NOT_WORSE:
            return f"B is not worse than A by more than {margin} in any of {every}."
    return f"IT CANNOT BE TOLD whether B is worse than A: too few cases for {len(found)} of {every}."


def undecided(gate: Gate) -> list[str]:
    """What must not be overlooked beside the headline: where the cases are too few."""
    found = gate.having(Outcome.CANNOT_TELL)
    if not found:
        return []
    names = ", ".join(one.name for one in found)
    needed = f"About {gate.needed:,} cases would do, if they went on like these."
    return [f"Nothing can be told of {_scores(len(found))}: {names}. That is no pass. {needed}"]


def left_out(unbroken: Mapping[str, int]) -> list[str]:
    """The checks that have nothing to tell apart, with their numbers of cases where these are not all the same."""
    if not unbroken:
        return []
    each = set(unbroken.values())
    names = [f"{check} ({cases})" if len(each) > 1 else check for check, cases in unbroken.items()]
    return [f"Left out, since every whole answer of both passed: {', '.join(names)}."]


def reading(gate: Gate) -> list[str]:
    """How the table is to be read."""
    return [
        "In brackets: 95 % intervals; of a change, an interval each end of which is 95 % sure. Cases are the unit: "
        "repeats of a case are averaged. Runs that did not complete fail every check. Times are medians of cases, "
        "and their change is the median of the changes.",
        "Worse: the drop is no accident (p at most 0.05 for all scores together). Not worse: the drop is surely below "
        f"{gate.margin * 100:g} points. Cannot tell: neither, with so many cases. An interval is of its score "
        "alone: among many scores one may lie below zero by accident, so that is not yet worse.",
    ]


def row(comparison: Comparison) -> dict[str, str]:
    """A line of the table of scores."""
    outcome = f"{SIGNS[comparison.outcome]} {comparison.outcome}"
    if comparison.needed:
        outcome += f" (needs about {comparison.needed:,} cases)"
    chance = f"{comparison.chance:.3f}" if comparison.chance >= 0.001 else "< 0.001"
    return plain_row(comparison.paired) | {"p": chance, "outcome": outcome}


def plain_row(paired: Paired) -> dict[str, str]:
    """A line of a table that judges nothing."""
    return {
        "score": paired.name,
        "cases": f"{paired.cases:,}",
        "A": figure(paired.a, paired.unit),
        "B": figure(paired.b, paired.unit),
        "change": change(paired.change, paired.unit),
    }


def _scores(count: int) -> str:
    return f"{count} score{'' if count == 1 else 's'}"


def _percent(value: float) -> str:
    return f"{value * 100:.0f}"


def _points(value: float) -> str:
    return f"{round(value * 100, 1) + 0.0:+.1f}"  # plus zero, which is never written as -0.0


def _whole(value: float) -> str:
    return "?" if isinf(value) else f"{value:,.0f}"


def _signed(value: float) -> str:
    return "?" if isinf(value) else f"{value:+,.0f}"


def _tenths(value: float) -> str:
    return f"{value:.1f}"


def _signed_tenths(value: float) -> str:
    return _points(value / 100)
