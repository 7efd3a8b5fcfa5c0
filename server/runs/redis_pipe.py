"""Commands to Redis: all of a process go over one connection, and their replies come back in order.

Nothing is taken from a pool and put back, so a caller that is cancelled can leave no reply behind for somebody else: it
only stops waiting for its own. And what many ask at the same time leaves in one write.
"""

import asyncio
import hashlib
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from math import inf
from typing import Any

from redis.asyncio.connection import AbstractConnection, Connection, parse_url
from redis.exceptions import NoScriptError, RedisError, ResponseError

from chains.wake import Wake
from server.runs.store import StoreUnavailable

_log = logging.getLogger(__name__)

TIMEOUT_S = 2.0
"""Seconds within which Redis answers."""

BATCH = 200
"""How many commands leave before the first of them is answered."""

NOTE_S = 60.0
"""Seconds between two lines in the log about what is wrong with Redis."""

Connect = Callable[[float], AbstractConnection]
"""Makes a connection, not open yet, on which every answer must come within so many seconds."""


class Asked:
    """A command on its way, and the future of its reply."""

    __slots__ = ("packed", "replies", "reply")

    def __init__(self, packed: list[bytes], replies: int) -> None:
        self.packed = packed
        self.replies = replies
        """How many Redis gives to it; the last one counts."""
        self.reply: asyncio.Future[Any] = asyncio.get_running_loop().create_future()

    def answer(self, reply: Any) -> None:
        """Its reply, or what went wrong. Who asked may not wait for it any more."""
        if self.reply.done():
            return
        if isinstance(reply, Exception):
            self.reply.set_exception(reply)
        else:
            self.reply.set_result(reply)


class Script:
    """A Lua script, known to Redis by its digest once it has run there."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.digest = hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()


class Pipe:
    """Asks Redis. Whatever keeps it from answering is a `StoreUnavailable`, and the next command tries again."""

    def __init__(self, connect: Connect) -> None:
        self._connection = connect(TIMEOUT_S)
        self._asked: list[Asked] = []
        self._wake = Wake()
        self._task: asyncio.Task[None] | None = None
        self._away = False
        self._since = inf  # when the connection was made
        self._noted_at = -inf

    @property
    def steady_s(self) -> float:
        """For how long Redis has been there without a break, as far as has been noticed."""
        return max(asyncio.get_running_loop().time() - self._since, 0) if self._connection.is_connected else 0

    def open(self) -> None:
        """Call it in the loop in which it is to be used."""
        self._task = self._task or asyncio.create_task(self._serve())

    async def close(self) -> None:
        """Lets go of the connection. What was asked and not answered has failed."""
        if self._task:
            self._task.cancel()
            await asyncio.wait({self._task})
            self._task = None
        _fail(self._asked)
        await shut(self._connection)

    async def ask(self, *command: str | int) -> Any:
        """The reply to one command."""
        return await self._ask([command])

    async def ask_at_once(self, *commands: Sequence[str | int]) -> list[Any]:
        """The replies to several, between which nobody else's are done."""
        replies: list[Any] = await self._ask([("MULTI",), *commands, ("EXEC",)])
        return replies

    async def run(self, script: Script, key: str, *arguments: str | int) -> Any:
        """What a script returns. `key` says to Redis, if it is a cluster, where it is to run."""
        try:
            return await self.ask("EVALSHA", script.digest, 1, key, *arguments)
        except NoScriptError:
            return await self.ask("EVAL", script.text, 1, key, *arguments)

    async def _ask(self, commands: Sequence[Sequence[str | int]]) -> Any:
        if self._task is None:
            raise StoreUnavailable
        packed = [piece for command in commands for piece in self._connection.pack_command(*command)]
        asked = Asked(packed, len(commands))
        self._asked.append(asked)
        self._wake()
        try:
            reply = await asked.reply
            if len(commands) > 1 and (error := next((one for one in reply if isinstance(one, ResponseError)), None)):
                raise error
        except NoScriptError:
            raise
        except ResponseError as error:
            self._note(error)
            raise StoreUnavailable from None
        return reply

    async def _serve(self) -> None:
        while True:
            while not self._asked:
                await self._wake.wait(inf)
            batch = [asked for asked in self._asked[:BATCH] if not asked.reply.done()]
            del self._asked[:BATCH]
            if not batch:
                continue
            try:
                await self._exchange(batch)
            except Exception as error:  # noqa: BLE001  # nobody may wait for ever
                self._note(error)
                self._away = True
                waiting, self._asked = batch + self._asked, []
                _fail(waiting)
                await shut(self._connection)
            except asyncio.CancelledError:
                _fail(batch)
                raise

    async def _exchange(self, batch: Sequence[Asked]) -> None:
        connection = self._connection
        if connection.is_connected and await connection.can_read():  # its end: nobody has asked anything
            await shut(connection)
        if not connection.is_connected:
            await connection.connect()  # type: ignore[no-untyped-call]
            self._since = asyncio.get_running_loop().time()
        pieces = [piece for asked in batch for piece in asked.packed]
        await connection.send_packed_command(pieces, check_health=False)
        for asked in batch:
            reply: Any = None
            for _ in range(asked.replies):
                try:
                    reply = await connection.read_response()
                except ResponseError as error:
                    reply = error
            asked.answer(reply)
        if self._away:
            self._away = False
            _log.info("the store of runs can be reached again")

    def _note(self, error: Exception) -> None:
        """Says in the log that something is wrong, now and then. Not what: an address or a user may be in its words."""
        now = asyncio.get_running_loop().time()
        if now - self._noted_at > NOTE_S:
            self._noted_at = now
            _log.warning("the store of runs cannot be used: %s", type(error).__name__)


def connector(url: str) -> Connect:
    """How to get to the Redis of a URL. `ValueError` if it is none."""
    parsed = dict(parse_url(url))
    kind: Any = parsed.pop("connection_class", Connection)
    # Not protocol 3: with it redis-py keeps a connection that has unread replies, as they might be notices.
    parsed |= {"protocol": 2, "decode_responses": True, "socket_connect_timeout": TIMEOUT_S, "driver_info": None}

    def connect(timeout_s: float) -> AbstractConnection:
        connection: AbstractConnection = kind(**parsed, socket_timeout=timeout_s)
        return connection

    return connect


async def shut(connection: AbstractConnection) -> None:
    """Closes a connection; it can be opened again."""
    with suppress(RedisError, OSError):
        await connection.disconnect(nowait=True)


def _fail(waiting: Sequence[Asked]) -> None:
    for asked in waiting:
        asked.answer(StoreUnavailable())
