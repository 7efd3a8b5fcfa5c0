"""Answers that are no success, as exceptions; and which of them pass by themselves."""

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from pydantic import ValidationError

from moim_client.errors import UnexpectedAnswer
from schemas import BY_PHASE, MEANING, ErrorEnvelope, StreamError

PASSING = frozenset({502, 503, 504})
TOO_MANY = 429
A_YEAR_S = 365 * 86_400.0  # a number as long as a header is none that one can wait for


def refusal(status: int, headers: Mapping[str, str], body: bytes) -> StreamError | UnexpectedAnswer:
    """Why there is no success: the server's own words, or that somebody else has spoken."""
    try:
        told = ErrorEnvelope.model_validate_json(body, extra="ignore")
    except ValidationError:
        return UnexpectedAnswer(f"an answer that is not of the protocol, with status {status}", status)
    wait_s = retry_after_s(headers)
    return BY_PHASE[MEANING[told.code].phase](
        told.message,
        code=told.code,
        details=told.details or (),
        retry_after_ms=None if wait_s is None else round(wait_s * 1000),
    )


def passes(status: int, why: StreamError | UnexpectedAnswer) -> bool:
    """Whether the same request may succeed a moment later."""
    return status in PASSING and (isinstance(why, UnexpectedAnswer) or why.retryable)


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """The seconds that `Retry-After` asks for (RFC 9110, section 10.2.3): a number, or a date."""
    asked = headers.get("retry-after", "").strip()
    if asked.isascii() and asked.isdigit():
        return min(float(asked), A_YEAR_S)
    try:
        return max(0.0, (parsedate_to_datetime(asked) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):  # no date, or one without a zone
        return None
