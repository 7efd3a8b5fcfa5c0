"""The bench as a page that stands alone: tables, plots, what changed, every prompt and every run."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd
from matplotlib.figure import Figure

from chains.prompts import Prompt
from lab.bench.diff import Diff
from lab.bench.readable import dashed, readable
from lab.pages import picture, rendered


@dataclass(frozen=True)
class Contents:
    """What a report tells."""

    title: str
    caption: Sequence[str]
    summary: pd.DataFrame
    breaches: pd.DataFrame
    figures: Sequence[Figure]
    diffs: Sequence[Diff]
    prompts: Sequence[Prompt]
    runs: pd.DataFrame


def page(contents: Contents) -> str:
    """The report."""
    return rendered(
        "bench/report.html",
        title=contents.title,
        caption=contents.caption,
        summary=readable(contents.summary),
        breaches=contents.breaches,
        figures=[{"source": picture(figure), "alt": figure.get_suptitle()} for figure in contents.figures],
        diffs=contents.diffs,
        prompts=contents.prompts,
        runs=dashed(contents.runs),
    )
