"""The runs as tables: one row a run, one row a variant, one row a broken rule.

What cannot be known is missing (`NA`), never 0: tokens that nobody counted, the price of a model without one.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from lab.bench.trial import Trial
from schemas import Code

Prices = Mapping[str, tuple[float, float]]
"""What a million tokens cost, read and written, in any currency: by the bench's or by the model's own name for it."""

VARIANT = ["model", "prompt"]
LENGTH_RULES = {"string_too_long", "string_too_short", "too_long", "too_short"}

_TYPES = {
    "first_token_ms": "Int64",
    "total_ms": "Int64",
    "input_tokens": "Int64",
    "output_tokens": "Int64",
    "counted": "boolean",
    "lengths_kept": "boolean",
}
_INDEX = re.compile(r"/\d+(?=/|$)")


def frame(trials: Sequence[Trial]) -> pd.DataFrame:
    """One row a run, in the bench's order."""
    return pd.DataFrame(map(_row, trials)).astype(_TYPES)


def _row(trial: Trial) -> dict[str, Any]:
    usage = trial.usage
    return {
        "case": trial.case.id,
        "prompt": trial.prompt.name,
        "hash": trial.prompt.hash,
        "model": trial.model,
        "model_name": trial.model_name,
        "repeat": trial.repeat,
        "seed": trial.seed,
        "outcome": trial.outcome,
        "complete": trial.complete,
        "repaired": trial.repaired,
        "attempts": trial.attempts,
        "first_token_ms": trial.first_token_ms,
        "total_ms": trial.total_ms,
        "input_tokens": usage and usage.input_tokens,
        "output_tokens": usage and usage.output_tokens,
        "counted": usage is not None and not usage.uncounted,
        "breaches": len(trial.breaches),
        "lengths_kept": _lengths_kept(trial),
        "cached": trial.cached,
    }


def _lengths_kept(trial: Trial) -> bool | None:
    """Whether no rule about a length was ever broken; nothing can be said of a run in which the model said nothing."""
    broken = any(breach.rule in LENGTH_RULES for breach in trial.breaches)
    return not broken if broken or trial.spoke else None


def summary(trials: Sequence[Trial], prices: Prices | None = None) -> pd.DataFrame:
    """One row a model and prompt.

    - `n` runs; `complete`, `repaired`: which share of them; `attempts`: how many each took, on average
    - `first_token_p50`, `_p90`: milliseconds, of the runs in which the model wrote anything
    - `total_p50`: milliseconds, of the runs that completed
    - `input_tokens`, `output_tokens`: the median of the runs that the server counted whole; `uncounted`: the others
    - `cost_1000`: what a thousand runs cost, if they cost as much as those that were counted
    - `lengths_kept`: the share of runs in which no attempt ever broke a rule about length
    - `cached`: how many were read from the cache, so that their times are of another day
    """
    rows = frame(trials)
    groups = rows.groupby(VARIANT, sort=False)
    figures = [dict(zip(VARIANT, key, strict=True)) | _figures(each, prices or {}) for key, each in groups]
    return pd.DataFrame(figures).astype({"cost_1000": "Float64"})


def _figures(rows: pd.DataFrame, prices: Prices) -> dict[str, Any]:
    counted = rows[rows.counted]
    return {
        "n": len(rows),
        "complete": rows.complete.mean(),
        "repaired": rows.repaired.mean(),
        "attempts": rows.attempts.mean(),
        "first_token_p50": rows.first_token_ms.quantile(0.5),
        "first_token_p90": rows.first_token_ms.quantile(0.9),
        "total_p50": rows.total_ms[rows.complete].quantile(0.5),
        "input_tokens": counted.input_tokens.median(),
        "output_tokens": counted.output_tokens.median(),
        "uncounted": len(rows) - len(counted),
        "cost_1000": _cost(counted, _price(rows, prices)),
        "lengths_kept": rows.lengths_kept.mean(),
        "cached": int(rows.cached.sum()),
    }


def _price(rows: pd.DataFrame, prices: Prices) -> tuple[float, float] | None:
    names = [rows.model.iloc[0], *rows.model_name.unique()]
    return next((prices[name] for name in names if name in prices), None)


def _cost(counted: pd.DataFrame, price: tuple[float, float] | None) -> Any:
    if price is None or counted.empty:
        return pd.NA
    read, written = price
    return (counted.input_tokens.mean() * read + counted.output_tokens.mean() * written) / 1_000_000 * 1000


def breaches(trials: Iterable[Trial]) -> pd.DataFrame:
    """Which rules were broken, most frequent first.

    One row a model, prompt, place and rule: how many `times` in all attempts, and in how many `runs`. An answer that is
    no object at all, or broke off, has its code for a rule, and no place.
    """
    times: dict[tuple[str, ...], list[Trial]] = defaultdict(list)
    for trial in trials:
        for place, rule in _broken(trial):
            times[trial.model, trial.prompt.name, place, rule].append(trial)
    rows = [(*key, len(found), len(set(map(id, found)))) for key, found in times.items()]
    columns = [*VARIANT, "place", "rule", "times", "runs"]
    return pd.DataFrame(rows, columns=columns).sort_values(
        ["runs", "times"], ascending=False, kind="stable", ignore_index=True
    )


def _broken(trial: Trial) -> list[tuple[str, str]]:
    """Places and rules; any item of a list is `-`."""
    ends = [*trial.reasons, *([trial.code] if trial.code else [])]
    codes = [("", code.value) for code in ends if code is not Code.INVALID_OUTPUT]
    return codes + [(_INDEX.sub("/-", breach.path), breach.rule) for breach in trial.breaches]
