"""From a client's input to a call that fits the model: validated, in a language it has, within its context."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from langchain_core.messages import BaseMessage, HumanMessage, SystemMessage, trim_messages
from pydantic import BaseModel, ValidationError

from chains.ask import Ask
from chains.models.model import Model
from chains.output import call_arguments, instructions
from chains.shape import breaches, shape_of
from schemas import Code, Language, Note, Path, RequestError


@dataclass(frozen=True, slots=True)
class Call:
    """What is sent to the model, and what the client must know of how its request was changed to fit."""

    messages: list[BaseMessage]
    arguments: Mapping[str, Any]
    notes: tuple[Note, ...]


def read_request(schema: type[BaseModel], value: Any, at: Path = ()) -> BaseModel:
    """The input (which stands at `at`) as the chain's request. `RequestError` names every rule it breaks, no values."""
    try:
        return schema.model_validate(value)
    except ValidationError as error:
        details = breaches(error.errors(include_url=False, include_input=False), at)
        where = ", ".join(dict.fromkeys(breach.path or "the input" for breach in details))
        raise RequestError(f"The request breaks the rules for {where}.", details=details) from error


def choose_language(wanted: Language | None, model: Model) -> tuple[Language, tuple[Note, ...]]:
    """The language to prompt in: the wanted one if the model has it, else the model's first, and a note."""
    first = model.languages[0]
    if wanted is None or wanted in model.languages:
        return wanted or first, ()
    names = {"ko": "Korean", "en": "English"}
    message = f"{model.name} does not write {names[wanted]}; it answers in {names[first]}."
    return first, (Note(code="language", message=message),)


def make_call(model: Model, ask: Ask, messages: list[BaseMessage], notes: tuple[Note, ...]) -> Call:
    """The model's call. History beyond its context is dropped, oldest first; `RequestError` if the last message is."""
    shape = shape_of(ask.wanted)
    if extra := instructions(model.way, shape):
        messages = _with_instructions(messages, extra)
    room = model.context_tokens - model.max_tokens
    kept = messages if model.count_tokens(messages) <= room else _newest(messages, room, model)
    if dropped := len(messages) - len(kept):
        notes = (
            *notes,
            Note(code="history_dropped", message=f"Older messages did not fit and were left out: {dropped}."),
        )
    return Call(kept, call_arguments(model.way, model.dialect, shape), notes)


def _newest(messages: list[BaseMessage], room: int, model: Model) -> list[BaseMessage]:
    """The system message and the newest of the others that fit, beginning with one of the user's."""
    kept = trim_messages(
        messages,
        max_tokens=room,
        token_counter=model.count_tokens,
        strategy="last",
        include_system=True,
        start_on="human",
    )
    if not any(isinstance(message, HumanMessage) for message in kept):
        message = f"The last message alone is longer than {model.name} can read."
        raise RequestError(message, code=Code.REQUEST_TOO_LARGE)
    return kept


def _with_instructions(messages: list[BaseMessage], extra: str) -> list[BaseMessage]:
    match messages:
        case [SystemMessage() as system, *rest]:
            return [SystemMessage(f"{system.text}\n\n{extra}"), *rest]
        case _:
            return [SystemMessage(extra), *messages]
