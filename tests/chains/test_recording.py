"""Runs kept as files: what is written and when, what is read back from what is left of it."""

import asyncio
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from itertools import accumulate
from pathlib import Path

import httpx_sse
import pytest
from httpx_sse._decoders import SSEDecoder
from hypothesis import given
from hypothesis import strategies as st

from chains.recording import Recorded, RecordingError, load, recorded
from schemas import Complete, Event, FieldSettled, Timings, from_frames, from_json, to_frame
from tests.chains.clock import Clock
from tests.chains.recordings import all_of, content_of, timed, token
from tests.schemas.samples import EVENTS


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "run.sse"


class Source:
    """A run of the given events, each after so many seconds of the clock; it may end in an exception."""

    def __init__(self, *events: Event, clock: Clock | None = None, after: float = 0, error: Exception | None = None):
        self.open = False
        self.begun = False
        self._events = events
        self._clock = clock
        self._after = after
        self._error = error

    async def run(self) -> AsyncGenerator[Event]:
        self.open = self.begun = True
        try:
            for event in self._events:
                if self._clock:
                    self._clock.now += self._after
                yield event
            if self._error:
                raise self._error
        finally:
            self.open = False


def settled(seq: int, ms: int) -> FieldSettled:
    return FieldSettled(seq=seq, path="/name", value="한강", source="model", ms=ms)


def complete(seq: int, first_token_ms: int | None, total_ms: int) -> Complete:
    timings = Timings(first_token_ms=first_token_ms, fields={}, total_ms=total_ms)
    return Complete(
        seq=seq, value={}, finish_reason="stop", usage=None, timings=timings, attempts=1, repaired=False, conflicts=()
    )


# -- what is written ---------------------------------------------------------------------------------------------------


async def test_it_holds_the_frames_of_the_wire_each_behind_its_time(clock: Clock, file: Path) -> None:
    source = Source(*EVENTS, clock=clock, after=0.4126)
    assert await all_of(recorded(source.run(), file)) == EVENTS
    times = [round(412.6 * count) for count in range(1, len(EVENTS) + 1)]
    assert content_of(file) == timed(*zip(times, EVENTS, strict=True))


async def test_every_reader_passes_over_the_times(clock: Clock, file: Path) -> None:
    await all_of(recorded(Source(*EVENTS, clock=clock, after=0.01).run(), file))
    lines = content_of(file).split("\n")
    assert list(from_frames(lines)) == EVENTS
    frames: Iterator[httpx_sse.ServerSentEvent] = filter(None, map(SSEDecoder().decode, lines))
    assert [from_json(frame.data) for frame in frames if frame.data] == EVENTS


async def test_an_event_is_in_the_file_before_its_reader_has_it(file: Path) -> None:
    async with aclosing(recorded(Source(*EVENTS).run(), file)) as events:
        async for event in events:
            assert content_of(file).endswith(to_frame(event))


async def test_a_reader_that_leaves_leaves_what_had_come(file: Path) -> None:
    source = Source(*EVENTS)
    async with aclosing(recorded(source.run(), file)) as events:
        async for event in events:
            if event is EVENTS[2]:
                break
    assert not source.open
    assert [event for _, event in load(file)] == EVENTS[:3]


async def test_a_reader_that_is_cancelled_leaves_what_had_come(file: Path) -> None:
    came = asyncio.Event()

    async def endless() -> AsyncGenerator[Event]:
        try:
            yield EVENTS[0]
            came.set()
            await asyncio.Event().wait()
        finally:
            came.clear()

    reader = asyncio.create_task(all_of(recorded(endless(), file)))
    await came.wait()
    reader.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reader
    assert not came.is_set()
    assert [event for _, event in load(file)] == EVENTS[:1]


async def test_a_run_that_breaks_breaks_as_it_would_have(file: Path) -> None:
    source = Source(*EVENTS[:2], error=LookupError("broken"))
    with pytest.raises(LookupError, match="broken"):
        await all_of(recorded(source.run(), file))
    assert not source.open
    assert [event for _, event in load(file)] == EVENTS[:2]


async def test_no_run_begins_that_cannot_be_recorded(tmp_path: Path) -> None:
    source = Source(*EVENTS)
    with pytest.raises(FileNotFoundError):
        await all_of(recorded(source.run(), tmp_path / "no such folder" / "run.sse"))
    assert not source.begun


async def test_a_full_disk_ends_the_run() -> None:
    source = Source(*EVENTS)
    with pytest.raises(OSError, match=r"No space|/dev/full"):  # where there is no such device, it cannot be opened
        await all_of(recorded(source.run(), "/dev/full"))
    assert not source.open


# -- what is read ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_a_recording_is_read_as_it_was_written(file: Path, encoding: str) -> None:
    pairs = [Recorded(40 + index * 250, event) for index, event in enumerate(EVENTS)]
    file.write_text(timed(*pairs), encoding=encoding)
    assert load(file) == pairs
    assert load(str(file)) == pairs


@pytest.mark.parametrize("head", ["", "HTTP/1.1 200 OK\ncontent-type: text/event-stream\n\n"], ids=["body", "all"])
def test_a_capture_is_read_whatever_stands_around_its_events(file: Path, head: str) -> None:
    frames = [to_frame(event) for event in EVENTS]
    captured = head + "retry: 2000\n" + ": ping\n\n".join(frames) + 'event: ping\ndata: {"type":"ping"}\n\n'
    file.write_bytes(captured.replace("\n", "\r\n").encode())
    assert [event for _, event in load(file)] == EVENTS


TIMES: dict[str, tuple[list[Event], list[int]]] = {
    "fields and the end": (
        [token(1), token(2), settled(3, 300), token(4), complete(5, None, 500)],
        [100, 200, 300, 400, 500],
    ),
    "the first token": ([token(2), token(3), token(4), complete(9, 3000, 3300)], [3000, 3100, 3200, 3300]),
    "a filtered reading": ([EVENTS[0], token(2), complete(40, 700, 900)], [350, 700, 900]),
    "cut behind a field": ([token(1), settled(2, 80), token(3), token(4)], [40, 80, 80, 80]),
    "cut before any": ([EVENTS[0], token(2), token(3)], [0, 0, 0]),
    "fields that are told late": (
        [settled(1, 300), settled(2, 200), token(3), complete(4, 10, 100)],
        [300, 300, 300, 300],
    ),
}


@pytest.mark.parametrize(("events", "times"), TIMES.values(), ids=TIMES)
def test_a_capture_goes_by_the_times_that_its_events_tell(file: Path, events: list[Event], times: list[int]) -> None:
    file.write_text("".join(map(to_frame, events)), encoding="utf-8")
    assert [ms for ms, _ in load(file)] == times


def test_the_written_times_come_before_those(file: Path) -> None:
    content = timed((7, settled(1, 300))) + to_frame(token(2)) + timed((11, complete(3, None, 900)))
    file.write_text(content, encoding="utf-8")
    assert [ms for ms, _ in load(file)] == [7, 9, 11]


@pytest.mark.parametrize("comment", [": +", ": +-5", ": +5ms", ": + 5", ":+5", ": 5", ": +" + "9" * 5000])
def test_a_comment_that_is_no_time_is_passed_over(file: Path, comment: str) -> None:
    file.write_text(timed((10, token(1))) + comment + "\n" + to_frame(token(2)), encoding="utf-8")
    assert [ms for ms, _ in load(file)] == [10, 10]


def test_times_never_run_backwards(file: Path) -> None:
    file.write_text(timed((50, token(1)), (20, token(2)), (60, token(3))), encoding="utf-8")
    assert [ms for ms, _ in load(file)] == [50, 50, 60]


def test_cut_anywhere_it_is_what_had_come_whole(file: Path) -> None:
    pairs = [Recorded(index * 250, event) for index, event in enumerate(EVENTS[:6])]
    frames = [timed(pair).encode() for pair in pairs]
    ends = list(accumulate(map(len, frames)))
    whole = b"".join(frames)
    for size in range(ends[0], len(whole)):
        file.write_bytes(whole[:size])
        assert load(file) == [pair for pair, end in zip(pairs, ends, strict=True) if end <= size]


# -- what is no recording ----------------------------------------------------------------------------------------------

TOKENS = to_frame(token(1)) + to_frame(token(2))
NO_RECORDINGS = {
    "nothing": ("", "the file is empty"),
    "blank lines": ("\n\n", "the file is empty"),
    "pings": (": ping\n\n: ping\n\n", "no whole event"),
    "the beginning of a frame": (to_frame(token(1))[:-1], "no whole event"),
    "an answer that is no stream": ('{"code":"too_busy","message":"…"}', 'no whole event.*"too_busy"'),
    "a page": ("<!DOCTYPE html>\n<html></html>\n", "no whole event.*DOCTYPE"),
    "control characters": ("\x1b[2J", r"no whole event.*\\x1b"),
    "data that is no JSON": (TOKENS + "data: no\n\n", "line 9: .*no event.*JSON"),
    "an event nobody knows": (TOKENS + 'data: {"type":"error","seq":3}\n\n', "line 9: .*no event.*error"),
    "LangServe's frames": ('event: data\ndata: {"name":"x"}\n\n', "line 2: .*no event"),
    "an event of another shape": (": +5\n\n" + TOKENS.replace("path", "paht"), "line 5: .*no event"),
}


@pytest.mark.parametrize(("content", "words"), NO_RECORDINGS.values(), ids=NO_RECORDINGS)
def test_what_is_no_recording_is_refused_in_words(file: Path, content: str, words: str) -> None:
    file.write_text(content, encoding="utf-8")
    with pytest.raises(RecordingError, match=words) as caught:
        load(file)
    assert str(caught.value).startswith(str(file))
    assert "\x1b" not in str(caught.value)


@given(data=st.data())
def test_any_bytes_are_a_recording_or_refused(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    file = tmp_path_factory.getbasetemp() / "any.sse"
    content = bytearray(timed(*enumerate(EVENTS[:4])).encode())
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(content)))
        content[place : place + data.draw(st.integers(0, 9))] = data.draw(st.binary(max_size=9) | st.just(b"\n: +9\n"))
    file.write_bytes(content)
    try:
        times = [ms for ms, _ in load(file)]
        assert times == sorted(times)
    except RecordingError:
        pass
