"""Where a model's chunks wait until they are read."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator

from langchain_core.messages import BaseMessageChunk

from chains.wake import Wake


class Inbox:
    """The chunks that have come and were not read yet: what one network read brought is read together.

    A slow reader does not slow the model, so the model may have ended while chunks still wait here.
    """

    def __init__(self, wake: Wake) -> None:
        self.begun = False
        self.error: Exception | None = None
        self.heard_at = asyncio.get_running_loop().time()
        self._ended = False
        self._chunks: deque[BaseMessageChunk] = deque()
        self._wake = wake

    @property
    def waiting(self) -> bool:
        """Whether there are chunks to take."""
        return bool(self._chunks)

    @property
    def done(self) -> bool:
        """Whether the model has ended and all it said was taken."""
        return self._ended and not self._chunks

    async def fill(self, chunks: AsyncIterator[BaseMessageChunk]) -> None:
        """Takes in all chunks, and how they ended."""
        clock = asyncio.get_running_loop().time
        try:
            async for chunk in chunks:
                self.begun, self.heard_at = True, clock()
                self._chunks.append(chunk)
                self._wake()
        except Exception as error:  # noqa: BLE001  # told to the reader, who knows what it means
            self.error = error
        finally:
            self._ended = True
            self._wake()

    def take(self) -> list[BaseMessageChunk]:
        """What has come since the last time."""
        taken = list(self._chunks)
        self._chunks.clear()
        return taken
