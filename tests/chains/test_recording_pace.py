"""Recordings played: every event at its moment, at any speed, with any reader."""

import asyncio
from contextlib import aclosing
from pathlib import Path

import pytest

from chains.recording import RecordingError, replay
from schemas import Event
from tests.chains.clock import Clock
from tests.chains.recordings import all_of, timed, token

MOMENTS = [0, 400, 410, 410, 1800, 60_000]


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "run.sse"


@pytest.fixture
def tokens(file: Path) -> list[Event]:
    """The tokens of a recording that is in the file, at these moments."""
    events: list[Event] = [token(seq) for seq in range(1, len(MOMENTS) + 1)]
    file.write_text(timed(*zip(MOMENTS, events, strict=True)), encoding="utf-8")
    return events


@pytest.mark.parametrize("speed", [1, 2, 0.5, 1000])
async def test_each_event_comes_at_its_moment(clock: Clock, file: Path, tokens: list[Event], speed: float) -> None:
    began = clock.now
    played = [(event, clock.now - began) async for event in replay(file, speed)]
    assert [event for event, _ in played] == tokens
    assert [moment for _, moment in played] == pytest.approx([ms / 1000 / speed for ms in MOMENTS])


async def test_timers_that_wake_late_do_not_add_up(clock: Clock, file: Path, tokens: list[Event]) -> None:
    clock.late = 0.005
    began = clock.now
    late = [clock.now - began - MOMENTS[event.seq - 1] / 1000 async for event in replay(file)]
    assert len(late) == len(tokens)
    assert max(late) == pytest.approx(0.005)


async def test_after_a_slow_reader_it_catches_up(clock: Clock, file: Path, tokens: list[Event]) -> None:
    began = clock.now
    moments = []
    async for event in replay(file):
        moments.append(round(clock.now - began, 3))
        if event == tokens[1]:
            clock.now += 1
    assert moments == [0, 0.4, 1.4, 1.4, 1.8, 60]


async def test_at_speed_0_it_is_the_log_at_once(clock: Clock, file: Path, tokens: list[Event]) -> None:
    assert await all_of(replay(file, speed=0)) == tokens
    assert max(clock.slept) <= 0


async def test_others_have_their_turn_between_the_events(clock: Clock, file: Path, tokens: list[Event]) -> None:
    turns = 0

    async def other() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    task = asyncio.create_task(other())
    async with aclosing(replay(file, speed=0)) as events:
        seen = [turns async for _ in events]
    task.cancel()
    assert len(set(seen)) == len(tokens)


@pytest.mark.parametrize("speed", [-1, float("nan"), float("inf")])
async def test_a_speed_is_a_number_from_0_up(file: Path, tokens: list[Event], speed: float) -> None:
    with pytest.raises(ValueError, match="speed"):
        await all_of(replay(file, speed))


async def test_what_is_no_recording_is_not_played() -> None:
    with pytest.raises(RecordingError):
        await all_of(replay(__file__))
