"""What is derived once from a result model: its JSON Schema, how its fields settle, a validator for each field."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, Field, RootModel, ValidationError, create_model, model_validator
from pydantic.fields import FieldInfo

from chains.ask import names, part_of
from chains.breaches import breaches
from schemas import Breach, Path, SettleNode, settle_tree, to_pointer
from schemas.across import rules_across
from schemas.settle import HELD
from schemas.text import trimmed

ITEM = "item"


@dataclass(frozen=True, slots=True)
class FieldShape:
    """One top-level property.

    - `alone`: a model of it alone
    - `item`, `most`: of a list, a model of one item, and how many it may hold
    - `longest`: of a text, how many characters it may have
    """

    info: FieldInfo
    name: str
    alone: type[BaseModel]
    item: type[BaseModel] | None
    most: int | None
    longest: int | None

    @property
    def default(self) -> Any:
        """The default as JSON. Only for properties that have one."""
        return self.alone().model_dump(mode="json", by_alias=True).get(self.name)  # absent if the model leaves it out

    def check(self, value: Any) -> Any:
        """The property as JSON, as its validators leave it. `ValidationError` with the property's name in front."""
        valid = self.alone.model_validate_json(json.dumps({self.name: value}), strict=True)
        return valid.model_dump(mode="json", by_alias=True).get(self.name, value)

    def check_item(self, index: int, value: Any) -> tuple[Any, tuple[Breach, ...]]:
        """An item as JSON, as its validators leave it, and the rules it breaks. Validators find `index` in context.

        One item too many breaks the list's rule: what comes behind it cannot mend that.
        """
        if self.item is None:
            return value, ()
        if self.most is not None and index >= self.most:
            message = f"List should have at most {self.most} items"
            return value, (Breach(path=to_pointer((self.name,)), rule="too_long", message=message),)
        try:
            valid = self.item.model_validate_json(json.dumps({ITEM: value}), strict=True, context={"index": index})
        except ValidationError as error:
            return value, breaches(error, lambda place: (self.name, index, *place[1:]))
        return valid.model_dump(mode="json", by_alias=True)[ITEM], ()


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

        Returns the value as JSON (as its validators leave it) and every rule that it breaks.
        """
        field = self.fields[str(path[0])]
        if isinstance(index := path[-1], int):
            return field.check_item(index, value)
        try:
            return field.check(value), ()
        except ValidationError as error:
            return value, breaches(error)


@lru_cache(maxsize=256)
def shape_of(model: type[BaseModel]) -> Shape:
    """The shape of a result model. Property names are the model's aliases, as in its JSON Schema."""
    if issubclass(model, RootModel):
        raise TypeError(f"{model.__name__}: only an object can stream, not a RootModel")
    schema = _resolved(model.model_json_schema())
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


def _resolved(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema of a model that contains itself stands among its definitions."""
    if "$ref" not in schema:
        return schema
    return {**schema["$defs"][schema["$ref"].rsplit("/", 1)[-1]], "$defs": schema["$defs"]}


def _field_shape(model: type[BaseModel], name: str, info: FieldInfo) -> FieldShape:
    item = _item_type(info.annotation)
    field: Any = {ITEM: (item, Field(alias=ITEM))}  # its own name, whatever the configuration says of aliases
    alone = part_of(model, (name,))
    kind, bound = _upper_bound(alone)
    return FieldShape(
        info=info,
        name=name,
        alone=alone,
        item=None if item is None else create_model("Item", __config__=model.model_config, **field),
        most=bound if kind == "list" else None,
        longest=bound if kind == "str" else None,
    )


_AROUND_THE_FIELD = {"definitions", "model", "function-before", "function-wrap", "function-after"}
_AROUND_THE_VALUE = {"model-field", "nullable", "default", "function-before", "function-after"}


def _upper_bound(alone: type[BaseModel]) -> tuple[str, int | None]:
    """Which kind of value the only field of a model is, and how long it may be at most.

    No bound, if a validator of the author's comes before it: that may shorten what is too long.
    """
    schema: Any = alone.__pydantic_core_schema__
    while schema["type"] in _AROUND_THE_FIELD:
        schema = schema["schema"]
    (schema,) = schema["fields"].values()
    while schema["type"] in _AROUND_THE_VALUE:
        if schema["type"] == "function-before" and schema["function"]["function"] is not trimmed:
            return "", None
        schema = schema["schema"]
    return schema["type"], schema.get("max_length")


def _rule(model: type[BaseModel], name: str, function: Any, attributes: tuple[str, ...]) -> Rule:
    """The rule on the fields it reads. It is run on the model's own class, whose properties and methods it may use."""
    part = part_of(model, fields := tuple(model.model_fields[each].alias or each for each in attributes))

    def run(values: Any) -> Any:
        function(_with_only(model, {each: getattr(values, each) for each in attributes}))
        return values

    validators: Any = {name: model_validator(mode="after")(run)}
    return Rule(name, fields, create_model(model.__name__, __base__=part, __validators__=validators))


def _with_only(model: type[BaseModel], values: dict[str, Any]) -> BaseModel:
    """An object of the model that has these attributes and no others: no defaults, which would be a falsehood here."""
    made = model.__new__(model)
    parts = {"__dict__": values, "__pydantic_fields_set__": set(values), "__pydantic_extra__": None}
    for name, part in {**parts, "__pydantic_private__": None}.items():
        object.__setattr__(made, name, part)
    return made


def _told(node: SettleNode, field: FieldShape) -> SettleNode:
    """A collection that is no list (a set, a tuple) has no items that could be told one by one."""
    return HELD if node.items and field.item is None else node


def _held(node: SettleNode) -> SettleNode:
    in_items = node.items is not None and node.settle in ("items", "grow")
    return SettleNode("items", items=HELD) if in_items else HELD


def _item_type(annotation: Any) -> Any:
    """The X of `list[X]`, also inside `list[X] | None`; `None` if it is no list."""
    origin = get_origin(annotation)
    if origin is list:
        return get_args(annotation)[0]
    if origin not in (Union, UnionType, Annotated):
        return None
    found = [item for choice in get_args(annotation) if (item := _item_type(choice)) is not None]
    return found[0] if len(found) == 1 else None
