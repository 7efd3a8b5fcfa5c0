"""A run as it is asked for and asked after, beside its events."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from schemas.events import Event


class _Body(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class RunReceipt(_Body):
    """A run has begun, and goes on whether or not anybody reads it.

    `events_url`, relative to the server, is what an `EventSource` opens. `ticket` lets it in where authentication is
    on, and is null where it is off.
    """

    run_id: str
    events_url: str
    ticket: str | None = None


class TicketReceipt(_Body):
    """A ticket for a run: `ticket`, as `?ticket=` at its `events_url`, lets in for `expires_s` seconds from now on."""

    ticket: str
    expires_s: float


class RunView(_Body):
    """How far a run has come: `value` is the object as of event number `seq`, `settled` what of it will not change.

    `end` is its terminal event, null while it goes on.
    """

    run_id: str
    chain: str
    state: Literal["running", "complete", "failed", "cancelled"]
    seq: int
    attempt: int
    value: dict[str, Any]
    settled: tuple[str, ...]
    end: Event | None
