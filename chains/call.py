"""From a client's input to a call that fits the model: validated, in a language it has, within its context."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from langchain_core.messages import BaseMessage, SystemMessage, trim_messages
from langchain_core.prompts import ChatPromptTemplate
from pydantic import BaseModel, ValidationError

from chains.ask import Ask
from chains.breaches import breaches, places
from chains.models.model import Model
from chains.output import call_arguments, instructions
from chains.repair import Repair
from chains.shape import shape_of
from schemas import Code, Language, Note, Path, RequestError

HISTORY = "messages"
"""The variable that holds the conversation, where a chain has one."""


@dataclass(frozen=True, slots=True)
class Call:
    """What is sent to the model."""

    messages: list[BaseMessage]
    arguments: Mapping[str, Any]


def read_request(schema: type[BaseModel], value: Any, at: Path = ()) -> BaseModel:
    """The input (which stands at `at`) as the chain's request. `RequestError` names every rule it breaks, no values."""
    try:
        return schema.model_validate(value)
    except ValidationError as error:
        details = breaches(error, lambda place: (*at, *place))
        raise RequestError(f"The request breaks the rules for {places(details)}.", details=details) from error


def choose_language(wanted: Language | None, model: Model) -> tuple[Language, tuple[Note, ...]]:
    """The language to prompt in: the wanted one if the model has it, else the model's first, and a note."""
    first = model.languages[0]
    if wanted is None or wanted in model.languages:
        return wanted or first, ()
    names = {"ko": "Korean", "en": "English"}
    message = f"{model.name} does not write {names[wanted]}; it answers in {names[first]}."
    return first, (Note(code="language", message=message),)


def fit_history(
    model: Model, ask: Ask, template: ChatPromptTemplate, reserve: int = 0
) -> tuple[dict[str, Any], tuple[Note, ...]]:
    """The prompt's variables with as much of the conversation as the model's context holds, oldest left out first.

    One that is shortened leaves `reserve` tokens free, if it can. Only the conversation is shortened, never the
    prompt's own messages. `RequestError` if even the last message, or a prompt without a conversation, is beyond the
    context.
    """
    history = _history(ask.variables.get(HISTORY))
    prompt = template.format_messages(**({**ask.variables, HISTORY: []} if history else ask.variables))
    room = model.context_tokens - model.max_tokens - model.count_tokens(_with_instructions(prompt, model, ask))
    if model.count_tokens(history) <= room:
        return dict(ask.variables), ()
    kept = _latest(history, room - reserve, model) or _latest(history, room, model)
    if not kept:
        raise RequestError(f"The request is longer than {model.name} can read.", code=Code.REQUEST_TOO_LARGE)
    left_out = len(history) - len(kept)
    note = Note(code="history_dropped", message=f"Older messages did not fit and were left out: {left_out}.")
    return {**ask.variables, HISTORY: kept}, (note,)


def _history(value: Any) -> list[BaseMessage]:
    """The conversation, if that is what the variable of this name holds."""
    return value if isinstance(value, list) and all(isinstance(one, BaseMessage) for one in value) else []


def _latest(history: list[BaseMessage], tokens: int, model: Model) -> list[BaseMessage]:
    return trim_messages(
        history, max_tokens=max(tokens, 0), token_counter=model.count_tokens, strategy="last", start_on="human"
    )


def make_call(model: Model, ask: Ask, prompt: list[BaseMessage], repair: Repair | None = None) -> Call:
    """The model's call: the prompt, what holds the model to what is wanted, and after an attempt what to mend."""
    if repair:
        ask = repair.ask
    arguments = call_arguments(model.way, model.dialect, shape_of(ask.wanted))
    return Call([*_with_instructions(prompt, model, ask), *(repair.messages() if repair else [])], arguments)


def _with_instructions(messages: list[BaseMessage], model: Model, ask: Ask) -> list[BaseMessage]:
    extra = instructions(model.way, shape_of(ask.wanted))
    match messages:
        case _ if not extra:
            return messages
        case [SystemMessage() as system, *rest]:
            return [SystemMessage(f"{system.text}\n\n{extra}"), *rest]
        case _:
            return [SystemMessage(extra), *messages]
