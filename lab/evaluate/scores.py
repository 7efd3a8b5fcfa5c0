"""What became of each answer: one row a run and check, passed or not, and why not.

A run that did not complete fails every check that applies to its case: the user has no good answer, and a prompt must
not look better for the answers that it never gave. So no case ever falls out of the comparison (intention to treat).
A check that every whole answer passed then says what `complete` says, and is not compared again.
"""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd

from lab.bench import Trial
from lab.cases import ChainName
from lab.evaluate.checks import judged
from lab.evaluate.paired import Paired
from lab.evaluate.statistics import Shares

COMPLETE = "complete"
"""The first score: whether the run ended in a whole and valid object."""


def scores(chain: ChainName, trials: Iterable[Trial]) -> pd.DataFrame:
    """One row a run and check: whether it `passed`, or else `why` not.

    `complete`: whether there is a whole answer to be checked; `cached`: whether the run was made at another time.
    """
    rows = [
        (trial.prompt.name, trial.case.id, trial.repeat, check, why is None, why or "", trial.complete, trial.cached)
        for trial in trials
        for check, why in _found(chain, trial).items()
    ]
    return pd.DataFrame(rows, columns=["prompt", "case", "repeat", "check", "passed", "why", "complete", "cached"])


def _found(chain: ChainName, trial: Trial) -> Mapping[str, str | None]:
    complete = None if trial.complete else f"the run ended in {trial.outcome}"
    return {COMPLETE: complete, **judged(chain, trial.case, trial.value)}


def unbroken(frame: pd.DataFrame) -> dict[str, int]:
    """The checks that no whole answer has failed, with the number of cases to which they apply."""
    failed = set(frame.check[frame.complete & ~frame.passed])
    cases = frame.groupby("check", sort=False).case.nunique()
    return {str(check): int(count) for check, count in cases.items() if check not in failed | {COMPLETE}}


def by_case(frame: pd.DataFrame, a: str, b: str) -> dict[str, tuple[Shares, Shares]]:
    """For each check, which share of each case's repeats passed by each of two prompts, case by case in one order."""
    shares = frame.groupby(["check", "case", "prompt"], sort=False).passed.mean().unstack("prompt")
    return {
        str(check): (each[a].to_numpy(np.float64), each[b].to_numpy(np.float64))
        for check, each in shares.groupby("check", sort=False)
    }


def beside(a: Sequence[Trial], b: Sequence[Trial]) -> tuple[Paired, ...]:
    """What it costs, which passes or fails nothing: how many were asked again, and how long users wait.

    Times are medians of the cases in which both have them: the first thing shown, and the end of whole answers.
    """
    again = Paired.shares("asked again", *(_again(trials) for trials in (a, b)))
    first = Paired.medians("first token, ms", *(_times(trials, "first_token_ms") for trials in (a, b)))
    whole = Paired.medians("whole answer, ms", *(_times(_complete(trials), "total_ms") for trials in (a, b)))
    return tuple(each for each in (again, first, whole) if each)


def _again(trials: Sequence[Trial]) -> Shares:
    runs = pd.Series([float(trial.attempts > 1) for trial in trials], index=[trial.case.id for trial in trials])
    return np.asarray(runs.groupby(level=0).mean(), dtype=np.float64)  # in the order of the ids


def _complete(trials: Iterable[Trial]) -> list[Trial]:
    return [trial for trial in trials if trial.complete]


def _times(trials: Iterable[Trial], name: str) -> dict[str, list[float]]:
    times: dict[str, list[float]] = {}
    for trial in trials:
        if (ms := getattr(trial, name)) is not None:
            times.setdefault(trial.case.id, []).append(ms)
    return times
