"""The answers that did not pass, to be read: a share says how often, only the answers say what is wrong."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from lab.bench import Trial
from lab.evaluate.checks import CHECKS
from lab.evaluate.scores import COMPLETE

ABOUT = {COMPLETE: "The run ended in a whole and valid object."} | {check.name: check.about for check in CHECKS}


@dataclass(frozen=True)
class Failure:
    """An answer that did not pass: by which prompt, to what, and why. Whatever is quoted was written by others."""

    prompt: str
    case: str
    repeat: int
    why: str
    request: str
    answer: str


@dataclass(frozen=True)
class Failures:
    """The answers that did not pass one check: the first few, and how many more there are."""

    check: str
    about: str
    shown: tuple[Failure, ...]
    more: int


def failures(frame: pd.DataFrame, trials: Sequence[Trial], most: int = 6) -> list[Failures]:
    """By check, those with the most failures first; of each at most so many, B's and A's in turn.

    Runs that did not complete are listed once, under the score that says so, although they fail every check.
    """
    runs = {(trial.prompt.name, trial.case.id, trial.repeat): trial for trial in trials}
    found: dict[str, list[Failure]] = {}
    for row in frame[~frame.passed].to_dict("records"):
        trial = runs[row["prompt"], row["case"], row["repeat"]]
        if trial.complete or row["check"] == COMPLETE:
            found.setdefault(row["check"], []).append(_failure(trial, row["why"]))
    ordered = sorted(found.items(), key=lambda item: -len(item[1]))
    return [
        Failures(check, ABOUT[check], tuple(_in_turn(each)[:most]), max(0, len(each) - most)) for check, each in ordered
    ]


def _failure(trial: Trial, why: str) -> Failure:
    said: dict[str, Any] = trial.value or (trial.drafts[-1] if trial.drafts else {})
    return Failure(trial.prompt.name, trial.case.id, trial.repeat, why, _json(trial.case.input), _json(said))


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1)


def _in_turn(found: Sequence[Failure]) -> list[Failure]:
    """One of each prompt, then the next of each, so that cutting the list leaves out neither."""
    seen: dict[str, int] = {}
    places = []
    for failure in found:
        seen[failure.prompt] = seen.get(failure.prompt, 0) + 1
        places.append(seen[failure.prompt])
    return [failure for _, failure in sorted(zip(places, found, strict=True), key=lambda pair: pair[0])]
