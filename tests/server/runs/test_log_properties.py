"""Whatever happens to a log, in whatever order, each of its readers gets all of it once, or is told what it adds up to.

The model of a log here is the list of all events that were ever put into it, and of a reader the number it had last.
"""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from schemas import Cancelled, Code, Event, FieldSettled, Partial, Pinned, Reset, Token, copy_json
from schemas.progress import TAKEOVERS
from server.runs.entry import Entry
from server.runs.log import Log, LogReader
from tests.server.runs.script import sum_of

NAMES = st.sampled_from(["a", "b", "c"])
TEXTS = st.text(alphabet="한x", min_size=1, max_size=20)


@dataclass
class Reading:
    """One reader: what it had last, and whether another worker may have replaced that."""

    reader: LogReader
    leave: ExitStack
    had: int
    strayed: bool
    may_stray: bool


class LogMachine(RuleBasedStateMachine):
    """A log that keeps so much, or nothing that all have read."""

    readings: list[Reading]
    told: list[Event]

    @initialize(keeps=st.none() | st.integers(1, 600))
    def begin(self, keeps: int | None) -> None:
        self.keeps, self.log = keeps, Log(keeps=keeps)
        self.told, self.readings = [], []

    @precondition(lambda self: not self.log.ended)
    @rule(name=NAMES, text=TEXTS, kind=st.sampled_from(["token", "token", "field", "pinned", "partial"]))
    def put(self, name: str, text: str, kind: str) -> None:
        seq, path = len(self.told) + 1, f"/{name}"
        so_far = sum_of(self.told)
        made: dict[str, Event] = {
            "token": Token(seq=seq, path=path, text=text),
            "field": FieldSettled(seq=seq, path=path, value=text, source="model", ms=seq),
            "pinned": Pinned(seq=seq, path=path, value=text),
            "partial": Partial(seq=seq, value=copy_json(so_far.value), settled=so_far.topmost),
        }
        self._put(made[kind])

    @precondition(lambda self: not self.log.ended)
    @rule(reason=st.sampled_from([Code.WORKER_LOST, Code.SHUTTING_DOWN, Code.NOT_JSON]))
    def reset(self, reason: Code) -> None:
        so_far = sum_of(self.told)
        self._put(Reset(seq=so_far.seq + 1, attempt=so_far.attempt + 1, keep=so_far.topmost, reason=reason))

    @precondition(lambda self: not self.log.ended)
    @rule()
    def end(self) -> None:
        self._put(Cancelled(seq=len(self.told) + 1, reason="enough", partial={}))

    def _put(self, event: Event) -> None:
        self.told.append(event)
        self.log.put(Entry(event))

    @precondition(lambda self: self.keeps is not None)
    @rule(after=st.integers(0, 12), behind_the_last=st.integers(-2, 3), near=st.booleans(), sure=st.booleans())
    def join(self, after: int, behind_the_last: int, near: bool, sure: bool) -> None:
        self._join(max(len(self.told) + behind_the_last, 0) if near else after, sure)

    @precondition(lambda self: self.keeps is None and not self.told)
    @rule()
    def join_at_first(self) -> None:
        self._join(0, True)

    def _join(self, after: int, sure: bool) -> None:
        leave = ExitStack()
        reader = leave.enter_context(self.log.reader(after, sure=sure))
        taken_over = [event.seq for event in self.told if isinstance(event, Reset) and event.reason in TAKEOVERS]
        strayed = not sure and any(seq <= after for seq in taken_over)
        self.readings.append(Reading(reader, leave, after, strayed, may_stray=not sure and bool(taken_over)))

    @precondition(lambda self: self.readings)
    @rule(data=st.data())
    def read(self, data: st.DataObject) -> None:
        reading = data.draw(st.sampled_from(self.readings))
        last, reach = len(self.told), self.log.base.seq
        news = self.log.behind(reading.reader)
        if reading.strayed or reading.had > last:
            assert news or not self.told
        if not news:
            assert reading.had >= last
            return
        self._is_the_rest(news)
        if not news[0].resumed:
            assert reading.had <= last or len(news) == last == 1
            assert not reading.strayed or reading.had < reach or len(news) == last == 1
            assert news[0].seq == (reading.had if reading.had < last else 0) + 1
        else:
            assert reading.may_stray or reading.had < reach or reading.had > last
        reading.had, reading.strayed, reading.may_stray = last, False, False

    def _is_the_rest(self, news: Sequence[Entry]) -> None:
        """A snapshot, if there is one, is what all before it adds up to; behind it comes all there is."""
        first, *rest = [entry.event for entry in news]
        if news[0].resumed:
            assert isinstance(first, Partial)
            assert first == sum_of(self.told[: first.seq]).partial()
        else:
            assert first == self.told[first.seq - 1]
        assert rest == self.told[first.seq :]

    @precondition(lambda self: self.readings)
    @rule(data=st.data())
    def go(self, data: st.DataObject) -> None:
        reading = data.draw(st.sampled_from(self.readings))
        reading.leave.close()
        self.readings.remove(reading)

    @rule()
    def look(self) -> None:
        assert self.log.over is self.log.ended is bool(sum_of(self.told).end)

    @invariant()
    def it_is_bounded_and_has_no_hole(self) -> None:
        if not hasattr(self, "log"):
            return
        log = self.log
        numbers = [entry.seq for entry in log.entries]
        assert numbers == list(range(log.base.seq + 1, len(self.told) + 1))
        assert (log.last, log.readers) == (len(self.told), len(self.readings))
        if self.keeps is not None:
            assert sum(len(entry.data) for entry in log.entries) <= self.keeps or len(log.entries) == 1
            assert log.progress().dump() == sum_of(self.told).dump()

    @invariant()
    def who_has_had_the_end_is_done(self) -> None:
        for reading in getattr(self, "readings", []):
            had_all = self.log.ended and reading.had == len(self.told)
            if reading.strayed or not had_all:
                assert not reading.reader.done
            elif not reading.may_stray:
                assert reading.reader.done

    def teardown(self) -> None:
        for reading in getattr(self, "readings", []):
            reading.leave.close()


TestLogMachine = LogMachine.TestCase
