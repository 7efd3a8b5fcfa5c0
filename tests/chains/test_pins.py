"""A user takes a field over: at every moment of its life, with every value that may and may not be; it wins."""

from collections.abc import Callable
from math import nan
from typing import Annotated, Any, Self

import pytest
from pydantic import BaseModel, Field, model_validator

from chains.ask import Ask, part_of
from chains.pace import Pace
from schemas import (
    Code,
    Complete,
    Conflict,
    Failed,
    Fold,
    Partial,
    Pinned,
    RequestError,
    Stream,
    Trim,
    UpstreamError,
    across,
)
from tests.chains.projecting import Run, brief, of


class Step(BaseModel):
    """An item that grows."""

    title: str
    minutes: int


class Plan(BaseModel):
    """A property of each sort; two of them are bound to one another."""

    name: Annotated[str, Field(max_length=8), Trim()]
    motto: Annotated[str, Stream("word")]
    tags: list[Annotated[str, Field(max_length=5)]]
    steps: list[Step]
    low: int
    high: float
    mood: str = "calm"

    @model_validator(mode="after")
    @across("low", "high")
    def _in_order(self) -> Self:
        if self.low > self.high:
            raise ValueError("low comes before high")
        return self


TEXT = (
    '{"name": " 서울 ", "motto": "we run together", "tags": ["a", "b"], '
    '"steps": [{"title": "warm up", "minutes": 5}], "low": 1, "high": 2, "mood": "m"}'
)
VALUE: dict[str, Any] = {
    "name": "서울",
    "motto": "we run together",
    "tags": ["a", "b"],
    "steps": [{"title": "warm up", "minutes": 5}],
    "low": 1,
    "high": 2.0,
    "mood": "m",
}


def run(before: str, pointer: str, value: Any, text: str = TEXT, **known: Any) -> Run:
    """A run in which the user pins just before this part of the text comes, and in which nothing else happens."""
    at = text.index(before) if before else len(text)
    told = Run(Plan, **known).feed([text[:at]])
    told.pin(pointer, value)
    return told.feed([text[at:]]).finish()


def complete_of(told: Run) -> Complete:
    end = told.events[-1]
    assert isinstance(end, Complete), end
    return end


def of_field(told: Run, name: str) -> list[Any]:
    """What was told of one property, in order."""
    return [event for event in brief(told.events) if isinstance(event, tuple) and event[1].split("/")[1:2] == [name]]


# -- when --------------------------------------------------------------------------------------------------------------

MOMENTS: dict[str, tuple[str, str, Any, list[Any]]] = {
    "before anything": ("{", "name", "mine", []),
    "before its key": ('"motto"', "motto", "mine", []),
    "before its value": (' "we', "motto", "mine", []),
    "in the middle of a word": ("gether", "motto", "mine", [("token", "/motto", "we run")]),
    "in the middle of a text": ("울", "name", "mine", [("token", "/name", " 서")]),
    "at the end of a text": ('", "motto"', "name", "mine", [("token", "/name", " 서울 ")]),
    "after it settled": ('"tags"', "name", "mine", [("token", "/name", " 서울 "), ("model", "/name", "서울")]),
    "in the middle of a list": (', "b"', "tags", ["c"], [("model", "/tags/0", "a")]),
    "in the middle of an item": ('p", "minutes"', "steps", [], [("token", "/steps/0/title", "warm u")]),
    "of a number": ('"high"', "low", 2, [("model", "/low", 1)]),
}


@pytest.mark.parametrize(("before", "name", "value", "told_before"), MOMENTS.values(), ids=MOMENTS)
def test_a_pin_wins_from_then_on(before: str, name: str, value: Any, told_before: list[Any]) -> None:
    told = run(before, f"/{name}", value)
    assert of_field(told, name) == [*told_before, ("pinned", f"/{name}", value)]
    end = complete_of(told)
    assert end.value == VALUE | {name: value}
    assert end.conflicts == (Conflict(path=f"/{name}", model_value=VALUE[name]),)


def test_the_others_are_told_as_if_nothing_had_happened() -> None:
    undisturbed = Run(Plan).feed([TEXT]).finish()
    told = run("gether", "/motto", "mine")
    for name in VALUE.keys() - {"motto"}:
        assert "".join(map(str, of_field(told, name))) == "".join(map(str, of_field(undisturbed, name)))


def test_behind_the_last_field_a_pin_still_comes_in_time() -> None:
    told = run("", "/name", "mine")
    assert brief(told.events)[-2:] == [("pinned", "/name", "mine"), "complete"]


def test_the_last_pin_wins() -> None:
    told = Run(Plan).feed([TEXT[:12]])
    assert [told.pin("/name", value) for value in ("one", "two", "서울")] == [4, 5, 6]
    told.feed([TEXT[12:]])
    told.pin("/name", "three")
    told.finish()
    assert [event.value for event in of(Pinned, told.events)] == ["one", "two", "서울", "three"]
    end = complete_of(told)
    assert (end.value["name"], [conflict.model_value for conflict in end.conflicts]) == ("three", ["서울"])


def test_a_pin_is_in_every_snapshot_from_then_on() -> None:
    told = run("울", "/name", "mine", pace=Pace(interval=0))
    [at] = [index for index, event in enumerate(told.events) if isinstance(event, Pinned)]
    partials = of(Partial, told.events[at:])
    assert partials
    assert all(partial.value["name"] == "mine" and "/name" in partial.settled for partial in partials)


def test_a_pinned_value_stays_as_the_user_left_it() -> None:
    end = complete_of(run('"motto"', "/name", "  mine "))
    assert end.value["name"] == "  mine "


# -- conflicts ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("before", ["{", "울", '"motto"', ""])
@pytest.mark.parametrize("users", ["서울", " 서울", "서울\n"])
def test_where_the_model_means_the_same_there_is_no_conflict(before: str, users: str) -> None:
    assert complete_of(run(before, "/name", users)).conflicts == ()


@pytest.mark.parametrize("before", ["{", ""])
@pytest.mark.parametrize(("users", "differs"), [(2, False), (2.0, False), (2.5, True)])
def test_numbers_are_compared_as_they_settle(before: str, users: float, differs: bool) -> None:
    assert bool(complete_of(run(before, "/high", users)).conflicts) == differs


def test_what_the_model_never_wrote_is_no_conflict() -> None:
    text = TEXT.replace(', "mood": "m"', "")
    assert complete_of(run("{", "/mood", "wild", text)).conflicts == ()


@pytest.mark.parametrize("before", ["{", "x", ', "motto"', ""])
def test_what_the_model_wrote_may_be_invalid(before: str) -> None:
    text = TEXT.replace(" 서울 ", "x" * 9)
    end = complete_of(run(before, "/name", "mine", text))
    assert end.conflicts == (Conflict(path="/name", model_value="x" * 9),)


# -- what is known ----------------------------------------------------------------------------------------------------


def test_a_given_field_and_one_that_code_knows_may_be_pinned() -> None:
    ask = Ask(
        Plan,
        wanted=part_of(Plan, ("name",)),
        given={name: value for name, value in VALUE.items() if name not in ("name", "mood")},
        defaults={"mood": "m"},
    )
    told = Run(ask)
    told.pin("/tags", ["mine"])
    told.pin("/mood", "wild")
    end = complete_of(told.feed(['{"name": "n", "tags": ["the", "model"]}']).finish())
    assert end.value == VALUE | {"name": "n", "tags": ["mine"], "mood": "wild"}
    assert end.conflicts == ()
    assert of_field(told, "mood") == [("pinned", "/mood", "wild")]


# -- what must not be --------------------------------------------------------------------------------------------------

REFUSED: dict[str, tuple[str, Any, str, str]] = {
    "no such field": ("/colour", "red", "/colour", "unknown_field"),
    "the whole": ("", {}, "", "unknown_field"),
    "no pointer": ("name", "n", "name", "unknown_field"),
    "inside a field": ("/tags/0", "a", "/tags/0", "unknown_field"),
    "too long": ("/name", "n" * 9, "/name", "string_too_long"),
    "another type": ("/low", "1", "/low", "int_type"),
    "a bad item": ("/tags", ["a", "abcdef"], "/tags/1", "string_too_long"),
    "a bad part": ("/steps", [{"title": "t"}], "/steps/0/minutes", "missing"),
    "half a character": ("/name", "\ud83d", "/name", "json"),
    "no number": ("/high", nan, "/high", "json"),
    "no JSON": ("/name", object(), "/name", "json"),
}


@pytest.mark.parametrize(("pointer", "value", "path", "rule"), REFUSED.values(), ids=REFUSED)
def test_a_value_that_may_not_be_is_refused_and_leaves_the_field_to_the_model(
    pointer: str, value: Any, path: str, rule: str
) -> None:
    told = Run(Plan).feed([TEXT[:12]])
    with pytest.raises(RequestError) as caught:
        told.pin(pointer, value)
    assert (caught.value.code, caught.value.status) == (Code.INVALID_REQUEST, 422)
    assert [(breach.path, breach.rule) for breach in caught.value.details] == [(path, rule)]
    assert complete_of(told.feed([TEXT[12:]]).finish()).value == VALUE
    assert not of(Pinned, told.events)


def test_a_value_that_contradicts_what_is_known_is_refused() -> None:
    at = TEXT.index('"high"')
    told = Run(Plan).feed([TEXT[:at]])
    with pytest.raises(RequestError) as caught:
        told.pin("/high", 0.5)
    assert [(breach.path, breach.message) for breach in caught.value.details] == [
        ("/low", "low comes before high"),
        ("/high", "low comes before high"),
    ]
    assert complete_of(told.feed([TEXT[at:]]).finish()).value == VALUE


def test_a_value_that_only_later_turns_out_to_contradict_another_stays() -> None:
    told = Run(Plan, repairs=1)
    told.pin("/high", 0.5)
    told.feed([TEXT])
    assert brief(told.events)[-2:] == [
        ("invalid", "/low", "/high"),
        ("reset", 2, ["/name", "/motto", "/tags", "/steps", "/high"], "invalid_output"),
    ]
    end = complete_of(told.again().feed(['{"low": 0}']).finish())
    assert (end.value["low"], end.value["high"]) == (0, 0.5)


def test_a_run_that_has_not_begun_or_has_ended_takes_no_pin() -> None:
    told = Run(Plan).feed([TEXT]).finish()
    with pytest.raises(RequestError) as caught:
        told.pin("/name", "mine")
    assert (caught.value.code, caught.value.status) == (Code.CONFLICT, 409)


# -- over what is invalid ----------------------------------------------------------------------------------------------


def test_a_pin_over_an_invalid_field_mends_it() -> None:
    text = TEXT.replace(" 서울 ", "x" * 9)
    told = run('"tags"', "/name", "mine", text)
    assert of_field(told, "name") == [("token", "/name", "x" * 9), ("invalid", "/name"), ("pinned", "/name", "mine")]
    assert complete_of(told).value == VALUE | {"name": "mine"}


def test_a_pin_over_an_invalid_item_mends_the_list() -> None:
    told = run('"steps"', "/tags", ["c"], TEXT.replace('"b"', '"too long"'))
    assert ("invalid", "/tags/1") in brief(told.events)
    assert complete_of(told).value == VALUE | {"tags": ["c"]}


@pytest.mark.parametrize(("pointer", "value"), [("/low", 0), ("/high", 9.0)])
def test_a_pin_mends_a_rule_across_fields_for_all_of_them(pointer: str, value: Any) -> None:
    told = run('"mood"', pointer, value, TEXT.replace('"low": 1', '"low": 3'))
    assert ("invalid", "/low", "/high") in brief(told.events)
    assert complete_of(told).value == VALUE | {"low": 3, pointer.removeprefix("/"): value}


def test_what_is_still_wrong_fails_the_run_and_is_all_that_is_told() -> None:
    text = TEXT.replace(" 서울 ", "x" * 9).replace('"b"', '"too long"')
    told = run('"low"', "/name", "mine", text)
    end = told.events[-1]
    assert isinstance(end, Failed)
    assert [breach.path for breach in end.errors or ()] == ["/tags/1"]
    assert end.partial["name"] == "mine"


# -- attempts ----------------------------------------------------------------------------------------------------------


def test_a_reset_keeps_what_was_pinned_and_the_model_is_not_asked_for_it() -> None:
    told = Run(Plan, repairs=1).feed([TEXT[:12]])
    told.pin("/motto", "mine")
    told.feed(['울", "tags": 3,'])
    assert brief(told.events)[-3:] == [
        ("model", "/name", "서울"),
        ("invalid", "/tags"),
        ("reset", 2, ["/name", "/motto"], "invalid_output"),
    ]
    told.again().feed([TEXT]).finish()
    assert list(told.repairs[0].kept.items()) == [("name", "서울"), ("motto", "mine")]
    assert [*told.repairs[0].ask.wanted.model_fields] == ["tags", "steps", "low", "high", "mood"]
    assert complete_of(told).value == VALUE | {"motto": "mine"}
    assert complete_of(told).conflicts == ()  # nobody asked the model


def test_a_kept_field_may_be_pinned_and_the_conflict_is_told_at_the_end() -> None:
    told = Run(Plan, repairs=1).feed(['{"name": "서울", "tags": 3,']).again()
    told.pin("/name", "mine")
    end = complete_of(told.feed([TEXT]).finish())
    assert (end.value["name"], end.conflicts) == ("mine", (Conflict(path="/name", model_value="서울"),))


def test_between_two_attempts_a_field_that_is_asked_for_may_be_pinned() -> None:
    told = Run(Plan, repairs=1).feed(['{"name": "서울", "tags": 3,']).again()
    told.pin("/motto", "mine")
    end = complete_of(told.feed([TEXT]).finish())
    assert (end.value["motto"], end.conflicts) == ("mine", (Conflict(path="/motto", model_value=VALUE["motto"]),))


def test_what_was_void_is_no_conflict() -> None:
    told = Run(Plan, repairs=1).feed(['{"motto": "void", "motto": 1']).again()
    told.pin("/motto", "mine")
    end = complete_of(told.feed([TEXT.replace('"motto": "we run together", ', "")]).finish())
    assert end.conflicts == ()


# -- nothing left to ask -----------------------------------------------------------------------------------------------

ENDINGS: dict[str, Callable[[Run], Run]] = {
    "length": lambda told: told.finish("length"),
    "stop": lambda told: told.finish("stop"),
    "no reason": lambda told: told.finish(None),
    "junk": lambda told: told.feed(["\n"]).finish(),
    "cut": lambda told: told.break_off(UpstreamError("It broke.", code=Code.UPSTREAM_CUT)),
}


@pytest.mark.parametrize("ending", ENDINGS.values(), ids=ENDINGS)
def test_a_run_whose_open_fields_the_user_holds_completes_however_the_text_ends(ending: Callable[[Run], Run]) -> None:
    told = Run(Plan, repairs=1).feed([TEXT[: TEXT.index("gether")]])
    for name in VALUE.keys() - {"name", "mood"}:
        told.pin(f"/{name}", VALUE[name])
    told.pin("/mood", "wild")
    end = complete_of(ending(told))
    assert end.value == VALUE | {"mood": "wild"}
    assert (end.attempts, end.conflicts) == (1, ())


def test_every_field_may_be_pinned_before_the_model_has_said_anything() -> None:
    told = Run(Plan)
    for name, value in VALUE.items():
        told.pin(f"/{name}", value)
    assert complete_of(told.finish("stop")).value == VALUE


# -- checks ------------------------------------------------------------------------------------------------------------


def test_a_value_that_waits_for_its_verdict_is_never_told_once_its_field_is_pinned() -> None:
    told = Run(Plan, checked={"name"}).feed([TEXT])
    assert told.projection.waiting == (("name",), "서울")
    told.pin("/name", "mine")
    end = complete_of(told.judge().finish())
    assert of_field(told, "name") == [("pinned", "/name", "mine")]
    assert (end.value["name"], end.conflicts) == ("mine", ())  # what has not passed is told in no event


def test_a_verdict_against_what_the_user_has_replaced_ends_nothing() -> None:
    told = Run(Plan, checked={"name"}).feed([TEXT])
    told.pin("/name", "mine")
    told.judge(UpstreamError("Not here.", code=Code.REFUSED)).finish()
    assert complete_of(told).value == VALUE | {"name": "mine"}


def test_an_item_that_waits_is_let_go_with_its_list() -> None:
    told = Run(Plan, checked={"tags"}).feed([TEXT]).judge()
    assert told.projection.waiting == (("tags", 1), "b")
    told.pin("/tags", ["c"])
    told.judge().finish()
    assert of_field(told, "tags") == [("model", "/tags/0", "a"), ("pinned", "/tags", ["c"])]


# -- one reading is as good as another ---------------------------------------------------------------------------------


@pytest.mark.parametrize("names", [{"token", "field"}, {"partial"}, set()])
def test_every_reading_holds_the_pin(names: set[str]) -> None:
    told = run("울", "/name", "mine")
    fold = Fold()
    for event in told.events[:-1]:
        if event.type in names | {"pinned"}:
            fold.apply(event)
    assert fold.value["name"] == "mine"
