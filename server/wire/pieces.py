"""A run as one reader gets it: the frames of its protocol, and a ping whenever the connection has been silent."""

import asyncio
from collections.abc import AsyncGenerator
from math import inf

from server.runs.log import Moved, Reader
from server.wire.protocol import Frames


class Cut(Exception):
    """The connection must break off, for its protocol has no word for what has happened."""


async def pieces(reader: Reader, frames: Frames, ping_s: float, for_s: float = inf) -> AsyncGenerator[bytes]:
    """What to write, as it comes, to the reader's end. Events that it is not sent do not break its silence.

    They may end before that: after `for_s` seconds, in which its reader is let in, or if the run has moved. A reader
    comes again then, and is given the rest. `Cut`, behind the last one.
    """
    clock = asyncio.get_running_loop().time
    # Where nothing is new a ping comes at once: some proxies hand on the head of a response with its first byte only.
    silent_until, ends = clock(), clock() + for_s
    while not frames.over:
        try:
            entries = await reader.next(min(silent_until, ends))
        except Moved:
            break
        if clock() >= ends:
            break
        if piece := frames.write(entries) if entries else frames.ping:
            yield piece
        if piece or not entries:
            silent_until = clock() + ping_s
    if frames.cut:
        raise Cut
