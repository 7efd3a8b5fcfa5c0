"""Guards against requests that never arrive whole: a head without end fills memory, half a body keeps a place."""

import asyncio
import json
import re
from collections.abc import Sequence
from functools import partial

from starlette.types import Scope
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from schemas import RequestError

STATE = "request_s"
"""Under which name the app's lifespan state says for how many seconds a request may be on its way."""

TOLD = "late"
"""And under which name whom to tell that one was refused for that, or for its head."""

HEAD_BYTES = 65_536
"""The longest head. nginx takes 32 KB in all, and uvicorn's other parser as much as this one."""

CUT = "cut"
"""Under which name a request's state says that its connection was broken off."""

_HANG_UP = "hang_up"
_UPGRADE = re.compile(rb"\r\nupgrade(?=[ \t]*:)", re.IGNORECASE)


def hang_up(scope: Scope) -> bool:
    """Breaks off a request's connection behind what has been sent: whoever reads learns that there should be more.

    ASGI has no word for that; false where another server than ours runs the app.
    """
    cut = scope["state"].get(_HANG_UP)
    if cut:
        scope["state"][CUT] = True
        cut()
    return bool(cut)


def _without_upgrade(data: bytes) -> bytes:
    """The beginning of a request that asks for no other protocol: a server may pass that over (RFC 9110, section 7.8).

    uvicorn's parser cannot: it would read no body. Java's `HttpClient` asks for HTTP/2 in this way unless told not to.
    """
    head, end, rest = data.partition(b"\r\n\r\n")
    return _UPGRADE.sub(b"\r\nignored", head) + end + rest


def _disconnect(cycle: RequestResponseCycle) -> None:
    """Its client is gone: whoever listens is told, and nothing more is written."""
    if not cycle.response_complete:
        cycle.disconnected = True
        cycle.message_event.set()


class ArrivalGuard(HttpToolsProtocol):
    """uvicorn's HTTP protocol, which waits for a request only so long, and takes only so much that is no body.

    The time runs from the connection's beginning, or from a further request's first byte, until the request is whole.
    It stands still while it is the server that does not read. Between two requests uvicorn's own limit holds.
    """

    _late: asyncio.TimerHandle | None = None
    _cycles: Sequence[RequestResponseCycle] = ()
    """The requests of this connection that are not answered yet."""

    _outside = 0
    """Bytes since the last of a body, the end of a head or of a request: what the parser keeps until it sees an end."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """A client is there, and should say something."""
        super().connection_made(transport)
        self._expect()

    def connection_lost(self, exc: Exception | None) -> None:
        """It has left. uvicorn tells only the last of several requests that came one behind another."""
        self._arrived()
        for cycle in self._cycles:
            _disconnect(cycle)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Some bytes of a request, or of several."""
        if self._between:
            self._expect()
            data = _without_upgrade(data)
        self._outside += len(data)
        super().data_received(data)
        if self._outside > HEAD_BYTES:
            self._refuse(431, f"The request's head is larger than {HEAD_BYTES} bytes.")

    def on_headers_complete(self) -> None:
        """The head is whole."""
        self._outside = 0
        super().on_headers_complete()
        self._cycles = [cycle for cycle in (*self._cycles, self.cycle) if not cycle.response_complete]
        self.scope["state"][_HANG_UP] = partial(self._hang_up, self.cycle)

    def on_body(self, body: bytes) -> None:
        """A piece of the body."""
        self._outside = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """The request is whole."""
        self._outside = 0
        self._arrived()
        super().on_message_complete()

    def _hang_up(self, cycle: RequestResponseCycle) -> None:
        """Else a response that is left unfinished would be a fault to uvicorn, and be logged."""
        _disconnect(cycle)
        self.transport.close()

    @property
    def _between(self) -> bool:
        """Whether no request has its head here and its answer still to come."""
        return self.cycle is None or self.cycle.response_complete  # type: ignore[redundant-expr]  # None at first

    def _expect(self) -> None:
        if self._late is None and (limit := self.app_state.get(STATE)) is not None:
            self._late = self.loop.call_later(limit, self._overdue)

    def _overdue(self) -> None:
        self._late = None
        if self.flow.read_paused:
            self._expect()
        else:
            self._refuse(408, "The request did not arrive in time.")

    def _arrived(self) -> None:
        if self._late:
            self._late.cancel()
            self._late = None

    def _refuse(self, status: int, message: str) -> None:
        """Hangs up, and says why to whoever has begun to ask and has not been answered yet. Who reads the body of the
        request learns that its client is gone.
        """
        if self.transport.is_closing():
            return
        if self._outside if self._between else not self.cycle.response_started:
            body = json.dumps(RequestError(message).envelope()).encode("ascii")
            head = b"content-type: application/json\r\nconnection: close\r\ncontent-length: %d\r\n\r\n" % len(body)
            self.transport.write(STATUS_LINE[status] + head + body)
        self.transport.close()
        self.app_state[TOLD]()
