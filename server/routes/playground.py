"""LangServe's playground page, for development, with a form that it can show.

The page's form library knows no `null`, and fills optional lists with empty items that then forbid to start. So it is
given the request's schema without either; what it sends is a request like any other.
"""

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter
from langserve.playground import serve_playground
from starlette.responses import Response

from chains.structured import StructuredChain

POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; frame-ancestors 'none'"
)
"""LangServe's page has a script in itself, and makes others. It is there in development only."""


def playground_routes(chain: StructuredChain, path: str) -> APIRouter:
    """The page of one chain. It posts to `stream_log` and to nothing else."""
    router = APIRouter()
    form: Any = _Form(chain)

    @router.get(f"{path}/playground/{{file:path}}", include_in_schema=False)
    async def playground(file: str) -> Response:
        base, keys = f"{path}/playground", ()
        response = await serve_playground(chain, form, chain.result, keys, base, file, False, False, "default")
        response.headers["content-security-policy"] = POLICY
        return response

    return router


class _Form:
    """Stands where LangServe wants a model and asks it for one thing."""

    def __init__(self, chain: StructuredChain) -> None:
        self._schema = form_schema(chain.request.model_json_schema())

    def model_json_schema(self) -> dict[str, Any]:
        return self._schema


def form_schema(schema: Mapping[str, Any]) -> dict[str, Any]:
    """A request's schema as the form library can show it: no null, no optional lists."""
    required = schema.get("required", ())
    fields = {name: _without_null(field) for name, field in schema["properties"].items()}
    shown = {name: field for name, field in fields.items() if name in required or field.get("type") != "array"}
    return {**schema, "properties": shown}


def _without_null(field: Mapping[str, Any]) -> dict[str, Any]:
    kept = {key: value for key, value in field.items() if not (key == "default" and value is None)}
    real = [choice for choice in kept.pop("anyOf", []) if choice.get("type") != "null"]
    return {**kept, **real[0]} if len(real) == 1 else dict(field)
