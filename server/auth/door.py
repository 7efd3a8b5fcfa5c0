"""Guards against everybody who may not come in: each request is asked who it is for, before anything else is done.

What is open to all is listed here, and nothing else is. Only the request's head is looked at: not a byte of a body is
read for somebody who is not let in.
"""

import re
from dataclasses import replace

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from schemas import StreamError
from server.auth.backend import Backend
from server.auth.secret import Secret
from server.auth.tickets import Tickets
from server.auth.tokens import Tokens
from server.auth.user import ANYBODY, Unauthenticated, User, enter
from server.errors import respond
from server.guard.paths import is_reading, run_of

OPEN = re.compile(r"/|/page/.*|/health|/ready|/metrics|/schemas\.json|/openapi\.json")
"""What anybody may ask for; of these `/metrics` has a rule of its own."""


class Keeper:
    """Knows who is let in. Without `tokens` and `backend` it is anybody."""

    def __init__(self, tokens: Tokens | None, backend: Backend | None, tickets: Tickets | None, secret: Secret) -> None:
        self._tokens = tokens
        self._backend = backend
        self._tickets = tickets
        self._secret = secret

    async def user(self, scope: Scope) -> User:
        """Who asks. `Unauthenticated`, `Forbidden`. What a request shows in `Authorization` decides alone: a token that
        has run out is not made good by a cookie.
        """
        if not (self._tokens or self._backend):
            return ANYBODY
        headers = Headers(scope=scope)
        if shown := headers.getlist("authorization"):
            user = await self._shown(shown, headers)
            return replace(user, key=self._secret.pseudonym(user.id))
        run_id = run_of(scope["path"])
        if self._tickets and run_id and (holder := self._tickets.user(scope, run_id)):
            return replace(holder, by_ticket=True)
        raise Unauthenticated

    async def _shown(self, shown: list[str], headers: Headers) -> User:
        scheme, _, credential = shown[0].partition(" ")
        if len(shown) > 1 or scheme.lower() != "bearer":
            raise Unauthenticated
        if self._backend and self._backend.knows(credential):
            return self._backend.user(headers)
        if self._tokens is None:
            raise Unauthenticated
        return await self._tokens.user(credential)

    def cookie(self, scope: Scope, user: User) -> str | None:
        """What an opening that was let in by a ticket or a cookie is answered with, so that it can be repeated."""
        run_id = run_of(scope["path"])
        if self._tickets and user.by_ticket and run_id and is_reading(scope["path"]):
            return self._tickets.cookie(run_id, user, secure=scope["scheme"] == "https")
        return None


class Door:
    """Lets in whom the `keeper` knows, and tells the others so."""

    def __init__(self, app: ASGIApp, keeper: Keeper) -> None:
        self._app = app
        self._keeper = keeper

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or OPEN.fullmatch(scope["path"]):
            await self._app(scope, receive, send)
            return
        try:
            user = await self._keeper.user(scope)
        except StreamError as error:
            headers = {"www-authenticate": "Bearer"} if isinstance(error, Unauthenticated) else {}
            await respond(error, headers)(scope, receive, send)
            return
        enter(scope, user)
        cookie = self._keeper.cookie(scope, user)
        await self._app(scope, receive, _with_cookie(send, cookie) if cookie else send)


def _with_cookie(send: Send, cookie: str) -> Send:
    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start" and message["status"] == 200:
            MutableHeaders(scope=message).append("set-cookie", cookie)
        await send(message)

    return sent
