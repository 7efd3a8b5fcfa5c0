"""From the model's text to typed events: the stream's meaning, without any I/O.

A `Projection` is one attempt at one object. Feed it the model's text as it comes; it gives the events that the text
means. It never waits, and knows no clock but the one it is given. Who drives it (`chains.drive`) brings the text,
the time and the end.

Promised here: `start` comes first; a string only grows; what is held (`schemas.settle`) is told only when it is closed
and valid; a `field` does not change again; exactly one terminal event comes, last; `seq` counts 1, 2, 3 without a hole.
"""

import json
from collections.abc import Callable, Iterable
from typing import Any

from pydantic import ValidationError

from chains.ask import Ask
from chains.faults import chain_fault
from chains.pace import Pace
from chains.partial_json import Change, Closed, Grew, NestedTooDeep, PartialJSONParser, Repeated, TextTooLarge
from chains.shape import breaches, places, shape_of
from chains.words import WordCutter
from schemas import (
    TERMINAL,
    Breach,
    Code,
    Complete,
    Event,
    Failed,
    FieldPlan,
    FieldSettled,
    Fold,
    Invalid,
    Note,
    OutputError,
    ParseError,
    Partial,
    Path,
    SchemaRef,
    Settle,
    Start,
    StreamError,
    Timings,
    Token,
    UpstreamError,
    Usage,
    copy_json,
    to_pointer,
)
from schemas.events import Source

REFUSAL_SHOWN = 500
"""Characters of a model's refusal that reach the user."""


class Projection:
    """One attempt at one object, as events.

    `clock` gives seconds. Times in events count from here, not from `start`, which may be held.
    """

    def __init__(self, ask: Ask, *, clock: Callable[[], float], pace: Pace) -> None:
        self.started = False
        self.ended = False
        self._ask = ask
        self._shape = shape_of(ask.wanted)
        self._clock = clock
        self._pace = pace
        self._parser = PartialJSONParser()
        self._fold = Fold()
        self._seq = 0
        self._began = clock()
        self._text_size = 0
        self._is_object = False
        self._string_path: Path = ()
        self._string_told = False  # whether the string at that path is told as it grows ...
        self._by_words = False  # ... and then by whole words
        self._words = WordCutter()
        self._first_token_ms: int | None = None
        self._settled: dict[str, int] = {}  # pointer → ms, in the order in which they settled
        self._errors: dict[tuple[str, str], Breach] = {}  # by pointer and rule: each is told once
        self._void: set[str | int] = set()  # properties that cannot become valid any more

    @property
    def object_closed(self) -> bool:
        """Whether the model's object is whole. Text behind it is no part of the answer."""
        return self._parser.closed

    @property
    def due(self) -> float | None:
        """When, on `clock`, `tick` has a `partial` to give; `None` while it has none."""
        return None if self.ended else self._pace.due

    # -- what a driver calls -----------------------------------------------------------------------------------------

    def start(self, *, run_id: str, chain: str, model: str, notes: Iterable[Note] = ()) -> list[Event]:
        """The first event, and the fields that are known already."""
        self.started = True
        result = shape_of(self._ask.result)
        start = Start(
            seq=self._next(),
            run_id=run_id,
            chain=chain,
            model=model,
            attempt=1,
            schema_=SchemaRef(name=result.name, hash=result.hash),
            fields=tuple(
                FieldPlan(path=path, settle=settle)
                for name in self._ask.fields
                for path, settle in result.tree.child(name).walk(to_pointer((name,)))
            ),
            notes=tuple(notes),
        )
        given = [self._settle((name,), value, "given") for name, value in self._ask.given.items()]
        if given:
            self._pace.changed(0)
        return [start, *given, *self.tick()]

    def feed(self, text: str) -> list[Event]:
        """What a piece of the model's text means."""
        if self.ended or self.object_closed or not text:
            return []
        if self._first_token_ms is None:
            self._first_token_ms = self._ms()
        self._text_size += len(text)
        events: list[Event] = []
        for change in self._parser.feed(text):
            if isinstance(change, Repeated) and change.path[0] in self._shape.fields:
                return [*events, *self.fail(_repeated(change.path))]
            events += self._read(change)
            if _over(events):
                return events
        if self._parser.error and not self.object_closed:
            return [*events, *self.fail(self._unreadable())]
        if events:
            self._pace.changed(self._text_size)
        return [*events, *self.tick()]

    def tick(self) -> list[Event]:
        """A `partial`, if one is due."""
        if self.ended or not self._pace.take(self._clock()):
            return []
        return [Partial(seq=self._next(), value=copy_json(self._fold.value), settled=self._topmost_settled())]

    def finish(self, finish_reason: str | None, usage: Usage | None = None, refusal: str = "") -> list[Event]:
        """The model has ended (`finish_reason` is `None` where it did not say why): the last events."""
        if self.ended:
            return []
        if error := self._bad_end(finish_reason, refusal):
            return self.fail(error)
        events = self._defaults()
        if _over(events):
            return events
        events += self._missing()
        value = {name: self._fold.value.get(name) for name in self._ask.fields}
        if not self._errors:
            events += self._cross_check(value)
        if _over(events):
            return events
        if self._errors:
            broken = tuple(self._errors.values())
            return [
                *events,
                *self.fail(OutputError(f"The answer breaks the rules for {places(broken)}.", details=broken)),
            ]
        self.ended = True
        complete = Complete(
            seq=self._next(),
            value=value,
            finish_reason=finish_reason,
            usage=usage,
            timings=Timings(first_token_ms=self._first_token_ms, fields=dict(self._settled), total_ms=self._ms()),
            attempts=1,
            repaired=False,
        )
        return [*events, complete]

    def fail(self, error: StreamError) -> list[Event]:
        """The run ends by this error; what had come rides along."""
        if self.ended:
            return []
        self.ended = True
        errors = {(breach.path, breach.rule): breach for breach in error.details} | self._errors
        rest = self._rest_of_words()
        partial = copy_json(self._fold.value)
        return [*rest, Failed.by(error, seq=self._next(), partial=partial, errors=tuple(errors.values()))]

    # -- reading the parser's changes --------------------------------------------------------------------------------

    def _read(self, change: Change) -> list[Event]:
        path = change.path
        if not path:
            self._is_object = isinstance(change, Closed) and isinstance(change.value, dict)
            return []
        if path[0] not in self._shape.fields:
            return []  # nobody asked for it
        match change:
            case Grew(text=text) if self._streams(path):
                return self._token(path, self._words.feed(text) if self._by_words else text)
            case Closed(value=value):
                # A string without text is told, too: it has a place of its own in its list.
                empty = value == "" and not self._is_field(path) and self._streams(path)
                rest = self._token(path, "", even_empty=True) if empty else self._rest_of_words()
                return [*rest, *self._close(path, value)] if self._is_field(path) else rest
        return []

    def _token(self, path: Path, text: str, *, even_empty: bool = False) -> list[Event]:
        if not text and not even_empty:
            return []
        return [self._tell(Token(seq=self._next(), path=to_pointer(path), text=text))]

    def _rest_of_words(self) -> list[Event]:
        """The words that were held back because more text might have changed them."""
        return self._token(self._string_path, self._words.flush())

    def _streams(self, path: Path) -> bool:
        """Whether this string is told as it grows. Not behind a neighbour of which nothing could be told: no gaps."""
        if path != self._string_path:
            settle = self._settles(path)
            self._string_path, self._by_words = path, settle == "word"
            self._string_told = settle in ("char", "word") and path[0] not in self._void and self._fold.reaches(path)
        return self._string_told

    def _settles(self, path: Path) -> Settle:
        node = self._shape.tree
        for key in path:
            if node.settle != "grow":  # below something that is held or told item by item, all is held
                return "settled"
            node = node.child(key)
        return node.settle

    def _is_field(self, path: Path) -> bool:
        """A top-level property, or an item of a top-level list that is told by items and has not been spoilt."""
        if len(path) == 1:
            return True
        name, index = path[0], path[1]
        told = len(path) == 2 and isinstance(index, int) and self._shape.tells_items(str(name))
        return told and name not in self._void

    def _close(self, path: Path, value: Any) -> list[Event]:
        try:
            valid, broken = self._shape.check(path, value)
        except Exception as error:  # noqa: BLE001  # a validator of the chain's author
            return self.fail(chain_fault(error))
        if not broken:
            return [self._settle(path, valid, "model")] if path[0] not in self._void else []
        self._void.add(path[0])
        return self._invalid(broken)

    def _settle(self, path: Path, value: Any, source: Source) -> Event:
        pointer = to_pointer(path)
        self._settled[pointer] = self._ms()
        return self._tell(
            FieldSettled(seq=self._next(), path=pointer, value=value, source=source, ms=self._settled[pointer])
        )

    def _invalid(self, broken: Iterable[Breach]) -> list[Event]:
        fresh = {(breach.path, breach.rule): breach for breach in broken}
        fresh = {key: breach for key, breach in fresh.items() if key not in self._errors}
        self._errors |= fresh
        if not fresh:
            return []
        paths = tuple(dict.fromkeys(path for path, _ in fresh))
        return [Invalid(seq=self._next(), paths=paths, errors=tuple(fresh.values()))]

    def _tell(self, event: Event) -> Event:
        """What says something of the object goes through the fold: a `partial` is what the events add up to."""
        self._fold.apply(event)
        return event

    # -- the end -----------------------------------------------------------------------------------------------------

    def _bad_end(self, finish_reason: str | None, refusal: str) -> StreamError | None:
        """Why this end cannot lead to a whole object, if it cannot."""
        if refusal:
            return UpstreamError(f"The model declined: {refusal[:REFUSAL_SHOWN]}", code=Code.REFUSED)
        if finish_reason == "content_filter":
            return UpstreamError("The model's provider filtered its answer.", code=Code.CONTENT_FILTER)
        if not self._shape.fields:
            return None
        if self.object_closed:
            return None if self._is_object else ParseError("The model wrote a list instead of an object.")
        if finish_reason == "length":
            return UpstreamError("The model's token limit ended its answer early.", code=Code.TRUNCATED)
        if finish_reason is None:
            return UpstreamError("The model's server ended the answer early.", code=Code.UPSTREAM_CUT)
        return ParseError("The model stopped before its JSON object was whole.")

    def _defaults(self) -> list[Event]:
        """What the model was not asked for, or was free to leave out."""
        events = []
        for name in self._ask.fields:
            if name in self._fold.value or name in self._void:
                continue
            if name in self._ask.defaults:
                events.append(self._settle((name,), self._ask.defaults[name], "default"))
            elif not (field := self._shape.fields[name]).info.is_required():
                try:
                    events.append(self._settle((name,), field.default, "default"))
                except Exception as error:  # noqa: BLE001  # a default factory of the chain's author
                    return [*events, *self.fail(chain_fault(error))]
        return events

    def _missing(self) -> list[Event]:
        broken = [
            Breach(path=to_pointer((name,)), rule="missing", message="The model left this field out.")
            for name in self._ask.fields
            if name not in self._fold.value and name not in self._void
        ]
        return self._invalid(broken)

    def _cross_check(self, value: dict[str, Any]) -> list[Event]:
        """The whole object against its model: what crosses fields can break only here."""
        try:
            self._ask.result.model_validate_json(json.dumps(value))
        except ValidationError as error:
            return self._invalid(breaches(error))
        except Exception as error:  # noqa: BLE001  # a validator of the chain's author
            return self.fail(chain_fault(error))
        return []

    def _unreadable(self) -> StreamError:
        error = self._parser.error
        if isinstance(error, TextTooLarge | NestedTooDeep):
            return ParseError("The model's answer is larger or deeper than this server reads.", code=Code.TOO_LARGE)
        return ParseError(f"The model's answer is not JSON: {error}.")

    # -- small things ------------------------------------------------------------------------------------------------

    def _topmost_settled(self) -> tuple[str, ...]:
        return tuple(
            pointer
            for pointer in self._settled
            if pointer.count("/") == 1 or pointer[: pointer.index("/", 1)] not in self._settled
        )

    def _next(self) -> int:
        self._seq += 1
        return self._seq

    def _ms(self) -> int:
        return int((self._clock() - self._began) * 1000)


def _over(events: list[Event]) -> bool:
    return bool(events) and events[-1].type in TERMINAL


def _repeated(path: Path) -> StreamError:
    return ParseError(f"The model wrote {to_pointer(path)} twice.", code=Code.DUPLICATE_KEY)
