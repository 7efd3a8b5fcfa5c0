"""The ways in which a model can be held to a JSON Schema, and the dialects in which a schema is sent.

Ways (set per model, `structured_output` in `langserve.yaml`):

    json_schema   the response format of that name: the server constrains decoding (the default)
    tools         one tool that the model must call; its arguments are the object
    json_object   any JSON object; the schema stands in the prompt
    prompt        nothing but the prompt

Dialects: `plain` keeps every limit; `strict` is what OpenAI itself accepts.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any, Literal

from chains.shape import Shape
from schemas.settle import KEYWORD
from schemas.text import TRIM

Way = Literal["json_schema", "tools", "json_object", "prompt"]
Dialect = Literal["plain", "strict"]

Schema = dict[str, Any]

_BY_NAME = {"properties", "$defs"}
_LISTED = {"anyOf", "oneOf", "allOf", "prefixItems"}
_NESTED = {"items", "additionalProperties"}
_NOT_FOR_MODELS = {KEYWORD, TRIM, "title", "default"}
# What OpenAI's strict mode refuses (its guide, "Supported schemas"); told to the model in words instead.
_IN_WORDS = {
    "minLength": "at least {} characters",
    "maxLength": "at most {} characters",
    "uniqueItems": "no two alike",
}


def call_arguments(way: Way, dialect: Dialect, shape: Shape) -> dict[str, Any]:
    """The keyword arguments that make a chat model's call keep to the shape."""
    if way == "prompt":
        return {}
    if way == "json_object":
        return {"response_format": {"type": "json_object"}}
    schema = strict(shape.schema) if dialect == "strict" else plain(shape.schema)
    if way == "json_schema":
        named = {"name": shape.name, "schema": schema, "strict": dialect == "strict"}
        return {"response_format": {"type": "json_schema", "json_schema": named}}
    function: dict[str, Any] = {"name": shape.name, "description": "Gives the answer.", "parameters": schema}
    if dialect == "strict":
        function["strict"] = True
    return {
        "tools": [{"type": "function", "function": function}],
        "tool_choice": {"type": "function", "function": {"name": shape.name}},
    }


def instructions(way: Way, shape: Shape) -> str:
    """What the prompt must add because the call itself does not say it; empty where the call does."""
    if way in ("json_schema", "tools"):
        return ""
    schema = json.dumps(plain(shape.schema), ensure_ascii=False)
    return f"Answer with one JSON object and nothing else. It must meet this JSON Schema:\n{schema}"


def plain(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The schema as it is, without what only this server or a person reads.

    Every top-level key is asked for, also one that has a default: a model that may leave a field out often does.
    """
    asked = {**schema, "required": list(schema["properties"])} if "properties" in schema else schema
    return _walk(asked, lambda node: {key: value for key, value in node.items() if key not in _NOT_FOR_MODELS})


def strict(schema: Mapping[str, Any]) -> dict[str, Any]:
    """OpenAI's dialect: closed objects, every key required, unsupported limits moved into the description."""
    return _walk(plain(schema), _strict_level)


def _strict_level(node: Schema) -> Schema:
    words = ", ".join(text.format(node[key]) for key, text in _IN_WORDS.items() if node.get(key))
    kept = {key: value for key, value in node.items() if key not in _IN_WORDS}
    if words and "$ref" not in node:
        kept["description"] = f"{node['description']} ({words})" if "description" in node else words
    if "properties" in node:
        kept |= {"required": list(node["properties"]), "additionalProperties": False}
    return kept


def _walk(schema: Mapping[str, Any], level: Callable[[Schema], Schema]) -> Schema:
    """Applies `level` to a schema and every schema inside it, never to names or values that only look like one."""
    node = level(dict(schema))
    for keyword in _BY_NAME & node.keys():
        node[keyword] = {name: _walk(inner, level) for name, inner in node[keyword].items()}
    for keyword in _LISTED & node.keys():
        node[keyword] = [_walk(inner, level) for inner in node[keyword]]
    for keyword in _NESTED & node.keys():
        if isinstance(node[keyword], dict):
            node[keyword] = _walk(node[keyword], level)
    return node
