"""One prompt: front matter that says what it is, and the messages that are sent.

    ---
    description: Fills what a user left open in the form for a new meetup group.
    language: en
    version: 1
    ---
    Down to the first heading this is a note to its readers.

    # system
    You help people start a meetup group.

    # user
    Goal: {goal}

The front matter is YAML. A heading `# system`, `# user` or `# assistant` begins a message, and `# messages` stands
where the conversation goes. `{name}` is a variable; `{{` and `}}` are braces.
"""

import hashlib
import re
from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path
from string import Formatter
from typing import Annotated, Any, Literal, Self

import yaml
from langchain_core.prompts import ChatPromptTemplate, MessagesPlaceholder
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from chains.models.model import Model
from chains.output import Way
from schemas import Language, PromptRef

_FRONT_MATTER = re.compile(r"\A---\n(.*?\n)??---\n", re.DOTALL)
_HEADING = re.compile(r"^# (system|user|assistant|messages)$", re.MULTILINE)

HASH_DIGITS = 12


class PromptError(ValueError):
    """A prompt cannot be used as it stands; the message names it, and says what is wrong and what to do."""


class _Front(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


Probability = Annotated[float, Field(ge=0, le=1)]
Penalty = Annotated[float, Field(ge=-2, le=2)]


class Parameters(_Front):
    """What is sent with each call, instead of what the model's own settings say. No addresses and no formats."""

    temperature: float | None = Field(default=None, ge=0, le=2)
    top_p: Probability | None = None
    presence_penalty: Penalty | None = None
    frequency_penalty: Penalty | None = None
    seed: int | None = None
    max_tokens: int | None = Field(default=None, ge=16)
    reasoning_effort: Literal["none", "minimal", "low", "medium", "high"] | None = None


class About(_Front):
    """The front matter.

    - `version`: a number for people, who raise it when they change the prompt; the hash needs nobody to remember it
    - `model`: the model it was made for, by its name under `models` in `langserve.yaml`
    - `structured_output`: how the model is held to the schema (`chains.output.Way`), if not as the model's settings say
    - `unused`: what the chain offers and this prompt leaves out on purpose
    """

    description: str = Field(min_length=1)
    language: Language
    version: int = Field(ge=1)
    model: str | None = None
    parameters: Parameters = Parameters()
    structured_output: Way | None = None
    unused: tuple[str, ...] = ()


@dataclass(frozen=True)
class Prompt:
    """A prompt that has been read. Make it by `Prompt.parse` or `Prompt.read`.

    - `name`: the file's name without `.md`
    - `text`: the whole file; `hash`: the first hexadecimal digits of its SHA-256
    """

    name: str
    text: str
    hash: str
    about: About
    template: ChatPromptTemplate

    @classmethod
    def read(cls, path: Path) -> Self:
        """The prompt in a file. `PromptError` if there is none to be had."""
        try:
            return cls.parse(path.read_text(encoding="utf-8"), path.stem)
        except OSError as error:
            raise PromptError(f"{path.name} cannot be read: {error.strerror}.") from error
        except UnicodeDecodeError as error:
            raise PromptError(f"{path.name} is not UTF-8 text.") from error

    @classmethod
    def parse(cls, text: str, name: str = "draft") -> Self:
        """The prompt that a text is, as a file would hold it. `PromptError` if it is none."""
        text = text.replace("\r\n", "\n")  # the same prompt, whatever has saved or checked it out
        front = _FRONT_MATTER.match(text)
        if not front:
            raise PromptError(f"{name}.md: a prompt begins with front matter between two lines of ---.")
        about = _about(front[1] or "", name)
        digest = hashlib.sha256(text.encode()).hexdigest()[:HASH_DIGITS]
        template = _template(text[front.end() :], name)
        template.metadata = {"prompt": name, "prompt_hash": digest}  # LangChain's traces have it from here
        return cls(name=name, text=text, hash=digest, about=about, template=template)

    @property
    def reference(self) -> str:
        """What names exactly this text: `en@8f21ab03c4d1`."""
        return self.ref.reference

    @property
    def ref(self) -> PromptRef:
        """The same for events."""
        return PromptRef(name=self.name, version=self.about.version, hash=self.hash)

    def check(self, offered: Collection[str]) -> None:
        """Whether it asks for what a chain offers, and for all of that. `PromptError`."""
        used, unused = set(self.template.input_variables), set(self.about.unused)
        if unknown := used - set(offered):
            raise PromptError(f"{self.name}.md uses {_braced(unknown)}; this chain offers {_braced(offered)}.")
        if idle := set(offered) - used - unused - {"language"}:  # by which it was chosen
            raise PromptError(
                f"{self.name}.md does not use {_braced(idle)}. If that is meant, say so in its front matter: "
                f"unused: [{', '.join(sorted(idle))}]"
            )
        if false := unused - (set(offered) - used):
            raise PromptError(f"{self.name}.md lists {_braced(false)} under `unused`, which it uses or nobody offers.")

    def tuned(self, model: Model) -> Model:
        """The model as this prompt wants it: its parameters, its way of being held to a schema. `PromptError`."""
        own = self.about.parameters.model_dump(exclude_none=True)
        longest = own.get("max_tokens", model.max_tokens)
        if longest >= model.context_tokens:
            raise PromptError(
                f"{self.name}.md wants answers of {longest} tokens; {model.name} has {model.context_tokens} in all, "
                "its prompt included."
            )
        way = self.about.structured_output or model.way
        return replace(model, way=way, max_tokens=longest, parameters={**model.parameters, **own})


def _about(text: str, name: str) -> About:
    try:
        return About.model_validate(yaml.safe_load(text) or {})
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        if isinstance(error, ValidationError):
            problems = "; ".join(f"{'.'.join(map(str, one['loc']))}: {_sentence(one)}" for one in error.errors())
            raise PromptError(f"{name}.md: its front matter cannot be used. {problems}.") from error
        mark = error.problem_mark if isinstance(error, yaml.MarkedYAMLError) else None
        where = f", line {mark.line + 2}" if mark else ""  # counted from 1, and behind the ---
        raise PromptError(f"{name}.md{where}: its front matter is not YAML.") from error


def _sentence(problem: object) -> str:
    match problem:
        case {"type": "extra_forbidden"}:
            return "there is no such key"
        case {"msg": str(message)}:
            return message
    return "wrong"


def _template(text: str, name: str) -> ChatPromptTemplate:
    _, *parts = _HEADING.split(text)
    if not parts:
        raise PromptError(f"{name}.md: a prompt needs a heading such as '# system' before its text.")
    messages: list[Any] = []
    for role, body in zip(parts[::2], parts[1::2], strict=True):
        messages.append(MessagesPlaceholder("messages") if role == "messages" else (role, body.strip()))
        if odd := _no_variable(body):
            raise PromptError(f"{name}.md: {odd}. A variable is {{name}}; a brace is written twice, {{{{ or }}}}.")
    return ChatPromptTemplate(messages)


def _no_variable(text: str) -> str:
    """What stands in braces and is no variable: most likely an example in JSON."""
    try:
        for _, field, form, conversion in Formatter().parse(text):
            if field is not None and (form or conversion or not field.isidentifier()):
                inside = f"{field}{f'!{conversion}' if conversion else ''}{f':{form}' if form else ''}"
                return f"{{{inside[:40]}}} is no variable"
    except ValueError as error:
        return f"its braces do not fit ({error})"
    return ""


def _braced(names: Collection[str]) -> str:
    return ", ".join(f"{{{name}}}" for name in sorted(names)) or "nothing"
