"""The contract can be broken: for each promise, logs that break it. Else it would promise nothing."""

from collections.abc import Callable
from typing import Annotated, Any, Self

import pytest
from pydantic import BaseModel, Field, model_validator

from chains.ask import Ask, part_of
from schemas import Breach, Code, Conflict, Event, Failed, FieldSettled, Partial, Stream, Token, Trim, across
from tests.chains import contract
from tests.chains.contract import PROMISES, Promise, check, hold
from tests.chains.projecting import Run

Doctor = Callable[[list[Event]], list[Event]]


class Step(BaseModel):
    """An item that grows."""

    title: str
    lines: list[str]


class Sample(BaseModel):
    """A property of each sort, two of them bound by a rule."""

    place: str
    name: Annotated[str, Field(max_length=20), Trim()]
    tags: list[Annotated[str, Field(max_length=9)]]
    motto: Annotated[str, Stream("word")]
    plan: list[Step]
    low: int
    high: int
    mood: str = "calm"

    @model_validator(mode="after")
    @across("low", "high")
    def _in_order(self) -> Self:
        if self.low > self.high:
            raise ValueError("low comes before high")
        return self


ASK = Ask(
    Sample,
    wanted=part_of(Sample, ("name", "tags", "motto", "plan", "low", "high", "mood")),
    given={"place": "here"},
)
FIRST = ['{"name": " 한', '강 ","tags": ["a", "b"],"low": ', '"x"']
SECOND = [
    '{"motto": "together we',
    ' run on","plan": [{"title": "t", "lines": ["l"]}, ',
    '{"title": "u", "lines": []}],',
]


def completed() -> list[Event]:
    """A repaired run, with a pin over what the model had settled."""
    run = Run(ASK, repairs=1).feed(FIRST, every=0.2).again()
    run.pin("/tags", ["mine"])
    return run.feed([*SECOND, '"low": 1, "high": 2}'], every=0.2).finish().events


def failed() -> list[Event]:
    """A run whose last attempt breaks a rule across fields, and another one."""
    text = '{"name": "n", "tags": ["a", "much too long"], "motto": "m", "plan": [], "low": 2, "high": 1, "mood": "m"}'
    return Run(ASK).feed([text]).finish().events


# -- how to spoil a log ------------------------------------------------------------------------------------------------


def where(events: list[Event], kind: str, path: str = "") -> int:
    """The place of the first such event."""
    found = (at for at, event in enumerate(events) if event.type == kind and path in ("", getattr(event, "path", "")))
    return next(found)


def edited(kind: str, path: str = "", /, **changes: Any) -> Doctor:
    """The first such event says something else."""

    def doctor(events: list[Event]) -> list[Event]:
        at = where(events, kind, path)
        return [*events[:at], events[at].model_copy(update=changes), *events[at + 1 :]]

    return doctor


def without(kind: str, path: str = "") -> Doctor:
    """The first such event is lost, and nobody sees it by the numbers."""
    return lambda events: numbered(events[: where(events, kind, path)] + events[where(events, kind, path) + 1 :])


def inserted(event: Event, before: str, path: str = "") -> Doctor:
    """One event more."""
    return lambda events: numbered(
        [*events[: where(events, before, path)], event, *events[where(events, before, path) :]]
    )


def numbered(events: list[Event]) -> list[Event]:
    return [event.model_copy(update={"seq": number}) for number, event in enumerate(events, start=1)]


def token(path: str, text: str = "x") -> Token:
    return Token(seq=1, path=path, text=text)


def field(path: str, value: Any, ms: int = 9999) -> FieldSettled:
    return FieldSettled(seq=1, path=path, value=value, source="model", ms=ms)


FAILED = Failed(seq=1, code=Code.INTERNAL, phase="server", message="", retryable=True, partial={})
PARTIAL = Partial(seq=1, value={}, settled=())
TAGS = Conflict(path="/tags", model_value=["a", "b"])

BROKEN: list[tuple[Promise, Doctor]] = [
    (contract.seq_has_no_hole, lambda events: events[:4] + events[5:]),
    (contract.seq_has_no_hole, lambda events: events[1:]),
    (contract.start_is_first, lambda events: events[1:]),
    (contract.start_is_first, lambda events: [events[0], *events]),
    (contract.start_is_first, edited("start", attempt=2)),
    (contract.nothing_follows_the_end, lambda events: [*events, events[-1]]),
    (contract.nothing_follows_the_end, lambda events: [*events, PARTIAL]),
    (contract.given_first_and_defaults_last, edited("field", "/tags/0", source="given")),
    (contract.given_first_and_defaults_last, edited("field", "/motto", source="default")),
    (contract.time_passes, edited("field", "/plan", ms=0)),
    (contract.time_passes, edited("field", "/motto", ms=601)),
    (contract.time_passes, without("field", "/mood")),
    (contract.every_place_was_announced, inserted(token("/low"), "invalid")),
    (contract.every_place_was_announced, inserted(token("/tags/0"), "field", "/tags/0")),
    (contract.every_place_was_announced, inserted(field("/plan/0/title", "t"), "field", "/plan/0")),
    (contract.every_place_was_announced, inserted(field("/other", "t"), "complete")),
    (contract.every_place_was_announced, edited("pinned", path="/tags/0")),
    (contract.every_place_was_announced, edited("invalid", paths=("/other",))),
    (contract.text_only_grows, inserted(token("/name"), "reset")),
    (contract.text_only_grows, inserted(token("/plan/0/title"), "field", "/plan/1")),
    (contract.text_only_grows, inserted(token("/plan/2/title"), "field", "/plan/0")),
    (contract.text_only_grows, inserted(token("/plan/0"), "field", "/plan/0")),
    (contract.text_only_grows, inserted(token("/motto/x"), "field", "/motto")),
    (contract.lists_only_grow, without("field", "/tags/0")),
    (contract.lists_only_grow, inserted(field("/tags/2", "c"), "invalid")),
    (contract.lists_only_grow, inserted(field("/plan/0", {}), "field", "/plan/1")),
    (contract.what_settled_stays, edited("field", "/tags", value=["a", "c"])),
    (contract.what_settled_stays, edited("field", "/tags", value=["a", "b", True])),
    (contract.what_settled_stays, inserted(field("/name", "other"), "reset")),
    (contract.what_settled_stays, edited("complete", value={"name": "another"})),
    (contract.what_settled_is_valid, edited("field", "/name", value="n" * 21)),
    (contract.what_settled_is_valid, edited("field", "/tags/0", value="t" * 10)),
    (contract.what_settled_is_valid, edited("field", "/low", value="1")),
    (contract.what_settled_is_valid, edited("pinned", value="mine")),
    (contract.tokens_add_up_to_their_field, without("token", "/name")),
    (contract.tokens_add_up_to_their_field, edited("field", "/name", value=" 한강 ")),
    (contract.tokens_add_up_to_their_field, edited("token", "/plan/0/title", text="t ")),
    (contract.tokens_add_up_to_their_field, edited("token", "/plan/0/lines/0", path="/plan/0/lines/1")),
    (contract.words_come_whole, inserted(token("/motto", "line"), "field", "/motto")),
    (contract.words_come_whole, inserted(token("/motto", "\u0301"), "field", "/motto")),
    (contract.pinned_is_the_users, inserted(token("/tags/0"), "complete")),
    (contract.pinned_is_the_users, inserted(field("/tags", ["a"]), "complete")),
    (contract.conflicts_are_told, edited("complete", conflicts=())),
    (contract.conflicts_are_told, edited("complete", conflicts=(TAGS, TAGS))),
    (contract.conflicts_are_told, edited("complete", conflicts=(TAGS, Conflict(path="/name", model_value="n")))),
    (contract.conflicts_are_told, edited("complete", conflicts=(Conflict(path="/tags", model_value=["mine"]),))),
    (contract.invalid_says_what_is_wrong, edited("invalid", errors=())),
    (contract.invalid_says_what_is_wrong, edited("invalid", paths=("/low", "/high"))),
    (contract.nothing_is_told_of_what_is_invalid, inserted(field("/low", 1), "reset")),
    (contract.reset_keeps_what_settled, edited("reset", keep=("/place", "/name", "/tags", "/low"))),
    (contract.reset_keeps_what_settled, edited("reset", keep=("/place", "/name"))),
    (contract.reset_keeps_what_settled, edited("reset", keep=("/name", "/tags"))),
    (contract.reset_keeps_what_settled, edited("reset", keep=("/tags", "/name", "/place"))),
    (contract.reset_keeps_what_settled, edited("reset", keep=("/place", "/name", "/tags/0", "/tags"))),
    (contract.reset_says_why, edited("reset", attempt=3)),
    (contract.reset_says_why, edited("reset", reason=Code.UPSTREAM_CUT)),
    (contract.reset_says_why, inserted(token("/motto"), "reset")),
    (contract.partial_is_the_sum, without("token", "/name")),
    (contract.partial_is_the_sum, edited("partial", value={})),
    (contract.partial_is_the_sum, edited("partial", settled=())),
    (contract.complete_is_whole_and_valid, without("field", "/motto")),
    (contract.complete_is_whole_and_valid, without("field", "/mood")),
    (contract.complete_is_whole_and_valid, edited("complete", value={})),
    (contract.complete_is_whole_and_valid, edited("complete", attempts=1)),
    (contract.complete_is_whole_and_valid, edited("field", "/low", value=3)),
    (contract.what_had_come_is_kept, lambda events: [*events[:-1], FAILED]),
    (contract.readings_agree, edited("partial", value={"name": "x"})),
    (contract.every_event_can_be_sent, edited("token", text="half \ud83d")),
    (contract.every_event_can_be_sent, edited("field", "/low", value=float("nan"))),
    (contract.every_event_can_be_sent, edited("field", "/tags", value=("a", "b"))),
]
IDS = [f"{promise.__name__}-{number}" for number, (promise, _) in enumerate(BROKEN)]


@pytest.mark.parametrize(("promise", "doctor"), BROKEN, ids=IDS)
def test_a_log_that_breaks_a_promise_is_found_out(promise: Promise, doctor: Doctor) -> None:
    hold(completed(), Sample, [promise])
    with pytest.raises(AssertionError):
        hold(doctor(completed()), Sample, [promise])


SHORT: list[Doctor] = [
    edited("failed", errors=None),
    edited("failed", errors=(Breach(path="/tags/1", rule="string_too_long", message=""),)),
    edited("failed", partial={}),
    edited("failed", phase="server"),
]


@pytest.mark.parametrize("doctor", SHORT, ids=["no errors", "another error", "no value", "another phase"])
def test_a_bad_end_that_leaves_something_out_is_found_out(doctor: Doctor) -> None:
    hold(failed(), Sample, [contract.what_had_come_is_kept])
    with pytest.raises(AssertionError):
        hold(doctor(failed()), Sample, [contract.what_had_come_is_kept])


def test_every_promise_has_a_log_that_breaks_it() -> None:
    assert {promise for promise, _ in BROKEN} == set(PROMISES)


def test_a_log_without_an_end_is_no_whole_log() -> None:
    check(completed()[:-1], Sample, ended=False)
    with pytest.raises(AssertionError):
        check(completed()[:-1], Sample)
