"""The events of a stream: one frozen model each, one discriminated union.

A run of a chain is one ordered log of these. Everything a client can see is a fold over them
(see `schemas.fold`). Names, meaning and order are described in `docs/protocol.md`.

Values are plain JSON (`dict`, `list`, `str`, `int`, `float`, `bool`, `None`). They are typed `Any` because the
producer has just built or validated them; validating a growing object again at every event would cost more than
the rest of the stream.
"""

from typing import Annotated, Any, Literal, Self, get_args

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from schemas.errors import BY_PHASE, Breach, Code, Phase, StreamError
from schemas.settle import Settle
from schemas.text import escape_line_ends

Source = Literal["model", "given", "default"]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class FieldPlan(_Part):
    """A place in the object to come and how it settles. `-` in the path stands for any item of a list."""

    path: str
    settle: Settle


class SchemaRef(_Part):
    """Which schema the object will meet: its name, and a hash that changes when the schema does."""

    name: str
    hash: str


class PromptRef(_Part):
    """Which prompt the answer is written by: its file's name, its authors' number for it, its content's hash."""

    name: str
    version: int
    hash: str

    @property
    def reference(self) -> str:
        """Name and hash in one: `en@8f21ab03c4d1`."""
        return f"{self.name}@{self.hash}"


class Note(_Part):
    """Something the client should know before the text comes. `code` is stable; `message` is for people."""

    code: str
    message: str


class Usage(_Part):
    """Tokens, summed over the attempts that the model's server counted.

    It counts at the end, so an attempt that was stopped early is not in the sums: `uncounted` says how many.
    """

    input_tokens: int
    output_tokens: int
    total_tokens: int
    uncounted: int = Field(default=0, exclude_if=lambda v: not v)

    def plus(self, other: Self) -> Self:
        """Both together."""
        return type(self)(
            input_tokens=self.input_tokens + other.input_tokens,
            output_tokens=self.output_tokens + other.output_tokens,
            total_tokens=self.total_tokens + other.total_tokens,
            uncounted=self.uncounted + other.uncounted,
        )


class Timings(_Part):
    """Milliseconds since the run began. `first_token_ms` is null when the model wrote no text."""

    first_token_ms: int | None
    fields: dict[str, int]
    total_ms: int


class Conflict(_Part):
    """A pinned field for which the model wrote something else."""

    path: str
    model_value: Any


class _Event(_Part):
    type: str
    seq: int = Field(ge=1)


class Start(_Event):
    """The run begins. A form can lay itself out from `fields`, in order, before any model text."""

    type: Literal["start"] = "start"
    run_id: str
    chain: str
    model: str
    prompt: PromptRef | None = Field(default=None, exclude_if=lambda v: v is None)
    attempt: int
    schema_: SchemaRef = Field(alias="schema")
    fields: tuple[FieldPlan, ...]
    notes: tuple[Note, ...]

    model_config = ConfigDict(populate_by_name=True, serialize_by_alias=True)


class Token(_Event):
    """`text` was appended to the string at `path`: decoded, exact, never half a character."""

    type: Literal["token"] = "token"
    path: str
    text: str


class Partial(_Event):
    """The object so far, paced. `settled` holds the topmost pointers that will not change again in this attempt."""

    type: Literal["partial"] = "partial"
    value: dict[str, Any]
    settled: tuple[str, ...]
    resumed: bool | None = Field(default=None, exclude_if=lambda v: v is None)


class FieldSettled(_Event):
    """A top-level property, or an item of a top-level list, is closed and valid; `ms` since the run began."""

    type: Literal["field"] = "field"
    path: str
    value: Any
    source: Source
    ms: int


class Invalid(_Event):
    """Closed values broke their constraints, alone or together."""

    type: Literal["invalid"] = "invalid"
    paths: tuple[str, ...]
    errors: tuple[Breach, ...]


class Pinned(_Event):
    """The user took this top-level field over; the model's text no longer touches it. Another pin may."""

    type: Literal["pinned"] = "pinned"
    path: str
    value: Any


class Reset(_Event):
    """Another attempt begins. `keep` lists the top-level pointers that stay; everything else is void.

    `reason` is the `Code` that would have ended the run. `prompt` is told where another worker goes on: it may be
    another one.
    """

    type: Literal["reset"] = "reset"
    attempt: int
    keep: tuple[str, ...]
    reason: Code
    prompt: PromptRef | None = Field(default=None, exclude_if=lambda v: v is None)


class Complete(_Event):
    """Terminal: the whole object, validated."""

    type: Literal["complete"] = "complete"
    value: dict[str, Any]
    finish_reason: str | None
    usage: Usage | None
    timings: Timings
    attempts: int
    repaired: bool
    conflicts: tuple[Conflict, ...] = ()


class Failed(_Event):
    """Terminal: the run failed. `partial` is what had come until then, so that nothing is lost."""

    type: Literal["failed"] = "failed"
    code: Code
    phase: Phase
    message: str
    retryable: bool
    retry_after_ms: int | None = Field(default=None, exclude_if=lambda v: v is None)
    partial: dict[str, Any]
    errors: tuple[Breach, ...] | None = Field(default=None, exclude_if=lambda v: v is None)

    @classmethod
    def by(cls, error: StreamError, *, seq: int, partial: dict[str, Any], errors: tuple[Breach, ...] = ()) -> Self:
        """The end that an error makes of a run; `errors` are the rules broken until then, its own among them."""
        return cls(
            seq=seq,
            code=error.code,
            phase=error.phase,
            message=error.message,
            retryable=error.retryable,
            retry_after_ms=error.retry_after_ms,
            partial=partial,
            errors=errors or None,
        )

    def error(self) -> StreamError:
        """The same as an exception, for whoever has no stream to be told it in."""
        return BY_PHASE[self.phase](
            self.message, code=self.code, details=self.errors or (), retry_after_ms=self.retry_after_ms
        )


class Cancelled(_Event):
    """Terminal: somebody stopped the run."""

    type: Literal["cancelled"] = "cancelled"
    reason: str
    partial: dict[str, Any]


Event = Annotated[
    Start | Token | Partial | FieldSettled | Invalid | Pinned | Reset | Complete | Failed | Cancelled,
    Field(discriminator="type"),
]

EventName = Literal[
    "start", "token", "partial", "field", "invalid", "pinned", "reset", "complete", "failed", "cancelled"
]
ALL: tuple[EventName, ...] = get_args(EventName)
TERMINAL: frozenset[str] = frozenset({"complete", "failed", "cancelled"})
ALWAYS_SENT: frozenset[str] = TERMINAL | {"start", "reset", "pinned"}
"""What reaches every reader, whatever names it asked for."""

_ADAPTER: TypeAdapter[Event] = TypeAdapter(Event)


def to_json(event: Event) -> str:
    """The event as one line of JSON, safe to put behind `data:`."""
    return escape_line_ends(event.model_dump_json())


def from_json(data: str | bytes) -> Event:
    """The event that a line of JSON holds. `pydantic.ValidationError` if it is none."""
    return _ADAPTER.validate_json(data)
