"""A real server in a thread of the test's process: over sockets, but with its event loop and its app within reach."""

import asyncio
import socket
import threading
from typing import Self

import uvicorn
from starlette.types import ASGIApp


class ThreadServer:
    """uvicorn with one app, on a free port, from `with` to the end of it."""

    def __init__(self, app: ASGIApp) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._server = uvicorn.Server(uvicorn.Config(app, log_config=None, timeout_graceful_shutdown=1))
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), name="server")
        self._loop: asyncio.AbstractEventLoop

    def __enter__(self) -> Self:
        self._thread.start()  # the socket listens already: whoever connects too early just waits
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._server.should_exit = True
        self._thread.join()

    def tasks(self) -> set[str]:
        """The tasks in the server's event loop, by what they run."""

        async def running() -> set[str]:
            return {repr(task.get_coro()) for task in asyncio.all_tasks() - {asyncio.current_task()}}

        return asyncio.run_coroutine_threadsafe(running(), self._loop).result()

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        await self._server.serve(sockets=[self._socket])
