"""A run begins with one worker and is read, pinned, looked at and cancelled wherever anybody asks for it."""

import asyncio
from contextlib import AsyncExitStack

import pytest

from chains import Pins
from schemas import (
    Cancelled,
    Code,
    Failed,
    MeetingInfo,
    Pinned,
    RequestError,
    ServerError,
)
from server.runs.log import Log, Moved
from server.runs.owner import Bounds
from server.runs.run import Run
from server.runs.store import Unknown
from tests.chains.contract import check
from tests.server.configs import MEETING
from tests.server.runs.script import RUN_ID, SOON, Chain, events_in, read_on, turns
from tests.server.runs.workers import NAME_STANDS, Worker, Workers, end_of, hiring, refused


class TestElsewhere:
    """Begun with one worker, asked after with others."""

    async def test_all_readers_get_the_same_bytes_wherever_they_are(self, chatting: Workers) -> None:
        one, *others = await chatting.three()

        async def frames(worker: Worker, late: int) -> str:
            await turns(late)
            async with worker.runs.reader(run_id) as reader:
                return "".join(entry.frame for entry in await read_on(reader))

        run_id = await one.begin()
        read = await asyncio.gather(*(frames(worker, late) for worker in (one, *others) for late in (0, 5, 30, 200)))
        assert len(set(read)) == 1
        assert read[0].count("\nevent: complete\n") == 1

    async def test_a_pin_counts(self) -> None:
        async with hiring(NAME_STANDS) as workers:
            one, other, third = await workers.three()
            run_id = await one.begin("meeting-info")
            await third.read_up_to(run_id, "field", "/name")
            seq = await other.runs.pin(run_id, "/name", "내 모임")
            assert [event for event in events_in(one.runs.owner.owned[run_id].log) if event.seq == seq] == [
                Pinned(seq=seq, path="/name", value="내 모임")
            ]
            assert (await third.runs.view(run_id)).value["name"] == "내 모임"
            with pytest.raises(RequestError) as raised:
                await third.runs.pin(run_id, "/max_members", -1)
            assert refused(raised.value, Code.INVALID_REQUEST)
            assert raised.value.details

    async def test_a_cancel_ends_it(self, stalling: Workers) -> None:
        one, other, third = await stalling.three()
        run_id = await one.begin("meeting-info")
        reading = [asyncio.create_task(worker.read(run_id)) for worker in (one, other, third)]
        await third.read_up_to(run_id, "field", "/name")
        assert await third.runs.cancel(run_id, "the user stopped it")
        read = await asyncio.gather(*reading)
        assert read[0] == read[1] == read[2]
        end = end_of(read[0])
        assert isinstance(end, Cancelled)
        assert (end.reason, end.partial["name"]) == ("the user stopped it", MEETING["name"])
        check(read[0], MeetingInfo)
        assert len(stalling.chat.stopped_after) == 1
        for worker in (one, other, third):
            assert await worker.runs.cancel(run_id, "once more")

    async def test_how_far_it_is_can_be_seen(self) -> None:
        async with hiring(NAME_STANDS) as workers:
            one, other, _ = await workers.three()
            run_id = await one.begin("meeting-info")
            await one.read_up_to(run_id, "field", "/name")
            for worker in (one, other):
                view = await worker.runs.view(run_id)
                assert (view.state, view.end, view.attempt, view.chain) == ("running", None, 1, "meeting-info")
                assert view.value["name"] == MEETING["name"]
                assert "/name" in view.settled
                assert view.seq == one.runs.owner.owned[run_id].log.last
            await one.runs.cancel(run_id, "enough")
            for worker in (one, other):
                view = await worker.runs.view(run_id)
                assert (view.run_id, view.state) == (run_id, "cancelled")
                assert isinstance(view.end, Cancelled)
                assert (view.end.seq, view.end.partial) == (view.seq, view.value)

    async def test_a_run_that_never_was(self, chatting: Workers) -> None:
        worker = await chatting.hire("a")
        for asking in (
            worker.read(RUN_ID),
            worker.runs.view(RUN_ID),
            worker.runs.pin(RUN_ID, "/name", "x"),
            worker.runs.cancel(RUN_ID, "why"),
        ):
            with pytest.raises(Unknown):
                await asking

    async def test_one_that_is_over_is_gone(self, chatting: Workers) -> None:
        worker = await chatting.hire("a")
        run_id = await worker.begin()
        await worker.read(run_id)
        await worker.empty()
        chatting.now += 601
        for asking in (worker.read(run_id), worker.runs.view(run_id), worker.runs.cancel(run_id, "why")):
            with pytest.raises(RequestError) as raised:
                await asking
            assert refused(raised.value, Code.GONE)

    async def test_a_pin_into_one_that_has_ended_is_a_conflict(self, chatting: Workers) -> None:
        one, other, _ = await chatting.three()
        run_id = await one.begin()
        await one.read(run_id)
        await one.empty()
        for worker in (one, other):
            with pytest.raises(RequestError) as raised:
                await worker.runs.pin(run_id, "/reply", "x")
            assert refused(raised.value, Code.CONFLICT)


class TestAttached:
    """A run that ends with its one reader is no less found, as long as it lasts."""

    async def test_it_is_pinned_and_cancelled_from_anywhere(self, chatting: Workers) -> None:
        one, other, _ = await chatting.three()
        chain, log = Chain(), Log()
        run = Run(chain.events(), log.put, chain)
        await run.opened()
        with one.runs.attached(RUN_ID, run):
            await turns(3)
            for worker in (one, other):
                pinning = asyncio.create_task(worker.runs.pin(RUN_ID, "/a", "mine"))
                await turns(20)
                chain.tell(chain.numbered[-1])
                assert await pinning == chain.numbered[-1].seq
            assert await other.runs.cancel(RUN_ID, "enough")
        assert events_in(log)[-1] == Cancelled(seq=4, reason="enough", partial={"a": "mine"})

    async def test_no_trace_of_it_stays(self, chatting: Workers) -> None:
        one, other, _ = await chatting.three()
        run = Run(Chain().events(), Log().put, Pins())
        await run.opened()
        with pytest.raises(LookupError), one.runs.attached(RUN_ID, run):
            raise LookupError
        await one.empty()
        for worker in (one, other):
            for asking in (worker.runs.pin(RUN_ID, "/a", "x"), worker.runs.cancel(RUN_ID, "why")):
                with pytest.raises(Unknown):
                    await asking
        await run.cancel("enough")

    @pytest.mark.parametrize("run_id", ["", "one ", "*", "../one", "\x00", "가" * 1000])
    async def test_nothing_else_is_found(self, chatting: Workers, run_id: str) -> None:
        worker = await chatting.hire("a")
        run = Run(Chain().events(), Log().put, Pins())
        with worker.runs.attached("one", run):
            for asking in (worker.runs.pin(run_id, "/a", "x"), worker.runs.cancel(run_id, "why")):
                with pytest.raises(Unknown):
                    await asking
        await run.cancel("enough")

    async def test_it_is_told_its_end_when_the_process_goes(self, chatting: Workers) -> None:
        worker = await chatting.hire("a")
        log = Log()
        run = Run(Chain().events(), log.put, Pins())
        await run.opened()
        with worker.runs.attached(RUN_ID, run):
            finishing = asyncio.create_task(worker.runs.finished(SOON))
            await turns(3)
            assert not finishing.done()
            await worker.runs.give_up()
            await finishing
        end = events_in(log)[-1]
        assert isinstance(end, Failed)
        assert (end.code, end.retryable) == (Code.SHUTTING_DOWN, True)


class TestReaders:
    async def test_so_many_at_once_and_no_more_wherever_the_run_is(self, stalling: Workers) -> None:
        one = await stalling.hire("a")
        other = await stalling.hire("b", Bounds(readers=2))
        here, there = await other.begin("meeting-info"), await one.begin("meeting-info")
        async with AsyncExitStack() as reading:
            await reading.enter_async_context(other.runs.reader(here))
            await reading.enter_async_context(other.runs.reader(there))
            for run_id in (here, there, "none"):
                with pytest.raises(ServerError) as raised:
                    await other.read(run_id)
                assert refused(raised.value, Code.TOO_BUSY)
        for _ in range(3):
            with pytest.raises(Unknown):
                await other.read("none")
        async with other.runs.reader(here), other.runs.reader(there):
            pass

    async def test_who_reads_elsewhere_is_sent_on_when_this_process_goes(self, stalling: Workers) -> None:
        one, other, _ = await stalling.three()
        run_id = await one.begin("meeting-info")
        async with other.runs.reader(run_id) as reader:
            assert other.runs.read_elsewhere == [run_id]
            reading = asyncio.create_task(read_on(reader))
            await other.runs.give_up()
            with pytest.raises(Moved):
                await reading
        assert other.runs.read_elsewhere == []
        assert not one.runs.owner.owned[run_id].log.closed


async def test_when_all_is_over_nothing_is_left(chatting: Workers) -> None:
    workers = await chatting.three()
    before = asyncio.all_tasks()
    ids = await asyncio.gather(*(worker.begin(key=key) for worker in workers for key in ("", "", worker.name)))
    await asyncio.gather(*(worker.read(run_id) for worker in workers for run_id in ids))
    await asyncio.gather(*(workers[0].runs.cancel(run_id, "late") for run_id in ids))
    for worker in workers:
        await worker.runs.finished(SOON)
        await worker.empty()
        assert worker.runs.owner.room == Bounds().running
    await turns(20)
    assert asyncio.all_tasks() == before
