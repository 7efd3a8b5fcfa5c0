"""A model's opinion of answers, for what no check can see. An opinion is not a measurement: the gate does not ask it.

The judge reads one request and one answer at a time and knows of no prompts, so it can favour neither a variant nor a
position. Both are quoted: users wrote the one and a model the other. It is a chain like any other, its prompt a file.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import pandas as pd
from pydantic import BaseModel, Field

from chains import Ask, Model, Prompt, StructuredChain, load_prompts
from chains.prompts.quoting import quoted
from lab.bench import Trial
from lab.evaluate.paired import Paired
from schemas import StreamError

PROMPT = Path(__file__).with_name("judge.md")
CRITERIA = ("useful", "faithful", "natural")
LOWEST, HIGHEST = 1, 5

Score = Annotated[int, Field(ge=LOWEST, le=HIGHEST)]


class Question(BaseModel):
    """What is to be judged: what a user asked, and what a model answered."""

    request: dict[str, Any]
    answer: dict[str, Any]


# The reason comes first: scores are written after it. (No docstring: that would be sent to the judge.)
class Verdict(BaseModel):
    reason: str = Field(min_length=1, max_length=1000)
    useful: Score
    faithful: Score
    natural: Score


@dataclass(frozen=True)
class Opinion:
    """What the judge said of one answer; or, in `problem`, why it said nothing that could be used."""

    trial: Trial
    verdict: Verdict | None
    problem: str = ""


@dataclass(frozen=True)
class Opinions:
    """What one judge said: which model it was, by which prompt."""

    model: str
    prompt: Prompt
    opinions: tuple[Opinion, ...]

    @property
    def unusable(self) -> int:
        """Of how many answers nothing usable was said."""
        return sum(opinion.verdict is None for opinion in self.opinions)

    @property
    def about(self) -> str:
        """Who judged, and how much that is worth."""
        unusable = f" Of {self.unusable} it said nothing that could be used." if self.unusable else ""
        return (
            f"The opinion of one model, {self.model}, by {self.prompt.reference}, from {LOWEST} to {HIGHEST}: it read "
            f"{len(self.opinions)} whole answers, one at a time, without knowing whose they are.{unusable} "
            "It may be wrong, and say something else another time; the gate does not ask it."
        )

    def frame(self) -> pd.DataFrame:
        """One row a verdict: `prompt`, `case`, `repeat`, the scores, the reason."""
        rows = [
            {"prompt": each.trial.prompt.name, "case": each.trial.case.id, "repeat": each.trial.repeat}
            | each.verdict.model_dump()
            for each in self.opinions
            if each.verdict
        ]
        return pd.DataFrame(rows, columns=["prompt", "case", "repeat", *CRITERIA, "reason"])

    def compare(self, a: str, b: str) -> tuple[Paired, ...]:
        """Each criterion of two prompts over the cases of which the judge has an opinion in both."""
        rows = self.frame()
        known = rows[rows.prompt.isin([a, b])]
        means = known.groupby(["case", "prompt"])[list(CRITERIA)].mean().unstack("prompt").dropna()
        if means.empty or means.shape[1] < 2 * len(CRITERIA):
            return ()
        return tuple(
            Paired.opinions(name, means[name, a].to_numpy(), means[name, b].to_numpy(), lowest=LOWEST, highest=HIGHEST)
            for name in CRITERIA
        )


async def judge(trials: Iterable[Trial], model: Model, prompt: Prompt | None = None) -> Opinions:
    """The model's opinion of each whole answer, as many at once as it takes. What failed has nothing to be judged."""
    prompt = prompt or Prompt.read(PROMPT)
    answered = [(trial, trial.value) for trial in trials if trial.value is not None]
    questions = [{"request": trial.case.input, "answer": value} for trial, value in answered]
    verdicts = await judging_chain(model, prompt).abatch(questions, return_exceptions=True)
    opinions = [_opinion(trial, verdict) for (trial, _), verdict in zip(answered, verdicts, strict=True)]
    return Opinions(model.name, prompt, tuple(opinions))


def judging_chain(model: Model, prompt: Prompt) -> StructuredChain:
    """The judge on a model. `PromptError` if the prompt does not ask for both the request and the answer."""
    language = prompt.about.language
    return StructuredChain(
        name="judge",
        request=Question,
        result=Verdict,
        prompt=load_prompts("judge", {language: prompt}, folder=PROMPT.parent),
        model=replace(model, languages=(language,)),  # in which its prompt is written; what it reads may be in any
        ask=_ask,
        variables=("request", "answer"),
    )


def _ask(question: Question) -> Ask:
    variables = {"request": quoted(question.request), "answer": quoted(question.answer)}
    return Ask(Verdict, wanted=Verdict, variables=variables)


def _opinion(trial: Trial, verdict: Mapping[str, Any] | Exception) -> Opinion:
    match verdict:
        case StreamError():
            return Opinion(trial, None, verdict.code.value)
        case Exception():
            raise verdict
    return Opinion(trial, Verdict.model_validate(verdict))
