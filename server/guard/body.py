"""Guards against bodies that are too large, not JSON, or ask for what clients may not set.

A stream must not begin before its request is known to be sound, and LangServe answers odd bodies with 500.
"""

import json
from math import isinf
from typing import Any

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from schemas import Breach, Code, RequestError


class BodyLimit:
    """Stops reading a request's body at `limit` bytes: memory stays flat whatever a client sends."""

    def __init__(self, app: ASGIApp, limit: int) -> None:
        self._app = app
        self._limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        read = 0

        async def limited() -> Message:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if read > self._limit:
                raise RequestError(f"The body is larger than {self._limit} bytes.", code=Code.REQUEST_TOO_LARGE)
            return message

        await self._app(scope, limited, send)


async def read_json(request: Request) -> dict[str, Any]:
    """The body, which must be a JSON object and be sent as one."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise RequestError("Send JSON as application/json.", code=Code.UNSUPPORTED_MEDIA_TYPE)
    try:
        text = (await request.body()).decode("utf-8")
        body = json.loads(text, parse_constant=_refuse_constant, parse_float=_finite)
    except (ValueError, RecursionError) as error:
        raise RequestError("The body is not JSON.", code=Code.INVALID_JSON) from error
    if not isinstance(body, dict):
        raise _breach("", "type", "The body must be a JSON object.")
    return body


async def read_envelope(request: Request) -> dict[str, Any]:
    """The body of a chain's endpoint: an object with `input` or `inputs`, as LangServe lays it out."""
    body = await read_json(request)
    if body.get("kwargs") not in (None, {}):
        raise _breach("/kwargs", "forbidden", "Clients cannot set keyword arguments.")
    _check_config(body.get("config"), listed="inputs" in body)
    return body


def one_input(body: dict[str, Any]) -> Any:
    """The input of `invoke`, `stream` and `stream_events`."""
    if "input" not in body:
        raise _breach("/input", "missing", "The body has no input.")
    return body["input"]


def some_inputs(body: dict[str, Any], at_most: int) -> list[Any]:
    """The inputs of `batch`."""
    inputs = body.get("inputs")
    if not isinstance(inputs, list):
        raise _breach("/inputs", "type", "The body needs a list of inputs.")
    if len(inputs) > at_most:
        raise _breach("/inputs", "too_long", f"At most {at_most} inputs in one batch.")
    return inputs


def _check_config(config: Any, *, listed: bool) -> None:
    configs = config if listed and isinstance(config, list) else [config]
    for one in configs:
        if one is not None and not isinstance(one, dict):
            raise _breach("/config", "type", "A config must be a JSON object.")
        if one and one.get("configurable"):
            raise _breach("/config/configurable", "forbidden", "Clients cannot configure the chains.")


def _breach(path: str, rule: str, message: str) -> RequestError:
    return RequestError(message, details=(Breach(path=path, rule=rule, message=message),))


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _finite(number: str) -> float:
    """A number that can be written as JSON again, which `1e999` cannot: here it would be infinite."""
    value = float(number)
    if isinf(value):
        raise ValueError("a number is too large")
    return value
