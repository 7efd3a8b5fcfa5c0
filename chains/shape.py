"""What is derived once from a result model: its JSON Schema, how its fields settle, a validator for each field."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, Any, get_args, get_origin

from pydantic import BaseModel, Field, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from chains.ask import names
from schemas import Breach, Path, SettleNode, settle_tree, to_pointer


@dataclass(frozen=True, slots=True)
class FieldShape:
    """One top-level property: its validator, and that of its items if it is a list."""

    info: FieldInfo
    whole: TypeAdapter[Any]
    item: TypeAdapter[Any] | None

    @property
    def default(self) -> Any:
        """The default as JSON. Only for properties that have one."""
        return self.whole.dump_python(self.info.get_default(call_default_factory=True), mode="json")


@dataclass(frozen=True, slots=True)
class Shape:
    """A result model, taken apart for streaming. Make it by `shape_of`."""

    name: str
    schema: Mapping[str, Any]
    hash: str
    tree: SettleNode
    fields: Mapping[str, FieldShape]

    def tells_items(self, name: str) -> bool:
        """Whether the items of a top-level property are told one by one: a list, and not held as a whole."""
        return self.fields[name].item is not None and self.tree.child(name).settle in ("items", "grow")

    def check(self, path: Path, value: Any) -> tuple[Any, tuple[Breach, ...]]:
        """A closed value at `/name` or `/name/index` against its own constraints.

        Returns the value as JSON (as its validators leave it) and every rule that it breaks. Validators find an item's
        `index` in their context.
        """
        field = self.fields[str(path[0])]
        adapter = field.whole if len(path) == 1 or field.item is None else field.item
        try:
            valid = adapter.validate_json(json.dumps(value), strict=True, context={"index": path[-1]})
        except ValidationError as error:
            return value, breaches(error.errors(include_url=False, include_input=False), path)
        return adapter.dump_python(valid, mode="json", by_alias=True), ()


@lru_cache(maxsize=256)
def shape_of(model: type[BaseModel]) -> Shape:
    """The shape of a result model. Property names are the model's aliases, as in its JSON Schema."""
    schema = model.model_json_schema()
    if numbers := [name for name in names(model) if name.isdigit()]:
        raise ValueError(
            f"{model.__name__}: {numbers[0]!r} cannot be a property's name: a JSON Pointer would take it for an index"
        )
    text = json.dumps(schema, ensure_ascii=False, sort_keys=True)
    return Shape(
        name=model.__name__,
        schema=schema,
        hash=hashlib.sha256(text.encode()).hexdigest()[:16],
        tree=settle_tree(schema),
        fields={info.alias or name: _field_shape(info) for name, info in model.model_fields.items()},
    )


def breaches(errors: Iterable[ErrorDetails], at: Path = ()) -> tuple[Breach, ...]:
    """Pydantic's errors as ours, for a value that stands at `at`."""
    return tuple(
        Breach(path=to_pointer((*at, *error["loc"])), rule=error["type"], message=_sentence(error["msg"]))
        for error in errors
    )


def _sentence(message: str) -> str:
    return message.removeprefix("Value error, ")


def _field_shape(info: FieldInfo) -> FieldShape:
    item = _item_type(info.annotation)
    return FieldShape(
        info=info,
        whole=TypeAdapter(_constrained(info)),
        item=TypeAdapter(item) if item is not None else None,
    )


def _constrained(info: FieldInfo) -> Any:
    """The field's type with its own constraints, without what only a model can have (alias, default)."""
    constraints = [*info.metadata, *([Field(discriminator=info.discriminator)] if info.discriminator else [])]
    return Annotated[(info.annotation, *constraints)] if constraints else info.annotation


def _item_type(annotation: Any) -> Any:
    """The X of `list[X]`, also inside `list[X] | None`; `None` if it is no list."""
    if get_origin(annotation) is list:
        return get_args(annotation)[0]
    found = [item for choice in get_args(annotation) if (item := _item_type(choice)) is not None]
    return found[0] if len(found) == 1 else None
