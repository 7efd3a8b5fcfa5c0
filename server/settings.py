"""Settings: `langserve.yaml`, typed. What is unknown, wrong or missing is refused with a sentence that names it.

Secrets are not settings: keys come from the environment.
"""

import os
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from chains.limits import Limits
from chains.models.spec import ModelSpec
from schemas import EventName
from server.runs.owner import Bounds

OWN_PATHS = {"/health", "/ready", "/schemas.json", "/openapi.json", "/page", "/runs"}
"""What the server itself answers, or will; chains have other paths."""

Endpoint = Literal["invoke", "batch", "stream", "runs", "stream_events", "input_schema", "output_schema", "playground"]


class SettingsError(ValueError):
    """The settings cannot be used; the message names each key and what is wrong with it."""


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ChainSettings(_Section):
    """One chain that is served."""

    runnable: str = Field(pattern=r"^[\w.]+:\w+$")
    path: str = Field(pattern=r"^(/[a-z0-9][a-z0-9_-]*)+$")  # not one of the server's own, see below
    model: str | None = None
    endpoints: list[Endpoint] = Field(
        default=["invoke", "batch", "stream", "runs", "stream_events", "input_schema", "output_schema", "playground"]
    )
    events: list[EventName] = Field(default=["token", "partial", "field", "invalid", "complete"])
    repairs: int | None = Field(default=None, ge=0)  # these three: as in `limits`, unless the chain has its own
    run_tokens: int | None = Field(default=None, ge=1)
    total_s: float | None = Field(default=None, gt=0)


class StreamSettings(_Section):
    """How streams are written."""

    hold_ms: int = Field(default=1000, ge=0, le=10_000)
    partial_ms: int = Field(default=100, ge=0, le=10_000)
    ping_s: float = Field(default=15, gt=0, le=60)
    retry_ms: int = Field(default=2000, ge=0, le=60_000)


class LimitSettings(_Section):
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
    body_bytes: int = Field(default=1 << 20, ge=1024)
    batch_items: int = Field(default=10, ge=1)


class RunSettings(_Section):
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


class CorsSettings(_Section):
    """Which other web origins may call."""

    origins: list[str] = Field(default_factory=list)

    @field_validator("origins")
    @classmethod
    def _exact(cls, origins: list[str]) -> list[str]:
        for origin in origins:
            parts = urlsplit(origin)
            if "*" in origin or origin != f"{parts.scheme}://{parts.netloc}" or not parts.netloc:
                raise ValueError(f"{origin!r} is not an exact origin such as https://example.com")
        return origins


class Settings(_Section):
    """All of `langserve.yaml`."""

    mode: Literal["development", "production"] = "development"
    workers: int = Field(default=1, ge=1, le=256)
    model: str = "auto"
    models: dict[str, ModelSpec] = Field(min_length=1)
    chains: dict[str, ChainSettings] = Field(min_length=1)
    stream: StreamSettings = StreamSettings()
    limits: LimitSettings = LimitSettings()
    runs: RunSettings = RunSettings()
    cors: CorsSettings = CorsSettings()

    @model_validator(mode="after")
    def _consistent(self) -> "Settings":
        for name in {self.model, *(chain.model for chain in self.chains.values())} - {"auto", None}:
            if name not in self.models:
                raise ValueError(f"the model {name!r} is named but not described under `models`")
        paths = [chain.path for chain in self.chains.values()]
        if len(set(paths)) < len(paths):
            raise ValueError("two chains have the same path")
        if taken := {path for path in paths if f"/{path.split('/')[1]}" in OWN_PATHS}:
            raise ValueError(f"the server itself answers under {', '.join(sorted(taken))}")
        return self

    def run_limits(self, chain: str) -> Limits:
        """The bounds of a chain's runs: its own where it has some, else those of all."""
        common, own = self.limits, self.chains[chain]
        return Limits(
            idle=common.idle_s,
            total=common.total_s if own.total_s is None else own.total_s,
            snapshot=self.stream.partial_ms / 1000,
            repairs=common.repairs if own.repairs is None else own.repairs,
            tokens=common.run_tokens if own.run_tokens is None else own.run_tokens,
        )

    def run_bounds(self) -> Bounds:
        """The bounds of kept runs in one process."""
        return Bounds(
            running=self.limits.runs,
            readers=self.limits.readers,
            log_chars=self.runs.log_chars,
            grace_s=self.runs.grace_s,
            lease_s=self.runs.lease_s,
            takeovers=self.runs.takeovers,
        )

    def model_name(self, chain: str) -> str:
        """Which of `models` a chain uses. `auto` is `openai` where the environment names one, else `embedded`."""
        name = self.chains[chain].model or self.model
        if name != "auto":
            return name
        name = "openai" if os.environ.get("OPENAI_API_KEY") or os.environ.get("OPENAI_BASE_URL") else "embedded"
        if name not in self.models:
            raise SettingsError(f"`model: auto` chose {name!r}, which is not described under `models`")
        return name


def load_settings(path: Path) -> Settings:
    """The settings in a file. `SettingsError` if there are none to be had."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise SettingsError(f"{path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise SettingsError(f"{path} is not UTF-8 text") from error
    return parse_settings(text, str(path))


def parse_settings(text: str, where: str) -> Settings:
    """The settings in a text; `where` is named in errors."""
    try:
        return Settings.model_validate(_load(text) or {})
    except yaml.YAMLError as error:
        raise SettingsError(f"{where} is not YAML: {error}") from error
    except ValidationError as error:
        raise SettingsError(f"{where} cannot be used:\n{complaints(error)}") from error


def complaints(error: ValidationError) -> str:
    """Each key that is wrong, and what is wrong with it: one a line."""
    return "\n".join(f"  {_key(item['loc'])}: {_sentence(item)}" for item in error.errors(include_url=False))


def _load(text: str) -> Any:
    try:
        return yaml.safe_load(text)
    except (ValueError, RecursionError) as error:  # what PyYAML says of 2024-13-45, or of brackets without end
        raise yaml.YAMLError(str(error)) from error


def _key(location: tuple[str | int, ...]) -> str:
    """A key as the file spells it: without the provider, which pydantic names in between (`models.demo.scripted.…`)."""
    if location[:1] == ("models",):
        location = location[:2] + location[3:]
    return ".".join(map(str, location)) or "the whole"


def _sentence(error: Any) -> str:
    if error["type"] == "extra_forbidden":
        return "there is no such key"
    return str(error["msg"]).removeprefix("Value error, ")
