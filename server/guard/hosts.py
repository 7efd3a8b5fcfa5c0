"""Guards against requests for somebody else's name: a page that points its own name here (DNS rebinding), a link or a
redirect made from a name that a client invented, a cache in between that is told lies.
"""

import re
from collections.abc import Iterable
from ipaddress import IPv6Address

from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from schemas import RequestError

PROBED = frozenset({"/health", "/ready", "/metrics"})
"""What load balancers and Prometheus ask by address. Nothing there depends on a name."""

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
        elif scope["type"] == "http" and scope["path"] not in PROBED and (refusal := self._refusal(scope)):
            await refusal(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    def _refusal(self, scope: Scope) -> Response | None:
        name = _asked(scope)
        if name is None:
            return _refused(400, "The request needs exactly one Host.")
        return None if name in self._names else _refused(421, "This server does not answer for that Host.")


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
    headers = {"cache-control": "no-store", "connection": "close"}  # nothing else on this connection is meant for here
    return JSONResponse(RequestError(message).envelope(), status, headers)
