"""Two prompts beside each other: what the gate says, what it costs, what a judge thinks, which answers failed."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from textwrap import fill

import pandas as pd
from matplotlib.figure import Figure

from chains.prompts import Prompt
from lab.bench import Bench, Trial
from lab.evaluate import plots, words
from lab.evaluate.failures import failures
from lab.evaluate.gate import MARGIN, Gate, gate
from lab.evaluate.judge import Opinions
from lab.evaluate.paired import Paired
from lab.evaluate.scores import beside, by_case, scores, unbroken
from lab.pages import picture, rendered


@dataclass(frozen=True, repr=False)
class Evaluation:
    """B beside A, on one model, over the same cases.

    - `bench`: the runs of the two, and of no others
    - `scores`: one row a run and check (`lab.evaluate.scores`)
    - `unbroken`: the checks that every whole answer of both passed, and in how many cases; the gate leaves them out
    - `beside`: what passes or fails nothing: how many were asked again, how long users wait
    - `opinions`: what a judge thinks of them, if one was asked
    """

    bench: Bench
    a: Prompt
    b: Prompt
    scores: pd.DataFrame = field(compare=False)  # has no equality of its own
    gate: Gate
    unbroken: Mapping[str, int]
    beside: tuple[Paired, ...]
    opinions: Opinions | None = None

    # -- tables and plots ----------------------------------------------------------------------------------------------

    def frame(self) -> pd.DataFrame:
        """One row a run and check: whether it passed, and why not."""
        return self.scores.copy()

    def summary(self) -> pd.DataFrame:
        """One row a score that the gate compares, the worst first, as people read it."""
        return pd.DataFrame([words.row(each) for each in self.gate.comparisons])

    def costs(self) -> pd.DataFrame:
        """One row a figure that the gate does not ask for."""
        return pd.DataFrame([words.plain_row(each) for each in self.beside])

    def judged(self) -> pd.DataFrame:
        """One row a criterion of the judge's, from 1 to 5; empty without a judge, or without one answer for both."""
        compared = self.opinions.compare(self.a.name, self.b.name) if self.opinions else ()
        return pd.DataFrame([words.plain_row(each) for each in compared])

    def figure(self) -> Figure:
        """The forest plot: each score of both with its interval, and the change beside them."""
        told = [words.headline(self.gate), *words.undecided(self.gate), *words.left_out(self.unbroken)]
        return plots.forest(
            self.gate, self.a.name, self.b.name, f"{self.bench.chain}: B beside A", [*told, *self.bench.caption]
        )

    # -- all of it -----------------------------------------------------------------------------------------------------

    @property
    def title(self) -> str:
        """What was compared."""
        return f"Evaluation of {self.bench.chain}: is B ({self.b.reference}) worse than A ({self.a.reference})?"

    @property
    def notes(self) -> list[str]:
        """How the tables are to be read, and of which runs they are."""
        return [*words.left_out(self.unbroken), *words.reading(self.gate), *self.bench.caption]

    def write(self, path: Path) -> None:
        """The report: one HTML file that needs nothing else."""
        page = rendered(
            "evaluate/report.html",
            **self._contents(),
            picture=picture(self.figure()),
            failures=failures(self.scores, self.bench.trials),
            opinions=self.opinions.opinions if self.opinions else (),
            prompts=[("A", self.a), ("B", self.b)],
        )
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(page, encoding="utf-8")

    def __str__(self) -> str:
        judge = [self.opinions.about, _plain(self.judged())] if self.opinions else []
        parts = [
            [self.title],
            [words.headline(self.gate), *words.undecided(self.gate)],
            [_plain(self.summary())],
            ["Beside the gate:", _plain(self.costs())],
            judge,
            self.notes,
        ]
        return "\n\n".join("\n".join(map(_wrapped, lines)) for lines in parts if lines)

    def __repr__(self) -> str:
        return str(self)  # what a console shows

    def _repr_html_(self) -> str:
        return rendered("evaluate/cell.html", **self._contents())

    def _contents(self) -> dict[str, object]:
        """What every form of it tells."""
        return {
            "title": self.title,
            "headline": words.headline(self.gate),
            "remarks": words.undecided(self.gate),
            "summary": self.summary(),
            "costs": self.costs(),
            "judge": self.opinions.about if self.opinions else "",
            "judged": self.judged(),
            "notes": self.notes,
        }


def evaluate(
    bench: Bench,
    a: str,
    b: str,
    *,
    model: str | None = None,
    margin: float = MARGIN,
    opinions: Opinions | None = None,
) -> Evaluation:
    """Compares two of a bench's prompts, by their names in it, on one of its models (the first, unless it is named).

    `opinions`: what `lab.evaluate.judge` has given of its runs. `ValueError` if there is nothing to compare.
    """
    if not 0 < margin < 1:
        raise ValueError(f"The margin is a share between 0 and 1 (0.05 is five points), not {margin:g}.")
    model = model or bench.models[0]
    of_a, of_b = (_trials(bench, prompt, model) for prompt in (a, b))
    if a == b or _asked(of_a) != _asked(of_b):
        raise ValueError(f"{a} and {b} cannot be compared: it takes two prompts, run on the same cases as often.")
    frame = scores(bench.chain, [*of_a, *of_b])
    shares, whole = by_case(frame, a, b), unbroken(frame)
    return Evaluation(
        bench=replace(bench, trials=(*of_a, *of_b)),
        a=of_a[0].prompt,
        b=of_b[0].prompt,
        scores=frame,
        gate=gate({check: both for check, both in shares.items() if check not in whole}, margin),
        unbroken=whole,
        beside=beside(of_a, of_b),
        opinions=opinions,
    )


def _trials(bench: Bench, prompt: str, model: str) -> list[Trial]:
    found = [trial for trial in bench.trials if trial.prompt.name == prompt and trial.model == model]
    if not found:
        raise ValueError(f"The bench has no runs of the prompt {prompt} on the model {model}.")
    return found


def _asked(trials: list[Trial]) -> set[tuple[str, int]]:
    return {(trial.case.id, trial.repeat) for trial in trials}


def _wrapped(text: str) -> str:
    """Sentences in lines of a terminal; a table as it is."""
    return text if "\n" in text else fill(text, 120, break_on_hyphens=False)


def _plain(table: pd.DataFrame) -> str:
    return str(table.to_string(index=False)) if len(table) else "nothing to compare"
