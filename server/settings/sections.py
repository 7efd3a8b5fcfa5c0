"""What is served, and within which limits: chains, streams, runs."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from chains.prompts import REFERENCE
from schemas import EventName, Language

Endpoint = Literal["invoke", "batch", "stream", "runs", "stream_events", "input_schema", "output_schema", "playground"]


PromptName = Annotated[str, Field(pattern=REFERENCE)]


class Section(BaseModel):
    """A part of the file; no keys but its own."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ChainSettings(Section):
    """One chain that is served."""

    runnable: str = Field(pattern=r"^[\w.]+:\w+$")
    path: str = Field(pattern=r"^(/[a-z0-9][a-z0-9_-]*)+$")  # not one of the server's own, see below
    model: str | None = None
    prompts: dict[Language, PromptName] = {}  # by language; others are served by the file that is named after them
    endpoints: list[Endpoint] = Field(
        default=["invoke", "batch", "stream", "runs", "stream_events", "input_schema", "output_schema", "playground"]
    )
    events: list[EventName] = Field(default=["token", "partial", "field", "invalid", "complete"])
    repairs: int | None = Field(default=None, ge=0)  # these three: as in `limits`, unless the chain has its own
    run_tokens: int | None = Field(default=None, ge=1)
    total_s: float | None = Field(default=None, gt=0)


class StreamSettings(Section):
    """How streams are written."""

    hold_ms: int = Field(default=1000, ge=0, le=10_000)
    partial_ms: int = Field(default=100, ge=0, le=10_000)
    ping_s: float = Field(default=15, gt=0, le=60)
    retry_ms: int = Field(default=2000, ge=0, le=60_000)


class LimitSettings(Section):
    """Bounds of requests and runs."""

    idle_s: float = Field(default=60, gt=0)
    total_s: float = Field(default=280, gt=0)
    repairs: int = Field(default=1, ge=0)
    run_tokens: int | None = Field(default=None, ge=1)
    drain_s: float = Field(default=20, ge=0)
    requests: int = Field(default=500, ge=1)
    runs: int = Field(default=500, ge=1)
    readers: int = Field(default=10_000, ge=1)
    reader_s: float = Field(default=20, gt=0)
    request_s: float = Field(default=30, gt=0)
    queue_s: float = Field(default=0, ge=0, le=60)
    user_streams: int | None = Field(default=20, ge=1)  # these four: null is no limit
    user_requests: int | None = Field(default=600, ge=1)
    user_starts: int | None = Field(default=60, ge=1)
    user_tokens: int | None = Field(default=1_000_000, ge=1)
    body_bytes: int = Field(default=1 << 20, ge=1024)
    json_depth: int = Field(default=32, ge=8, le=200)
    batch_items: int = Field(default=10, ge=1)


class RunSettings(Section):
    """Where runs are kept that outlive connections, and how long."""

    store: Literal["memory", "redis"] = "memory"
    url_env: str = "REDIS_URL"
    prefix: str = Field(default="moim", pattern=r"^[a-z0-9_-]{1,32}$")
    ttl_s: float = Field(default=600, gt=0)
    grace_s: float = Field(default=60, gt=0)
    lease_s: float = Field(default=10, ge=1)
    takeovers: int = Field(default=1, ge=0)
    log_chars: int = Field(default=1 << 20, ge=1 << 14)
    memory_bytes: int = Field(default=256 << 20, ge=1 << 20)
