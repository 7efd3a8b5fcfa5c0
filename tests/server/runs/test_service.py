"""A run begins with one worker and is read, pinned, looked at and cancelled wherever anybody asks for it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

from chains import Pins
from schemas import (
    Cancelled,
    Code,
    Complete,
    Event,
    Failed,
    MeetingInfo,
    Pinned,
    RequestError,
    ServerError,
    Start,
    StreamError,
)
from server.runs import service as service_module
from server.runs.log import Log, Moved
from server.runs.run import Run
from server.runs.service import Bounds
from server.runs.store import NewRun, Unknown
from tests.chains.clock import Clock
from tests.chains.contract import check
from tests.server.configs import CHAT, CHAT_INPUT, MEETING
from tests.server.runs.script import RUN_ID, SOON, Chain, events_in, read_on, turns
from tests.server.runs.workers import WHOLE, Worker, Workers, hiring, stalls

NAME_STANDS = stalls("meeting-info", '"summary"')


@pytest.fixture
async def chatting() -> AsyncIterator[Workers]:
    """Workers on a model that answers a chat."""
    async with hiring(WHOLE["chatbot"]) as workers:
        yield workers


@pytest.fixture
async def stalling() -> AsyncIterator[Workers]:
    """Workers on a model that stops in the middle of a meeting's form."""
    async with hiring(NAME_STANDS) as workers:
        yield workers


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


def refused(outcome: object, code: Code) -> bool:
    return isinstance(outcome, StreamError) and outcome.code is code


def end_of(events: list[Event]) -> Event:
    """The end of a whole log."""
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    return events[-1]


class TestBeginning:
    async def test_a_run_comes_to_its_end_though_nobody_reads_it(self, chatting: Workers) -> None:
        worker = await chatting.hire("a")
        run_id = await worker.begin()
        await worker.runs.finished(SOON)
        await worker.empty()
        record = await worker.store.record(run_id)
        assert (record.end, record.chain, record.owner) == ("complete", "chatbot", "a")
        events = await worker.read(run_id)
        assert isinstance(events[0], Start)
        assert events[0].run_id == run_id
        end = end_of(events)
        assert isinstance(end, Complete)
        assert end.value == {**CHAT, "recommendation": None}

    async def test_it_has_begun_when_its_id_is_told(self, chatting: Workers) -> None:
        worker = await chatting.hire("a")
        run_id = await worker.begin()
        assert (await worker.store.read(run_id)).entries[0].name == "start"

    async def test_it_goes_on_though_whoever_asked_for_it_has_left(self, chatting: Workers) -> None:
        worker = await chatting.hire("a")
        asking = asyncio.create_task(worker.begin(key="k"))
        while not worker.runs.owned:
            await turns(1)
        (run_id,) = worker.runs.owned
        asking.cancel()
        await asyncio.wait({asking})
        assert await worker.begin(key="k") == run_id
        assert end_of(await worker.read(run_id)).type == "complete"
        assert len(chatting.chat.calls) == 1

    async def test_one_that_is_refused_has_never_been(self, chatting: Workers) -> None:
        worker = await chatting.hire("a")
        with pytest.raises(RequestError) as raised:
            await worker.begin(request={"messages": "none"}, key="k")
        assert refused(raised.value, Code.INVALID_REQUEST)
        await worker.empty()
        assert await worker.store.claim(0, 10) == []
        assert end_of(await worker.read(await worker.begin(key="k"))).type == "complete"

    async def test_so_many_at_once_and_no_more(self, stalling: Workers) -> None:
        worker = await stalling.hire("a", Bounds(running=5))
        begun = await asyncio.gather(*(worker.begin("meeting-info") for _ in range(20)), return_exceptions=True)
        assert sum(refused(outcome, Code.TOO_BUSY) for outcome in begun) == 15
        ids = [outcome for outcome in begun if isinstance(outcome, str)]
        assert (len(set(ids)), worker.runs.room) == (5, 0)
        await worker.runs.cancel(ids[0], "enough")
        await turns(20)
        assert worker.runs.room == 1
        assert await worker.begin("meeting-info")

    async def test_those_that_are_refused_take_no_place(self, chatting: Workers) -> None:
        worker = await chatting.hire("a", Bounds(running=1))
        for _ in range(3):
            with pytest.raises(RequestError):
                await worker.begin(request={"messages": "none"})
            await worker.empty()
        assert worker.runs.room == 1

    async def test_none_while_the_process_is_going(self, chatting: Workers) -> None:
        worker = await chatting.hire("a")
        worker.runs.draining = True
        for refusing in (worker.begin(), worker.begin(key="k")):
            with pytest.raises(ServerError) as raised:
                await refusing
            assert refused(raised.value, Code.SHUTTING_DOWN)
        assert worker.runs.room == 0


class TestKeys:
    async def test_two_hundred_tries_with_three_workers_are_one_run(self, chatting: Workers) -> None:
        workers = await chatting.three()
        ids = await asyncio.gather(*(workers[number % 3].begin(key="k") for number in range(200)))
        assert len(set(ids)) == 1
        assert end_of(await workers[1].read(ids[0])).type == "complete"
        assert len(chatting.chat.calls) == 1

    async def test_they_are_one_run_though_there_is_room_for_no_more(self, stalling: Workers) -> None:
        worker = await stalling.hire("a", Bounds(running=3))
        ids = await asyncio.gather(*(worker.begin("meeting-info", key="k") for _ in range(1000)))
        assert len(set(ids)) == 1
        assert len(stalling.chat.calls) == 1

    async def test_a_try_that_is_left_is_no_matter_to_the_others(self, chatting: Workers) -> None:
        worker = await chatting.hire("a")
        first = asyncio.create_task(worker.begin(key="k"))
        while not worker.runs.owned:
            await turns(1)
        second = asyncio.create_task(worker.begin(key="k"))
        await turns(1)
        assert not second.done()
        second.cancel()
        run_id = await first
        assert end_of(await worker.read(run_id)).type == "complete"

    async def test_a_later_try_joins_what_has_ended(self, chatting: Workers) -> None:
        one, other, _ = await chatting.three()
        run_id = await one.begin(key="k")
        await one.read(run_id)
        assert await other.begin(key="k") == run_id

    async def test_other_keys_other_chains_and_no_key_are_other_runs(self) -> None:
        async with hiring(WHOLE["chatbot"], WHOLE["meeting-info"], WHOLE["chatbot"], WHOLE["chatbot"]) as workers:
            worker = await workers.hire("a")
            ids = [await worker.begin(chain, key) for chain, key in (("chatbot", "k"), ("meeting-info", "k"))]
            ids += [await worker.begin(key="j"), await worker.begin(), await worker.begin()]
            assert len(set(ids)) == 5

    async def test_one_is_for_one_request_only(self, chatting: Workers) -> None:
        one, other, _ = await chatting.three()
        run_id = await one.begin(key="k")
        for worker in (one, other):
            with pytest.raises(RequestError) as raised:
                await worker.begin(key="k", request={**CHAT_INPUT, "language": "en"})
            assert refused(raised.value, Code.INVALID_REQUEST)
        reordered = dict(reversed(CHAT_INPUT["messages"][0].items()))
        assert await other.begin(key="k", request={"messages": [reordered]}) == run_id
        assert len(chatting.chat.calls) == 1

    async def test_two_requests_at_once_under_one_key_are_not_mixed_up(self, chatting: Workers) -> None:
        worker = await chatting.hire("a")
        other = {**CHAT_INPUT, "language": "en"}
        outcomes = await asyncio.gather(
            worker.begin(key="k"), worker.begin(key="k", request=other), return_exceptions=True
        )
        assert isinstance(outcomes[0], str)
        assert refused(outcomes[1], Code.INVALID_REQUEST)

    async def test_a_first_try_that_is_refused_blocks_no_other(
        self, chatting: Workers, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The second comes while the first one's run is in the store, but has told nothing."""
        monkeypatch.setattr(service_module, "JOIN_S", 0.01)
        one, other, _ = await chatting.three()
        first = NewRun(RUN_ID, "chatbot", CHAT_INPUT, 0.0, 100.0, *_key_of(one, "k"))
        await one.store.create(first)
        joining = asyncio.create_task(other.begin(key="k"))
        await turns(20)
        assert not joining.done()
        await one.store.drop(RUN_ID)
        run_id = await joining
        assert run_id != RUN_ID
        assert end_of(await other.read(run_id)).type == "complete"


def _key_of(worker: Worker, key: str) -> tuple[str, str]:
    """Under which key, and with which print, the store is asked for a chat's run."""
    return service_module._digest("chatbot", key), service_module._digest("chatbot", CHAT_INPUT)


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
            assert [event for event in events_in(one.runs.owned[run_id].log) if event.seq == seq] == [
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
                assert view.seq == one.runs.owned[run_id].log.last
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
        assert not one.runs.owned[run_id].log.closed


class TestGrace:
    """A run that nobody reads is cancelled, but not before its time."""

    BOUNDS = Bounds(grace_s=10.0)

    async def test_one_that_nobody_reads_is_cancelled(self, stalling: Workers, clock: Clock) -> None:
        worker = await stalling.hire("a", self.BOUNDS)
        run_id = await worker.begin("meeting-info")
        clock.now += 9
        await worker.runs.end_unread()
        assert worker.runs.owned[run_id].running
        clock.now += 2
        await worker.runs.end_unread()
        assert end_of(await worker.read(run_id)).type == "cancelled"

    async def test_one_that_is_read_here_goes_on_and_has_its_time_again_afterwards(
        self, stalling: Workers, clock: Clock
    ) -> None:
        worker = await stalling.hire("a", self.BOUNDS)
        run_id = await worker.begin("meeting-info")
        async with worker.runs.reader(run_id):
            clock.now += 100
            await worker.runs.end_unread()
        clock.now += 9
        await worker.runs.end_unread()
        assert worker.runs.owned[run_id].running
        clock.now += 2
        await worker.runs.end_unread()
        assert end_of(await worker.read(run_id)).type == "cancelled"

    @pytest.mark.parametrize("asks", ["reads", "looks"])
    async def test_one_that_is_wanted_elsewhere_goes_on(self, stalling: Workers, clock: Clock, asks: str) -> None:
        one, other = await stalling.hire("a", self.BOUNDS), await stalling.hire("b", self.BOUNDS)
        run_id = await one.begin("meeting-info")
        if asks == "reads":
            async with other.runs.reader(run_id):
                await other.store.note_readers(other.runs.read_elsewhere, 10.0)
        else:
            await other.runs.view(run_id)
        for _ in range(2):  # its time is not only put off until the next look
            clock.now += 6
            await one.runs.end_unread()
        assert one.runs.owned[run_id].running
        stalling.now += 11
        clock.now += 11
        await one.runs.end_unread()
        assert end_of(await one.read(run_id)).type == "cancelled"

    async def test_one_that_is_looked_at_here_goes_on(self, stalling: Workers, clock: Clock) -> None:
        worker = await stalling.hire("a", self.BOUNDS)
        run_id = await worker.begin("meeting-info")
        clock.now += 11
        await worker.runs.view(run_id)
        await worker.runs.end_unread()
        assert worker.runs.owned[run_id].running


async def test_when_all_is_over_nothing_is_left(chatting: Workers) -> None:
    workers = await chatting.three()
    before = asyncio.all_tasks()
    ids = await asyncio.gather(*(worker.begin(key=key) for worker in workers for key in ("", "", worker.name)))
    await asyncio.gather(*(worker.read(run_id) for worker in workers for run_id in ids))
    await asyncio.gather(*(workers[0].runs.cancel(run_id, "late") for run_id in ids))
    for worker in workers:
        await worker.runs.finished(SOON)
        await worker.empty()
        assert worker.runs.room == Bounds().running
    await turns(20)
    assert asyncio.all_tasks() == before
