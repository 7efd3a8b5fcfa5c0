"""An answer that breaks its schema is asked for again: what is told, what stays, what the model reads, and when not."""

from typing import Annotated, Any, Self

import pytest
from pydantic import BaseModel, Field, model_validator

from chains.ask import Ask, part_of
from chains.repair import Repair
from schemas import Code, Complete, Failed, Invalid, Partial, StreamError, UpstreamError, Usage, across
from tests.chains.answers import text
from tests.chains.projecting import Run, brief, of


class Trip(BaseModel):
    """Text, a list, two numbers that are bound to one another, and a property that may be left out."""

    city: Annotated[str, Field(max_length=8)]
    tags: Annotated[list[Annotated[str, Field(max_length=5)]], Field(max_length=3)]
    first: int
    last: int
    note: str = "none"

    @model_validator(mode="after")
    @across("first", "last")
    def _in_order(self) -> Self:
        if self.first > self.last:
            raise ValueError("the last day comes after the first")
        return self


TRIP: dict[str, Any] = {"city": "서울", "tags": ["강", "산"], "first": 1, "last": 3, "note": ""}


def run(*answers: str, repairs: int = 1, end: str | None = "stop", **known: Any) -> Run:
    """The run in which the model answers so, one answer after the other; each comes in pieces and ends alike."""
    told = Run(known.pop("ask", Trip), repairs=repairs, **known)
    for answer in answers:
        if told.projection.repair:
            told.again()
        told.feed([answer[:7], answer[7:]]).finish(end)
    return told


def complete_of(told: Run) -> Complete:
    end = told.events[-1]
    assert isinstance(end, Complete), end
    return end


def failure_of(told: Run) -> Failed:
    end = told.events[-1]
    assert isinstance(end, Failed), end
    return end


# -- what is told ------------------------------------------------------------------------------------------------------


def test_a_field_that_closes_invalid_ends_its_attempt_at_once_and_the_rest_is_asked_again() -> None:
    told = run(
        text(TRIP | {"first": "one"}),
        '{"first": 1, "last": 3}',
    )
    assert brief(told.events) == [
        "start",
        ("token", "/city", "서울"),
        ("model", "/city", "서울"),
        ("model", "/tags/0", "강"),
        ("model", "/tags/1", "산"),
        ("model", "/tags", ["강", "산"]),
        ("invalid", "/first"),
        ("reset", 2, ["/city", "/tags"], "invalid_output"),
        ("model", "/first", 1),
        ("model", "/last", 3),
        ("default", "/note", "none"),
        "complete",
    ]
    end = complete_of(told)
    assert end.value == TRIP | {"note": "none"}
    assert (end.attempts, end.repaired) == (2, True)


def test_a_half_done_list_is_asked_again_whole() -> None:
    told = run(text(TRIP | {"tags": ["강", "too long", "산"]}), text({"tags": ["바다"], "first": 1, "last": 1}))
    assert brief(told.events)[2:] == [
        ("model", "/city", "서울"),
        ("model", "/tags/0", "강"),
        ("invalid", "/tags/1"),
        ("reset", 2, ["/city"], "invalid_output"),
        ("model", "/tags/0", "바다"),
        ("model", "/tags", ["바다"]),
        ("model", "/first", 1),
        ("model", "/last", 1),
        ("default", "/note", "none"),
        "complete",
    ]


def test_text_that_was_growing_is_void_and_grows_again() -> None:
    told = run('{"first": 1, "last": 2, "city": "서울 특', text({"city": "부산", "tags": []}))
    assert brief(told.events)[1:] == [
        ("model", "/first", 1),
        ("model", "/last", 2),
        ("token", "/city", "서울 특"),
        ("reset", 2, ["/first", "/last"], "not_json"),
        ("token", "/city", "부산"),
        ("model", "/city", "부산"),
        ("model", "/tags", []),
        ("default", "/note", "none"),
        "complete",
    ]


def test_a_rule_across_fields_names_all_of_them_and_keeps_none_of_them() -> None:
    told = run(text(TRIP | {"first": 5}), '{"first": 1, "last": 3}')
    assert brief(told.events)[5:9] == [
        ("model", "/tags", ["강", "산"]),
        ("model", "/first", 5),
        ("model", "/last", 3),
        ("invalid", "/first", "/last"),
    ]
    assert brief(told.events)[9] == ("reset", 2, ["/city", "/tags"], "invalid_output")
    assert complete_of(told).value == TRIP | {"note": "none"}


def test_what_was_left_out_is_asked_for_and_nothing_else() -> None:
    told = run('{"city": "서울", "first": 1, "last": 3}', '{"tags": [], "city": "another", "first": 9}')
    assert brief(told.events)[5:] == [
        ("invalid", "/tags"),
        ("reset", 2, ["/city", "/first", "/last"], "invalid_output"),
        ("model", "/tags", []),
        ("default", "/note", "none"),
        "complete",
    ]


def test_a_key_that_came_twice_is_asked_for_again() -> None:
    told = run('{"city": "서울", "first": 1, "city": "부산"', text(TRIP | {"first": 2}))
    assert brief(told.events)[3:6] == [
        ("model", "/first", 1),
        ("reset", 2, ["/first"], "duplicate_key"),
        ("token", "/city", "서울"),
    ]
    assert complete_of(told).value == TRIP | {"first": 1}


@pytest.mark.parametrize(
    "wrong",
    ["", "I would rather not.", "[1, 2]", "{'city': 'a'}", '{"city": oops}', '{"city": "a",}', '{"city": "a"'],
)
def test_what_is_no_json_is_asked_for_again(wrong: str) -> None:
    told = run(wrong, text(TRIP))
    [reset] = [event for event in told.events if event.type == "reset"]
    assert reset.reason is Code.NOT_JSON
    assert complete_of(told).value["tags"] == TRIP["tags"]


def test_what_was_given_stays() -> None:
    ask = Ask(
        Trip, wanted=part_of(Trip, ("city", "last")), given={"tags": ["mine"], "first": 4}, defaults={"note": "n"}
    )
    told = run('{"city": "서울", "last": 3}', '{"last": 8}', ask=ask)
    assert brief(told.events)[3:] == [
        ("token", "/city", "서울"),
        ("model", "/city", "서울"),
        ("model", "/last", 3),
        ("invalid", "/first", "/last"),
        ("reset", 2, ["/city", "/tags", "/first"], "invalid_output"),
        ("model", "/last", 8),
        ("default", "/note", "n"),
        "complete",
    ]


def test_snapshots_go_on_at_their_pace_however_long_the_answer_before_was() -> None:
    told = Run(Trip, repairs=1).feed(['{"city": "서울", "note": "' + "x" * 50_000 + '", "first": "a",']).again()
    told.feed(['{"tags": ["강", ', '"산"'], every=0.2).wait(0.2)
    assert of(Partial, told.events)[-1].value["tags"] == ["강", "산"]


# -- how often ---------------------------------------------------------------------------------------------------------


WRONG = [TRIP | {"first": "a", "last": "b"}, {"first": 1, "last": "b"}, {"last": "c"}]


@pytest.mark.parametrize("repairs", [0, 1, 2])
def test_a_model_is_asked_again_so_often_and_then_everything_that_is_wrong_is_told(repairs: int) -> None:
    told = run(*map(text, WRONG[: repairs + 1]), repairs=repairs)
    failed = failure_of(told)
    assert (failed.code, len(told.repairs)) == (Code.INVALID_OUTPUT, repairs)
    assert [breach.path for breach in failed.errors or ()] == (["/first", "/last"] if repairs == 0 else ["/last"])
    assert failed.partial["city"] == "서울"


def test_the_last_attempt_is_read_to_its_end_and_no_earlier_one() -> None:
    wrong = text(TRIP | {"first": "a", "last": "b"})
    told = run(wrong, wrong)
    assert [invalid.paths for invalid in of(Invalid, told.events)] == [("/first",), ("/first",), ("/last",)]


def test_a_field_that_was_kept_stays_whatever_breaks_together_with_it_later() -> None:
    """`keep` is a promise: only what this attempt wrote is in doubt."""
    told = run(
        text(TRIP | {"first": 5, "last": "?"}), '{"last": 4, "note": "a"}', '{"last": 6, "note": "b"}', repairs=2
    )
    assert brief(told.events)[-9:] == [
        ("invalid", "/last"),
        ("reset", 2, ["/city", "/tags", "/first"], "invalid_output"),
        ("model", "/last", 4),
        ("invalid", "/first", "/last"),
        ("reset", 3, ["/city", "/tags", "/first"], "invalid_output"),
        ("model", "/last", 6),
        ("token", "/note", "b"),
        ("model", "/note", "b"),
        "complete",
    ]


# -- the token limit ---------------------------------------------------------------------------------------------------


def test_a_token_limit_is_asked_again_if_a_field_has_settled() -> None:
    told = run('{"city": "서울", "tags": ["강"', '{"tags": ["산"], "first": 1, "last": 2}', end="length")
    assert ("reset", 2, ["/city"], "truncated") in brief(told.events)
    assert complete_of(told).value["tags"] == ["산"]


@pytest.mark.parametrize("said", ["", '{"city": "서', '{"tags": ["강", "산"'])
def test_a_token_limit_that_came_too_soon_would_come_again(said: str) -> None:
    told = run(said, end="length")
    assert (failure_of(told).code, told.repairs) == (Code.TRUNCATED, [])


def test_a_second_token_limit_is_asked_again_only_if_more_has_settled_since() -> None:
    first, second = '{"city": "서울", "tags"', '{"tags": ["강"'
    assert failure_of(run(first, second, end="length", repairs=2)).code is Code.TRUNCATED
    grown = run(first, '{"tags": ["강"], "fir', '{"first": 1, "last": 2}', end="length", repairs=2)
    assert complete_of(grown).attempts == 3


# -- what no other answer mends ----------------------------------------------------------------------------------------

HALF = '{"city": "서울", "ta'


@pytest.mark.parametrize("end", ["content_filter", None])
def test_what_the_provider_or_the_connection_did_is_not_asked_again(end: str | None) -> None:
    told = Run(Trip, repairs=1).feed([HALF]).finish(end)
    assert not told.repairs
    assert failure_of(told).partial == {"city": "서울"}


@pytest.mark.parametrize("code", [Code.UPSTREAM_CUT, Code.UPSTREAM_TIMEOUT, Code.TIME_LIMIT, Code.OVER_BUDGET])
def test_a_failure_from_outside_is_not_asked_again(code: Code) -> None:
    told = Run(Trip, repairs=1).feed([HALF]).fail(StreamError("It broke.", code=code))
    assert failure_of(told).code is code


def test_a_refusal_is_not_asked_again() -> None:
    told = Run(Trip, repairs=1).feed([HALF]).finish("stop", refusal="No.")
    assert failure_of(told).code is Code.REFUSED


def test_what_is_too_large_is_not_asked_again() -> None:
    told = Run(Trip, repairs=1).feed(['{"city": ' + "[" * 70])
    assert failure_of(told).code is Code.TOO_LARGE


def test_a_check_that_refuses_is_not_asked_again() -> None:
    told = Run(Trip, repairs=1, checked={"city"}).feed([HALF])
    told.judge(UpstreamError("Not here.", code=Code.REFUSED))
    assert (failure_of(told).code, failure_of(told).partial) == (Code.REFUSED, {})


def test_a_repair_that_cannot_be_afforded_is_not_begun() -> None:
    wrong = TRIP | {"first": "a"}
    told = run(text(wrong), affordable=lambda repair: False)
    assert brief(told.events)[-2:] == [("invalid", "/first"), ("failed", "invalid_output")]
    assert not told.repairs


# -- what it costs -----------------------------------------------------------------------------------------------------


def test_usage_sums_what_was_counted_and_says_how_many_were_not() -> None:
    counted = Usage(input_tokens=10, output_tokens=4, total_tokens=14)
    told = Run(Trip, repairs=2)
    told.feed([text(TRIP | {"first": "a"})]).again()  # stopped, never counted
    told.feed(['{"last": 1}']).finish("stop", counted).again()  # read to its end
    told.feed(['{"first": 0}']).finish("stop", counted)
    assert complete_of(told).usage == Usage(input_tokens=20, output_tokens=8, total_tokens=28, uncounted=1)


def test_without_any_count_there_is_none() -> None:
    assert complete_of(run(text(TRIP | {"first": "a"}), '{"first": 0, "last": 1}')).usage is None


# -- what the model is told --------------------------------------------------------------------------------------------


def asked_again(*answers: str, **known: Any) -> Repair:
    told = run(*answers, **known)
    assert told.projection.repair
    return told.projection.repair


def test_the_model_is_told_what_was_wrong_what_stays_and_what_to_write() -> None:
    wrong = text(TRIP | {"tags": ["강", "too long"]})
    wrote, told = asked_again(wrong).messages()
    assert (wrote.type, wrote.text) == ("ai", wrong)
    assert (told.type, told.text.splitlines()) == (
        "human",
        [
            "That answer cannot be used.",
            "The answer breaks the rules for /tags/1.",
            "- /tags/1: String should have at most 5 characters",
            'These fields stay as they are: {"city": "서울"}',
            "Write one JSON object with only these fields: tags, first, last, note.",
        ],
    )


def test_every_rule_that_was_broken_is_told_with_its_path() -> None:
    _, told = asked_again('{"first": 3, "last": 1}').messages()
    assert told.text.splitlines()[1:-1] == [
        "The answer breaks the rules for /first, /last.",
        "- /first: the last day comes after the first",
        "- /last: the last day comes after the first",
    ]


@pytest.mark.parametrize("said", ["", "가" * 100_000])
def test_what_it_wrote_is_shown_but_never_nothing_and_not_all_of_a_long_text(said: str) -> None:
    wrote, _ = asked_again(said).messages()
    assert 0 < len(wrote.text) <= 4000
    assert said.startswith(wrote.text) or wrote.text == "{}"
