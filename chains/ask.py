"""What one request asks of a model, and what is known of the object without asking."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

from langchain_core.messages import convert_to_messages
from pydantic import BaseModel, create_model, field_validator


@dataclass(frozen=True, slots=True)
class Ask:
    """One request, as the stream sees it.

    - `result`: what the whole object must meet
    - `wanted`: what the model is asked to write: the properties of `result` that are still open, perhaps narrower.
      A property that the model adds to these is not part of the object
    - `given`: properties the user has given (JSON), kept as they are
    - `defaults`: properties that are known by code (JSON), told just before the end
    - `variables`: what the prompt needs
    """

    result: type[BaseModel]
    wanted: type[BaseModel]
    given: Mapping[str, Any] = field(default_factory=dict)
    defaults: Mapping[str, Any] = field(default_factory=dict)
    variables: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        wanted = set(names(self.wanted))
        if both := wanted & {*self.given, *self.defaults}:
            raise ValueError(f"{sorted(both)} cannot be both known and asked of the model")
        if foreign := wanted - set(names(self.result)):
            raise ValueError(f"{sorted(foreign)} would be no part of {self.result.__name__}")

    @property
    def fields(self) -> tuple[str, ...]:
        """The properties that the object will have, in the result's order."""
        known = {*self.given, *self.defaults, *names(self.wanted)}
        return tuple(name for name in names(self.result) if name in known)

    def only(self, wanted: Iterable[str]) -> "Ask":
        """The same with only these of the wanted properties still open."""
        kept = set(wanted)
        return replace(self, wanted=_narrowed(self.wanted, tuple(name for name in names(self.wanted) if name in kept)))


def ask_for_all(result: type[BaseModel], request: BaseModel) -> Ask:
    """All of the result, with the request's fields as the prompt's variables; a conversation as LangChain holds one."""
    variables = request.model_dump()
    messages = variables.get("messages")
    if isinstance(messages, list) and all(map(_is_message, messages)):
        variables["messages"] = convert_to_messages(messages)
    return Ask(result, wanted=result, variables=variables)


def _is_message(value: Any) -> bool:
    said = value if isinstance(value, dict) else {}
    return said.get("role") in ("user", "assistant") and isinstance(said.get("content"), str)


def names(model: type[BaseModel]) -> tuple[str, ...]:
    """A model's property names as they stand in its JSON."""
    return tuple(info.alias or name for name, info in model.model_fields.items())


def part_of(model: type[BaseModel], properties: tuple[str, ...]) -> type[BaseModel]:
    """A model of some of its properties, with its configuration and the validators that were written for them."""
    kept = {name: info for name, info in model.model_fields.items() if (info.alias or name) in properties}
    validators: dict[str, Any] = {}
    for key, found in model.__pydantic_decorators__.field_validators.items():
        if fields := [name for name in kept if name in found.info.fields or "*" in found.info.fields]:
            # Bound to its own class, whose other attributes it may use; static, or pydantic would unbind it again.
            own: Any = staticmethod(getattr(model, key))
            validators[key] = field_validator(*fields, mode=found.info.mode)(own)
    part: type[BaseModel] = create_model(
        model.__name__,
        __config__=model.model_config,
        __doc__=model.__doc__,
        __validators__=validators,
        **{name: (info.annotation, info) for name, info in kept.items()},  # type: ignore[call-overload]
    )
    return part


_narrowed = lru_cache(maxsize=256)(part_of)  # the same class for the same question, so that its shape is found again
