"""Runs for the lab to look at, with times that a test decides."""

from typing import Annotated, Any

from pydantic import BaseModel, Field

from chains.ask import Ask, part_of
from chains.recording import Recorded
from schemas import Event, Fold, PlanStep, copy_json
from tests.chains.projecting import Run


class Club(BaseModel):
    """A form with a field of each sort: text, held, short list, list of objects; and one that has a default."""

    name: str = Field(max_length=20)
    summary: str = Field(max_length=20)
    tags: Annotated[list[Annotated[str, Field(max_length=10)]], Field(max_length=3)]
    members: int = Field(ge=2, le=20)
    plan: list[PlanStep]
    open: bool = True


FIRST = '{"name": "Hikers", "summary": "We walk so slowly that nobody is left behind", "tags"'
SECOND = (
    '{"summary": "Nobody is left", "tags": ["slow", "hills"],'
    ' "plan": [{"step": 1, "title": "Meet", "details": ["at six"]}]}'
)
EVERY = 0.01


def repaired(*, pin: bool = True) -> Run:
    """`members` is given, `summary` breaks its rule and is written again, `tags` are pinned while they are written."""
    wanted = part_of(Club, ("name", "summary", "tags", "plan"))
    run = Run(Ask(Club, wanted, given={"members": 8}, defaults={"open": True}), repairs=1)
    run.feed(_in_fours(FIRST), every=EVERY)
    run.again()
    begun, rest = SECOND.split('"hills"')
    run.feed(_in_fours(begun), every=EVERY)
    if pin:
        run.pin("/tags", ["mine"])
    run.feed(_in_fours(f'"hills"{rest}'), every=EVERY)
    return run.finish() if not run.projection.ended else run


def recorded(run: Run) -> list[Recorded]:
    """The run as `chains.recording.load` would give it."""
    return [
        Recorded(round((time - run.times[0]) * 1000), event) for time, event in zip(run.times, run.events, strict=True)
    ]


def folded(events: list[Event]) -> dict[str, Any]:
    """What the events add up to."""
    fold = Fold()
    for event in events:
        fold.apply(event)
    copied: dict[str, Any] = copy_json(fold.value)
    return copied


def _in_fours(text: str) -> list[str]:
    return [text[at : at + 4] for at in range(0, len(text), 4)]
