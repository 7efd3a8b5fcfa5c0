"""What can go wrong, in one enum, one envelope and one tree of exceptions.

Every failure has a `Code`. What a code means for a client (which phase it belongs to, whether trying again can help,
which HTTP status it has before a stream begins) stands in one table, `MEANING`, and nowhere else.

The tree, by phase; `except StreamError` catches all of it:

    StreamError
    ├── RequestError      the request itself cannot be served; nothing was asked of a model
    ├── UpstreamError     the model's server refused, vanished, stalled or sent junk
    ├── ParseError        the model's text is not the JSON object it should be
    ├── OutputError       the object breaks its schema
    └── ServerError       this server's own limits, end or fault
"""

from enum import StrEnum
from typing import Any, ClassVar, Literal, NamedTuple, Self

from pydantic import BaseModel, ConfigDict, Field

Phase = Literal["request", "upstream", "parse", "validate", "server"]


class Code(StrEnum):
    """Why a request or a run failed. Clients switch on it; messages are for people and may change."""

    UNAUTHENTICATED = "unauthenticated"
    FORBIDDEN = "forbidden"
    INVALID_JSON = "invalid_json"
    INVALID_REQUEST = "invalid_request"
    UNSUPPORTED_MEDIA_TYPE = "unsupported_media_type"
    NOT_FOUND = "not_found"
    METHOD_NOT_ALLOWED = "method_not_allowed"
    REQUEST_TOO_LARGE = "request_too_large"
    CONFLICT = "conflict"
    GONE = "gone"
    RATE_LIMITED = "rate_limited"
    TOO_BUSY = "too_busy"
    UPSTREAM_AUTH = "upstream_auth"
    UPSTREAM_BUSY = "upstream_busy"
    UPSTREAM_UNAVAILABLE = "upstream_unavailable"
    UPSTREAM_TIMEOUT = "upstream_timeout"
    UPSTREAM_REJECTED = "upstream_rejected"
    UPSTREAM_CUT = "upstream_cut"
    UPSTREAM_GARBLED = "upstream_garbled"
    TRUNCATED = "truncated"
    CONTENT_FILTER = "content_filter"
    REFUSED = "refused"
    NOT_JSON = "not_json"
    DUPLICATE_KEY = "duplicate_key"
    TOO_LARGE = "too_large"
    INVALID_OUTPUT = "invalid_output"
    OVER_BUDGET = "over_budget"
    TIME_LIMIT = "time_limit"
    WORKER_LOST = "worker_lost"
    SHUTTING_DOWN = "shutting_down"
    STORE_UNAVAILABLE = "store_unavailable"
    ISSUER_UNAVAILABLE = "issuer_unavailable"
    INTERNAL = "internal"


class Meaning(NamedTuple):
    """What a code tells a client: its phase, whether a retry can help, its HTTP status before the stream."""

    phase: Phase
    retryable: bool
    status: int


MEANING: dict[Code, Meaning] = {
    Code.UNAUTHENTICATED: Meaning("request", False, 401),
    Code.FORBIDDEN: Meaning("request", False, 403),
    Code.INVALID_JSON: Meaning("request", False, 400),
    Code.INVALID_REQUEST: Meaning("request", False, 422),
    Code.UNSUPPORTED_MEDIA_TYPE: Meaning("request", False, 415),
    Code.NOT_FOUND: Meaning("request", False, 404),
    Code.METHOD_NOT_ALLOWED: Meaning("request", False, 405),
    Code.REQUEST_TOO_LARGE: Meaning("request", False, 413),
    Code.CONFLICT: Meaning("request", False, 409),
    Code.GONE: Meaning("request", False, 410),
    Code.RATE_LIMITED: Meaning("server", True, 429),
    Code.TOO_BUSY: Meaning("server", True, 503),
    Code.UPSTREAM_AUTH: Meaning("upstream", False, 502),
    Code.UPSTREAM_BUSY: Meaning("upstream", True, 503),
    Code.UPSTREAM_UNAVAILABLE: Meaning("upstream", True, 502),
    Code.UPSTREAM_TIMEOUT: Meaning("upstream", True, 504),
    Code.UPSTREAM_REJECTED: Meaning("upstream", False, 502),
    Code.UPSTREAM_CUT: Meaning("upstream", True, 502),
    Code.UPSTREAM_GARBLED: Meaning("upstream", True, 502),
    Code.TRUNCATED: Meaning("upstream", True, 502),
    Code.CONTENT_FILTER: Meaning("upstream", False, 422),
    Code.REFUSED: Meaning("upstream", False, 422),
    Code.NOT_JSON: Meaning("parse", True, 502),
    Code.DUPLICATE_KEY: Meaning("parse", True, 502),
    Code.TOO_LARGE: Meaning("parse", True, 502),
    Code.INVALID_OUTPUT: Meaning("validate", True, 502),
    Code.OVER_BUDGET: Meaning("server", False, 422),
    Code.TIME_LIMIT: Meaning("server", True, 504),
    Code.WORKER_LOST: Meaning("server", True, 502),
    Code.SHUTTING_DOWN: Meaning("server", True, 503),
    Code.STORE_UNAVAILABLE: Meaning("server", True, 503),
    Code.ISSUER_UNAVAILABLE: Meaning("server", True, 503),
    Code.INTERNAL: Meaning("server", True, 500),
}


class Breach(BaseModel):
    """One rule that a value broke: where (JSON Pointer), which rule, and a sentence. Never the value itself."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: str
    rule: str
    message: str


class ErrorEnvelope(BaseModel):
    """The body of every HTTP response that is not a success."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    code: Code
    message: str
    details: tuple[Breach, ...] | None = Field(default=None, exclude_if=lambda v: v is None)
    retryable: bool
    run_id: str | None = Field(default=None, exclude_if=lambda v: v is None)


class StreamError(Exception):
    """A failure with a code, a sentence for people, and what the code means.

    `details` are the rules that were broken, if any. `retry_after_ms` says when trying again makes sense.
    The message must never hold a secret or a user's text: it is sent to clients.
    """

    default: ClassVar[Code] = Code.INTERNAL

    def __init__(
        self,
        message: str,
        *,
        code: Code | None = None,
        details: tuple[Breach, ...] = (),
        retry_after_ms: int | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or self.default
        self.details = details
        self.retry_after_ms = retry_after_ms

    @property
    def phase(self) -> Phase:
        return MEANING[self.code].phase

    @property
    def retryable(self) -> bool:
        return MEANING[self.code].retryable

    @property
    def status(self) -> int:
        """The HTTP status, if the failure is told before any event."""
        return MEANING[self.code].status

    def envelope(self, run_id: str | None = None) -> dict[str, Any]:
        """The error as the JSON body of a response."""
        return ErrorEnvelope(
            code=self.code,
            message=self.message,
            details=self.details or None,
            retryable=self.retryable,
            run_id=run_id,
        ).model_dump(mode="json")


class RequestError(StreamError):
    """The request cannot be served as it is; nothing was asked of a model."""

    default = Code.INVALID_REQUEST

    @classmethod
    def at(cls, path: str, rule: str, breach: str, message: str = "") -> Self:
        """One rule is broken, at one place: `breach` says how, and so does `message`, unless it has more to say."""
        return cls(message or breach, details=(Breach(path=path, rule=rule, message=breach),))


class UpstreamError(StreamError):
    """The model's server refused, vanished, stalled, was cut or sent junk."""

    default = Code.UPSTREAM_UNAVAILABLE


class ParseError(StreamError):
    """The model's text is not the JSON object it should be."""

    default = Code.NOT_JSON


class OutputError(StreamError):
    """The object is JSON but breaks its schema; `details` lists every breach."""

    default = Code.INVALID_OUTPUT


class ServerError(StreamError):
    """A limit, the end or a fault of this server."""

    default = Code.INTERNAL


BY_PHASE: dict[Phase, type[StreamError]] = {
    "request": RequestError,
    "upstream": UpstreamError,
    "parse": ParseError,
    "validate": OutputError,
    "server": ServerError,
}
"""The class that stands for each phase."""
