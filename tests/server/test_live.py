"""A run is found by its id as long as somebody reads it, and no trace of it stays behind."""

import asyncio
from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager

import pytest

from schemas import Code, Event, RequestError, SchemaRef, Start
from server.live import LiveRuns
from server.runs import Run


async def opened(run_id: str) -> Run:
    async def events() -> AsyncGenerator[Event]:
        schema = SchemaRef(name="s", hash="h")
        yield Start(seq=1, run_id=run_id, chain="c", model="m", attempt=1, schema_=schema, fields=(), notes=())
        await asyncio.Event().wait()

    run = Run(events())
    await run.opened()
    return run


@contextmanager
def not_found() -> Iterator[None]:
    with pytest.raises(RequestError) as raised:
        yield
    assert raised.value.code is Code.NOT_FOUND


async def test_each_is_found_while_it_is_listed() -> None:
    live, one, other = LiveRuns(), await opened("one"), await opened("other")
    with live.listed(one):
        with live.listed(other):
            assert (live.find("one"), live.find("other")) == (one, other)
        assert live.find("one") is one
        with not_found():
            live.find("other")
    with not_found():
        live.find("one")
    await one.cancel("enough")
    await other.cancel("enough")


async def test_whatever_ends_its_reading_takes_it_off_the_list() -> None:
    live, run = LiveRuns(), await opened("one")
    with pytest.raises(LookupError), live.listed(run):
        raise LookupError
    with not_found():
        live.find("one")
    await run.cancel("enough")


@pytest.mark.parametrize("run_id", ["", "one ", "ONE", "*", "../one", "\x00", "가" * 1000])
async def test_nothing_else_is_found(run_id: str) -> None:
    live, run = LiveRuns(), await opened("one")
    with live.listed(run), not_found():
        live.find(run_id)
    await run.cancel("enough")
