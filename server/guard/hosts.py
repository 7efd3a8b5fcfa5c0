"""Guards against requests for somebody else's name: a page that points its own name here (DNS rebinding), a link or a
redirect made from a name that a client invented, a cache in between that is told lies.
"""

import re
from collections.abc import Iterable
from ipaddress import IPv6Address

from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from schemas import Code, RequestError
from server.errors import respond

PROBED = frozenset({"/health", "/ready", "/metrics"})
"""What load balancers and Prometheus ask, by address: that no page can do whose name was pointed here."""

_ADDRESS = re.compile(r"\[.+\]|[0-9.]+|localhost")
_CONTROL = re.compile("[\x00-\x1f\x7f]")
"""In a path they mean nothing. But where a guard's pattern has to end, a route's may end before one of them."""

_HOST = re.compile(rb"(?P<name>\[[0-9A-Fa-f:.]+\]|[0-9A-Za-z._-]+)(?::[0-9]{0,5})?")


class Hosts:
    """Lets requests through whose Host is one of these names, whatever the port.

    A Host that is missing, comes twice or is none gets 400 (RFC 9112, section 3.2), and one that is not served here 421
    (RFC 9110, section 15.5.20). There are no WebSockets here, so these are closed.
    """

    def __init__(self, app: ASGIApp, names: Iterable[str]) -> None:
        self._app = app
        self._names = frozenset(_canonical(name) for name in names)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        elif scope["type"] == "http" and (refusal := self._refusal(scope)):
            await refusal(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    def _refusal(self, scope: Scope) -> Response | None:
        path, name = scope["path"], _asked(scope)
        if _CONTROL.search(path):
            return respond(RequestError("There is no such path.", code=Code.NOT_FOUND))
        if name in self._names or path in ("/health", "/ready"):
            return None
        if name is None:
            return _refused(400, "The request needs exactly one Host.")
        if path in PROBED and _ADDRESS.fullmatch(name):
            return None
        return _refused(421, "This server does not answer for that Host.")


def _asked(scope: Scope) -> str | None:
    """The name in the Host header; None if there is none."""
    hosts = [value for name, value in scope["headers"] if name == b"host"]
    if len(hosts) != 1 or not (host := _HOST.fullmatch(hosts[0].strip(b" \t"))):
        return None
    return _canonical(host["name"].decode("ascii"))


def _canonical(name: str) -> str:
    """One spelling for each name: without case, without the root's dot, IPv6 addresses in their short form."""
    if not name.startswith("["):
        return name.lower().removesuffix(".")
    try:
        return f"[{IPv6Address(name[1:-1]).compressed}]"
    except ValueError:
        return name


def _refused(status: int, message: str) -> Response:
    # Nothing else on this connection is meant for here.
    return respond(RequestError(message), {"connection": "close"}, status)
