"""A run's log ends with exactly one terminal event, whatever ends it, and every reader can follow it.

What it says of pins and of its `id` is in `test_run_pins`.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator

import pytest

from schemas import (
    TERMINAL,
    Cancelled,
    Code,
    Complete,
    Event,
    Failed,
    SchemaRef,
    ServerError,
    Start,
    Timings,
    Token,
    UpstreamError,
    to_frame,
)
from server import runs
from server.runs import Run
from server.wire.frames import EventFrames
from server.wire.pieces import pieces

START = Start(
    seq=1, run_id="r", chain="c", model="m", attempt=1, schema_=SchemaRef(name="s", hash="h"), fields=(), notes=()
)
TOKEN = Token(seq=2, path="/a", text="half")
END = Complete(
    seq=3,
    value={"a": "half"},
    finish_reason="stop",
    usage=None,
    timings=Timings(first_token_ms=0, fields={}, total_ms=0),
    attempts=1,
    repaired=False,
)
SOON = 5.0


class Source:
    """Events as a chain gives them; then it stalls, fails, or ends. `closed` says that it was not left running."""

    def __init__(self, *events: Event, stalls: bool = False, error: Exception | None = None) -> None:
        self._events = events
        self._stalls = stalls
        self._error = error
        self.closed = asyncio.Event()

    async def __call__(self) -> AsyncGenerator[Event]:
        try:
            for event in self._events:
                yield event
            if self._error:
                raise self._error
            if self._stalls:
                await asyncio.Event().wait()
        finally:
            self.closed.set()


async def all_of(run: Run) -> list[Event]:
    """The log to its end."""
    read: list[Event] = []
    until = asyncio.get_running_loop().time() + SOON
    with run.reader() as reader:
        while not read or read[-1].type not in TERMINAL:
            batch = await reader.next(until)
            assert batch, "the log goes no further"
            read += [entry.event for entry in batch]
    return read


async def test_it_ends_with_the_chain() -> None:
    source = Source(START, TOKEN, END)
    assert await all_of(Run(source())) == [START, TOKEN, END]
    assert source.closed.is_set()


async def test_every_reader_gets_all_of_it() -> None:
    run = Run(Source(START, TOKEN, END)())
    assert list(await asyncio.gather(all_of(run), all_of(run))) == [[START, TOKEN, END]] * 2
    assert await all_of(run) == [START, TOKEN, END]


async def test_silence_gives_nothing_at_its_time() -> None:
    run = Run(Source(START, stalls=True)())
    loop = asyncio.get_running_loop()
    with run.reader() as reader:
        assert [entry.event for entry in await reader.next(loop.time() + SOON)] == [START]
        assert await reader.next(loop.time() + 0.01) == []
        assert await reader.next(loop.time() - 1) == []
    await run.cancel("enough")


class TestMemory:
    async def test_what_all_have_read_is_let_go(self) -> None:
        run = Run(Source(START, TOKEN, stalls=True)(), keeps=False)
        until = asyncio.get_running_loop().time() + SOON
        with run.reader() as one, run.reader() as other:
            while one.read < 2:
                await one.next(until)
            assert [entry.event for entry in run.log] == [START, TOKEN]
            while other.read < 2:
                await other.next(until)
            assert run.log == []
            await run.cancel("enough")
            (entry,) = await one.next(until)
        assert entry.event == Cancelled(seq=3, reason="enough", partial={"a": "half"})

    async def test_a_reader_that_has_left_holds_nothing(self) -> None:
        run = Run(Source(START, TOKEN, stalls=True)(), keeps=False)
        until = asyncio.get_running_loop().time() + SOON
        with run.reader():
            pass
        with run.reader() as reader:
            while reader.read < 2:
                await reader.next(until)
            assert run.log == []
        await run.cancel("enough")

    async def test_an_event_is_written_once_for_all_readers(self, monkeypatch: pytest.MonkeyPatch) -> None:
        written: list[Event] = []

        def counted(event: Event) -> str:
            written.append(event)
            return to_frame(event)

        monkeypatch.setattr(runs, "to_frame", counted)
        run = Run(Source(START, TOKEN, END)())

        async def read() -> bytes:
            return b"".join([piece async for piece in pieces(run, EventFrames(["token"], retry_ms=1), SOON)])

        one, other = await asyncio.gather(read(), read())
        assert one == other
        assert written == [START, TOKEN, END]


class TestEndFromOutside:
    async def test_a_cancel_is_an_event(self) -> None:
        source = Source(START, TOKEN, stalls=True)
        run = Run(source())
        await run.opened()
        await run.cancel("the user stopped it")
        *_, end = await all_of(run)
        assert end == Cancelled(seq=3, reason="the user stopped it", partial={"a": "half"})
        assert source.closed.is_set()

    async def test_a_failure_is_an_event(self) -> None:
        source = Source(START, TOKEN, stalls=True)
        run = Run(source())
        await run.opened()
        await run.fail(ServerError("Going.", code=Code.SHUTTING_DOWN, retry_after_ms=9))
        *_, end = await all_of(run)
        assert isinstance(end, Failed)
        assert (end.seq, end.code, end.phase, end.retry_after_ms) == (3, Code.SHUTTING_DOWN, "server", 9)
        assert end.partial == {"a": "half"}
        assert source.closed.is_set()

    async def test_the_first_end_is_the_only_one(self) -> None:
        for source, end in ((Source(START, TOKEN, END), "complete"), (Source(START, TOKEN, stalls=True), "cancelled")):
            run = Run(source())
            await run.opened()
            await run.cancel("first")
            await run.cancel("second")
            await run.fail(ServerError("third"))
            assert [entry.event.type for entry in run.log if entry.event.type in TERMINAL] == [end]

    async def test_it_can_come_before_anything_began(self) -> None:
        source = Source(START, stalls=True)
        run = Run(source())
        await run.cancel("at once")
        with pytest.raises(ServerError, match="at once"):
            await asyncio.wait_for(run.opened(), SOON)

    async def test_a_refusal_stays_what_it_was(self) -> None:
        run = Run(Source(error=UpstreamError("Busy."))())
        with pytest.raises(UpstreamError):
            await run.opened()
        await run.cancel("too late")
        with pytest.raises(UpstreamError):
            await run.opened()


class TestFailures:
    async def test_before_its_first_event_it_is_refused(self) -> None:
        run = Run(Source(error=UpstreamError("Busy.", code=Code.UPSTREAM_BUSY))())
        with pytest.raises(UpstreamError, match="Busy"):
            await run.opened()

    async def test_afterwards_it_is_an_event(self) -> None:
        run = Run(Source(START, TOKEN, error=UpstreamError("Cut.", code=Code.UPSTREAM_CUT))())
        await run.opened()
        *_, end = await all_of(run)
        assert isinstance(end, Failed)
        assert (end.code, end.message, end.partial) == (Code.UPSTREAM_CUT, "Cut.", {"a": "half"})

    async def test_a_chain_that_forgets_its_end_has_failed(self) -> None:
        *_, end = await all_of(Run(Source(START, TOKEN)()))
        assert isinstance(end, Failed)
        assert (end.code, end.partial) == (Code.INTERNAL, {"a": "half"})

    @pytest.mark.parametrize("events", [(), (START, TOKEN)])
    async def test_a_fault_of_ours_says_nothing_of_its_words(
        self, events: tuple[Event, ...], caplog: pytest.LogCaptureFixture
    ) -> None:
        run = Run(Source(*events, error=LookupError("canary"))())
        if events:
            *_, end = await all_of(run)
            assert isinstance(end, Failed)
            code, message = end.code, end.message
        else:
            with pytest.raises(ServerError) as raised:
                await run.opened()
            code, message = raised.value.code, raised.value.message
        assert code is Code.INTERNAL
        assert "canary" not in message + caplog.text
        assert [record.levelno for record in caplog.records] == [logging.ERROR]
        assert "LookupError" in caplog.text


class TestPieces:
    async def test_they_end_with_the_run(self) -> None:
        run = Run(Source(START, TOKEN, END)())
        written = b"".join([piece async for piece in pieces(run, EventFrames(["token"], retry_ms=1), SOON)])
        assert written.count(b"\nevent: ") == 3

    async def test_what_came_together_is_written_together(self) -> None:
        run = Run(Source(START, TOKEN, END)())
        await run.opened()
        assert len([piece async for piece in pieces(run, EventFrames(["token"], retry_ms=1), SOON)]) == 1

    async def test_silence_is_broken_by_pings(self) -> None:
        run = Run(Source(START, stalls=True)())
        frames = EventFrames([], retry_ms=1)
        written = pieces(run, frames, 0.01)
        assert b"event: start" in await anext(written)
        assert [await anext(written) for _ in range(3)] == [frames.ping] * 3
        await run.cancel("enough")
        assert b"event: cancelled" in await anext(written)
        assert [piece async for piece in written] == []
