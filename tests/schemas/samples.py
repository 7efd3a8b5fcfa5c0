"""One event of each kind, and more where an optional part may be there or not."""

from typing import Any

from schemas import (
    Breach,
    Cancelled,
    Code,
    Complete,
    Conflict,
    Event,
    Failed,
    FieldPlan,
    FieldSettled,
    Invalid,
    Note,
    Partial,
    Pinned,
    Reset,
    SchemaRef,
    Start,
    Timings,
    Token,
    Usage,
)

VALUE: dict[str, Any] = {
    "name": "한강 🏃",
    "tags": ["a", "b"],
    "count": 3,
    "rate": 0.5,
    "ok": True,
    "none": None,
    "in": {"": []},
}
BREACH = Breach(path="/name", rule="string_too_long", message="String should have at most 64 characters")
TIMINGS = Timings(first_token_ms=12, fields={"/name": 30}, total_ms=99)

EVENTS: list[Event] = [
    Start(
        seq=1,
        run_id="r1",
        chain="meeting_info",
        model="m",
        attempt=1,
        schema_=SchemaRef(name="MeetingInfo", hash="0123456789abcdef"),
        fields=(FieldPlan(path="/name", settle="char"), FieldPlan(path="/plan/-/title", settle="char")),
        notes=(Note(code="language", message="It answers in English."),),
    ),
    Token(seq=2, path="/name", text="한강\n\u2028 \u0085"),
    Partial(seq=3, value=VALUE, settled=("/name", "/tags/0")),
    Partial(seq=4, value={}, settled=(), resumed=True),
    FieldSettled(seq=5, path="/tags/0", value="a", source="model", ms=40),
    FieldSettled(seq=6, path="/in", value=VALUE, source="given", ms=0),
    FieldSettled(seq=7, path="/none", value=None, source="default", ms=0),
    Invalid(seq=8, paths=("/name", ""), errors=(BREACH,)),
    Pinned(seq=9, path="/name", value="mine"),
    Reset(seq=10, attempt=2, keep=("/name", "/tags"), reason=Code.INVALID_OUTPUT),
    Complete(
        seq=11,
        value=VALUE,
        finish_reason="stop",
        usage=Usage(input_tokens=1, output_tokens=2, total_tokens=3),
        timings=TIMINGS,
        attempts=2,
        repaired=True,
        conflicts=(Conflict(path="/name", model_value=VALUE),),
    ),
    Complete(
        seq=12,
        value={},
        finish_reason=None,
        usage=None,
        timings=Timings(first_token_ms=None, fields={}, total_ms=0),
        attempts=1,
        repaired=False,
    ),
    Failed(
        seq=13,
        code=Code.UPSTREAM_BUSY,
        phase="upstream",
        message="Busy.",
        retryable=True,
        retry_after_ms=1000,
        partial=VALUE,
        errors=(BREACH,),
    ),
    Failed(seq=14, code=Code.NOT_JSON, phase="parse", message="No.", retryable=True, partial={}),
    Cancelled(seq=15, reason="The user left.", partial=VALUE),
]
