"""The tables' figures against figures by hand."""

from typing import Any

import pandas as pd
import pytest

from lab.bench import tables
from lab.bench.readable import DASH, readable, upright
from schemas import Breach, Code, Usage
from tests.lab.bench.trials import (
    KO,
    TOO_LONG,
    WARM,
    complete,
    failed,
    field,
    invalid,
    reset,
    token,
    trial,
    whole,
)

ITEM = Breach(path="/tags/2", rule="string_too_long", message="…")
MISSING = Breach(path="/period", rule="missing", message="…")

TRIALS = [
    whole(100, 1000, (500, 100)),
    whole(200, 2000, (700, 200), case="g-1", cached=True),
    whole(300, 4000, case="g-2"),  # nobody counted it
    failed(Code.INVALID_OUTPUT, TOO_LONG, ms=9000, case="g-3"),
    trial(
        (10, token("/name", "한")),
        (20, invalid(ITEM, Breach(path="/tags/0", rule="string_too_long", message="…"))),
        (30, reset()),
        (40, field("/name", 40)),
        (50, complete(attempts=2, usage=Usage(input_tokens=9, output_tokens=9, total_tokens=18, uncounted=1))),
        prompt=WARM,
    ),
    trial((70, failed(Code.UPSTREAM_BUSY).events[-1].event), prompt=WARM, case="g-1"),
]


def row(prompt: str, prices: dict[str, tuple[float, float]] | None = None) -> dict[str, Any]:
    found = tables.summary(TRIALS, prices)
    (one,) = found[found.prompt == prompt].to_dict("records")
    return {str(name): value for name, value in one.items()}


def test_a_row_a_run() -> None:
    rows = tables.frame(TRIALS)
    assert list(rows.case) == ["g-0", "g-1", "g-2", "g-3", "g-0", "g-1"]
    assert list(rows.outcome) == ["complete", "complete", "complete", "invalid_output", "repaired", "upstream_busy"]
    assert rows.first_token_ms.tolist()[:3] == [100, 200, 300]
    assert rows.first_token_ms.isna().tolist() == [False, False, False, True, False, True]
    assert rows.input_tokens.isna().tolist() == [False, False, True, True, False, True]
    assert rows.lengths_kept.tolist()[:5] == [True, True, True, False, False]
    assert rows.lengths_kept.isna().tolist() == [False] * 5 + [True]  # it said nothing that could be too long
    assert set(rows.hash[rows.prompt == "ko"]) == {KO.hash}


def test_a_row_a_variant() -> None:
    ko = row("ko")
    assert (ko["model"], ko["n"], ko["complete"], ko["repaired"], ko["attempts"]) == ("m", 4, 0.75, 0, 1)
    assert (ko["first_token_p50"], ko["first_token_p90"]) == (200, 280)
    assert ko["total_p50"] == 2000  # the failed run's nine seconds gave nobody an answer
    assert (ko["input_tokens"], ko["output_tokens"], ko["uncounted"]) == (600, 150, 2)
    assert (ko["lengths_kept"], ko["cached"]) == (0.75, 1)
    warm = row("ko_warm")
    assert (warm["complete"], warm["repaired"], warm["attempts"], warm["uncounted"]) == (0.5, 0.5, 1.5, 2)
    assert warm["lengths_kept"] == 0
    assert pd.isna(warm["input_tokens"])


@pytest.mark.parametrize("name", ["m", "gpt"])
def test_what_a_thousand_runs_cost(name: str) -> None:
    assert row("ko", {name: (0.25, 2.0)})["cost_1000"] == pytest.approx((600 * 0.25 + 150 * 2.0) / 1000)


def test_what_nobody_knows_is_a_dash_and_not_nothing() -> None:
    assert pd.isna(row("ko")["cost_1000"])
    assert pd.isna(row("ko_warm", {"m": (1, 1)})["cost_1000"])  # none of its runs was counted
    told = readable(tables.summary(TRIALS)).set_index("prompt")
    assert told.loc["ko", "cost of 1,000 runs"] == DASH
    assert told.loc["ko_warm", "tokens read, median"] == DASH
    assert told.loc["ko", "whole, median ms"] == "2,000"
    assert told.loc["ko", "complete"] == "75%"
    assert DASH in upright(tables.summary(TRIALS))


def test_which_rules_broke_where() -> None:
    found = tables.breaches([*TRIALS, failed(Code.INVALID_OUTPUT, TOO_LONG, MISSING, case="g-4")])
    assert found.to_dict("split", index=False)["data"] == [
        ["m", "ko", "/summary", "string_too_long", 2, 2],
        ["m", "ko_warm", "/tags/-", "string_too_long", 2, 1],  # two items of one run
        ["m", "ko_warm", "", "upstream_busy", 1, 1],
        ["m", "ko", "/period", "missing", 1, 1],
    ]


def test_no_broken_rule_is_an_empty_table() -> None:
    assert tables.breaches([whole(1, 2)]).empty


def test_a_repair_for_another_reason_than_a_rule_is_counted() -> None:
    found = tables.breaches([trial((10, reset(reason=Code.NOT_JSON)), (50, complete(attempts=2)))])
    assert found.to_dict("records") == [
        {"model": "m", "prompt": "ko", "place": "", "rule": "not_json", "times": 1, "runs": 1}
    ]
