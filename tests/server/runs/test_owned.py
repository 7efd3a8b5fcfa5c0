"""A worker's own run goes on until the store has its end, and nothing is acknowledged that could still be lost."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from schemas import Cancelled, Code, Event, ServerError, Token, UpstreamError
from server.runs.log import Log, Moved
from server.runs.owned import FLUSH_S, Owned
from server.runs.store import Fenced
from server.runs.writer import PATIENCE_S
from tests.chains.clock import Clock
from tests.server.runs.fleet import new
from tests.server.runs.script import END, START, TOKEN, Chain, Source, events_in, read_on, turns
from tests.server.runs.troubled import Held, Trouble, TroubledStore, away, none, stored

NEW = new("run", lives_s=1000.0)


class Desk:
    """A run that is owned, on a chain that says what the test tells it to, and a store with troubles."""

    def __init__(self, store: TroubledStore, clock: Clock, source: Source | None) -> None:
        self.store = store
        self.clock = clock
        self.chain = Chain()
        self.log = Log(keeps=1_000_000)
        self.owned = Owned(store, NEW, source() if source else self.chain.events(), self.chain, self.log)

    async def wait(self, seconds: float) -> None:
        """So much time passes."""
        await turns(50)
        self.clock.now += seconds
        await turns(50)

    async def kept(self) -> list[int]:
        """The numbers that the store has."""
        return (await stored(self.store, NEW))[1]


Sits = Callable[..., Awaitable[Desk]]


@pytest.fixture
async def desk(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Sits]:
    """Owns a run, in a store with these troubles."""
    desks: list[Desk] = []
    clock = Clock(monkeypatch)

    async def sit(*troubles: Trouble, source: Source | None = None) -> Desk:
        store = TroubledStore(*troubles)
        await store.create(NEW)
        desks.append(Desk(store, clock, source))
        return desks[-1]

    yield sit
    for each in desks:
        await each.owned.abandon()


class TestOpened:
    async def test_when_the_store_has_its_first_event(self, desk: Sits) -> None:
        storing = Held()
        here = await desk(storing)
        opening = asyncio.create_task(here.owned.opened())
        await turns(50)
        assert not opening.done()
        storing.let_go()
        await opening
        assert await here.kept() == [1]

    async def test_or_when_its_readers_are_shown_it_without(self, desk: Sits) -> None:
        here = await desk(Held())
        opening = asyncio.create_task(here.owned.opened())
        await here.wait(PATIENCE_S * 1.1)
        await opening
        assert [entry.sure for entry in here.log.entries] == [False]

    async def test_a_refusal_is_raised_and_nothing_goes_on(self, desk: Sits) -> None:
        here = await desk(source=Source(error=UpstreamError("Busy.", code=Code.UPSTREAM_BUSY)))
        with pytest.raises(UpstreamError, match="Busy"):
            await here.owned.opened()
        await here.owned.finished()
        assert not here.owned.running
        assert await here.kept() == []


class TestFinished:
    async def test_when_the_store_has_its_end(self, desk: Sits) -> None:
        last = Held()
        here = await desk(away, last, source=Source(START, TOKEN, END))
        finishing = asyncio.create_task(here.owned.finished())
        await last.reached.wait()
        assert (here.log.ended, here.owned.running, finishing.done()) == (True, False, False)
        last.let_go()
        await finishing
        assert await here.kept() == [1, 2, 3]

    async def test_when_it_is_not_this_workers_any_more(self, desk: Sits) -> None:
        here = await desk(none)
        await here.owned.opened()
        here.store.plays(here.store.changes_hands)
        here.chain.tell(TOKEN)
        await here.owned.finished()
        assert (here.owned.running, here.log.closed, here.log.ended) == (False, True, False)
        assert events_in(here.log) == [START]


class TestPins:
    async def test_one_is_acknowledged_when_the_store_has_it(self, desk: Sits) -> None:
        storing = Held()
        here = await desk(none, storing)
        await here.owned.opened()
        pinning = asyncio.create_task(here.owned.pin("/a", "mine"))
        await turns(20)
        here.chain.tell(here.chain.numbered[0])
        await storing.reached.wait()
        await turns(20)
        assert not pinning.done()
        storing.let_go()
        assert await pinning == 2
        assert await here.kept() == [1, 2]

    async def test_one_that_the_store_refuses_is_refused(self, desk: Sits) -> None:
        here = await desk(none)
        await here.owned.opened()
        here.store.plays(here.store.changes_hands)
        pinning = asyncio.create_task(here.owned.pin("/a", "mine"))
        await turns(20)
        here.chain.tell(here.chain.numbered[0])
        with pytest.raises(ServerError) as raised:
            await pinning
        assert raised.value.code is Code.WORKER_LOST


class TestEnded:
    @pytest.mark.parametrize(
        ("end", "name"),
        [("enough", "cancelled"), (ServerError("Going.", code=Code.SHUTTING_DOWN), "failed")],
        ids=["cancelled", "failed"],
    )
    async def test_it_has_ended_for_everybody_when_that_is_acknowledged(
        self, desk: Sits, end: str | ServerError, name: str
    ) -> None:
        storing = Held()
        here = await desk(none, storing)
        await here.owned.opened()
        ending = asyncio.create_task(here.owned.end(end))
        await storing.reached.wait()
        await turns(20)
        assert not ending.done()
        storing.let_go()
        await ending
        assert here.log.ended
        assert (await here.store.record(NEW.id)).end == name

    async def test_a_store_that_is_away_holds_up_no_cancel(self, desk: Sits) -> None:
        here = await desk(none, *[away] * 100)
        await here.owned.opened()
        await asyncio.wait_for(here.owned.end("enough"), 50)
        assert events_in(here.log)[-1] == Cancelled(seq=2, reason="enough", partial={})


class TestLettingGo:
    async def test_an_abandoned_run_stops_and_says_nothing_more(self, desk: Sits) -> None:
        source = Source(START, TOKEN, stalls=True)
        here = await desk(source=source)
        await here.log.until(2)
        with here.owned.read(2, sure=True) as reader:
            await here.owned.abandon()
            with pytest.raises(Moved):
                await reader.next(here.clock.now + 1)
        await here.owned.finished()
        assert source.closed.is_set()
        assert (here.owned.running, here.log.ended, await here.kept()) == (False, False, [1, 2])

    async def test_one_that_is_handed_over_is_stored_first(self, desk: Sits) -> None:
        storing = Held()
        here = await desk(none, storing)
        await here.owned.opened()
        here.chain.tell(Token(seq=2, path="/a", text="last"))
        await storing.reached.wait()
        handing = asyncio.create_task(here.owned.hand_over())
        await here.wait(FLUSH_S * 0.9)
        assert (here.owned.running, handing.done()) == (False, False)
        assert (await here.store.record(NEW.id)).owner == here.store.worker
        storing.let_go()
        await handing
        assert (await here.store.record(NEW.id)).owner == ""
        assert await here.kept() == [1, 2]
        with pytest.raises(Fenced):
            await here.store.append(NEW.id, [])

    async def test_what_could_not_be_stored_is_not_given_away(self, desk: Sits) -> None:
        """Whoever got it would not know what readers have been shown: that is for the lease to decide."""
        here = await desk(none, Held())
        await here.owned.opened()
        here.chain.tell(Token(seq=2, path="/a", text="last"))
        handing = asyncio.create_task(here.owned.hand_over())
        await here.wait(FLUSH_S * 1.1)
        await handing
        assert (await here.store.record(NEW.id)).owner == here.store.worker
        assert here.log.closed

    async def test_one_that_has_ended_is_stored_and_not_given_away(self, desk: Sits) -> None:
        here = await desk(away, away, source=Source(START, TOKEN, END))
        await here.log.until(3)
        await here.owned.hand_over()
        record = await here.store.record(NEW.id)
        assert (record.owner, record.end) == (here.store.worker, "complete")


async def test_who_reads_it_here_wants_it(desk: Sits) -> None:
    here = await desk()
    await here.owned.opened()
    here.clock.now += 7
    assert here.owned.unwanted_s == 7
    with here.owned.read(0, sure=True), here.owned.read(1, sure=True):
        here.clock.now += 7
        assert here.owned.unwanted_s == 0
    assert here.owned.unwanted_s == 0
    here.clock.now += 7
    assert here.owned.unwanted_s == 7
    here.owned.want()
    assert here.owned.unwanted_s == 0


async def test_a_run_that_another_began_goes_on_behind_what_it_told(desk: Sits) -> None:
    here = await desk(source=Source(START, TOKEN, stalls=True))
    await here.log.until(2)
    taker = here.store.other()
    await taker.claim(0, 1)
    log = Log(keeps=1_000_000)
    for entry in (await taker.read(NEW.id)).entries:
        log.put(entry)
    owned = Owned(taker, NEW, Source(END)(), Chain(), log)
    with owned.read(1, sure=True) as reader:
        read: list[Event] = [entry.event for entry in await read_on(reader)]
    await owned.finished()
    assert read == [TOKEN, END]
    assert (await taker.record(NEW.id)).end == "complete"
