"""`Pins`, the user's way into a run that goes on: answered at once, told at once, and only while it goes on."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

import pytest
from pydantic import BaseModel

from chains import Limits, Pins, meeting_info
from chains.ask import Ask
from chains.drive import drive, passes
from chains.pace import Pace
from chains.projection import Projection
from chains.turn import Course, Judge
from chains.wake import Wake
from schemas import Code, Complete, Event, MeetingInfo, Path, Pinned, RequestError, StreamError, UpstreamError
from tests.chains.answers import GOAL, MEETING, model_saying, text
from tests.chains.contract import check
from tests.chains.projecting import brief, of
from tests.chains.tap import Tap

CALM = Limits(idle=30.0, total=60.0, snapshot=0.0)


class Note(BaseModel):
    """Two strings."""

    title: str
    body: str


class Live:
    """A run whose model says what the test lets it say, and whose check, if there is one, thinks until it is let."""

    def __init__(self, *, checked: tuple[str, ...] = ()) -> None:
        self.tap, self.pins = Tap(), Pins()
        self.thinking, self.thought = asyncio.Event(), asyncio.Event()
        projection = Projection(
            Ask(Note, wanted=Note),
            clock=asyncio.get_running_loop().time,
            pace=Pace(interval=0),
            repairs=1,
            checked=checked,
        )
        wake = Wake()
        self.pins.open(projection, wake)
        course = Course(projection, lambda: projection.start(run_id="r", chain="c", model="m"), CALM)
        judge: Judge = self._judge if checked else passes
        self.events: AsyncGenerator[Event] = drive(course, lambda _: self.tap.chunks(), hold=0, wake=wake, judge=judge)
        self.read: list[Event] = []

    async def _judge(self, path: Path, value: Any) -> StreamError | None:
        self.thinking.set()
        await self.thought.wait()
        return None

    async def until(self, kind: str) -> Event:
        """Reads on to the next event of a kind."""
        async with asyncio.timeout(10):
            async for event in self.events:
                self.read.append(event)
                if event.type == kind:
                    return event
        raise AssertionError(f"no {kind}")


async def test_a_pin_is_told_at_once_though_the_model_is_silent() -> None:
    live = Live()
    live.tap.say('{"title": "t')
    await live.until("partial")
    seq = await live.pins.pin("/title", "mine")
    pinned = await live.until("pinned")
    assert pinned == Pinned(seq=seq, path="/title", value="mine")
    assert (await live.until("partial")).seq == seq + 1
    live.tap.say('he model\'s", "body": "b"}')
    live.tap.end()
    await live.until("complete")
    check(live.read, Note)


async def test_a_pin_is_told_at_once_though_a_check_is_thinking() -> None:
    live = Live(checked=("title",))
    live.tap.say('{"title": "theirs", "body": "b"}')
    live.tap.end()
    pinned = asyncio.ensure_future(live.until("pinned"))
    await live.thinking.wait()
    assert (await live.pins.pin("/title", "mine")) == (await pinned).seq
    live.thought.set()
    end = await live.until("complete")
    assert isinstance(end, Complete)
    assert end.value == {"title": "mine", "body": "b"}
    check(live.read, Note)


async def test_several_pins_at_once_each_have_an_event() -> None:
    live = Live()
    live.tap.say('{"title": "')
    await live.until("start")
    numbers = await asyncio.gather(*[live.pins.pin("/title", value) for value in ("a", "b", "c")])
    live.tap.say('x", "body": "b"}')
    live.tap.end()
    await live.until("complete")
    assert [(event.seq, event.value) for event in of(Pinned, live.read)] == [*zip(numbers, "abc", strict=True)]
    check(live.read, Note)


async def test_between_two_attempts_a_pin_is_taken() -> None:
    live = Live()
    live.tap.say('{"title": "t", "body": 1,')
    await live.until("reset")
    await live.pins.pin("/body", "mine")
    live.tap.say('{"body": "theirs"}')
    live.tap.end()
    end = await live.until("complete")
    assert isinstance(end, Complete)
    assert end.value == {"title": "t", "body": "mine"}
    assert brief(live.read)[-2:] == [("pinned", "/body", "mine"), "complete"]
    check(live.read, Note)


# -- through a chain ---------------------------------------------------------------------------------------------------


async def refusal(pins: Pins, path: str = "/name", value: Any = "mine") -> RequestError:
    with pytest.raises(RequestError) as caught:
        await pins.pin(path, value)
    return caught.value


async def test_a_run_takes_pins_from_its_first_event_to_its_last_and_no_others() -> None:
    pins = Pins()
    chain = meeting_info.build(model_saying(text(MEETING)), CALM)
    assert (await refusal(pins)).code is Code.CONFLICT
    events = []
    async with aclosing(chain.astream_typed(GOAL, pins=pins)) as stream:
        async for event in stream:
            events.append(event)
            if event.type == "start":
                await pins.pin("/name", "mine")
                assert (await refusal(pins, "/name", "")).code is Code.INVALID_REQUEST
    assert (await refusal(pins)).code is Code.CONFLICT
    check(events, MeetingInfo)
    assert isinstance(events[-1], Complete)
    assert events[-1].value == MEETING | {"name": "mine"}


async def test_a_run_that_its_reader_has_left_takes_no_pins() -> None:
    pins = Pins()
    events = meeting_info.build(model_saying(text(MEETING)), CALM).astream_typed(GOAL, pins=pins)
    await anext(events)
    await events.aclose()
    assert (await refusal(pins)).code is Code.CONFLICT


async def test_a_run_that_failed_before_it_began_takes_no_pins() -> None:
    pins = Pins()
    chain = meeting_info.build(model_saying({"failure": "auth"}), CALM)
    with pytest.raises(UpstreamError):
        await anext(chain.astream_typed(GOAL, pins=pins))
    assert (await refusal(pins)).code is Code.CONFLICT
