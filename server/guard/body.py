"""Guards against bodies that are too large, not JSON, or ask for what clients may not set.

A stream must not begin before its request is known to be sound, and LangServe answers odd bodies with 500.
"""

import re
from collections.abc import Mapping
from typing import Any

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from schemas import Code, RequestError
from server.errors import respond
from server.guard.ijson import read_ijson

_DEPTH = "json_depth"
_CLOSE = {"connection": "close"}
_WITHOUT_BODY = ("GET", "HEAD", "DELETE")
_LENGTH = re.compile(r"[0-9]{1,18}")
_CHARSET = re.compile(r';\s*charset\s*=\s*"?([^\s;"]*)')


class BodyLimit:
    """Reads at most `limit` bytes of a request's body, and its JSON `depth` levels deep: memory stays flat whatever a
    client sends.

    A body that announces more is refused before any of it is read, and one that turns out to have more is cut off.
    Nobody reads the rest: the connection ends with the answer (RFC 9112, section 9.3).
    """

    def __init__(self, app: ASGIApp, limit: int, depth: int = 32) -> None:
        self._app = app
        self._limit = limit
        self._depth = depth

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        size = _announced(headers)
        if size is not None and size > self._limit:
            await respond(_too_large(self._limit), _CLOSE)(scope, receive, send)
        elif size != 0 and scope["method"] in _WITHOUT_BODY:
            await respond(RequestError(f"A {scope['method']} request has no body."), _CLOSE)(scope, receive, send)
        else:
            scope[_DEPTH] = self._depth
            body = _Body(receive, send, self._limit, bounded=size is not None)
            await self._app(scope, body.receive, body.send)


class _Body:
    """One request's body on its way in. `bounded`: its end is known, so what is left of it can be passed over."""

    def __init__(self, receive: Receive, send: Send, limit: int, *, bounded: bool) -> None:
        self._receive = receive
        self._send = send
        self._limit = limit
        self._read = 0
        self._done = bounded

    async def receive(self) -> Message:
        message = await self._receive()
        self._read += len(message.get("body", b""))
        if self._read > self._limit:
            raise _too_large(self._limit)
        self._done = self._done or not message.get("more_body", False)
        return message

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start" and not self._done:
            message = {**message, "headers": [*message.get("headers", ()), (b"connection", b"close")]}
        await self._send(message)


async def read_json(request: Request) -> dict[str, Any]:
    """The body, which must be a JSON object and be sent as one.

    Whoever reads it behind the guards gets this very object, LangServe too: had it the bytes, it could read another one
    in them than was checked.
    """
    _check_kind(request.headers)
    body = read_ijson(await request.body(), request.scope[_DEPTH])
    if not isinstance(body, dict):
        raise RequestError.at("", "type", "The body must be a JSON object.")
    request._json = body
    return body


async def read_envelope(request: Request) -> dict[str, Any]:
    """The body of a chain's endpoint: an object with `input` or `inputs`, as LangServe lays it out."""
    body = await read_json(request)
    _check_kwargs(body.get("kwargs"))
    _check_config(body.get("config"), listed="inputs" in body)
    return body


def one_input(body: Mapping[str, Any]) -> Any:
    """The input of `invoke`, `stream` and `stream_events`."""
    if "input" not in body:
        raise RequestError.at("/input", "missing", "The body has no input.")
    return body["input"]


def some_inputs(body: dict[str, Any], at_most: int) -> list[Any]:
    """The inputs of `batch`."""
    inputs = body.get("inputs")
    if not isinstance(inputs, list):
        raise RequestError.at("/inputs", "type", "The body needs a list of inputs.")
    if len(inputs) > at_most:
        raise RequestError.at("/inputs", "too_long", f"At most {at_most} inputs in one batch.")
    return inputs


def _check_kwargs(kwargs: Any) -> None:
    """LangChain.js sends an empty object for each input of a batch, and the version of the events that it reads."""
    for one in kwargs if isinstance(kwargs, list) else [kwargs]:
        if one not in (None, {}, {"version": "v2"}):
            raise RequestError.at("/kwargs", "forbidden", "Clients cannot set keyword arguments.")


def _check_config(config: Any, *, listed: bool) -> None:
    configs = config if listed and isinstance(config, list) else [config]
    for one in configs:
        if one is not None and not isinstance(one, dict):
            raise RequestError.at("/config", "type", "A config must be a JSON object.")
        if one and one.get("configurable"):
            raise RequestError.at("/config/configurable", "forbidden", "Clients cannot configure the chains.")


def _check_kind(headers: Headers) -> None:
    """Exactly one kind, so that no page of another site can send it unasked, and in the encoding that JSON has."""
    kinds = headers.getlist("content-type")
    kind = kinds[0].lower() if len(kinds) == 1 else ""
    if kind.partition(";")[0].strip() != "application/json" or not set(_CHARSET.findall(kind)) <= {"utf-8", "utf8"}:
        raise _unsupported("Send JSON as application/json, in UTF-8.")
    codings = headers.get("content-encoding", "identity"), headers.get("transfer-encoding", "chunked")
    if tuple(coding.strip().lower() for coding in codings) != ("identity", "chunked"):
        raise _unsupported("Send the body as it is, not compressed.")


def _announced(headers: Headers) -> int | None:
    """How long the body will be: 0 for none, None if only its end will tell."""
    if "transfer-encoding" in headers:
        return None
    length = headers.get("content-length", "0")
    return int(length) if _LENGTH.fullmatch(length) else None


def _too_large(limit: int) -> RequestError:
    return RequestError(f"The body is larger than {limit} bytes.", code=Code.REQUEST_TOO_LARGE)


def _unsupported(message: str) -> RequestError:
    return RequestError(message, code=Code.UNSUPPORTED_MEDIA_TYPE)
