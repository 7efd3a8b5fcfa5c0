"""From the model's text to typed events: the stream's meaning, without any I/O.

A `Projection` is one run at one object, in one attempt or more. Feed it the model's text as it comes; it gives the
events that the text means. It never waits, and knows no clock but the one it is given. Who drives it (`chains.drive`)
brings the text, the time and the end, and asks the model again when there is a `repair`.

Promised here: `start` comes first; within an attempt a string only grows; what is held (`schemas.settle`) is told only
when it is closed and valid; a `field` does not change again in its attempt, and never once it was kept or pinned;
exactly one terminal event comes, last; `seq` counts 1, 2, 3 without a hole.
"""

import json
from collections.abc import Callable, Collection, Iterable
from typing import Any

from pydantic import ValidationError

from chains.ask import Ask, names
from chains.attempt import Attempt, broken_rules
from chains.faults import chain_fault
from chains.ledger import Ledger
from chains.pace import Pace
from chains.repair import MENDABLE, Repair
from chains.shape import breaches, places, shape_of
from schemas import (
    TERMINAL,
    Breach,
    Code,
    Complete,
    Event,
    Failed,
    FieldPlan,
    Note,
    Path,
    RequestError,
    SchemaRef,
    Start,
    StreamError,
    Timings,
    Usage,
    copy_json,
    from_pointer,
    to_pointer,
)


def _always(repair: Repair) -> bool:
    return True


class Projection:
    """One run at one object, as events.

    - `clock` gives seconds. Times in events count from here, not from `start`, which may be held
    - `repairs`: how many further attempts there may be; `affordable` may still refuse one
    - `checked`: the properties that are told only after their `verdict`
    """

    def __init__(
        self,
        ask: Ask,
        *,
        clock: Callable[[], float],
        pace: Pace,
        repairs: int = 0,
        affordable: Callable[[Repair], bool] = _always,
        checked: Collection[str] = (),
    ) -> None:
        self.started = False
        self.ended = False
        self.repair: Repair | None = None
        """What the model is to be asked again, if it is. Take it (and set it to `None`) before feeding on."""
        self._ask = ask
        self._clock = clock
        self._pace = pace
        self._repairs = repairs
        self._affordable = affordable
        self._checked = checked
        self._ledger = Ledger(clock, shape_of(ask.result).rules)
        self._attempt = self._new_attempt(ask)
        self._number = 1
        self._text_size = 0
        self._first_token_ms: int | None = None
        self._usage: Usage | None = None
        self._uncounted = 0
        self._outbox: list[Event] = []  # what pins told, until somebody takes it

    @property
    def reading(self) -> bool:
        """Whether it wants more of the model's text."""
        return not (self.given_up or self._attempt.closed)

    @property
    def given_up(self) -> bool:
        """Whether nothing more of this attempt counts: the run has ended, or begins another one."""
        return self.ended or self.repair is not None

    @property
    def waiting(self) -> tuple[Path, Any] | None:
        """A place and its value that are told only after their `verdict`; nothing else is read meanwhile."""
        return None if self.ended else self._attempt.waiting

    @property
    def due(self) -> float | None:
        """When, on `clock`, `tick` has something to give; `None` while it has nothing."""
        if self._outbox:
            return self._clock()
        return None if self.ended else self._pace.due

    # -- what a driver calls -----------------------------------------------------------------------------------------

    def start(self, *, run_id: str, chain: str, model: str, notes: Iterable[Note] = ()) -> list[Event]:
        """The first event, and the fields that are known already."""
        self.started = True
        result = shape_of(self._ask.result)
        tree = result.holding(self._checked).tree
        start = Start(
            seq=self._ledger.next_seq(),
            run_id=run_id,
            chain=chain,
            model=model,
            attempt=1,
            schema_=SchemaRef(name=result.name, hash=result.hash),
            fields=tuple(
                FieldPlan(path=path, settle=settle)
                for name in self._ask.fields
                for path, settle in tree.child(name).walk(to_pointer((name,)))
            ),
            notes=tuple(notes),
        )
        given = [self._ledger.field((name,), value, "given") for name, value in self._ask.given.items()]
        if given:
            self._pace.changed(0)
        return [start, *given, *self.tick()]

    def feed(self, text: str) -> list[Event]:
        """What a piece of the model's text means."""
        if not self.reading or not text:
            return self.take()
        if self._first_token_ms is None:
            self._first_token_ms = self._ledger.ms()
        self._text_size += len(text)
        return [*self.take(), *self._after(self._attempt.feed(text))]

    def verdict(self, refused: StreamError | None = None) -> list[Event]:
        """The value that was `waiting` has passed, and is told with what came behind it; or it ends the run."""
        if not self.waiting:
            return self.take()
        if refused:
            return self.fail(refused)
        return [*self.take(), *self._after(self._attempt.verdict())]

    def tick(self) -> list[Event]:
        """What is due: what pins told, a `partial`."""
        if self.ended or not self._pace.take(self._clock()):
            return self.take()
        return [*self.take(), self._ledger.partial()]

    def take(self) -> list[Event]:
        """What pins told since the last event."""
        told, self._outbox = self._outbox, []
        return told

    def finish(self, finish_reason: str | None, usage: Usage | None = None, refusal: str = "") -> list[Event]:
        """The model has ended (`finish_reason` is `None` where it did not say why): the last events, or a `reset`."""
        if self.ended:
            return self.take()
        self._count(usage)
        if error := self._attempt.bad_end(finish_reason, refusal):
            return [*self.take(), *self._mend_or_fail(error, stopped=False)]
        events = [*self.take(), *self._defaults()]
        if _over(events):
            return events
        events += self._missing()
        value = {name: self._ledger.value.get(name) for name in self._ask.fields}
        if not self._ledger.errors:
            events += self._check_whole(value)
        if _over(events):
            return events
        if broken := self._ledger.errors:
            return [*events, *self._mend_or_fail(broken_rules(broken), stopped=False)]
        self.ended = True
        complete = Complete(
            seq=self._ledger.next_seq(),
            value=value,
            finish_reason=finish_reason,
            usage=self._usage and self._usage.model_copy(update={"uncounted": self._uncounted}),
            timings=Timings(
                first_token_ms=self._first_token_ms,
                fields=dict(self._ledger.settled),
                total_ms=self._ledger.ms(),
            ),
            attempts=self._number,
            repaired=self._number > 1,
            conflicts=self._ledger.conflicts,
        )
        return [*events, complete]

    def fail(self, error: StreamError) -> list[Event]:
        """The run ends by this error; what had come rides along."""
        if self.ended:
            return self.take()
        self.ended = True
        errors = {(breach.path, breach.rule): breach for breach in (*error.details, *self._ledger.errors)}
        rest = [*self.take(), *self._attempt.rest_of_words()]
        partial = copy_json(self._ledger.value)
        failed = Failed.by(error, seq=self._ledger.next_seq(), partial=partial, errors=tuple(errors.values()))
        return [*rest, failed]

    # -- what a user may do meanwhile --------------------------------------------------------------------------------

    def pin(self, pointer: str, value: Any) -> int:
        """The user takes a top-level property over. Returns the `seq` of the event, which the next call gives.

        `RequestError` if it cannot be: the property then stays the model's.
        """
        if not self.started or self.ended:
            raise RequestError("The run is not going on (any more).", code=Code.CONFLICT)
        name = self._property(pointer)
        if broken := self._objections(name, value):
            raise RequestError(f"The value breaks the rules for {places(broken)}.", details=broken)
        self._attempt.let_go(name)
        event = self._ledger.pin(name, copy_json(value))
        self._outbox.append(event)
        self._pace.changed(self._text_size)
        return event.seq

    def _property(self, pointer: str) -> str:
        try:
            path = from_pointer(pointer)
        except ValueError:
            raise _unpinnable(pointer) from None
        if len(path) != 1 or path[0] not in self._ask.fields:
            raise _unpinnable(pointer)
        return str(path[0])

    def _objections(self, name: str, value: Any) -> tuple[Breach, ...]:
        """What a user's value for a property breaks: its own rules, those it was asked for by, those with others."""
        try:
            for model in (self._ask.result, self._ask.wanted):
                if name in (shape := shape_of(model)).fields and (broken := shape.check((name,), value)[1]):
                    return broken
            return self._ledger.objections(name, value)
        except Exception as error:  # a validator of the chain's author
            raise chain_fault(error) from error

    # -- attempts ----------------------------------------------------------------------------------------------------

    def _new_attempt(self, ask: Ask) -> Attempt:
        return Attempt(shape_of(ask.wanted), self._ledger, checked=self._checked, last=self._repairs == 0)

    def _after(self, events: list[Event]) -> list[Event]:
        """The events, and what has become of the attempt by them."""
        if self._attempt.fault:
            return [*events, *self._mend_or_fail(self._attempt.fault, stopped=True)]
        if events:
            self._pace.changed(self._text_size)
        return [*events, *self.tick()]

    def _mend_or_fail(self, error: StreamError, *, stopped: bool) -> list[Event]:
        repair = self._mend(error)
        if not repair:
            return self.fail(error)
        if stopped:
            self._count(None)
        self._number += 1
        self._repairs -= 1
        reset = self._ledger.reset(self._number, repair.kept, error.code)
        self.repair, self._attempt = repair, self._new_attempt(repair.ask)
        self._pace.changed(self._text_size)
        return [reset, *self.tick()]

    def _mend(self, error: StreamError) -> Repair | None:
        """What another attempt would ask, if there may be one and it can help."""
        if self._repairs == 0 or error.code not in MENDABLE:
            return None
        wanted = set(names(self._ask.wanted)) - self._ledger.pinned
        doubted = _doubted(wanted, (*error.details, *self._ledger.errors))
        kept = [name for name in self._ask.fields if self._ledger.has(name) and name not in doubted]
        if error.code is Code.TRUNCATED and self._attempt.fields.isdisjoint(kept):
            return None  # it would be ended at the same place again
        repair = Repair(
            ask=self._ask.only(wanted.difference(kept)),
            kept={name: copy_json(self._ledger.value[name]) for name in kept},
            said=self._attempt.said,
            error=error,
        )
        return repair if names(repair.ask.wanted) and self._affordable(repair) else None

    def _count(self, usage: Usage | None) -> None:
        if usage is None:
            self._uncounted += 1
        elif self._usage is None:
            self._usage = usage
        else:
            self._usage = Usage(
                input_tokens=self._usage.input_tokens + usage.input_tokens,
                output_tokens=self._usage.output_tokens + usage.output_tokens,
                total_tokens=self._usage.total_tokens + usage.total_tokens,
            )

    # -- the end -----------------------------------------------------------------------------------------------------

    def _defaults(self) -> list[Event]:
        """What the model was not asked for, or was free to leave out."""
        events: list[Event] = []
        shape = shape_of(self._ask.wanted)
        for name in self._ask.fields:
            if name in self._ledger.value or name in self._attempt.void:
                continue
            try:
                if name in self._ask.defaults:
                    value = self._ask.defaults[name]
                elif shape.fields[name].info.is_required():
                    continue
                else:
                    value = shape.fields[name].default
                events.append(self._ledger.field((name,), value, "default"))
                events += self._ledger.cross(name)
            except Exception as error:  # noqa: BLE001  # a default factory or validator of the chain's author
                return [*events, *self.fail(chain_fault(error))]
        return events

    def _missing(self) -> list[Event]:
        return self._ledger.invalid(
            Breach(path=to_pointer((name,)), rule="missing", message="The model left this field out.")
            for name in self._ask.fields
            if name not in self._ledger.value and name not in self._attempt.void
        )

    def _check_whole(self, value: dict[str, Any]) -> list[Event]:
        """The whole object against its model: what crosses fields without saying so can break only here."""
        try:
            self._ask.result.model_validate_json(json.dumps(value))
        except ValidationError as error:
            return self._ledger.invalid(breaches(error))
        except Exception as error:  # noqa: BLE001  # a validator of the chain's author
            return self.fail(chain_fault(error))
        return []


def _over(events: list[Event]) -> bool:
    return bool(events) and events[-1].type in TERMINAL


def _doubted(wanted: Collection[str], broken: Iterable[Breach]) -> set[str]:
    """The properties that broken rules put in doubt; a breach of the whole object doubts all that the model writes."""
    paths = [from_pointer(breach.path) for breach in broken]
    return set(wanted) if () in paths else {str(path[0]) for path in paths}.intersection(wanted)


def _unpinnable(pointer: str) -> RequestError:
    message = "This run has no such top-level field."
    return RequestError(message, details=(Breach(path=pointer, rule="unknown_field", message=message),))
