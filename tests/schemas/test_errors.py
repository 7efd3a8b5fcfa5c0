"""What can go wrong: every code has one meaning, every phase one class; what there is none of is not said."""

import inspect
from typing import get_args

import pytest

import schemas.errors
from schemas import BY_PHASE, MEANING, Breach, Code, ErrorEnvelope, RequestError, StreamError
from schemas.errors import Phase

BREACH = Breach(path="/goal", rule="string_too_short", message="String should have at least 1 character")


@pytest.mark.parametrize("code", Code)
def test_a_code_has_one_meaning(code: Code) -> None:
    meaning = MEANING[code]
    assert meaning.phase in get_args(Phase)
    assert 400 <= meaning.status < 600
    assert StreamError("", code=code).status == meaning.status


def test_nothing_else_has_a_meaning() -> None:
    assert set(MEANING) == set(Code)
    assert set(BY_PHASE) == set(get_args(Phase)) == {meaning.phase for meaning in MEANING.values()}


@pytest.mark.parametrize("code", Code)
def test_what_the_request_did_is_4xx_and_not_retried(code: Code) -> None:
    meaning = MEANING[code]
    if meaning.phase == "request":
        assert meaning.status < 500
        assert not meaning.retryable
    if meaning.retryable:
        assert meaning.status >= 500 or meaning.status == 429  # too many, for now


@pytest.mark.parametrize(("phase", "kind"), BY_PHASE.items())
def test_a_class_without_a_code_has_one_of_its_phase(phase: Phase, kind: type[StreamError]) -> None:
    assert kind("").phase == phase
    assert kind("", code=Code.INTERNAL).code is Code.INTERNAL


def test_the_tree_is_drawn_as_it_is() -> None:
    drawn = inspect.getdoc(schemas.errors) or ""
    for kind in StreamError.__subclasses__():
        assert f"─ {kind.__name__} " in drawn
        assert kind in BY_PHASE.values()


def test_the_envelope_says_what_the_error_is() -> None:
    error = RequestError("The request breaks the rules for /goal.", details=(BREACH,))
    envelope = error.envelope(run_id="r1")
    assert envelope == {
        "code": "invalid_request",
        "message": "The request breaks the rules for /goal.",
        "details": [BREACH.model_dump()],
        "retryable": False,
        "run_id": "r1",
    }
    assert ErrorEnvelope.model_validate(envelope).code is Code.INVALID_REQUEST


def test_what_there_is_none_of_is_an_absent_key() -> None:
    assert StreamError("Oops.").envelope() == {"code": "internal", "message": "Oops.", "retryable": True}
