"""What a bench gives: its runs, and everything that can be seen in them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure
from pydantic import BaseModel

from chains.prompts import Prompt
from lab.bench import plots, report, tables
from lab.bench.caption import caption
from lab.bench.diff import Diff
from lab.bench.lengths import text_limits
from lab.bench.readable import readable, upright
from lab.bench.tables import Prices
from lab.bench.trial import Trial
from lab.cases import ChainName
from lab.pages import rendered
from schemas import ChatReply, MeetingInfo

_RESULTS: Mapping[ChainName, type[BaseModel]] = {"meeting_info": MeetingInfo, "chatbot": ChatReply}


@dataclass(frozen=True, repr=False)
class Bench:
    """The runs of a grid, in the order of its models, cases, prompts and repeats.

    - `seed`: of which each run's own was made; `began`: when the bench did
    - `about`: what is to be said of each model beside its figures
    """

    chain: ChainName
    trials: tuple[Trial, ...]
    seed: int
    began: datetime
    about: Mapping[str, str]

    @property
    def prompts(self) -> tuple[Prompt, ...]:
        """The variants, in the order in which they were given."""
        return tuple({trial.prompt.name: trial.prompt for trial in self.trials}.values())

    @property
    def models(self) -> tuple[str, ...]:
        """What the bench calls the models."""
        return tuple(dict.fromkeys(trial.model for trial in self.trials))

    @cached_property
    def caption(self) -> list[str]:
        """What stands under every figure: of which runs it is, how they were set, how many are from the cache."""
        return caption(self.trials, seed=self.seed, began=self.began, about=self.about)

    # -- tables --------------------------------------------------------------------------------------------------------

    def frame(self) -> pd.DataFrame:
        """One row a run."""
        return tables.frame(self.trials)

    def summary(self, prices: Prices | None = None) -> pd.DataFrame:
        """One row a model and prompt (`lab.bench.tables.summary` says what its columns mean)."""
        return tables.summary(self.trials, prices)

    def breaches(self) -> pd.DataFrame:
        """Which rules were broken where, most frequent first."""
        return tables.breaches(self.trials)

    # -- plots ---------------------------------------------------------------------------------------------------------

    def waterfall(self) -> Figure:
        """When the first token and each field were there."""
        return plots.waterfall(self.trials, self.caption, [f"/{name}" for name in _RESULTS[self.chain].model_fields])

    def validity(self) -> Figure:
        """How the runs ended."""
        return plots.validity(self.trials, self.caption)

    def lengths(self) -> Figure:
        """How long the texts are, against their limits."""
        return plots.lengths(self.trials, self.caption, text_limits(_RESULTS[self.chain]))

    def tokens(self) -> Figure:
        """What the runs read and wrote."""
        return plots.tokens(self.trials, self.caption)

    # -- the answers ---------------------------------------------------------------------------------------------------

    def diff(self, case: str, a: str, b: str, *, model: str | None = None, repeat: int = 0) -> Diff:
        """What two prompts made of a case, word by word; `model` is the first one unless it is named."""
        model = model or self.models[0]
        return Diff(self._trial(case, a, model, repeat), self._trial(case, b, model, repeat))

    def _trial(self, case: str, prompt: str, model: str, repeat: int) -> Trial:
        wanted = (case, prompt, model, repeat)
        for trial in self.trials:
            if (trial.case.id, trial.prompt.name, trial.model, trial.repeat) == wanted:
                return trial
        raise KeyError(f"No run of the case {case}, the prompt {prompt}, the model {model} and repeat {repeat}.")

    def _diffs(self) -> list[Diff]:
        """Each prompt against the first one, in the first repeat."""
        first, *others = (prompt.name for prompt in self.prompts)
        cases = dict.fromkeys(trial.case.id for trial in self.trials)
        return [
            self.diff(case, first, other, model=model) for case in cases for model in self.models for other in others
        ]

    # -- all of it -----------------------------------------------------------------------------------------------------

    def write(self, path: Path, prices: Prices | None = None) -> None:
        """The report: one HTML file that needs nothing else."""
        contents = report.Contents(
            title=self._title,
            caption=self.caption,
            summary=self.summary(prices),
            breaches=self.breaches(),
            figures=[self.waterfall(), self.validity(), self.lengths(), self.tokens()],
            diffs=self._diffs(),
            prompts=self.prompts,
            runs=self.frame(),
        )
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(report.page(contents), encoding="utf-8")

    @property
    def _title(self) -> str:
        return f"Bench of {self.chain}"

    def __str__(self) -> str:
        return "\n".join([self._title, upright(self.summary()), *self.caption])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return rendered("bench/cell.html", title=self._title, caption=self.caption, summary=readable(self.summary()))
