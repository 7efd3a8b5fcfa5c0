"""The bench as a page that stands alone: tables, plots, what changed, every prompt and every run.

It has no script, loads nothing, and says so to the browser (Content-Security-Policy): what models write is in it.
"""

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO

import pandas as pd
from matplotlib.figure import Figure

from chains.prompts import Prompt
from lab.bench.diff import Diff
from lab.bench.html import rendered
from lab.bench.readable import dashed, readable


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
        "report.html",
        title=contents.title,
        caption=contents.caption,
        summary=readable(contents.summary),
        breaches=contents.breaches,
        figures=[_picture(figure) for figure in contents.figures],
        diffs=contents.diffs,
        prompts=contents.prompts,
        runs=dashed(contents.runs),
    )


def _picture(figure: Figure) -> dict[str, str]:
    """A plot as an image within the page: a browser runs nothing that is in one."""
    file = BytesIO()
    figure.savefig(file, format="svg", metadata={"Date": None})
    source = f"data:image/svg+xml;base64,{b64encode(file.getvalue()).decode()}"
    return {"source": source, "alt": figure.get_suptitle()}
