"""A run as one reader gets it: the frames of its protocol, and a ping whenever the connection has been silent."""

import asyncio
from collections.abc import AsyncGenerator, Iterable
from math import inf
from typing import Protocol

from server.runs.entry import Entry
from server.runs.log import Moved, Reader


class Frames(Protocol):
    """A protocol's frames. `write` gives consecutive entries as one piece, empty if the reader wants none of them.

    Once they are `over` the reader has had its end, and nothing more is written.
    """

    @property
    def ping(self) -> bytes: ...

    @property
    def over(self) -> bool: ...

    def write(self, entries: Iterable[Entry]) -> bytes: ...


async def pieces(reader: Reader, frames: Frames, ping_s: float, for_s: float = inf) -> AsyncGenerator[bytes]:
    """What to write, as it comes, to the reader's end. Events that it is not sent do not break its silence.

    They may end before that: after `for_s` seconds, in which its reader is let in, or if the run has moved. A reader
    comes again then, and is given the rest.
    """
    clock = asyncio.get_running_loop().time
    silent_until, ends = clock() + ping_s, clock() + for_s
    while not frames.over:
        try:
            entries = await reader.next(min(silent_until, ends))
        except Moved:
            return
        if clock() >= ends:
            return
        if piece := frames.write(entries) if entries else frames.ping:
            yield piece
            silent_until = clock() + ping_s
