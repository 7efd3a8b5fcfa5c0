"""Prompts are files: `chains/prompts/<chain>/<language>.md`.

Front matter (YAML between `---` lines) describes the prompt; below it, a heading `# system`, `# user` or `# assistant`
begins a message, and `# messages` stands where the conversation goes. `{name}` is a variable; `{{` and `}}` are braces.
"""

import re
from collections.abc import Mapping
from importlib.resources import files
from importlib.resources.abc import Traversable

import yaml
from langchain_core.prompts import ChatPromptTemplate, MessagesPlaceholder

from schemas import Language

_FRONT_MATTER = re.compile(r"\A---\n(.*?)\n---\n", re.DOTALL)
_HEADING = re.compile(r"^# (system|user|assistant|messages)$", re.MULTILINE)


def load_prompts(chain: str) -> Mapping[Language, ChatPromptTemplate]:
    """A chain's prompts by language. `FileNotFoundError` if the folder has none."""
    found = {
        file.name.removesuffix(".md"): parse_prompt(file)
        for file in files(__name__).joinpath(chain).iterdir()
        if file.name.endswith(".md")
    }
    if not found:
        raise FileNotFoundError(f"no prompt files for the chain {chain!r}")
    return found  # type: ignore[return-value]  # a file's name is its language


def parse_prompt(file: Traversable) -> ChatPromptTemplate:
    """One prompt file. `ValueError` names the file if it has no front matter or no message."""
    text = file.read_text(encoding="utf-8")
    front = _FRONT_MATTER.match(text)
    if not front:
        raise ValueError(f"{file.name}: a prompt begins with front matter between two lines of ---")
    _, *parts = _HEADING.split(text[front.end() :])
    if not parts:
        raise ValueError(f"{file.name}: a prompt needs a heading such as '# system' before its text")
    messages = [
        MessagesPlaceholder("messages") if role == "messages" else (role, body.strip())
        for role, body in zip(parts[::2], parts[1::2], strict=True)
    ]
    return ChatPromptTemplate(messages, metadata=yaml.safe_load(front[1]))
