"""What stands under every figure: of how many runs it is, how they were made, and how many were not made now."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from lab.bench.trial import Trial


def caption(trials: Sequence[Trial], *, seed: int, began: datetime, about: Mapping[str, str]) -> list[str]:
    """The lines. `about`: what is to be said of each model, by the bench's name for it."""
    models = list(dict.fromkeys(trial.model for trial in trials))
    prompts = list(dict.fromkeys(trial.prompt.reference for trial in trials))
    return [
        f"{_size(trials)}; seed {seed}; {began:%Y-%m-%d}; {_from_cache(trials)}.",
        f"Prompts: {', '.join(prompts)}.",
        *(_model(name, [trial for trial in trials if trial.model == name], about.get(name, "")) for name in models),
    ]


def _size(trials: Sequence[Trial]) -> str:
    axes: dict[str, set[str | int]] = {
        "case": {trial.case.id for trial in trials},
        "prompt": {trial.prompt.name for trial in trials},
        "model": {trial.model for trial in trials},
        "repeat": {trial.repeat for trial in trials},
    }
    return f"{_many(len(trials), 'run')}: {' by '.join(_many(len(found), name) for name, found in axes.items())}"


def _many(count: int, name: str) -> str:
    return f"{count:,} {name}{'' if count == 1 else 's'}"


def _from_cache(trials: Sequence[Trial]) -> str:
    cached = sum(trial.cached for trial in trials)
    if not cached:
        return "none from the cache"
    return f"{cached} of them from the cache, with the times of when they were made"


def _model(name: str, trials: Sequence[Trial], about: str) -> str:
    """A model, how it was set (the seeds are told by the first line), and what is to be said of it."""
    own = next((trial.model_name for trial in trials if trial.model_name), "")
    called = name if own in ("", name) else f"{name} ({own})"
    settings: dict[str, list[str]] = {}
    for trial in trials:
        prompts = settings.setdefault(_settings(trial), [])
        if trial.prompt.name not in prompts:
            prompts.append(trial.prompt.name)
    if len(settings) == 1:
        told = next(iter(settings))
    else:
        told = "; ".join(f"by {', '.join(prompts)}: {each}" for each, prompts in settings.items())
    return f"{called}: {told}. {about}".rstrip()


def _settings(trial: Trial) -> str:
    told = [f"{name} {value:g}" if isinstance(value, float) else f"{name} {value}" for name, value in _own(trial)]
    return ", ".join(told) or "no parameters"


def _own(trial: Trial) -> list[tuple[str, object]]:
    own_seed = trial.prompt.about.parameters.seed is not None
    return [(name, value) for name, value in trial.parameters.items() if name != "seed" or own_seed]
