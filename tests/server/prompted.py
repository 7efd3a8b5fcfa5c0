"""A chain whose prompts are in the folder that PROMPTED names, for settings to name: `tests.server.prompted:build`."""

import os
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from chains import Limits, Model, StructuredChain, load_prompts
from chains.prompts import Chosen, Prompt


class Wish(BaseModel):
    goal: str


class Club(BaseModel):
    name: str


def build(model: Model, limits: Limits, prompts: Chosen | None = None) -> StructuredChain:
    """Names a club."""
    prompt = load_prompts("prompted", prompts, folder=Path(os.environ["PROMPTED"]))
    return StructuredChain(name="prompted", request=Wish, result=Club, prompt=prompt, model=model, limits=limits)


def write_prompt(folder: Path, name: str = "en", words: str = "Be kind.", **front: Any) -> Prompt:
    """A prompt file, written at once as editors do, and what it is."""
    about = {"description": "Names clubs.", "language": "en", "version": 1, **front}
    lines = "".join(f"{key}: {value}\n" for key, value in about.items())
    draft = folder / f"{name}.draft"
    draft.write_text(f"---\n{lines}---\n# system\n{words}\n# user\n{{goal}}\n", encoding="utf-8")
    draft.replace(folder / f"{name}.md")
    return Prompt.read(folder / f"{name}.md")
