"""The line between a page and its server, which a test cuts, or which loses answers. A browser's tests have no loop."""

import asyncio
import re
import threading
from collections.abc import Coroutine
from typing import Any, Self

from tests.proxy import Proxy

_WAIT_S = 20.0


class Line:
    """Leads to a port of this machine, as long as the block lasts. `url` is where it begins."""

    def __init__(self, port: int) -> None:
        self._proxy = Proxy(port)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="line")
        self._down = False

    def __enter__(self) -> Self:
        self._thread.start()
        self._do(self._proxy.__aenter__())
        self.url = f"http://127.0.0.1:{self._proxy.port}"
        return self

    def __exit__(self, *_: object) -> None:
        self.goes_down()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def cut(self) -> None:
        """Breaks off what is under way. The next connection stands."""
        self._do(self._cut(deaf=False))

    def falls_silent(self) -> None:
        """Breaks off what is under way. What is asked from now on reaches the server, and no answer comes back."""
        self._do(self._cut(deaf=True))

    def drags(self, seconds: float) -> None:
        """Each piece of an answer is so late."""
        self._proxy.late = lambda: seconds

    def goes_down(self) -> None:
        """There is nobody at its end any more."""
        if not self._down:
            self._down = True
            self._do(self._close())

    def hears(self, words: bytes) -> None:
        """Returns when a page has said this."""
        self._do(self._proxy.hears(words))

    def said(self, pattern: bytes) -> list[bytes]:
        """All that pages have said and that matches."""
        return re.findall(pattern, bytes(self._proxy.asked), re.IGNORECASE)

    async def _cut(self, *, deaf: bool) -> None:
        self._proxy.deaf = deaf
        self._proxy.cut()

    async def _close(self) -> None:
        await self._proxy.__aexit__()
        rest = asyncio.all_tasks() - {asyncio.current_task()}
        if rest:
            await asyncio.wait(rest)

    def _do(self, work: Coroutine[Any, Any, object]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(_WAIT_S)
