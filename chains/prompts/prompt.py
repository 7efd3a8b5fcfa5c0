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
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from string import Formatter
from typing import Annotated, Literal, Self

import yaml
from langchain_core.prompts import ChatPromptTemplate, MessagesPlaceholder
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from chains.models.model import Model
from chains.output import Way
from chains.strict_yaml import load_yaml
from schemas import Language, PromptRef

_FRONT_MATTER = re.compile(r"\A---[ \t]*\n(.*?\n)??---[ \t]*\n", re.DOTALL)
_HEADING = re.compile(r"^# (system|user|assistant|messages)[ \t]*$", re.MULTILINE)
_ALMOST = re.compile(r"^#[ \t]*(system|user|assistant|messages)[ \t]*:?[ \t]*$", re.MULTILINE | re.IGNORECASE)
_NAME = r"[A-Za-z0-9_-]+"
_HASH_DIGITS = 12

REFERENCE = rf"^{_NAME}(@[0-9a-f]{{{_HASH_DIGITS}}})?$"
"""How a prompt may be named: its file without `.md`, and behind an @ which text of it (regular expression)."""


class PromptError(ValueError):
    """A prompt cannot be used as it stands; the message names it, and says what is wrong and what to do."""


class _Front(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


Probability = Annotated[float, Field(ge=0, le=1)]
Penalty = Annotated[float, Field(ge=-2, le=2)]


class Parameters(_Front):
    """What is sent with each call, instead of what the model's own settings say. No addresses and no formats."""

    temperature: float | None = Field(default=None, ge=0, le=2)
    top_p: Probability | None = None
    presence_penalty: Penalty | None = None
    frequency_penalty: Penalty | None = None
    seed: int | None = Field(default=None, ge=0, lt=1 << 63)
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
    unused: tuple[str, ...] = Field(default=(), strict=False)  # YAML has lists


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
        if not re.fullmatch(_NAME, path.stem):
            raise PromptError(f"{path.name}: a prompt's name has letters, digits, _ and - only. Rename the file.")
        try:
            return cls.parse(path.read_bytes().decode(), path.stem)
        except OSError as error:
            raise PromptError(f"{path.name} cannot be read: {error.strerror}.") from error
        except UnicodeDecodeError as error:
            raise PromptError(f"{path.name} is not UTF-8 text.") from error

    @classmethod
    def parse(cls, text: str, name: str = "draft") -> Self:
        """The prompt that a text is, as a file would hold it. `PromptError` if it is none."""
        # The same prompt, whatever has saved or checked it out.
        text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
        front = _FRONT_MATTER.match(text)
        if not front:
            raise PromptError(f"{name}.md: a prompt begins with front matter between two lines of ---.")
        about = _about(front[1] or "", name)
        digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:_HASH_DIGITS]
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

    def check_length(self, model: Model) -> None:
        """Whether the model can read it at all and still has the tokens to answer. `PromptError`."""
        tuned = self.tuned(model)
        blank = {name: [] if name == "messages" else "" for name in self.template.input_variables}
        tokens = tuned.count_tokens(self.template.format_messages(**blank))
        if tokens + tuned.max_tokens > tuned.context_tokens:
            raise PromptError(
                f"{self.name}.md is about {tokens} tokens long; {model.name} has {tuned.context_tokens} in all, "
                f"of which {tuned.max_tokens} are kept for its answer."
            )


def _about(text: str, name: str) -> About:
    try:
        front = load_yaml(text)
    except yaml.YAMLError as error:
        raise PromptError(f"{name}.md: its front matter is not YAML{_place(error)}.") from error
    if isinstance(front, dict):  # a key without a value is as if it were not there
        front = {key: value for key, value in front.items() if value is not None}
    try:
        return About.model_validate(front or {})
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, one['loc']))}: {_sentence(one)}" for one in error.errors())
        raise PromptError(f"{name}.md: its front matter cannot be used. {problems}.") from error


def _place(error: yaml.YAMLError) -> str:
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark:
        return f", line {error.problem_mark.line + 2}: {error.problem}"  # from 1, and behind the ---
    return ""


def _sentence(problem: object) -> str:
    match problem:
        case {"type": "extra_forbidden"}:
            return "there is no such key"
        case {"msg": str(message)}:
            return message
    return "wrong"


def _template(text: str, name: str) -> ChatPromptTemplate:
    _, *parts = _HEADING.split(text)
    pairs = list(zip(parts[::2], map(str.strip, parts[1::2]), strict=True))
    if problem := _problem(text, pairs):
        raise PromptError(f"{name}.md: {problem}")
    return ChatPromptTemplate(
        [MessagesPlaceholder(role) if role == "messages" else (role, body) for role, body in pairs]
    )


def _problem(text: str, parts: Sequence[tuple[str, str]]) -> str:
    """Why these messages are not what somebody means, if they are not."""
    if almost := next((each for each in _ALMOST.finditer(text) if not _HEADING.fullmatch(each[0])), None):
        return f"{almost[0]!r} begins no message. Is '# {almost[1].lower()}' meant?"
    if not parts:
        return "a prompt needs a heading such as '# system' before its text."
    if [role for role, _ in parts].count("messages") > 1:
        return "'# messages' stands there twice; the conversation goes to one place."
    for role, body in parts:
        if role == "messages" and body:
            return "what stands under '# messages' would not be sent. Put it under a heading of its own."
        if role != "messages" and not body:
            return f"there is nothing under '# {role}'."
        if "messages" in _variables(body):
            return "the conversation is no text: it stands under a heading of its own, '# messages'."
        if odd := _no_variable(body):
            return f"{odd}. A variable is {{name}}; a brace is written twice, {{{{ or }}}}."
    return ""


def _variables(text: str) -> set[str]:
    with suppress(ValueError):  # which `_no_variable` explains
        return {field for _, field, _, _ in Formatter().parse(text) if field is not None}
    return set()


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
