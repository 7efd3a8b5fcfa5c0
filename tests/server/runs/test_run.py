"""A run's events end with exactly one terminal event, whatever ends it, unless another worker goes on with it.

What it says of pins is in `test_run_pins`.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import aclosing

import pytest

from chains import chatbot
from chains.models.model import Model
from chains.models.scripted import Reply, ScriptedChatModel
from schemas import (
    TERMINAL,
    Cancelled,
    Code,
    Complete,
    Event,
    Failed,
    FieldSettled,
    Partial,
    Reset,
    ServerError,
    Token,
    UpstreamError,
)
from server.runs.log import Log
from server.runs.run import Run
from tests.server.runs.script import END, SOON, START, TOKEN, Source, all_of, events_in, sum_of, turns

HELLO = {"messages": [{"role": "user", "content": "hello"}]}
GOING = ServerError("Going.", code=Code.SHUTTING_DOWN, retry_after_ms=9)


def running(source: Source) -> tuple[Log, Run]:
    log = Log()
    return log, Run(source(), log.put)


async def test_it_ends_with_the_chain() -> None:
    source = Source(START, TOKEN, END)
    log, run = running(source)
    assert await all_of(log) == [START, TOKEN, END]
    assert run.over
    await asyncio.wait_for(source.closed.wait(), SOON)


async def test_it_has_opened_with_its_first_event_and_finished_with_its_last() -> None:
    log, run = running(Source(START, TOKEN, stalls=True))
    finishing = asyncio.create_task(run.finished())
    await asyncio.wait_for(run.opened(), SOON)
    assert events_in(log)[0] == START
    assert not run.over
    await turns(20)
    assert not finishing.done()
    await run.cancel("enough")
    await asyncio.wait_for(finishing, SOON)
    assert run.over


async def test_it_knows_how_far_it_has_come() -> None:
    _, run = running(Source(START, TOKEN, END))
    await run.finished()
    assert run.progress.dump() == sum_of([START, TOKEN, END]).dump()


class TestEndFromOutside:
    async def test_a_cancel_is_an_event(self) -> None:
        source = Source(START, TOKEN, stalls=True)
        log, run = running(source)
        await run.opened()
        await run.cancel("the user stopped it")
        assert events_in(log) == [START, TOKEN, Cancelled(seq=3, reason="the user stopped it", partial={"a": "half"})]
        assert source.closed.is_set()

    async def test_a_failure_is_an_event(self) -> None:
        source = Source(START, TOKEN, stalls=True)
        log, run = running(source)
        await run.opened()
        await run.fail(GOING)
        end = events_in(log)[-1]
        assert isinstance(end, Failed)
        assert (end.seq, end.code, end.phase, end.retry_after_ms) == (3, Code.SHUTTING_DOWN, "server", 9)
        assert end.partial == {"a": "half"}
        assert source.closed.is_set()

    async def test_it_tells_what_resets_and_snapshots_left(self) -> None:
        told = (
            START,
            FieldSettled(seq=2, path="/kept", value=1, source="model", ms=0),
            Token(seq=3, path="/void", text="gone"),
            Partial(seq=4, value={"kept": 1, "void": "gone"}, settled=("/kept",)),
            Reset(seq=5, attempt=2, keep=("/kept",), reason=Code.INVALID_OUTPUT),
            Token(seq=6, path="/void", text="ag"),
            Partial(seq=7, value={"kept": 1, "void": "ag"}, settled=("/kept",)),
            Token(seq=8, path="/void", text="ain"),
        )
        log, run = running(Source(*told, stalls=True))
        await log.until(8)
        await run.cancel("enough")
        assert events_in(log)[-1] == Cancelled(seq=9, reason="enough", partial={"kept": 1, "void": "again"})

    @pytest.mark.parametrize(
        ("source", "end"),
        [(Source(START, TOKEN, END), "complete"), (Source(START, TOKEN, stalls=True), "cancelled")],
        ids=["ended", "going on"],
    )
    async def test_the_first_end_is_the_only_one(self, source: Source, end: str) -> None:
        log, run = running(source)
        await run.opened()
        await turns(20)
        await asyncio.gather(run.cancel("first"), run.cancel("second"), run.fail(GOING))
        await run.cancel("last")
        assert [event.type for event in events_in(log) if event.type in TERMINAL] == [end]

    async def test_it_comes_though_whoever_wanted_it_has_left(self) -> None:
        log, run = running(Source(START, TOKEN, stalls=True))
        await run.opened()
        cancelling = asyncio.create_task(run.cancel("enough"))
        await turns(1)
        cancelling.cancel()
        assert (await all_of(log))[-1].type == "cancelled"

    async def test_it_can_come_before_anything_began(self) -> None:
        log, run = running(Source(START, stalls=True))
        await run.cancel("at once")
        with pytest.raises(ServerError, match="at once"):
            await asyncio.wait_for(run.opened(), SOON)
        assert run.over
        assert log.last == 0

    async def test_a_refusal_stays_what_it_was(self) -> None:
        _, run = running(Source(error=UpstreamError("Busy.")))
        for _ in range(2):
            with pytest.raises(UpstreamError, match="Busy"):
                await run.opened()
            await run.cancel("too late")


class TestFailures:
    async def test_before_its_first_event_it_is_refused(self) -> None:
        log, run = running(Source(error=UpstreamError("Busy.", code=Code.UPSTREAM_BUSY)))
        with pytest.raises(UpstreamError, match="Busy"):
            await run.opened()
        assert log.last == 0

    async def test_afterwards_it_is_an_event(self) -> None:
        log, run = running(Source(START, TOKEN, error=UpstreamError("Cut.", code=Code.UPSTREAM_CUT)))
        await run.opened()
        *_, end = await all_of(log)
        assert isinstance(end, Failed)
        assert (end.code, end.message, end.partial) == (Code.UPSTREAM_CUT, "Cut.", {"a": "half"})

    @pytest.mark.parametrize("torn", [None, asyncio.CancelledError()], ids=["it just ends", "cancelled from within"])
    async def test_a_chain_that_forgets_its_end_has_failed(self, torn: BaseException | None) -> None:
        log, run = running(Source(START, TOKEN, error=torn))
        await run.opened()
        *_, end = await all_of(log)
        assert isinstance(end, Failed)
        assert (end.seq, end.code, end.partial) == (3, Code.INTERNAL, {"a": "half"})

    @pytest.mark.parametrize("events", [(), (START, TOKEN)])
    async def test_a_fault_of_ours_says_nothing_of_its_words(
        self, events: tuple[Event, ...], caplog: pytest.LogCaptureFixture
    ) -> None:
        log, run = running(Source(*events, error=LookupError("canary")))
        if events:
            *_, end = await all_of(log)
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


class TestAnothersRun:
    """What it does when another worker had begun the run, or goes on with it."""

    async def test_an_abandoned_run_writes_nothing_more(self) -> None:
        source = Source(START, TOKEN, stalls=True)
        log, run = running(source)
        finishing = asyncio.create_task(run.finished())
        await log.until(2)
        await run.abandon()
        assert source.closed.is_set()
        await asyncio.wait_for(finishing, SOON)
        await run.cancel("too late")
        await run.fail(GOING)
        assert (run.over, events_in(log)) == (True, [START, TOKEN])

    async def test_what_its_chain_says_while_it_is_stopped_is_not_written(self) -> None:
        async def stubborn() -> AsyncGenerator[Event]:
            yield START
            try:
                await asyncio.Event().wait()
            finally:
                yield TOKEN

        log = Log()
        run = Run(stubborn(), log.put)
        await run.opened()
        await run.abandon()
        assert events_in(log) == [START]

    async def test_it_goes_on_behind_what_was_told(self) -> None:
        log = Log(keeps=1000, base=sum_of([START, TOKEN]))
        reset = Reset(seq=3, attempt=2, keep=(), reason=Code.WORKER_LOST)
        run = Run(Source(reset, Token(seq=4, path="/a", text="new"), stalls=True)(), log.put, None, log.progress())
        await log.until(4)
        await run.cancel("enough")
        assert events_in(log)[-1] == Cancelled(seq=5, reason="enough", partial={"a": "new"})

    async def test_one_that_is_only_to_be_ended_is_ended_with_what_it_had(self) -> None:
        log = Log(keeps=1000, base=sum_of([START, TOKEN]))
        run = Run(Source(stalls=True)(), log.put, None, log.progress())
        await run.fail(ServerError("Lost.", code=Code.WORKER_LOST))
        (end,) = events_in(log)
        assert isinstance(end, Failed)
        assert (end.seq, end.code, end.partial) == (3, Code.WORKER_LOST, {"a": "half"})


async def test_a_chain_of_ours_that_just_ends_leaves_no_log_without_an_end() -> None:
    chat = ScriptedChatModel(replies=[Reply(text='{"reply": "hi"}')], chunk_size=1)
    chatting = chatbot.build(Model(chat=chat, name="scripted", languages=("en",)))

    async def half() -> AsyncGenerator[Event]:
        async with aclosing(chatting.astream_typed(HELLO)) as events:
            async for event in events:
                if isinstance(event, Complete):
                    return
                yield event

    log = Log()
    run = Run(half(), log.put)
    await run.opened()
    read = await all_of(log)
    assert isinstance(read[-1], Failed)
    assert [event.seq for event in read] == list(range(1, len(read) + 1))
