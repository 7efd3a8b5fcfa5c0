"""What the lab's commands have in common: prompts by name or path, models that are closed in the end, numbers."""

import argparse
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from chains import Model, Prompt
from chains.prompts import folder_of, prompt_files
from lab.cases import Case, ChainName
from lab.served import load_model

WRONG, STOPPED = 2, 130
"""Exit statuses: it cannot be done so, and why is said in words; it was interrupted."""


def prompt_named(chain: ChainName, wanted: str) -> Prompt:
    """A prompt of the chain by its name, or any other by its file's path (`….md`). `ValueError` if there is none."""
    return Prompt.read(Path(wanted)) if wanted.endswith(".md") else prompt_of(chain, wanted)


def prompt_of(chain: ChainName, name: str) -> Prompt:
    """A prompt of the chain by its name; whether its others can be used is of no matter. `ValueError`."""
    files = {path.stem: path for path in prompt_files(folder_of(chain))}
    if name not in files:
        raise ValueError(f"There is no prompt {name!r}; there are {', '.join(files)}.")
    return Prompt.read(files[name])


@contextmanager
def models_named(names: Sequence[str], config: Path) -> Iterator[Mapping[str, Model]]:
    """The models that the settings call so, closed in the end whatever it is."""
    models: dict[str, Model] = {}
    try:
        for name in dict.fromkeys(names):
            models[name] = load_model(name, config)
        yield models
    finally:
        for model in models.values():
            model.close()


def spread(cases: Sequence[Case], count: int | None) -> list[Case]:
    """So many of the cases, evenly over all of them, since neighbours may be alike. `ValueError` if there are fewer."""
    if count is None:
        return list(cases)
    if count > len(cases):
        raise ValueError(f"There are no {count} cases, but {len(cases)}.")
    return [cases[place * len(cases) // count] for place in range(count)]


def count(text: str) -> int:
    """A number from 1 up, as an option gives it."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 1 up")
    return int(text)


def count_or_all(text: str) -> int | None:
    """The same, or None for `all`."""
    return None if text == "all" else count(text)
