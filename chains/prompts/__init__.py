"""Prompts are files: `chains/prompts/<chain>/<name>.md`, each in one language, known by name and content's hash.

`docs/prompts.md` says how they are written, tried and shipped.
"""

from chains.prompts.prompt import REFERENCE, About, Parameters, Prompt, PromptError
from chains.prompts.shelf import Chosen, Shelf, file_stamp, folder_of, load_prompts, prompt_files, prompts_of

__all__ = [
    "REFERENCE",
    "About",
    "Chosen",
    "Parameters",
    "Prompt",
    "PromptError",
    "Shelf",
    "file_stamp",
    "folder_of",
    "load_prompts",
    "prompt_files",
    "prompts_of",
]
