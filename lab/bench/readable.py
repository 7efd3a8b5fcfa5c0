"""The summary as people read it: shares in percent, times with units in the heading, a dash for what nobody knows."""

from collections.abc import Callable

import pandas as pd

DASH = "—"

_HEADINGS: dict[str, tuple[str, Callable[[float], str]]] = {
    "n": ("runs", "{:,.0f}".format),
    "complete": ("complete", "{:.0%}".format),
    "repaired": ("repaired", "{:.0%}".format),
    "attempts": ("attempts, mean", "{:.2f}".format),
    "first_token_p50": ("first token, median ms", "{:,.0f}".format),
    "first_token_p90": ("first token, 90 % ms", "{:,.0f}".format),
    "total_p50": ("whole, median ms", "{:,.0f}".format),
    "input_tokens": ("tokens read, median", "{:,.0f}".format),
    "output_tokens": ("tokens written, median", "{:,.0f}".format),
    "uncounted": ("runs uncounted", "{:,.0f}".format),
    "cost_1000": ("cost of 1,000 runs", "{:,.2f}".format),
    "lengths_kept": ("lengths kept", "{:.0%}".format),
    "cached": ("from the cache", "{:,.0f}".format),
}


def readable(summary: pd.DataFrame) -> pd.DataFrame:
    """The same table, all of it text."""
    told = {
        heading: [DASH if pd.isna(figure) else shown(figure) for figure in summary[name]]
        for name, (heading, shown) in _HEADINGS.items()
    }
    return pd.DataFrame({"model": summary["model"], "prompt": summary["prompt"], **told}).astype(str)


def dashed(table: pd.DataFrame) -> pd.DataFrame:
    """The table with a dash for whatever is missing in it."""
    return table.astype(object).where(table.notna(), DASH)


def upright(summary: pd.DataFrame) -> str:
    """The readable table as text, a column a variant: so it fits a terminal."""
    return str(readable(summary).T.to_string(header=False))
