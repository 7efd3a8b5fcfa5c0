"""A proxy between clients and a server, through which answers come late, not at all, or broken off."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Self


class Proxy:
    """Passes everything on, as long as the block lasts, as the test says. It runs in the test's own loop.

    - `late`: seconds by which a piece of an answer is late, asked anew for each
    - `deaf`: whether answers get lost, while connections stand
    - `asked`: all that clients have said
    """

    def __init__(self, port: int) -> None:
        self.late: Callable[[], float] = lambda: 0.0
        self.deaf = False
        self.asked = bytearray()
        self.connections = 0
        """How many there were."""
        self._to = port
        self._heard = asyncio.Event()
        self._open: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None

    @property
    def port(self) -> int:
        assert self._server
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._pass_on, "127.0.0.1")
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server
        self._server.close()
        self.cut()
        await self._server.wait_closed()

    def cut(self) -> None:
        """Breaks all connections off, where they are."""
        for writer in self._open:
            writer.transport.abort()

    async def hears(self, words: bytes) -> None:
        """Waits until clients have said something."""
        while words not in self.asked:
            self._heard.clear()
            await self._heard.wait()

    async def _pass_on(self, from_client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        self.connections += 1
        from_server, to_server = await asyncio.open_connection("127.0.0.1", self._to)
        self._open |= {to_client, to_server}
        there = asyncio.create_task(self._there(from_client, to_server))
        back = asyncio.create_task(self._back(from_server, to_client))
        await asyncio.wait({there, back}, return_when=asyncio.FIRST_COMPLETED)
        for task in (there, back):
            task.cancel()
        await asyncio.wait({there, back})
        for writer in (to_client, to_server):
            self._open.discard(writer)
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()

    async def _there(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while said := await reader.read(1 << 16):
                self.asked += said
                self._heard.set()
                writer.write(said)
                await writer.drain()

    async def _back(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while said := await reader.read(1 << 16):
                await asyncio.sleep(self.late())
                if not self.deaf:
                    writer.write(said)
                    await writer.drain()
