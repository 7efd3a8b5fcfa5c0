"""Guards against readers that have stopped reading: what is written for them would wait in memory for ever."""

import asyncio
import socket
import struct
import sys

from server.guard.arrival import ArrivalGuard

STATE = "reader_s"
"""Under which name the app's lifespan state says for how many seconds a reader may take nothing."""

TOLD = "cut"
"""And under which name whom to tell that one was cut."""


class StallGuard(ArrivalGuard):
    """uvicorn's HTTP protocol, which cuts a connection whose client has not taken what was sent for too long.

    A response waits while the connection's buffer is full. Cancelling the response would not free it: the buffer would
    still have to be taken. So the connection is aborted, and its response learns of that as of any other client's
    leaving. Nothing is done per write.
    """

    _stalled: asyncio.TimerHandle | None = None

    def pause_writing(self) -> None:
        """The buffer is full."""
        super().pause_writing()
        if (limit := self.app_state.get(STATE)) is not None:
            self._watch(limit, self._waiting())

    def resume_writing(self) -> None:
        """The client has taken most of it."""
        super().resume_writing()
        self._calm()

    def connection_lost(self, exc: Exception | None) -> None:
        """The client has left."""
        self._calm()
        super().connection_lost(exc)

    def _watch(self, limit: float, size: int) -> None:
        self._stalled = self.loop.call_later(limit, self._look, limit, size)

    def _look(self, limit: float, before: int) -> None:
        """Whether anything at all has been taken meanwhile. Nothing is added while the buffer is full."""
        size = self._waiting()
        if size < before:
            self._watch(limit, size)
        else:
            self._cut()

    def _waiting(self) -> int:
        """Bytes that the client has not taken. The kernel, which may hold megabytes, asks for more only when it has got
        rid of a good part of them: for a client that is slow, its buffer alone would look as if nothing were taken.
        """
        return self.transport.get_write_buffer_size() + _unsent(self.transport.get_extra_info("socket"))

    def _cut(self) -> None:
        """By a reset: else the kernel would go on offering what it holds for minutes."""
        connection = self.transport.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.transport.abort()
        self.app_state[TOLD]()

    def _calm(self) -> None:
        if self._stalled:
            self._stalled.cancel()
            self._stalled = None


if sys.platform == "linux":
    import fcntl
    import termios

    def _unsent(connection: socket.socket) -> int:
        """Bytes in the kernel's hands that the other end has not acknowledged (tcp(7), SIOCOUTQ)."""
        held: bytes = fcntl.ioctl(connection.fileno(), termios.TIOCOUTQ, bytes(4))
        return int.from_bytes(held, sys.byteorder)

else:

    def _unsent(connection: socket.socket) -> int:
        """Not known here."""
        return 0
