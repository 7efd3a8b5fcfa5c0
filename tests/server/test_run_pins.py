"""A pin that was acknowledged stands in the log, and one that does not stand there was refused: whatever stops the run.

A chain numbers a pin at once and hands its event over a moment later. What stops the run between the two must leave
neither a hole nor the same number twice, nor a user who believes that the pin counts.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Any

import pytest

from chains import Limits, Pins, meeting_info
from chains.models.model import Model
from chains.models.scripted import Reply, ScriptedChatModel
from schemas import (
    Cancelled,
    Code,
    Event,
    Failed,
    FieldSettled,
    Fold,
    Invalid,
    Pinned,
    RequestError,
    Reset,
    SchemaRef,
    ServerError,
    Start,
    Token,
)
from server import runs
from server.runs import Run
from tests.server.configs import MEETING, MEETING_INPUT, text

START = Start(
    seq=1, run_id="r-1", chain="c", model="m", attempt=1, schema_=SchemaRef(name="s", hash="h"), fields=(), notes=()
)
STOPS: dict[str, Callable[[Run], Awaitable[None]]] = {
    "cancelled": lambda run: run.cancel("stopped"),
    "failed": lambda run: run.fail(ServerError("Going.", code=Code.SHUTTING_DOWN)),
}
EITHER = pytest.mark.parametrize("stop", STOPS.values(), ids=STOPS)


class Chain(Pins):
    """A chain that numbers each pin at once, and tells it when the test says so."""

    def __init__(self) -> None:
        super().__init__()
        self.numbered: list[Pinned] = []
        self._told: asyncio.Queue[Event] = asyncio.Queue()

    async def pin(self, path: str, value: Any) -> int:
        if value is None:
            raise RequestError("Not so.")
        self.numbered.append(Pinned(seq=2 + len(self.numbered), path=path, value=value))
        return self.numbered[-1].seq

    def tell(self, event: Event) -> None:
        self._told.put_nowait(event)

    async def events(self) -> AsyncGenerator[Event]:
        yield START
        while True:
            yield await self._told.get()


async def opened() -> tuple[Chain, Run]:
    chain = Chain()
    run = Run(chain.events(), chain)
    await run.opened()
    return chain, run


async def turns(count: int) -> None:
    """So many turns of the event loop."""
    for _ in range(count):
        await asyncio.sleep(0)


def is_conflict(outcome: object) -> bool:
    return isinstance(outcome, RequestError) and outcome.code is Code.CONFLICT


async def test_its_id_is_that_of_its_start() -> None:
    _, run = await opened()
    assert run.id == START.run_id
    await run.cancel("enough")


class TestAcknowledged:
    async def test_only_what_stands_in_the_log(self) -> None:
        chain, run = await opened()
        pinning = asyncio.create_task(run.pin("/a", "mine"))
        await turns(20)
        assert chain.numbered
        assert not pinning.done()
        chain.tell(chain.numbered[0])
        assert await pinning == 2
        assert run.log[-1].event == chain.numbered[0]
        await run.cancel("enough")

    async def test_others_first_if_they_were_told_first(self) -> None:
        chain, run = await opened()
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
        chain, run = await opened()
        pinning = [asyncio.create_task(run.pin("/a", number)) for number in range(count)]
        await turns(20)
        await stop(run)
        outcomes = await asyncio.gather(*pinning, return_exceptions=True)
        assert len(chain.numbered) == count
        assert all(map(is_conflict, outcomes))
        assert [entry.event.seq for entry in run.log] == [1, 2]
        end = run.log[-1].event
        assert isinstance(end, Cancelled | Failed)
        assert end.partial == {}

    @EITHER
    async def test_what_was_told_before_the_run_was_stopped(self, stop: Callable[[Run], Awaitable[None]]) -> None:
        chain, run = await opened()
        pinning = [asyncio.create_task(run.pin(f"/{name}", name)) for name in "ab"]
        await turns(20)
        chain.tell(chain.numbered[0])
        await turns(20)
        await stop(run)
        first, second = await asyncio.gather(*pinning, return_exceptions=True)
        assert first == 2
        assert is_conflict(second)
        end = run.log[-1].event
        assert isinstance(end, Cancelled | Failed)
        assert (end.seq, end.partial) == (3, {"a": "a"})


class TestRefused:
    async def test_by_a_run_that_has_ended_whatever_its_chain_would_say(self) -> None:
        chain, run = await opened()
        await run.cancel("enough")
        with pytest.raises(RequestError) as raised:
            await run.pin("/a", "mine")
        assert is_conflict(raised.value)
        assert chain.numbered == []

    async def test_by_a_run_without_pins(self) -> None:
        run = Run(Chain().events())
        await run.opened()
        with pytest.raises(RequestError) as raised:
            await run.pin("/a", "mine")
        assert is_conflict(raised.value)
        await run.cancel("enough")

    async def test_by_its_chain_in_its_words(self) -> None:
        _, run = await opened()
        with pytest.raises(RequestError, match="Not so"):
            await run.pin("/a", None)
        await run.cancel("enough")

    async def test_by_a_run_that_has_had_enough_of_them(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(runs, "MAX_PINS", 2)
        chain, run = await opened()
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
    chain, run = await opened()
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
    end = run.log[-1].event
    assert isinstance(end, Cancelled | Failed)
    assert (end.seq, end.partial) == (10, {"kept": 1, "mine": "mine", "void": "again"})


@EITHER
@pytest.mark.parametrize("until", range(0, 120, 3))
async def test_a_real_chain_stopped_at_any_moment(stop: Callable[[Run], Awaitable[None]], until: int) -> None:
    """One pin each turn of the loop, and the stop after so many turns: before, among and behind the chain's events."""
    broken = Reply(text=text({**MEETING, "max_members": 1000}))
    chat = ScriptedChatModel(replies=[broken, Reply(text=text(MEETING))], chunk_size=20)
    chain = meeting_info.build(Model(chat=chat, name="scripted", languages=("ko",)), Limits(repairs=1))
    pins = Pins()
    run = Run(chain.astream_typed(MEETING_INPUT, pins=pins), pins)
    await run.opened()
    pinning: dict[str, asyncio.Task[int]] = {}
    for turn in range(until):
        pinning[f"{turn}"] = asyncio.create_task(run.pin("/name", f"{turn}"))
        await turns(1)
    await stop(run)
    outcomes = await asyncio.gather(*pinning.values(), return_exceptions=True)

    assert [entry.event.seq for entry in run.log] == list(range(1, len(run.log) + 1))
    told = {entry.event.value: entry.event.seq for entry in run.log if isinstance(entry.event, Pinned)}
    acknowledged = {name: seq for name, seq in zip(pinning, outcomes, strict=True) if isinstance(seq, int)}
    assert told == acknowledged
    assert all(is_conflict(outcome) for outcome in outcomes if not isinstance(outcome, int))
    before_end, end = Fold(), run.log[-1].event
    for event in [entry.event for entry in run.log[:-1]]:
        before_end.apply(event)
    if isinstance(end, Cancelled | Failed):
        assert end.partial == before_end.value
