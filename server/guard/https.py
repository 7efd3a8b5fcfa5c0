"""Guards against requests that went past the proxy which ends TLS: what they bring could be read on its way."""

from starlette.types import ASGIApp, Receive, Scope, Send

from server.auth.user import Forbidden
from server.errors import respond
from server.guard.hosts import PROBED


class HttpsOnly:
    """Lets requests through of which a proxy that is believed says that they came over TLS, and probes."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["scheme"] != "https" and scope["path"] not in PROBED:
            await respond(Forbidden("This server is asked over HTTPS."))(scope, receive, send)
            return
        await self._app(scope, receive, send)
