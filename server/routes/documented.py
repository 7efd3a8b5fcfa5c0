"""Bodies that a dependency reads, as the OpenAPI document says them: FastAPI sees only what it reads itself."""

from typing import Any

from pydantic import BaseModel

from server.wire.ai_sdk_object import MEDIA_TYPE
from server.wire.protocols import EVENT_STREAM

IN_OTHER_PROTOCOLS: dict[int | str, dict[str, Any]] = {
    200: {"description": "The run, in the protocol that was asked for", "content": {EVENT_STREAM: {}, MEDIA_TYPE: {}}}
}
"""What a stream's response may be beside server-sent events."""


def body_of(schema: dict[str, Any]) -> dict[str, Any]:
    """A JSON body of this schema, which is needed."""
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": _inlined(schema)}}}}


def envelope_of(request: type[BaseModel]) -> dict[str, Any]:
    """The same for a chain's input in the envelope that LangServe has for it."""
    schema = request.model_json_schema()
    definitions = schema.pop("$defs", {})
    return body_of(
        {"type": "object", "required": ["input"], "properties": {"input": schema}, "$defs": definitions},
    )


def _inlined(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema without references, which would point out of the document it gets into. None of them is recursive."""
    definitions = schema.get("$defs", {})

    def resolved(part: Any) -> Any:
        if isinstance(part, list):
            return [resolved(item) for item in part]
        if not isinstance(part, dict):
            return part
        whole = part | definitions[part["$ref"].rpartition("/")[2]] if "$ref" in part else part
        return {name: resolved(value) for name, value in whole.items() if name not in ("$ref", "$defs")}

    result: dict[str, Any] = resolved(schema)
    return result
