"""How each field of a streamed object settles, derived from its JSON Schema.

A half-written description is worth showing; half a category or a growing number is a falsehood. So:

- `char`     free text: shown as it grows, character by character
- `word`     the same, by whole words (never by default: a field asks for it)
- `settled`  enums, numbers, booleans, null, strings with a format or pattern: held until closed and valid
- `items`    lists of short strings or other held values (tags, options): item by item, each closed
- `grow`     objects and lists whose inside is worth watching: their children decide

The derivation is overridden on the field: `Annotated[str, Stream("word")]`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from pydantic import GetJsonSchemaHandler
from pydantic_core import CoreSchema

Settle = Literal["char", "word", "settled", "items", "grow"]

KEYWORD = "x-stream"
"""The JSON Schema keyword by which `Stream` travels from an annotation to here. It is never sent to a model."""

SHORT = 40
"""Characters. A list of strings of at most this length is shown item by item (chips, buttons), never half-typed."""


@dataclass(frozen=True, slots=True)
class Stream:
    """Annotation that overrides how a field settles: `Annotated[str, Stream("settled")]`."""

    settle: Settle

    def __post_init__(self) -> None:
        if self.settle not in get_args(Settle):
            raise ValueError(f"Stream takes one of {', '.join(get_args(Settle))}, not {self.settle!r}")

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {**handler(core), KEYWORD: self.settle}


@dataclass(frozen=True, slots=True)
class SettleNode:
    """How one place settles, and the places below it. Unknown places are held: nothing unforeseen shows half-done."""

    settle: Settle
    properties: Mapping[str, SettleNode] = field(default_factory=dict)
    items: SettleNode | None = None

    def child(self, key: str | int) -> SettleNode:
        """The node of a property (by name) or of any item (by index)."""
        found = self.items if isinstance(key, int) else self.properties.get(key)
        return found or HELD

    def walk(self, pointer: str = "") -> Iterator[tuple[str, Settle]]:
        """Every place with how it settles, in schema order; `-` stands for any item of a list."""
        if pointer:
            yield pointer, self.settle
        if self.settle != "grow":
            return
        for name, node in self.properties.items():
            yield from node.walk(f"{pointer}/{name.replace('~', '~0').replace('/', '~1')}")
        if self.items:
            yield from self.items.walk(f"{pointer}/-")


HELD = SettleNode("settled")

_SHAPED = {"format", "pattern", "contentEncoding", "contentMediaType"}
"""Keywords of strings that mean nothing until they are whole: dates, addresses, JSON in a string."""


def settle_tree(schema: Mapping[str, Any]) -> SettleNode:
    """How an object of this JSON Schema settles (2020-12, as pydantic writes it, with `$defs`)."""
    return _node(schema, schema.get("$defs", {}), frozenset())


def _node(schema: Mapping[str, Any], defs: Mapping[str, Any], inside: frozenset[str]) -> SettleNode:
    override = schema.get(KEYWORD)
    if ref := schema.get("$ref"):
        name = ref.rsplit("/", 1)[-1]
        if name in inside:  # a recursive schema: what nests without end is shown when it is whole
            return HELD
        node = _node(defs[name], defs, inside | {name})
    elif choices := schema.get("anyOf") or schema.get("oneOf") or schema.get("allOf"):
        real = [choice for choice in choices if choice.get("type") != "null"]
        node = _node(real[0], defs, inside) if len(real) == 1 else HELD
    else:
        node = _plain(schema, defs, inside)
    if override is None or override == node.settle:
        return node
    return SettleNode(override, node.properties, node.items)


def _plain(schema: Mapping[str, Any], defs: Mapping[str, Any], inside: frozenset[str]) -> SettleNode:
    if "enum" in schema or "const" in schema:
        return HELD
    match schema.get("type"):
        case "string" if not _SHAPED & schema.keys():
            return SettleNode("char")
        case "array" if "items" in schema:
            items = _node(schema["items"], defs, inside)
            held = items.settle == "settled" or _is_short(schema["items"])
            return SettleNode("items", items=HELD) if held else SettleNode("grow", items=items)
        case "object" if properties := schema.get("properties"):
            if any(name.isdigit() for name in properties):  # a pointer could not tell its names from indexes
                return HELD
            return SettleNode("grow", {name: _node(node, defs, inside) for name, node in properties.items()})
        case _:
            return HELD


def _is_short(items: Mapping[str, Any]) -> bool:
    return items.get("type") == "string" and items.get("maxLength", SHORT + 1) <= SHORT and KEYWORD not in items
