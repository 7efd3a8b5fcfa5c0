"""Failures before a stream, as HTTP: one status, one envelope, whatever raised them."""

import asyncio
import logging
from collections.abc import Callable
from http import HTTPStatus
from math import ceil
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chains.faults import log_fault
from schemas import Breach, Code, RequestError, ServerError, StreamError, to_pointer

_log = logging.getLogger(__name__)

_BY_STATUS = {
    HTTPStatus.NOT_FOUND: Code.NOT_FOUND,
    HTTPStatus.METHOD_NOT_ALLOWED: Code.METHOD_NOT_ALLOWED,
    HTTPStatus.BAD_REQUEST: Code.INVALID_JSON,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: Code.REQUEST_TOO_LARGE,
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: Code.UNSUPPORTED_MEDIA_TYPE,
}


class Refusal(JSONResponse):
    """An error as a response. It tells `server.observe.requests`, before which it passes, what it says."""

    def __init__(self, error: StreamError, headers: dict[str, str], status: int | None) -> None:
        super().__init__(error.envelope(), status or error.status, headers)
        self._error = error

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope.setdefault("state", {})["refusal"] = self._error
        await super().__call__(scope, receive, send)


def respond(error: StreamError, headers: dict[str, str] | None = None, status: int | None = None) -> Response:
    """The error as a response. `status`: a more telling one than its code has."""
    headers = {"cache-control": "no-store", **(headers or {})}
    if error.retry_after_ms is not None:
        headers["retry-after"] = str(ceil(error.retry_after_ms / 1000))
    return Refusal(error, headers, status)


def add_error_handlers(app: FastAPI) -> None:
    """Every failure that a handler raises becomes the envelope."""

    @app.exception_handler(StreamError)
    async def _stream_error(request: Request, error: StreamError) -> Response:
        return respond(error)

    @app.exception_handler(RequestValidationError)
    async def _validation(request: Request, error: RequestValidationError) -> Response:
        details = tuple(_breach(item) for item in error.errors())
        return respond(RequestError("The request breaks the rules.", details=details))

    @app.exception_handler(HTTPException)
    async def _http(request: Request, error: HTTPException) -> Response:
        code = _BY_STATUS.get(HTTPStatus(error.status_code), Code.INVALID_REQUEST)
        return respond(RequestError(str(error.detail), code=code), dict(error.headers or {}))


class Faults:
    """Guards against telling a client, or a log, what an unforeseen exception says: its words may quote a user.

    - `going`: what is to be said to those who are cut off, once this process is going; None before that
    - `answering`: the tasks of all requests that are being answered
    """

    def __init__(
        self,
        app: ASGIApp,
        going: Callable[[], StreamError | None] = lambda: None,
        answering: set[asyncio.Task[Any]] | None = None,
    ) -> None:
        self._app = app
        self._going = going
        self._answering = set() if answering is None else answering

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or (task := asyncio.current_task()) is None:
            await self._app(scope, receive, send)
            return
        self._answering.add(task)
        try:
            await self._answer(task, scope, receive, send)
        finally:
            self._answering.discard(task)

    async def _answer(self, task: asyncio.Task[Any], scope: Scope, receive: Receive, send: Send) -> None:
        begun = False

        async def note_start(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._app(scope, receive, note_start)
        except asyncio.CancelledError:
            if (going := self._going()) is None:
                raise
            task.uncancel()
            if not begun:
                await respond(going)(scope, receive, send)
        except Exception as error:  # noqa: BLE001  # the last place that can answer
            if begun and isinstance(error.__cause__, StreamError):
                await send({"type": "http.response.body"})  # LangServe told it in its stream and raised it as well
                return
            log_fault(_log, "a request broke", error)
            if not begun:
                await respond(ServerError("The server has a fault."))(scope, receive, send)


def _breach(item: object) -> Breach:
    if not isinstance(item, dict):  # LangServe reports a plain sentence
        return Breach(path="", rule="invalid", message=str(item))
    return Breach(
        path=to_pointer(item.get("loc", ())), rule=str(item.get("type", "invalid")), message=str(item.get("msg", ""))
    )
