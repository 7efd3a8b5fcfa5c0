"""What one worker asks of another is done once, and answered by a value or by a refusal in its own words."""

import asyncio
import gc
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from schemas import Breach, Code, RequestError, ServerError, UpstreamError
from server.runs import errands as errands_module
from server.runs.errands import Errands
from server.runs.memory import Memory, MemoryStore
from server.runs.store import StoreUnavailable, Unknown
from tests.chains.clock import Clock
from tests.server.runs.script import SOON, turns

Hires = Callable[..., Awaitable[Errands]]


class Away(MemoryStore):
    """The store of a worker that cannot reach it."""

    async def send(self, worker: str, message: str) -> None:
        raise StoreUnavailable


@pytest.fixture
async def hire() -> AsyncIterator[Hires]:
    """Errands of a worker of this name that does what it is asked so, and serves if it is to."""
    memory, serving = Memory(), list[asyncio.Task[None]]()

    async def hire(
        name: str,
        do: Callable[[dict[str, Any]], Awaitable[Any]] | None = None,
        *,
        serves: bool = True,
        kind: type[MemoryStore] = MemoryStore,
    ) -> Errands:
        store = kind(memory, name)
        await store.open()
        errands = Errands(store, do or echo)
        if serves:
            serving.append(asyncio.create_task(errands.serve()))
        return errands

    yield hire
    for task in serving:
        task.cancel()
    await asyncio.wait(serving)


async def echo(errand: dict[str, Any]) -> Any:
    return errand["say"]


def raising(error: Exception) -> Callable[[dict[str, Any]], Awaitable[Any]]:
    async def do(errand: dict[str, Any]) -> Any:
        raise error

    return do


async def test_each_is_answered_by_whom_it_was_asked(hire: Hires) -> None:
    one, *_ = [await hire(name, echo) for name in ("one", "two", "three")]
    asked = [one.ask(worker, {"say": f"{worker} {number}"}) for number in range(50) for worker in ("two", "three")]
    answers = await asyncio.gather(*asked)
    assert answers == [f"{worker} {number}" for number in range(50) for worker in ("two", "three")]


async def test_two_who_ask_each_other_do_not_block(hire: Hires) -> None:
    asked: dict[str, Errands] = {}

    async def ask_back(errand: dict[str, Any]) -> Any:
        return await asked["one"].ask("two", {"say": "deep"}) if errand["say"] == "back" else errand["say"]

    asked["one"] = await hire("one", ask_back)
    two = await hire("two")
    assert await two.ask("one", {"say": "back"}) == "deep"
    assert await asked["one"].ask("one", {"say": "to myself"}) == "to myself"


async def test_a_slow_one_holds_up_no_other(hire: Hires) -> None:
    go_on = asyncio.Event()

    async def slow(errand: dict[str, Any]) -> Any:
        if errand["say"] == "slow":
            await go_on.wait()
        return errand["say"]

    one, _ = await hire("one"), await hire("two", slow)
    waiting = asyncio.create_task(one.ask("two", {"say": "slow"}))
    assert await one.ask("two", {"say": "quick"}) == "quick"
    assert not waiting.done()
    go_on.set()
    assert await waiting == "slow"


class TestRefusals:
    @pytest.mark.parametrize(
        "error",
        [
            RequestError("No.", code=Code.INVALID_REQUEST, details=(Breach(path="/a", rule="enum", message="한국어"),)),
            RequestError("Ended.", code=Code.CONFLICT),
            Unknown(),
            UpstreamError("Not that word.", code=Code.REFUSED),
            ServerError("Busy.", code=Code.TOO_BUSY, retry_after_ms=77),
            StoreUnavailable(),
        ],
        ids=lambda error: error.code,
    )
    async def test_they_come_in_the_words_of_whoever_refused(
        self, hire: Hires, error: RequestError | ServerError | UpstreamError
    ) -> None:
        one, _ = await hire("one"), await hire("two", raising(error))
        with pytest.raises((RequestError, ServerError, UpstreamError)) as raised:
            await one.ask("two", {})
        assert isinstance(error, type(raised.value))
        assert raised.value.envelope() == error.envelope()
        assert raised.value.retry_after_ms == error.retry_after_ms

    async def test_a_fault_there_is_one_here_and_says_nothing_of_its_words(
        self, hire: Hires, caplog: pytest.LogCaptureFixture
    ) -> None:
        words = "what a user wrote"
        one, _ = await hire("one"), await hire("two", raising(LookupError(words)))
        with pytest.raises(ServerError) as raised:
            await one.ask("two", {})
        assert raised.value.code is Code.INTERNAL
        assert words not in raised.value.message + caplog.text
        assert [record.levelno for record in caplog.records] == [logging.ERROR]
        assert await one.ask("one", {"say": "still here"}) == "still here"


class TestNoAnswer:
    @pytest.mark.parametrize("worker", ["nobody", ""])
    async def test_a_worker_that_is_not_there(self, hire: Hires, worker: str) -> None:
        one = await hire("one")
        with pytest.raises(ServerError) as raised:
            await one.ask(worker, {})
        assert (raised.value.code, raised.value.retryable) == (Code.WORKER_LOST, True)

    async def test_one_that_says_nothing_is_given_up_in_time(
        self, hire: Hires, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        clock = Clock(monkeypatch)
        one, _ = await hire("one"), await hire("deaf", serves=False)
        asking = asyncio.create_task(one.ask("deaf", {}))
        await turns(5)
        clock.now += errands_module.PATIENCE_S * 0.9
        await turns(5)
        assert not asking.done()
        clock.now += errands_module.PATIENCE_S * 0.2
        with pytest.raises(ServerError) as raised:
            await asking
        assert raised.value.code is Code.WORKER_LOST

    async def test_an_answer_that_comes_too_late_is_nobodys(self, hire: Hires, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(errands_module, "PATIENCE_S", 0.001)
        go_on = asyncio.Event()

        async def slow(errand: dict[str, Any]) -> Any:
            await go_on.wait()
            return "late"

        one, _ = await hire("one"), await hire("two", slow)
        with pytest.raises(ServerError):
            await one.ask("two", {})
        monkeypatch.setattr(errands_module, "PATIENCE_S", SOON)
        asking = asyncio.create_task(one.ask("one", {"say": "mine"}))
        go_on.set()
        await turns(20)
        assert await asking == "mine"

    async def test_who_cannot_reach_the_store_says_so(self, hire: Hires) -> None:
        one = await hire("one", kind=Away)
        with pytest.raises(StoreUnavailable):
            await one.ask("two", {})

    async def test_one_that_comes_twice_counts_once(self, hire: Hires) -> None:
        """A store may have been asked to send it again."""
        one, _ = await hire("one"), await hire("deaf", serves=False)
        asking = asyncio.create_task(one.ask("deaf", {}))
        await turns(5)
        for value in ("first", "second"):
            await one._store.send("one", json.dumps({"answer": 1, "value": value}))
        assert await asking == "first"
        assert await one.ask("one", {"say": "still here"}) == "still here"

    async def test_one_who_cannot_answer_goes_on_serving(self, hire: Hires, caplog: pytest.LogCaptureFixture) -> None:
        """Whoever asked has gone, or the store has."""
        done: list[str] = []

        async def note(errand: dict[str, Any]) -> Any:
            done.append(errand["say"])

        one, two = await hire("one"), await hire("two", note)
        for number, asker in enumerate(("gone", "one")):
            message = {"ask": 1000 + number, "by": asker, "errand": {"say": f"from {asker}"}}
            await one._store.send("two", json.dumps(message))
        assert await one.ask("two", {"say": "last"}) is None
        assert done == ["from gone", "from one", "last"]
        assert len(two._doing) == 0
        gc.collect()  # a task that failed unheard would say so now
        assert caplog.records == []


async def test_who_leaves_while_it_waits_leaves_nothing_behind(hire: Hires) -> None:
    one, _ = await hire("one"), await hire("deaf", serves=False)
    asking = asyncio.create_task(one.ask("deaf", {}))
    await turns(5)
    asking.cancel()
    await asyncio.wait({asking})
    assert one._asked == {}


async def test_what_is_being_done_ends_with_its_worker() -> None:
    memory = Memory()
    store, other = MemoryStore(memory, "one"), MemoryStore(memory, "two")
    await store.open()
    stopped = asyncio.Event()

    async def wait(errand: dict[str, Any]) -> Any:
        try:
            await asyncio.Event().wait()
        finally:
            stopped.set()

    serving = asyncio.create_task(Errands(store, wait).serve())
    await other.send("one", json.dumps({"ask": 1, "by": "two", "errand": {}}))
    await turns(5)
    serving.cancel()
    await asyncio.wait({serving})
    await asyncio.wait_for(stopped.wait(), SOON)
