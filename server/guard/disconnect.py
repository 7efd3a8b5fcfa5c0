"""Guards against working for nobody: when a client leaves, whatever its request set going is stopped.

Starlette tells only who listens, and LangServe's `invoke` and `batch` do not: their model calls would run to the end,
and be paid for.
"""

import asyncio

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send


class CancelOnDisconnect:
    """Cancels the handler of a POST request whose client has left before the response was complete."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "POST":
            await self._app(scope, receive, send)
            return
        await _Watched(self._app, receive, send).run(scope)


class _Watched:
    """One request: the body goes through to the handler, then the connection is listened to on its behalf."""

    def __init__(self, app: ASGIApp, receive: Receive, send: Send) -> None:
        self._app = app
        self._receive = receive
        self._send = send
        self._answered = False
        self._left = asyncio.Event()
        self._listening: asyncio.Task[None] | None = None
        self._handler = asyncio.current_task()

    async def run(self, scope: Scope) -> None:
        try:
            await self._app(scope, self._receive_body, self._note_answer)
        except ClientDisconnect:
            pass  # within its own request's body
        except asyncio.CancelledError:
            if not self._left.is_set():
                raise
            asyncio.current_task().uncancel()  # type: ignore[union-attr]  # the client is gone: this was the purpose
        finally:
            if self._listening:
                self._listening.cancel()

    async def _receive_body(self) -> Message:
        if self._listening:
            await self._left.wait()
            return {"type": "http.disconnect"}
        message = await self._receive()
        if message["type"] == "http.disconnect":
            self._left.set()
        elif not message.get("more_body"):
            self._listening = asyncio.create_task(self._listen())
        return message

    async def _note_answer(self, message: Message) -> None:
        if message["type"] == "http.response.body" and not message.get("more_body"):
            self._answered = True
        await self._send(message)

    async def _listen(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self._left.set()
        if not self._answered and self._handler:
            self._handler.cancel()
