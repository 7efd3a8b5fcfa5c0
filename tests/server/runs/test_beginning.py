"""A run begins once for all who ask for it under one key, or not at all, and goes on whoever leaves."""

import asyncio

import pytest

from schemas import Code, Complete, RequestError, ServerError, Start
from server.runs import owner as owner_module
from server.runs.owner import Bounds
from server.runs.store import NewRun
from tests.server.configs import CHAT, CHAT_INPUT
from tests.server.runs.script import RUN_ID, SOON, turns
from tests.server.runs.workers import WHOLE, Worker, Workers, end_of, hiring, refused


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
        while not worker.runs.owner.owned:
            await turns(1)
        (run_id,) = worker.runs.owner.owned
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
        assert (len(set(ids)), worker.runs.owner.room) == (5, 0)
        await worker.runs.cancel(ids[0], "enough")
        await turns(20)
        assert worker.runs.owner.room == 1
        assert await worker.begin("meeting-info")

    async def test_those_that_are_refused_take_no_place(self, chatting: Workers) -> None:
        worker = await chatting.hire("a", Bounds(running=1))
        for _ in range(3):
            with pytest.raises(RequestError):
                await worker.begin(request={"messages": "none"})
            await worker.empty()
        assert worker.runs.owner.room == 1

    async def test_none_while_the_process_is_going(self, chatting: Workers) -> None:
        worker = await chatting.hire("a")
        worker.runs.owner.draining = True
        for refusing in (worker.begin(), worker.begin(key="k")):
            with pytest.raises(ServerError) as raised:
                await refusing
            assert refused(raised.value, Code.SHUTTING_DOWN)
        assert worker.runs.owner.room == 0


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
        while not worker.runs.owner.owned:
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
        monkeypatch.setattr(owner_module, "JOIN_S", 0.01)
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
    return owner_module._digest("", "chatbot", key), owner_module._digest("chatbot", CHAT_INPUT)
