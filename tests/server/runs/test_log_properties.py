"""Whatever happens to a log, in whatever order, each of its readers gets all of it once, or is told what it adds up to.

The model of a log here is the list of all events that were ever put into it, and of a reader the number it had last.
"""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas import Cancelled, Code, Event, FieldSettled, Partial, Pinned, Reset, Token, copy_json
from server.runs import log as log_module
from server.runs.entry import Entry
from server.runs.log import Log, LogReader
from tests.server.runs.script import sum_of

PORTION = 4
"""Entries that a reader is given at a time here."""

KINDS = ["token", "token", "field", "pinned", "partial", "repair", "lost"]
PUT = st.tuples(st.just("put"), st.sampled_from(KINDS), st.text(alphabet="한x", min_size=1, max_size=20))
JOIN = st.tuples(st.just("join"), st.integers(-4, 2), st.booleans())
READ = st.tuples(st.just("read"), st.integers(0, 3))
LEAVE = st.tuples(st.just("leave"), st.integers(0, 3))
MOMENTS = st.lists(st.one_of(PUT, PUT, PUT, JOIN, READ, READ, LEAVE), max_size=40)


@dataclass
class Reading:
    """One reader: what it had last, and whether that may be another event by now."""

    reader: LogReader
    leave: ExitStack
    had: int
    strayed: bool


class Play:
    """A log, those who read it, and what they must get."""

    def __init__(self, keeps: int | None) -> None:
        self.log = Log(keeps=keeps)
        self.told: list[Event] = []
        self.readings: list[Reading] = []
        self._keeps = keeps

    def put(self, kind: str, text: str) -> None:
        """An event of this kind comes."""
        so_far = sum_of(self.told)
        seq, attempt, path = so_far.seq + 1, so_far.attempt + 1, f"/{'abc'[len(text) % 3]}"
        made: dict[str, Event] = {
            "token": Token(seq=seq, path=path, text=text),
            "field": FieldSettled(seq=seq, path=path, value=text, source="model", ms=seq),
            "pinned": Pinned(seq=seq, path=path, value=text),
            "partial": Partial(seq=seq, value=copy_json(so_far.value), settled=so_far.topmost),
            "repair": Reset(seq=seq, attempt=attempt, keep=so_far.topmost, reason=Code.NOT_JSON),
            "lost": Reset(seq=seq, attempt=attempt, keep=so_far.topmost, reason=Code.WORKER_LOST),
            "end": Cancelled(seq=seq, reason="enough", partial={}),
        }
        self.told.append(made[kind])
        self.log.put(Entry(made[kind]))

    def join(self, behind_the_last: int, sure: bool) -> None:
        """Somebody reads on behind a number near the last."""
        if self._keeps is None:  # which nobody can come back to
            if self.told:
                return
            behind_the_last, sure = 0, True
        after, leave = max(len(self.told) + behind_the_last, 0), ExitStack()
        reader = leave.enter_context(self.log.reader(after, sure=sure))
        self.readings.append(Reading(reader, leave, after, strayed=not sure))

    def read(self, number: int) -> None:
        """One of the readers looks."""
        for reading in self.readings[number : number + 1]:
            last, reach = len(self.told), self.log.base.seq
            news = self.log.behind(reading.reader)
            if not news:
                assert reading.had == last or not self.told
                assert not (reading.strayed and self.told)
                return
            self._is_the_rest(news)
            alone = len(news) == last == 1  # what comes first needs nothing before it
            if news[0].resumed:
                assert reading.strayed or reading.had < reach or reading.had > last
            else:
                assert alone or not reading.strayed
                assert alone or news[0].seq == reading.had + 1
            reading.had, reading.strayed = news[-1].seq, False

    def leave(self, number: int) -> None:
        """One of the readers goes."""
        for reading in self.readings[number : number + 1]:
            reading.leave.close()
            self.readings.remove(reading)

    def _is_the_rest(self, news: Sequence[Entry]) -> None:
        """A snapshot, if there is one, is what all before it adds up to; behind it comes the rest, or part of it."""
        first, *rest = [entry.event for entry in news]
        if news[0].resumed:
            assert first == sum_of(self.told[: first.seq]).partial()
        else:
            assert first == self.told[first.seq - 1]
        assert rest == self.told[first.seq : first.seq + len(rest)]
        assert news[-1].seq == len(self.told) or len(news) >= PORTION

    def is_sound(self) -> None:
        """It has no hole, is no larger than it may be, and knows who reads it and who is done."""
        log, last = self.log, len(self.told)
        assert [entry.seq for entry in log.entries] == list(range(log.base.seq + 1, last + 1))
        assert (log.last, log.readers) == (last, len(self.readings))
        assert log.over is log.ended is bool(sum_of(self.told).end)
        if self._keeps is None:
            slowest = min((reading.had for reading in self.readings), default=last)
            assert log.base.seq <= slowest
        else:
            assert sum(len(entry.data) for entry in log.entries) <= self._keeps or len(log.entries) == 1
            assert log.progress().dump() == sum_of(self.told).dump()
        for reading in self.readings:
            if reading.strayed or not log.ended or reading.had != last:
                assert not reading.reader.done
            else:
                assert reading.reader.done


@given(
    keeps=st.sampled_from([None, 1, 150, 400, 1_000_000]),
    readers=st.integers(0, 2),
    moments=MOMENTS,
    ends=st.booleans(),
)
@settings(max_examples=3 * settings().max_examples)
def test_every_reader_gets_all_of_it_once(
    keeps: int | None, readers: int, moments: list[tuple[str, ...]], ends: bool
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(log_module, "AT_ONCE", PORTION)
        play = Play(keeps)
        for _ in range(readers):
            play.join(0, True)
        for name, *what in [*moments, *[("put", "end", "x")] * ends]:
            getattr(play, name)(*what)
            play.is_sound()
        for number in range(len(play.readings)):
            play.read(number)
            play.is_sound()
        while play.readings:
            play.leave(0)
        play.is_sound()
