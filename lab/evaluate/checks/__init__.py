"""What can be said of an answer without asking anybody: the same verdict every time, with the reason in words.

A check is here only if it hardly ever calls a good answer bad. What it does not find is no proof that all is well.
"""

from collections.abc import Mapping
from typing import Any

from lab.cases import Case, ChainName
from lab.evaluate.checks import chat, korean, language, leaks, limits, plan, sense
from lab.evaluate.checks.check import Check

CHECKS: tuple[Check, ...] = (
    *limits.CHECKS,
    *language.CHECKS,
    *korean.CHECKS,
    *sense.CHECKS,
    *plan.CHECKS,
    *chat.CHECKS,
    *leaks.CHECKS,
)

UNFINISHED = "the run did not complete"


def judged(chain: ChainName, case: Case, value: Mapping[str, Any] | None) -> dict[str, str | None]:
    """Every check that applies, by name: None if it passes, else why not. A run without a value breaks them all."""
    return {
        check.name: UNFINISHED if value is None else check.broken(case, value)
        for check in CHECKS
        if check.applies(chain, case)
    }


__all__ = ["CHECKS", "UNFINISHED", "Check", "judged"]
