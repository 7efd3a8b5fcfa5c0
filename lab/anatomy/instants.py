"""What a form showed at an instant of a recorded run, and at several beside one another."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from chains.recording import Recorded
from lab.form import Form, Row, html, text


def form_at(recording: Sequence[Recorded], ms: float) -> Form:
    """What the form showed `ms` milliseconds after the run began: what came in that millisecond is in it."""
    form = Form()
    for recorded in recording[: _until(recording, ms)]:
        form.apply(recorded.event)
    return form


def instants(recording: Sequence[Recorded], at: Iterable[float]) -> "Instants":
    """The form at each of these moments, in order of time; the recording is gone through once."""
    form, done, shown = Form(), 0, []
    for ms in sorted(at):
        until = _until(recording, ms)
        for recorded in recording[done:until]:
            form.apply(recorded.event)
        done = until
        shown.append(Instant(ms, form.attempt, {row.name: row for row in form.rows()}))
    return Instants(form.names, tuple(shown))


def _until(recording: Sequence[Recorded], ms: float) -> int:
    """How many of its events had come by then."""
    return bisect_right(recording, ms, key=lambda recorded: recorded.ms)


@dataclass(frozen=True, slots=True)
class Instant:
    """A form at one moment: its rows by the names of their properties."""

    ms: float
    attempt: int
    rows: dict[str, Row]


@dataclass(frozen=True, slots=True)
class Instants:
    """Forms beside one another: a column a moment, a row a field. Cells are empty where `start` had not come."""

    names: tuple[str, ...]
    shown: tuple[Instant, ...]

    def _columns(self) -> Iterator[str]:
        for each in self.shown:
            yield f"{each.ms:,.0f} ms{f', attempt {each.attempt}' if each.attempt > 1 else ''}"

    def _repr_html_(self) -> str:
        columns = (("field", "9em"), *((heading, "auto") for heading in self._columns()))
        body = ((html.escaped(name), *(_cell(each, name) for each in self.shown)) for name in self.names)
        return html.table("What the form showed", columns, body)

    def __repr__(self) -> str:
        return str(self)  # what a notebook shows where it shows no HTML

    def __str__(self) -> str:
        return "\n\n".join(
            "\n".join([heading, *text.table(tuple(each.rows.values()))])
            for heading, each in zip(self._columns(), self.shown, strict=True)
        )


def _cell(instant: Instant, name: str) -> str:
    return html.both(instant.rows[name]) if name in instant.rows else "<td></td>"
