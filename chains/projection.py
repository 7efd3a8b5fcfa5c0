"""From the model's text to typed events: the stream's meaning, without any I/O.

A `Projection` is one run at one object, in one attempt or more. Begin it by `start`, or by `go_on` where another one
left it. Feed it the model's text as it comes; it gives the events that the text means. It never waits, and knows no
clock but the one it is given. Who drives it (`chains.drive`) brings the text, the time and the end, and asks the model
again when there is a `repair`.

Promised here: `start` comes first; within an attempt a string only grows; what is held (`schemas.settle`) is told only
when it is closed and valid; a `field` does not change again in its attempt, and never once it was pinned, or kept by
a repair; exactly one terminal event comes, last; `seq` counts 1, 2, 3 without a hole.
"""

import json
from collections.abc import Callable, Collection, Iterable
from dataclasses import replace
from typing import Any

from chains.ask import Ask, names
from chains.attempt import Attempt
from chains.breaches import places
from chains.faults import chain_fault
from chains.ledger import Ledger
from chains.pace import Pace
from chains.repair import MENDABLE, Repair
from chains.shape import shape_of
from chains.takeover import Resumption, still_to_ask
from chains.whole import look_whole, whole_of
from schemas import (
    Breach,
    Code,
    Complete,
    Event,
    Failed,
    FieldPlan,
    Note,
    Path,
    PromptRef,
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
from schemas.text import whole_characters


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
        self._carried: frozenset[str] = frozenset()  # what an attempt that broke off left, which a repair may ask again
        self._number = 1
        self._takeovers = 0
        self._text_size = 0
        self._first_token_ms: int | None = None
        self._usage: Usage | None = None
        self._uncounted = 0
        self._counted: Usage | None = None  # of this attempt, by its server, as far as it has said

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
        return None if self.given_up else self._attempt.waiting

    @property
    def due(self) -> float | None:
        """When, on `clock`, `tick` has something to give; `None` while it has nothing."""
        if self._ledger.untaken:
            return self._clock()
        return None if self.ended else self._pace.due

    # -- what a driver calls: each gives the events since the last call ------------------------------------------------

    def start(
        self, *, run_id: str, chain: str, model: str, prompt: PromptRef | None = None, notes: Iterable[Note] = ()
    ) -> list[Event]:
        """The first event, and the fields that are known already."""
        self.started = True
        result = shape_of(self._ask.result)
        tree = result.holding(self._checked).tree
        start = Start(
            seq=self._ledger.next_seq,
            run_id=run_id,
            chain=chain,
            model=model,
            prompt=prompt,
            attempt=1,
            schema_=SchemaRef(name=result.name, hash=result.hash),
            fields=tuple(
                FieldPlan(path=path, settle=settle)
                for name in self._ask.fields
                for path, settle in tree.child(name).walk(to_pointer((name,)))
            ),
            notes=tuple(notes),
        )
        self._ledger.tell(start)
        for name, value in self._ask.given.items():
            self._ledger.field((name,), value, "given")
            self._pace.changed(0)
        return self.tick()

    def go_on(self, resumption: Resumption, prompt: PromptRef | None = None) -> None:
        """Instead of `start`: the run goes on behind what was told of it, by a `reset` that `tick` gives."""
        told, repair = resumption.told, still_to_ask(self._ask, resumption)
        self._ledger.go_on(told, resumption.elapsed_s)
        self.started = True
        self._number, self._uncounted = told.attempt, told.attempt
        self._takeovers = told.attempt - told.repairs  # this one included: the first attempt was neither
        self._repairs = max(self._repairs - told.repairs, 0)
        self._carried = frozenset(names(self._ask.wanted)).intersection(repair.kept) - told.lasting
        self._first_token_ms = resumption.first_token_ms
        self._again(repair if self._affordable(repair) else replace(repair, said=None), prompt)
        for name, value in self._ask.given.items():
            if not self._ledger.has(name):
                self._ledger.field((name,), value, "given")

    def feed(self, text: str, usage: Usage | None = None) -> list[Event]:
        """What a piece of the model's text means. `usage`: what the model's server has counted, if it has by now."""
        self._counted = usage
        if text and self.reading:
            if self._first_token_ms is None:
                self._first_token_ms = self._ledger.ms()
            self._text_size += len(text)
            self._read(lambda: self._attempt.feed(text))
        return self.tick()

    def verdict(self, refused: StreamError | None = None) -> list[Event]:
        """The value that was `waiting` may be told, with what came behind it; or it ends the run.

        A value that the user has taken over meanwhile is not told at all, whatever the verdict.
        """
        if waiting := self.waiting:
            if refused and waiting[0][0] not in self._ledger.pinned:
                return self.fail(refused)
            self._read(self._attempt.passed)
        return self.tick()

    def tick(self) -> list[Event]:
        """What is due: what pins told, a `partial`."""
        if not self.ended and self._pace.take(self._clock()):
            self._ledger.partial()
        return self._ledger.take()

    def finish(self, finish_reason: str | None, usage: Usage | None = None, refusal: str = "") -> list[Event]:
        """The model has ended (`finish_reason` is `None` where it did not say why): the last events, or a `reset`."""
        if not self.given_up:
            self._count(usage)
            error = self._attempt.bad_end(finish_reason, refusal) or look_whole(self._ask, self._ledger, self._attempt)
            if error:
                self._mend_or_fail(error)
            else:
                self._complete(finish_reason)
        return self.tick()

    def fail(self, error: StreamError) -> list[Event]:
        """The run ends by this error; what had come rides along."""
        if not self.ended:
            self._fail(error)
        return self._ledger.take()

    def break_off(self, error: StreamError, usage: Usage | None = None) -> list[Event]:
        """The model's answer broke off by this error, which ends the run unless nothing was lacking any more."""
        return self.fail(error) if self._attempt.lacking else self.finish(None, usage)

    # -- what a user may do meanwhile ----------------------------------------------------------------------------------

    def property_at(self, pointer: str) -> str:
        """The top-level property of this run at a pointer. `RequestError` if there is none."""
        try:
            path = from_pointer(pointer)
        except ValueError:
            path = ()
        if len(path) != 1 or path[0] not in self._ask.fields:
            message = "This run has no such top-level field."
            raise RequestError.at(pointer, "unknown_field", message)
        return str(path[0])

    def pin(self, pointer: str, value: Any) -> int:
        """The user takes the top-level property at a pointer over. Returns the `seq` of its event.

        `RequestError` if it cannot be: the property then stays the model's.
        """
        if not self.started or self.ended:
            raise RequestError("The run is not going on.", code=Code.CONFLICT)
        name = self.property_at(pointer)
        value = _plain_json(name, value)
        try:
            settled, broken = self._as_settled(name, value)
        except Exception as error:  # a validator of the chain's author
            raise chain_fault(error) from error
        if broken:
            raise _breaking(broken)
        self._ledger.pin(name, value, settled)
        self._attempt.let_go(name)
        self._pace.begin_again(self._text_size)
        return self._ledger.next_seq - 1

    def _as_settled(self, name: str, value: Any) -> tuple[Any, tuple[Breach, ...]]:
        """A user's value as it would have settled, had the model written it, and the rules that it breaks."""
        settled = value
        for model in (self._ask.result, self._ask.wanted):
            if name in (shape := shape_of(model)).fields:
                settled, broken = shape.check((name,), value)
                if broken:
                    return settled, broken
        return settled, self._ledger.objections(name, value, self._ask.defaults)

    # -- attempts ------------------------------------------------------------------------------------------------------

    def _new_attempt(self, ask: Ask) -> Attempt:
        return Attempt(shape_of(ask.wanted), self._ledger, checked=self._checked, last=self._repairs == 0)

    def _read(self, on: Callable[[], None]) -> None:
        """Reads on; what comes of it, and of a fault in it."""
        before = self._ledger.next_seq
        try:
            on()
        except Exception as error:  # noqa: BLE001  # a validator of the chain's author
            self._fail(chain_fault(error))
            return
        if self._ledger.next_seq > before:
            self._pace.changed(self._text_size)
        if self._attempt.fault:
            self._count(self._counted)
            self._mend_or_fail(self._attempt.fault)

    def _mend_or_fail(self, error: StreamError) -> None:
        try:
            repair = self._mend(error)
        except Exception as broken:  # noqa: BLE001  # a schema or a token count of the chain's author
            repair, error = None, chain_fault(broken)
        if not repair:
            self._fail(error)
            return
        self._repairs -= 1
        self._carried = frozenset()
        self._again(repair)

    def _again(self, repair: Repair, prompt: PromptRef | None = None) -> None:
        """Another attempt begins."""
        self._number += 1
        self._ledger.reset(self._number, repair.kept, repair.error.code, prompt)
        self.repair, self._attempt = repair, self._new_attempt(repair.ask)
        self._text_size = 0
        self._pace.begin_again()

    def _mend(self, error: StreamError) -> Repair | None:
        """What another attempt would ask, if there may be one and it can help."""
        if self._repairs == 0 or error.code not in MENDABLE:
            return None
        mendable = (self._attempt.fields | self._carried) - self._ledger.pinned.keys()
        doubted = _doubted(mendable, (*error.details, *self._ledger.errors))
        kept = [name for name in self._ask.fields if self._ledger.has(name) and name not in doubted]
        if error.code is Code.INVALID_OUTPUT and not doubted:
            return None  # what breaks the rules is not the model's to write
        if error.code is Code.TRUNCATED and self._attempt.fields.isdisjoint(kept):
            return None  # it would be ended at the same place again
        repair = Repair(
            ask=self._ask.only(set(names(self._ask.wanted)).difference(kept)),
            kept={name: copy_json(self._ledger.value[name]) for name in kept},
            said=whole_characters(self._attempt.said),
            error=error,
        )
        if not names(repair.ask.wanted):
            return None
        return next(filter(self._affordable, (repair, replace(repair, said=""))), None)

    def _count(self, usage: Usage | None) -> None:
        if usage is None:
            self._uncounted += 1
        else:
            self._usage = usage if self._usage is None else self._usage.plus(usage)

    # -- the end -------------------------------------------------------------------------------------------------------

    def _fail(self, error: StreamError) -> None:
        errors = tuple(dict.fromkeys((*error.details, *self._ledger.errors)))
        self._attempt.rest_of_words()
        partial, seq = copy_json(self._ledger.value), self._ledger.next_seq
        self._ledger.tell(Failed.by(error, seq=seq, partial=partial, errors=errors))
        self.ended = True

    def _complete(self, finish_reason: str | None) -> None:
        complete = Complete(
            seq=self._ledger.next_seq,
            value=whole_of(self._ask, self._ledger),
            finish_reason=finish_reason,
            usage=self._usage and self._usage.model_copy(update={"uncounted": self._uncounted}),
            timings=Timings(
                first_token_ms=self._first_token_ms,
                fields=dict(self._ledger.settled),
                total_ms=self._ledger.ms(),
            ),
            attempts=self._number,
            repaired=self._number - self._takeovers > 1,
            conflicts=self._ledger.conflicts,
        )
        self._ledger.tell(complete)
        self.ended = True


def _doubted(wanted: Collection[str], broken: Iterable[Breach]) -> set[str]:
    """The properties that broken rules put in doubt; a breach of the whole object doubts all that the model wrote."""
    paths = [from_pointer(breach.path) for breach in broken]
    return set(wanted) if () in paths else {str(path[0]) for path in paths}.intersection(wanted)


def _plain_json(name: str, value: Any) -> Any:
    """A copy of the value that is JSON and nothing else: no NaN, no tuple, no half of a character."""
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False)
        text.encode()
    except (ValueError, TypeError, RecursionError) as error:
        raise _breaking((Breach(path=to_pointer((name,)), rule="json", message="This is no JSON."),)) from error
    return json.loads(text)


def _breaking(broken: tuple[Breach, ...]) -> RequestError:
    return RequestError(f"The value breaks the rules for {places(broken)}.", details=broken)
