"""A run as one reader gets it: written as it comes, together what came together, and never silent for long."""

import asyncio

import pytest

from schemas import Event, to_json
from server.runs import entry as entry_module
from server.runs.entry import Entry
from server.runs.log import Log
from server.wire.frames import EventFrames
from server.wire.pieces import pieces
from tests.server.runs.script import END, SOON, START, TOKEN


def log_of(*events: Event) -> Log:
    log = Log(keeps=1_000_000)
    for event in events:
        log.put(Entry(event))
    return log


async def test_they_end_with_the_run() -> None:
    with log_of(START, TOKEN, END).reader() as reader:
        written = b"".join([piece async for piece in pieces(reader, EventFrames(["token"], retry_ms=1), SOON)])
    assert written.count(b"\nevent: ") == 3


async def test_what_came_together_is_written_together() -> None:
    with log_of(START, TOKEN, END).reader() as reader:
        assert len([piece async for piece in pieces(reader, EventFrames(["token"], retry_ms=1), SOON)]) == 1


async def test_silence_is_broken_by_pings() -> None:
    log, frames = log_of(START), EventFrames([], retry_ms=1)
    with log.reader() as reader:
        written = pieces(reader, frames, 0.01)
        assert b"event: start" in await anext(written)
        assert [await anext(written) for _ in range(3)] == [frames.ping] * 3
        log.put(Entry(TOKEN))  # which it does not want: that breaks no silence
        assert await anext(written) == frames.ping
        log.put(Entry(END))
        assert b"event: complete" in await anext(written)
        assert [piece async for piece in written] == []


async def test_who_comes_when_nothing_is_new_hears_so_at_once() -> None:
    """Some proxies keep the head of a response back until its first byte: as if there were no answer."""
    log, frames = log_of(START, TOKEN), EventFrames(["token"], retry_ms=1)
    with log.reader(after=2) as reader:
        async with asyncio.timeout(SOON):
            assert await anext(pieces(reader, frames, ping_s=3600)) == frames.ping


async def test_they_end_where_the_run_goes_on_elsewhere() -> None:
    log = log_of(START, TOKEN)
    with log.reader() as reader:
        written = pieces(reader, EventFrames(["token"], retry_ms=1), SOON)
        assert (await anext(written)).count(b"\nevent: ") == 2
        log.close()
        assert [piece async for piece in written] == []


async def test_a_reader_who_comes_late_is_told_how_far_the_run_had_come_whatever_it_wants() -> None:
    log = Log(keeps=1)  # of which only the last entry is kept
    for event in (START, TOKEN, END):
        log.put(Entry(event))
    with log.reader() as reader:
        written = b"".join([piece async for piece in pieces(reader, EventFrames([], retry_ms=1), SOON)])
    assert written.startswith(b'retry: 1\nid:2\nevent: partial\ndata: {"type":"partial","seq":2,"value":{"a":"half"}')
    assert b'"resumed":true' in written
    assert written.count(b"\nevent: ") == 2


async def test_an_event_is_written_once_for_all_readers(monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[Event] = []

    def counted(event: Event) -> str:
        written.append(event)
        return to_json(event)

    monkeypatch.setattr(entry_module, "to_json", counted)
    log = log_of(START, TOKEN, END)

    async def read() -> bytes:
        with log.reader() as reader:
            return b"".join([piece async for piece in pieces(reader, EventFrames(["token"], retry_ms=1), SOON)])

    one, other = await asyncio.gather(read(), read())
    assert one == other
    assert written == [START, TOKEN, END]
