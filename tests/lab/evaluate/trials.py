"""Runs as a bench would give them, written by hand: what came, when, by which prompt."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from chains import Prompt
from chains.recording import Recorded
from lab.bench import Bench, Trial
from lab.cases import Case, Expected
from schemas import Code, Complete, Event, Failed, FieldSettled, Reset, Start, Timings
from schemas.events import SchemaRef

GOOD: dict[str, Any] = {
    "name": "Evening Aces",
    "category": "스포츠",
    "summary": "Tennis under the lights, twice a week",
    "description": "We play on the town courts after work and change partners often. Beginners are welcome.",
    "tags": ["tennis", "evening", "doubles"],
    "period": "6~12개월",
    "max_members": 16,
}
WRONG_CATEGORY = GOOD | {"category": "기타"}

_TEXT = "---\ndescription: A prompt.\nlanguage: en\nversion: 1\n---\n# user\n{goal} {facts} {open}"
A, B = Prompt.parse(_TEXT, "plain"), Prompt.parse(f"{_TEXT}!", "loud")


def case(number: int = 1, goal: str = "play tennis after work") -> Case:
    """A goal for which only sports make sense."""
    return Case(id=f"g-{number}", input={"goal": goal, "language": "en"}, expect=Expected(categories=("스포츠",)))


def trial(
    of: Case,
    prompt: Prompt,
    end: dict[str, Any] | Code = GOOD,
    *,
    repeat: int = 0,
    attempts: int = 1,
    first_ms: int = 10,
    total_ms: int = 100,
    cached: bool = False,
) -> Trial:
    """A run that ends in a value, or fails by a code."""
    events: list[tuple[int, Event]] = [(0, _start(prompt))]
    if isinstance(end, dict):
        events += [(first_ms, FieldSettled(seq=2, path="/name", value=end["name"], source="model", ms=first_ms))]
    for attempt in range(2, attempts + 1):
        events += [(first_ms, Reset(seq=attempt + 1, attempt=attempt, keep=("/name",), reason=Code.INVALID_OUTPUT))]
    events += [(total_ms, _end(end, attempts, first_ms, total_ms))]
    recorded = tuple(Recorded(ms, event) for ms, event in events)
    return Trial(of, prompt, "script", repeat, 7, {"seed": 7}, recorded, cached)


def bench(trials: Sequence[Trial]) -> Bench:
    """The bench that these would be of."""
    return Bench(
        chain="meeting_info",
        trials=tuple(trials),
        seed=7,
        began=datetime(2026, 1, 2, tzinfo=UTC),
        about={"script": "It is written by hand."},
    )


def _start(prompt: Prompt) -> Start:
    schema = SchemaRef(name="MeetingInfo", hash="0")
    return Start(
        seq=1,
        run_id="r",
        chain="meeting_info",
        model="scripted",
        prompt=prompt.ref,
        attempt=1,
        schema_=schema,
        fields=(),
        notes=(),
    )


def _end(end: dict[str, Any] | Code, attempts: int, first_ms: int, total_ms: int) -> Event:
    if isinstance(end, Code):
        return Failed(
            seq=9, code=end, phase="validate", message="It failed.", retryable=True, partial={"name": "half a na"}
        )
    return Complete(
        seq=9,
        value=end,
        finish_reason="stop",
        usage=None,
        timings=Timings(first_token_ms=first_ms, fields={}, total_ms=total_ms),
        attempts=attempts,
        repaired=attempts > 1,
    )
