"""Recordings in the hands of a test: their text, their events, what is in a file."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path

from schemas import Event, Token, to_frame


def timed(*pairs: tuple[int, Event]) -> str:
    """A recording's text: each event behind its milliseconds."""
    return "".join(f": +{ms}\n{to_frame(event)}" for ms, event in pairs)


def token(seq: int) -> Token:
    return Token(seq=seq, path="/name", text="한")


def content_of(file: Path) -> str:
    """What is in the file, line ends as they are."""
    return file.read_bytes().decode()


async def all_of(events: AsyncGenerator[Event]) -> list[Event]:
    async with aclosing(events):
        return [event async for event in events]
