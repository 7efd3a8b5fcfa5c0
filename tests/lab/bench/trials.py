"""Cases, prompts and runs for the bench's tests: some made by a script, some with times that a test decides."""

from collections.abc import Mapping, Sequence
from typing import Any

from chains.prompts import Prompt, prompts_of
from chains.recording import Recorded
from lab.bench.trial import Trial
from lab.cases import Case
from schemas import (
    Breach,
    Code,
    Complete,
    Event,
    Failed,
    FieldPlan,
    FieldSettled,
    Invalid,
    Reset,
    SchemaRef,
    Start,
    Timings,
    Token,
    Usage,
)
from tests.chains.answers import MEETING

KO = prompts_of("meeting_info")["ko"]
WARM = Prompt.parse(KO.text.replace("따뜻하게", "아주 따뜻하게"), "ko_warm")
LONG_SUMMARY = MEETING | {"summary": "가" * 60}
TOO_LONG = Breach(path="/summary", rule="string_too_long", message="String should have at most 50 characters")


def cases(*goals: str) -> list[Case]:
    """A case of each goal: `g-0`, `g-1` …"""
    return [
        Case(id=f"g-{number}", input={"goal": goal, "language": "ko"}) for number, goal in enumerate(goals or ("걷기",))
    ]


def trial(
    *events: tuple[int, Event],
    case: str = "g-0",
    prompt: Prompt = KO,
    model: str = "m",
    repeat: int = 0,
    cached: bool = False,
    parameters: Mapping[str, Any] | None = None,
) -> Trial:
    """A run of these events; a `start` stands before them."""
    known = {"temperature": 0.5, "seed": 7} if parameters is None else dict(parameters)
    told = tuple(Recorded(ms, event) for ms, event in ((0, start()), *events))
    asked = Case(id=case, input={"goal": "걷기", "language": "ko"})
    return Trial(asked, prompt, model, repeat, 7, known, told, cached)


def whole(
    first: int, total: int, tokens: tuple[int, int] | None = None, *, value: Mapping[str, Any] = MEETING, **known: Any
) -> Trial:
    """A run that completes: its only field that is told settles between its first token and its end."""
    middle = (first + total) // 2
    usage = tokens and Usage(input_tokens=tokens[0], output_tokens=tokens[1], total_tokens=sum(tokens))
    return trial(
        (first, token("/name", "한")), (middle, field("/name", middle)), (total, complete(value, usage)), **known
    )


def failed(code: Code = Code.INVALID_OUTPUT, *broken: Breach, ms: int = 50, **known: Any) -> Trial:
    """A run that fails, with no other word than the rules it broke."""
    told = [(ms, invalid(*broken))] if broken else []
    return trial(*told, (ms, failure(code, *broken)), **known)


def start() -> Start:
    schema = SchemaRef(name="MeetingInfo", hash="0" * 16)
    plan = (FieldPlan(path="/name", settle="char"),)
    return Start(seq=1, run_id="r", chain="meeting_info", model="gpt", attempt=1, schema_=schema, fields=plan, notes=())


def token(path: str, text: str) -> Token:
    return Token(seq=2, path=path, text=text)


def field(path: str, ms: int, value: Any = "한강", source: Any = "model") -> FieldSettled:
    return FieldSettled(seq=3, path=path, value=value, source=source, ms=ms)


def invalid(*broken: Breach) -> Invalid:
    return Invalid(seq=4, paths=tuple(breach.path for breach in broken), errors=broken)


def reset(*keep: str, reason: Code = Code.INVALID_OUTPUT, attempt: int = 2) -> Reset:
    return Reset(seq=5, attempt=attempt, keep=keep, reason=reason)


def complete(value: Mapping[str, Any] = MEETING, usage: Usage | None = None, attempts: int = 1) -> Complete:
    timings = Timings(first_token_ms=1, fields={}, total_ms=2)
    return Complete(
        seq=9,
        value=dict(value),
        finish_reason="stop",
        usage=usage,
        timings=timings,
        attempts=attempts,
        repaired=attempts > 1,
    )


def failure(code: Code, *broken: Breach, partial: Mapping[str, Any] | None = None) -> Failed:
    return Failed(
        seq=9,
        code=code,
        phase="validate",
        message="It broke.",
        retryable=True,
        partial=dict(partial or {}),
        errors=broken or None,
    )


def outcomes(trials: Sequence[Trial]) -> list[str]:
    return [each.outcome for each in trials]
