"""What is to be run: every case by every prompt on every model, how often, with which seeds and in which order."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from chains.limits import Limits
from chains.models.model import Model
from chains.prompts import Prompt
from chains.recording import Recorded
from chains.structured import StructuredChain
from lab.bench.cache import key_of
from lab.bench.identity import settings_of
from lab.bench.trial import Trial
from lab.cases import Case, ChainName
from lab.served import CHAINS

Prompts = Iterable[Prompt] | Mapping[str, Prompt]


@dataclass(frozen=True, eq=False)  # a run is itself, however like another it is
class Plan:
    """A run that is to be made.

    - `model`: what the bench calls the model
    - `chain`: on that model, as the prompt and the seed set it
    - `key`: the run's name in the cache
    """

    case: Case
    prompt: Prompt
    model: str
    repeat: int
    parameters: Mapping[str, Any]
    chain: StructuredChain
    key: str

    def trial(self, events: tuple[Recorded, ...], *, cached: bool) -> Trial:
        """The run, made."""
        seed, parameters = self.parameters["seed"], self.parameters
        return Trial(self.case, self.prompt, self.model, self.repeat, seed, parameters, events, cached)


def grid(
    chain: ChainName,
    cases: Sequence[Case],
    prompts: Prompts,
    models: Mapping[str, Model],
    *,
    repeats: int,
    seed: int,
    limits: Limits,
) -> list[Plan]:
    """The plans in the order of the results. `ValueError` says in words why they cannot be made.

    They are best run `in_turn`.
    """
    variants = named(prompts)
    _check(cases, variants, models, repeats)
    return [
        _plan(chain, case, prompt, name, repeat, _seeded(model, prompt, seed_of(seed, case, repeat)), limits)
        for name, model in models.items()
        for case in cases
        for prompt in variants
        for repeat in range(repeats)
    ]


def in_turn(plans: Iterable[Plan]) -> list[Plan]:
    """The plans as they are best run: the variants of one case side by side, and each of them first as often as any.

    So a machine that grows slow or warm does so for all of them alike.
    """
    rounds: dict[tuple[int, str, str], list[Plan]] = {}
    for plan in plans:
        rounds.setdefault((plan.repeat, plan.case.id, plan.model), []).append(plan)
    ordered = sorted(rounds, key=lambda each: each[0])  # stable: within a repeat the cases stay in order
    turned = [(rounds[each], number % len(rounds[each])) for number, each in enumerate(ordered)]
    return [plan for side, first in turned for plan in side[first:] + side[:first]]


def named(prompts: Prompts) -> tuple[Prompt, ...]:
    """The variants, each under a name of its own: its file's, or the label that it was given."""
    if isinstance(prompts, Mapping):
        return tuple(Prompt.parse(prompt.text, label) for label, prompt in prompts.items())
    variants = tuple(prompts)
    if twice := _twice(prompt.name for prompt in variants):
        raise ValueError(f"Two prompts have the name {twice}: give each a name of its own.")
    return variants


def seed_of(seed: int, case: Case, repeat: int) -> int:
    """What the model's dice are sent: the same for every prompt and model, so that comparisons are paired.

    31 bits, which every server takes. It does not depend on which other cases there are.
    """
    digest = hashlib.sha256(f"{seed}\n{repeat}\n{case.id}".encode()).digest()
    return int.from_bytes(digest[:4]) >> 1


def _seeded(model: Model, prompt: Prompt, seed: int) -> Model:
    """The model with a seed, in the prompt's language alone: otherwise it might answer in another one it prefers."""
    return replace(model, languages=(prompt.about.language,), parameters={**model.parameters, "seed": seed})


def _plan(chain: ChainName, case: Case, prompt: Prompt, name: str, repeat: int, model: Model, limits: Limits) -> Plan:
    built = CHAINS[chain](model, limits, prompts={prompt.about.language: prompt})
    tuned = prompt.tuned(model)  # as the chain itself does: what the prompt sets, the seed too, is what is served
    key = key_of(built, case, prompt, tuned, limits)
    return Plan(case, prompt, name, repeat, settings_of(tuned), built, key)


def _check(cases: Sequence[Case], prompts: Sequence[Prompt], models: Mapping[str, Model], repeats: int) -> None:
    for what, there in (("case", cases), ("prompt", prompts), ("model", models)):
        if not there:
            raise ValueError(f"There is nothing to run: no {what}.")
    if repeats < 1:
        raise ValueError(f"There is nothing to run: repeats is {repeats}.")
    if twice := _twice(case.id for case in cases):
        raise ValueError(f"There are two cases of the id {twice}.")
    for prompt in prompts:
        if foreign := [case.id for case in cases if case.language != prompt.about.language]:
            raise ValueError(
                f"The prompt {prompt.name} is in {prompt.about.language!r}; {len(foreign)} of the cases are not, "
                f"{foreign[0]} among them. Bench one language at a time."
            )
        if repeats > 1 and prompt.about.parameters.seed is not None:
            raise ValueError(
                f"The prompt {prompt.name} sets a seed of its own, so that every repeat would be the same run. "
                "Take it out of its front matter, or ask for one repeat."
            )


def _twice(names: Iterable[str]) -> str:
    """One that is there more than once; empty if none is."""
    return next((name for name, count in Counter(names).items() if count > 1), "")
