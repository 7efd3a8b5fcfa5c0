"""Runs kept as files: written while they happen, read back, and played again at any speed.

A recording is a file of server-sent events: the run's frames as they are on the wire, each behind a comment with its
time, which every reader of such streams passes over:

    : +412
    id: 9
    event: field
    data: {"type":"field","seq":9,"path":"/name","value":"Weekend Hikers","source":"model","ms":412}

It holds events and nothing else: no headers, no settings, no prompt. So whatever was captured off the wire
(`curl -N … > run.sse`) is a recording as well, only without times; cut short or filtered, it is what it is.
"""

import asyncio
import os
import re
from collections.abc import AsyncGenerator, Iterable, Iterator
from contextlib import aclosing
from math import inf
from pathlib import Path
from typing import NamedTuple

from pydantic import ValidationError

from schemas import Complete, Event, FieldSettled, Token, from_frames, to_frame

StrPath = str | os.PathLike[str]

_TIME = re.compile(r": \+([0-9]{1,12})\s*")


class RecordingError(ValueError):
    """A file is no recording of a run; the message says where and why, in words for people."""


class Recorded(NamedTuple):
    """An event, and how many milliseconds after the beginning of its run it came."""

    ms: int
    event: Event


async def recorded(events: AsyncGenerator[Event], path: StrPath) -> AsyncGenerator[Event]:
    """Passes a run's events on, each one written before its reader has it.

    A reader that leaves, or a process that dies, leaves a file of what came until then. The file is opened before the
    run begins, and one that cannot be written ends the run: who asks for a recording is not to miss it silently.
    """
    clock = asyncio.get_running_loop().time
    began = clock()
    # Blocking, on purpose: one small write a frame, into the system's cache and not to the disk, takes some
    # microseconds, less than handing it to a thread would. Line-buffered, so that each write goes out at once.
    with Path(path).open("w", buffering=1, encoding="utf-8", newline="\n") as file:  # noqa: ASYNC230
        async with aclosing(events):
            async for event in events:
                file.write(f": +{round((clock() - began) * 1000)}\n{to_frame(event)}")
                yield event


async def replay(path: StrPath, speed: float = 1.0) -> AsyncGenerator[Event]:
    """A recording's events as they came, `speed` times as fast; at speed 0 without any waiting.

    Every event has its moment counted from the beginning, so that neither slow readers nor late timers add up.
    """
    if not 0 <= speed < inf:
        raise ValueError(f"speed is a number from 0 up, not {speed}")
    recording = await asyncio.to_thread(load, path)
    clock = asyncio.get_running_loop().time
    began = clock()
    for ms, event in recording:
        due = began + ms / 1000 / speed if speed else began
        await asyncio.sleep(due - clock())  # what is late, or not waited for, still gives others their turn
        yield event


def load(path: StrPath) -> list[Recorded]:
    """A recording's events with their times. `RecordingError` if the file is no stream of events.

    Where no time stands in front of an event, it is what the event itself says of time (`field.ms`, `timings`), or else
    lies evenly between its neighbours' times.
    """
    events: list[Event] = []
    times: list[int | None] = []
    # Bytes that are no UTF-8 become U+FFFD, as in a browser: a capture may be cut within a character.
    with Path(path).open(encoding="utf-8-sig", errors="replace") as file:
        lines = _Lines(file)
        try:
            for event in from_frames(lines):
                events.append(event)
                times.append(lines.take_time())
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            reason = ": ".join([*map(str, first["loc"]), first["msg"]])
            raise RecordingError(f"{path}, line {lines.data_at}: this is no event of a run. {reason}") from None
    if not events:
        raise RecordingError(f"{path}: {lines.instead()}")
    own = [ms if ms is not None else told for ms, told in zip(times, _told(events), strict=True)]
    return [Recorded(*pair) for pair in zip(_filled(own), events, strict=True)]


class _Lines:
    """A file's lines on their way to the reader of frames, which needs neither their numbers nor the times."""

    def __init__(self, file: Iterable[str]) -> None:
        self.data_at = 0
        self._file = file
        self._first = ""
        self._ms: int | None = None

    def __iter__(self) -> Iterator[str]:
        for number, line in enumerate(self._file, start=1):
            self._first = self._first or line.strip()
            if line.startswith("data"):
                self.data_at = number
            elif time := _TIME.fullmatch(line):
                self._ms = int(time[1])
            yield line

    def take_time(self) -> int | None:
        """The time that stood in front of the frame that has just closed."""
        ms, self._ms = self._ms, None
        return ms

    def instead(self) -> str:
        """What a file without any event holds."""
        return (
            f"there is no whole event in it. It begins: {self._first[:60]!r}" if self._first else "the file is empty."
        )


def _told(events: list[Event]) -> Iterator[int | None]:
    """What the events themselves say of when they came."""
    last = events[-1]
    first_token = last.timings.first_token_ms if isinstance(last, Complete) else None
    for event in events:
        match event:
            case FieldSettled(ms=ms):
                yield ms
            case Complete(timings=timings):
                yield timings.total_ms
            case Token():
                yield first_token
                first_token = None
            case _:
                yield None


def _filled(times: list[int | None]) -> Iterator[int]:
    """No time missing and none running backwards: evenly up to the next known one; behind the last, like the last."""
    before = 0
    missing = 0
    for ms in times:
        if ms is None:
            missing += 1
            continue
        now = max(ms, before)
        yield from (before + (now - before) * step // (missing + 1) for step in range(1, missing + 1))
        yield now
        before, missing = now, 0
    yield from [before] * missing
