"""How long texts may be, as the result's own types say, and how long they were."""

from typing import Annotated

from pydantic import BaseModel, Field

from lab.bench.lengths import lengths, text_limits
from schemas import ChatReply, MeetingInfo
from tests.chains.answers import MEETING, PLAN
from tests.lab.bench.trials import LONG_SUMMARY, TOO_LONG, field, invalid, reset, token, trial, whole


def test_the_limits_are_those_of_the_types() -> None:
    assert text_limits(MeetingInfo) == {
        "/name": 64,
        "/summary": 50,
        "/description": 400,
        "/tags/-": 10,
        "/plan/-/title": 40,
        "/plan/-/details/-": 80,
    }
    assert text_limits(ChatReply) == {
        "/reply": 2000,
        "/options/-": 20,
        "/recommendation/group_id": 64,
        "/recommendation/reason": 400,
    }


def test_an_unlimited_text_has_none_and_an_alias_is_its_name() -> None:
    class Note(BaseModel):
        free: str
        count: int = Field(le=5)
        words: list[str] = Field(max_length=3)
        title: Annotated[str | None, Field(max_length=7, alias="t")] = None

    assert text_limits(Note) == {"/t": 7}


def test_every_text_of_every_attempt_is_measured_once() -> None:
    run = trial(
        (10, token("/name", "한강")),
        (11, field("/name", 11, "한강")),
        (20, token("/summary", LONG_SUMMARY["summary"])),
        (21, invalid(TOO_LONG)),
        (30, reset("/name")),
        (90, whole(1, 2, value=MEETING | {"name": "한강", "plan": PLAN}).events[-1].event),
    )
    found = list(lengths(run))
    assert found.count(("/name", 2)) == 1
    assert ("/summary", 60) in found
    assert ("/summary", len(MEETING["summary"])) in found
    assert sorted(size for at, size in found if at == "/tags/-") == [2, 2, 4]
    assert ("/plan/-/details/-", 4) in found
