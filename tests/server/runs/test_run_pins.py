"""A pin that was acknowledged stands in the log, and one that does not stand there was refused: whatever stops the run.

A chain numbers a pin at once and hands its event over a moment later. What stops the run between the two must leave
neither a hole nor the same number twice, nor a user who believes that the pin counts.
"""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from chains import Limits, Pins, meeting_info
from chains.models.model import Model
from chains.models.scripted import Reply, ScriptedChatModel
from schemas import (
    Cancelled,
    Code,
    Failed,
    FieldSettled,
    Fold,
    Invalid,
    Pinned,
    RequestError,
    Reset,
    ServerError,
    Token,
)
from server.runs import run as run_module
from server.runs.log import Log
from server.runs.run import Run
from tests.server.configs import MEETING, MEETING_INPUT, text
from tests.server.runs.script import START, Chain, events_in, sum_of, turns

STOPS: dict[str, Callable[[Run], Awaitable[None]]] = {
    "cancelled": lambda run: run.cancel("stopped"),
    "failed": lambda run: run.fail(ServerError("Going.", code=Code.SHUTTING_DOWN)),
}
EITHER = pytest.mark.parametrize("stop", STOPS.values(), ids=STOPS)


async def opened() -> tuple[Chain, Log, Run]:
    chain, log = Chain(), Log()
    run = Run(chain.events(), log.put, chain)
    await run.opened()
    return chain, log, run


def is_conflict(outcome: object) -> bool:
    return isinstance(outcome, RequestError) and outcome.code is Code.CONFLICT


class TestAcknowledged:
    async def test_only_what_stands_in_the_log(self) -> None:
        chain, log, run = await opened()
        pinning = asyncio.create_task(run.pin("/a", "mine"))
        await turns(20)
        assert chain.numbered
        assert not pinning.done()
        chain.tell(chain.numbered[0])
        assert await pinning == 2
        assert events_in(log)[-1] == chain.numbered[0]
        await run.cancel("enough")

    async def test_others_first_if_they_were_told_first(self) -> None:
        chain, _, run = await opened()
        pinning = [asyncio.create_task(run.pin(f"/{name}", name)) for name in "abc"]
        await turns(20)
        for event in chain.numbered:
            chain.tell(event)
        assert await asyncio.gather(*pinning) == [2, 3, 4]
        await run.cancel("enough")

    @EITHER
    @pytest.mark.parametrize("count", [1, 3])
    async def test_nothing_that_was_numbered_when_the_run_was_stopped(
        self, stop: Callable[[Run], Awaitable[None]], count: int
    ) -> None:
        chain, log, run = await opened()
        pinning = [asyncio.create_task(run.pin("/a", number)) for number in range(count)]
        await turns(20)
        await stop(run)
        outcomes = await asyncio.gather(*pinning, return_exceptions=True)
        assert len(chain.numbered) == count
        assert all(map(is_conflict, outcomes))
        assert [event.seq for event in events_in(log)] == [1, 2]
        end = events_in(log)[-1]
        assert isinstance(end, Cancelled | Failed)
        assert end.partial == {}

    @EITHER
    async def test_what_was_told_before_the_run_was_stopped(self, stop: Callable[[Run], Awaitable[None]]) -> None:
        chain, log, run = await opened()
        pinning = [asyncio.create_task(run.pin(f"/{name}", name)) for name in "ab"]
        await turns(20)
        chain.tell(chain.numbered[0])
        await turns(20)
        await stop(run)
        first, second = await asyncio.gather(*pinning, return_exceptions=True)
        assert first == 2
        assert is_conflict(second)
        end = events_in(log)[-1]
        assert isinstance(end, Cancelled | Failed)
        assert (end.seq, end.partial) == (3, {"a": "a"})

    async def test_a_run_that_is_taken_over_has_gone_on_before_it_takes_any(self) -> None:
        chain, log = Chain(first=3), Log(keeps=1_000_000, base=sum_of([START]))
        run = Run(chain.told(), log.put, chain, log.progress())
        pinning = asyncio.create_task(run.pin("/a", "mine"))
        await turns(20)
        assert chain.numbered == []
        chain.tell(Reset(seq=2, attempt=2, keep=(), reason=Code.WORKER_LOST))
        await turns(20)
        chain.tell(chain.numbered[0])
        assert await pinning == 3
        await run.cancel("enough")

    async def test_nothing_that_another_worker_goes_on_without(self) -> None:
        chain, _, run = await opened()
        pinning = asyncio.create_task(run.pin("/a", "mine"))
        await turns(20)
        assert chain.numbered
        await run.abandon()
        (outcome,) = await asyncio.gather(pinning, return_exceptions=True)
        assert is_conflict(outcome)


class TestRefused:
    async def test_by_a_run_that_has_ended_whatever_its_chain_would_say(self) -> None:
        chain, _, run = await opened()
        await run.cancel("enough")
        with pytest.raises(RequestError) as raised:
            await run.pin("/a", "mine")
        assert is_conflict(raised.value)
        assert chain.numbered == []

    async def test_by_a_run_without_pins(self) -> None:
        run = Run(Chain().events(), Log().put)
        await run.opened()
        with pytest.raises(RequestError) as raised:
            await run.pin("/a", "mine")
        assert is_conflict(raised.value)
        await run.cancel("enough")

    async def test_by_its_chain_in_its_words(self) -> None:
        _, _, run = await opened()
        with pytest.raises(RequestError, match="Not so"):
            await run.pin("/a", None)
        await run.cancel("enough")

    async def test_by_a_run_that_has_had_enough_of_them(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(run_module, "MAX_PINS", 2)
        chain, _, run = await opened()
        for _ in range(5):
            with pytest.raises(RequestError, match="Not so"):
                await run.pin("/a", None)  # one that was refused costs nothing: the log does not hold it
        for number in range(2):
            pinning = asyncio.create_task(run.pin("/a", number))
            await turns(20)
            chain.tell(chain.numbered[-1])
            await pinning
        with pytest.raises(RequestError) as raised:
            await run.pin("/a", "one more")
        assert is_conflict(raised.value)
        assert len(chain.numbered) == 2
        await run.cancel("enough")


@EITHER
async def test_an_end_from_outside_tells_what_resets_and_pins_left(stop: Callable[[Run], Awaitable[None]]) -> None:
    chain, log, run = await opened()
    for event in (
        FieldSettled(seq=2, path="/kept", value=1, source="model", ms=0),
        Token(seq=3, path="/void", text="gone"),
        Token(seq=4, path="/mine", text="theirs"),
        Pinned(seq=5, path="/mine", value="mine"),
        Invalid(seq=6, paths=("/void",), errors=()),
        Reset(seq=7, attempt=2, keep=("/kept", "/mine"), reason=Code.INVALID_OUTPUT),
        Token(seq=8, path="/void", text="ag"),
        Token(seq=9, path="/void", text="ain"),
    ):
        chain.tell(event)
    await turns(20)
    await stop(run)
    end = events_in(log)[-1]
    assert isinstance(end, Cancelled | Failed)
    assert (end.seq, end.partial) == (10, {"kept": 1, "mine": "mine", "void": "again"})


@EITHER
@pytest.mark.parametrize("until", range(0, 120, 3))
async def test_a_real_chain_stopped_at_any_moment(stop: Callable[[Run], Awaitable[None]], until: int) -> None:
    """One pin each turn of the loop, and the stop after so many turns: before, among and behind the chain's events."""
    broken = Reply(text=text({**MEETING, "max_members": 1000}))
    chat = ScriptedChatModel(replies=[broken, Reply(text=text(MEETING))], chunk_size=20)
    chain = meeting_info.build(Model(chat=chat, name="scripted", languages=("ko",)), Limits(repairs=1))
    pins, log = Pins(), Log()
    run = Run(chain.astream_typed(MEETING_INPUT, pins=pins), log.put, pins)
    await run.opened()
    pinning: dict[str, asyncio.Task[int]] = {}
    for turn in range(until):
        pinning[f"{turn}"] = asyncio.create_task(run.pin("/name", f"{turn}"))
        await turns(1)
    await stop(run)
    outcomes = await asyncio.gather(*pinning.values(), return_exceptions=True)

    assert [event.seq for event in events_in(log)] == list(range(1, log.last + 1))
    told = {event.value: event.seq for event in events_in(log) if isinstance(event, Pinned)}
    acknowledged = {name: seq for name, seq in zip(pinning, outcomes, strict=True) if isinstance(seq, int)}
    assert told == acknowledged
    assert all(is_conflict(outcome) for outcome in outcomes if not isinstance(outcome, int))
    *before, end = events_in(log)
    before_end = Fold()
    for event in before:
        before_end.apply(event)
    if isinstance(end, Cancelled | Failed):
        assert end.partial == before_end.value
