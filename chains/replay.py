"""Plays a recording to standard output as it once went over the wire: `python -m chains.replay run.sse`."""

import argparse
import asyncio
import os
import sys
from collections.abc import Collection, Sequence
from contextlib import aclosing
from math import inf, nan
from typing import get_args

from chains.recording import RecordingError, replay
from schemas import ALWAYS_SENT, TERMINAL, Event, EventName, to_frame

WHOLE, CUT, UNREADABLE, INTERRUPTED = 0, 1, 2, 130

_EPILOG = f"""\
A recording is a file of server-sent events: written by chains.recording, or
captured off the wire (curl -N ... > run.sse). A capture has no times: its
events come when its fields and timings say so, and evenly in between.

exit status:
  {WHOLE:<4} played to the end of the run, or the reader of the output left
  {CUT:<4} played, but the recording was cut: no terminal event came
  {UNREADABLE:<4} there is no such file, or it is no recording
  {INTERRUPTED:<4} interrupted
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Plays, and returns the exit status; what went wrong is said on standard error."""
    options = _parser().parse_args(arguments)
    try:
        last = asyncio.run(_play(options.file, options.speed, options.events))
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:  # `… | head`: the reader has what it wanted
        # What is still buffered goes nowhere: the interpreter flushes at exit, and would complain of the pipe.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return WHOLE
    except RecordingError as error:
        return _complain(str(error), UNREADABLE)
    except OSError as error:
        return _complain(f"{error.filename or 'the output'}: {error.strerror}", UNREADABLE)
    if last.type not in TERMINAL:
        return _complain(f"{options.file}: cut behind event {last.seq} ({last.type}): no terminal event came.", CUT)
    return WHOLE


async def _play(file: str, speed: float, names: Collection[str]) -> Event:
    """Writes the frames of the events that are wanted; returns the recording's last event."""
    wanted = ALWAYS_SENT | set(names)
    output = sys.stdout.buffer  # bytes: no other line ends and no other encoding, whatever the terminal's
    async with aclosing(replay(file, speed)) as events:
        async for event in events:
            if event.type in wanted:
                output.write(to_frame(event).encode())
                output.flush()
    return event


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m chains.replay",
        description="Plays a recorded run to standard output, frame by frame, at its own pace.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("file", help="the recording")
    parser.add_argument(
        "--speed", type=_speed, default=1.0, help="2 is twice as fast as it was; 0 plays all at once (default: 1)"
    )
    parser.add_argument(
        "--events",
        type=_names,
        default=get_args(EventName),
        metavar="NAMES",
        help="only these, such as token,complete; start, reset, pinned and the terminal event always come",
    )
    return parser


def _speed(text: str) -> float:
    try:
        speed = float(text)
    except ValueError:
        speed = nan
    if not 0 <= speed < inf:
        raise argparse.ArgumentTypeError(f"a speed is a number from 0 up, not {text}")
    return speed


def _names(text: str) -> list[str]:
    names = text.split(",")
    if unknown := set(names) - set(get_args(EventName)):
        known = ", ".join(get_args(EventName))
        raise argparse.ArgumentTypeError(f"no event is called {', '.join(sorted(unknown))}; there are {known}")
    return names


def _complain(message: str, status: int) -> int:
    sys.stderr.write(message + "\n")
    return status


if __name__ == "__main__":
    sys.exit(main())
