"""What is derived once from a result model: its JSON Schema, how its fields settle, a validator for each field."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, get_args, get_origin

from pydantic import BaseModel, RootModel, TypeAdapter, ValidationError, create_model, model_validator
from pydantic.fields import FieldInfo

from chains.ask import names, part_of
from schemas import Breach, Path, SettleNode, settle_tree, to_pointer
from schemas.across import rules_across
from schemas.settle import HELD

MAX_BREACHES = 20
"""How many broken rules are told of one value: beyond it a list tells a client nothing more."""


@dataclass(frozen=True, slots=True)
class FieldShape:
    """One top-level property: a model of it alone, and its items' validator if it is a list."""

    info: FieldInfo
    name: str
    alone: type[BaseModel]
    item: TypeAdapter[Any] | None

    @property
    def default(self) -> Any:
        """The default as JSON. Only for properties that have one."""
        return self.alone().model_dump(mode="json", by_alias=True).get(self.name)  # absent if the model leaves it out

    def check(self, value: Any) -> Any:
        """The property as JSON, as its validators leave it. `ValidationError` with the property's name in front."""
        valid = self.alone.model_validate_json(json.dumps({self.name: value}), strict=True)
        return valid.model_dump(mode="json", by_alias=True).get(self.name, value)


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule that crosses fields (`schemas.across`): its name, the properties it reads, a model of these alone."""

    name: str
    fields: tuple[str, ...]
    alone: type[BaseModel]

    def check(self, value: Mapping[str, Any]) -> tuple[Breach, ...]:
        """Whether an object that has these properties keeps the rule. A breach is told of each of them."""
        try:
            self.alone.model_validate_json(json.dumps({name: value[name] for name in self.fields}))
        except ValidationError as error:
            (broken, *_) = breaches(error)
            return tuple(broken.model_copy(update={"path": to_pointer((name,))}) for name in self.fields)
        return ()


@dataclass(frozen=True, slots=True)
class Shape:
    """A result model, taken apart for streaming. Make it by `shape_of`."""

    name: str
    schema: Mapping[str, Any]
    hash: str
    tree: SettleNode
    fields: Mapping[str, FieldShape]
    rules: tuple[Rule, ...]

    def tells_items(self, name: str) -> bool:
        """Whether the items of a top-level property are told one by one: a list, and not held as a whole."""
        node = self.tree.child(name)
        return node.items is not None and node.settle in ("items", "grow")

    def holding(self, held: Collection[str]) -> Shape:
        """The same, but nothing of these properties is told before it has closed; lists are told item by item."""
        if not held:
            return self
        children = {name: self.tree.child(name) for name in self.fields}
        told = {name: _held(node) if name in held else node for name, node in children.items()}
        return replace(self, tree=SettleNode("grow", told))

    def check(self, path: Path, value: Any) -> tuple[Any, tuple[Breach, ...]]:
        """A closed value at `/name` or `/name/index` against its own constraints.

        Returns the value as JSON (as its validators leave it) and every rule that it breaks. Validators find an item's
        `index` in their context.
        """
        field = self.fields[str(path[0])]
        try:
            if len(path) == 1 or field.item is None:
                return field.check(value), ()
            item = field.item.validate_json(json.dumps(value), strict=True, context={"index": path[-1]})
            return field.item.dump_python(item, mode="json", by_alias=True), ()
        except ValidationError as error:
            return value, breaches(error, path[1:] and path)


@lru_cache(maxsize=256)
def shape_of(model: type[BaseModel]) -> Shape:
    """The shape of a result model. Property names are the model's aliases, as in its JSON Schema."""
    if issubclass(model, RootModel):
        raise TypeError(f"{model.__name__}: only an object can stream, not a RootModel")
    schema = model.model_json_schema()
    text = json.dumps(schema, ensure_ascii=False, sort_keys=True)
    fields = {
        name: _field_shape(model, name, info)
        for name, info in zip(names(model), model.model_fields.values(), strict=True)
    }
    for name in fields:
        if name.isdigit():
            raise ValueError(f"{model.__name__}: a JSON Pointer would take the property {name!r} for an index")
        if name not in schema["properties"]:
            raise ValueError(f"{model.__name__}: {name!r} is read by another name than it is written by")
    tree = settle_tree(schema)
    return Shape(
        name=model.__name__,
        schema=schema,
        hash=hashlib.sha256(text.encode()).hexdigest()[:16],
        tree=SettleNode("grow", {name: _told(tree.child(name), fields[name]) for name in fields}),
        fields=fields,
        rules=tuple(_rule(model, name, *rule) for name, rule in rules_across(model).items()),
    )


def breaches(error: ValidationError, at: Path = ()) -> tuple[Breach, ...]:
    """Pydantic's errors as ours, for a value that stands at `at`: the first of them, if there are very many."""
    errors = error.errors(include_url=False, include_input=False)
    told = [
        Breach(path=to_pointer((*at, *item["loc"])), rule=item["type"], message=_sentence(item["msg"]))
        for item in errors[:MAX_BREACHES]
    ]
    if more := len(errors) - len(told):
        told.append(Breach(path=to_pointer(at), rule="more", message=f"And {more} more."))
    return tuple(told)


def places(broken: Iterable[Breach]) -> str:
    """Where the rules were broken, for a sentence."""
    paths = list(dict.fromkeys(breach.path or "the whole" for breach in broken))
    return ", ".join(paths[:5]) + (" and more" if len(paths) > 5 else "")


def _sentence(message: str) -> str:
    return message.removeprefix("Value error, ")


def _field_shape(model: type[BaseModel], name: str, info: FieldInfo) -> FieldShape:
    item = _item_type(info.annotation)
    alone = part_of(model, (name,))
    return FieldShape(info=info, name=name, alone=alone, item=None if item is None else TypeAdapter(item))


def _rule(model: type[BaseModel], name: str, function: Any, attributes: tuple[str, ...]) -> Rule:
    fields = tuple(model.model_fields[attribute].alias or attribute for attribute in attributes)
    validator: Any = model_validator(mode="after")(function)
    alone = create_model(model.__name__, __base__=part_of(model, fields), __validators__={name: validator})
    return Rule(name, fields, alone)


def _told(node: SettleNode, field: FieldShape) -> SettleNode:
    """A collection that is no list (a set, a tuple) has no items that could be told one by one."""
    return HELD if node.items and field.item is None else node


def _held(node: SettleNode) -> SettleNode:
    in_items = node.items is not None and node.settle in ("items", "grow")
    return SettleNode("items", items=HELD) if in_items else HELD


def _item_type(annotation: Any) -> Any:
    """The X of `list[X]`, also inside `list[X] | None`; `None` if it is no list."""
    if get_origin(annotation) is list:
        return get_args(annotation)[0]
    found = [item for choice in get_args(annotation) if (item := _item_type(choice)) is not None]
    return found[0] if len(found) == 1 else None
