"""A run as a form shows it, event by event."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from lab.form import html, text
from lab.form.rows import Row, State
from schemas import (
    Breach,
    Cancelled,
    Complete,
    Event,
    Failed,
    FieldSettled,
    Fold,
    Partial,
    Progress,
    Reset,
    Start,
    copy_json,
    from_pointer,
    to_pointer,
)


class Form:
    """A fold over a run's events: `rows` is what stands in the form now.

    Any reading will do, `token,field` or `partial` or all: what settled comes from `schemas.Progress`, which wants all
    events and says when, and from `partial`s, which do not.
    """

    def __init__(self) -> None:
        self.start: Start | None = None
        self.end: Complete | Failed | Cancelled | None = None
        self.reset: Reset | None = None
        self.left = False  # whether its reader has left before the end, or was cut off from it
        self._fold = Fold()
        self._progress = Progress()
        self._sources: dict[str, str] = {}
        self._listed: frozenset[str] = frozenset()  # what the last `partial` called settled
        self._before: dict[str, Row] = {}  # what stood there when this attempt began

    def apply(self, event: Event) -> None:
        """Takes the next event in."""
        match event:
            case Start():
                self.start = event
            case Reset():
                self._begin_again(event)
            case FieldSettled(path=path, source=source):
                self._sources[path] = source
            case Partial(settled=settled):
                self._listed = frozenset(settled)
            case Complete() | Failed() | Cancelled():
                self.end = event
        self._fold.apply(event)
        self._progress.apply(event)

    def _begin_again(self, reset: Reset) -> None:
        self.reset = reset
        seen = {row.name: row for row in self.rows() if row.shows or row.why}
        self._before |= {name: replace(row, state="void", ms=None) for name, row in seen.items()}
        self._listed = frozenset(reset.keep)

    # -- what it shows ---------------------------------------------------------------------------------------------

    @property
    def attempt(self) -> int:
        """Which attempt it is."""
        return self._progress.attempt

    @property
    def names(self) -> tuple[str, ...]:
        """The properties, in form order; those that `start` did not tell of, as they came."""
        planned = (from_pointer(plan.path) for plan in self.start.fields) if self.start else ()
        return tuple(dict.fromkeys([*(str(path[0]) for path in planned if len(path) == 1), *self._fold.value]))

    def rows(self) -> tuple[Row, ...]:
        """Every field as it stands now; nothing that comes later changes it."""
        value = self._fold.value
        return tuple(self._row(name, value) for name in self.names)

    def _row(self, name: str, value: dict[str, Any]) -> Row:
        path = to_pointer((name,))
        broken = [breach for breach in self._progress.errors if _is_of(breach, path)]
        state = self._state(name, path, broken=bool(broken))
        if state == "void":
            return self._before[name]
        return Row(
            name=name,
            state=state,
            value=copy_json(value.get(name)),
            shows=name in value,
            ms=None if state == "yours" else self._progress.settled.get(path),
            why="; ".join(breach.message for breach in broken),
        )

    def _state(self, name: str, path: str, *, broken: bool) -> State:
        if name in self._progress.pinned:
            return "yours"
        if broken:
            return "invalid"
        if path in self._progress.settled:
            return _SETTLED.get(self._sources.get(path, ""), "settled")
        if path in self._listed or isinstance(self.end, Complete):
            return "settled"
        over = self.end is not None or self.left
        if name in self._fold.value:
            return "broken" if over else "writing"
        if over:
            return "missing"
        return "void" if name in self._before else "waiting"

    @property
    def headline(self) -> str:
        """Which chain, model and prompt, and which attempt."""
        return " · ".join(self._headline())

    def _headline(self) -> Iterator[str]:
        if self.start:
            yield self.start.chain
            yield self.start.model
            if prompt := self.start.prompt:
                yield f"prompt {prompt.name}@{prompt.hash}"
        yield f"attempt {self.attempt}{f' ({self.reset.reason})' if self.reset else ''}"

    @property
    def remarks(self) -> tuple[str, ...]:
        """What is to be said of it as a whole: notes, rules that the whole breaks, how it has ended."""
        notes = (note.message for note in self.start.notes) if self.start else ()
        whole = (f"✗ {breach.message}" for breach in self._progress.errors if not breach.path)
        return (*notes, *whole, *self.ending)

    @property
    def ending(self) -> tuple[str, ...]:
        """How it has ended, in sentences; none while it goes on."""
        match self.end:
            case Complete():
                return tuple(_completion(self.end))
            case Failed(code=code, message=message, retryable=retryable):
                return (f"failed ({code}): {message}{' Trying again may help.' if retryable else ''}",)
            case Cancelled(reason=reason):
                return (f"cancelled: {reason}",)
            case _:
                return ("left before its end: only what has settled is to be relied on",) if self.left else ()

    def _repr_html_(self) -> str:
        body = ((html.escaped(row.name), html.value(row), html.state(row)) for row in self.rows())
        return html.table(self.headline, _COLUMNS, body, self.remarks)

    def __repr__(self) -> str:
        return str(self)  # what a notebook shows where it shows no HTML

    def __str__(self) -> str:
        return "\n".join([text.visible(self.headline), *text.table(self.rows()), *map(text.visible, self.remarks)])


_COLUMNS = (("field", "9em"), ("value", "auto"), ("state", "16em"))

_SETTLED: dict[str, State] = {"given": "given", "default": "default"}


def _is_of(breach: Breach, path: str) -> bool:
    """Whether it is this property that breaks the rule, or something inside it."""
    return breach.path == path or breach.path.startswith(f"{path}/")


def _completion(end: Complete) -> Iterator[str]:
    first = end.timings.first_token_ms
    yield f"complete in {end.timings.total_ms:,} ms{'' if first is None else f', first token at {first:,} ms'}"
    if end.usage:
        yield f"{end.usage.input_tokens:,} tokens read, {end.usage.output_tokens:,} written"
    if end.usage and end.usage.uncounted:
        yield f"attempts stopped early, which nobody counted: {end.usage.uncounted}"
    if end.repaired:
        yield f"repaired: {end.attempts} attempts"
    for conflict in end.conflicts:
        yield f"{conflict.path}: the model wrote {text.shown(conflict.model_value)}"
