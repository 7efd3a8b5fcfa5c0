"""All of `langserve.yaml`, and what its parts mean together."""

from typing import Literal

from pydantic import Field, model_validator

from chains.limits import Limits
from chains.models.spec import ModelSpec, default_model
from server.runs.owner import Bounds
from server.settings.access import AuthSettings, CorsSettings, HttpSettings
from server.settings.errors import SettingsError
from server.settings.observed import LogSettings, MetricsSettings, TraceSettings
from server.settings.sections import ChainSettings, LimitSettings, RunSettings, Section, StreamSettings

OWN_PATHS = {"/health", "/ready", "/metrics", "/schemas.json", "/openapi.json", "/page", "/runs"}
"""What the server itself answers; chains have other paths."""


class Settings(Section):
    """All of `langserve.yaml`."""

    mode: Literal["development", "production"] = "development"
    workers: int = Field(default=1, ge=1, le=256)
    model: str = "auto"
    models: dict[str, ModelSpec] = Field(min_length=1)
    chains: dict[str, ChainSettings] = Field(min_length=1)
    stream: StreamSettings = StreamSettings()
    limits: LimitSettings = LimitSettings()
    runs: RunSettings = RunSettings()
    auth: AuthSettings = AuthSettings()
    http: HttpSettings = HttpSettings()
    cors: CorsSettings = CorsSettings()
    log: LogSettings = LogSettings()
    metrics: MetricsSettings = MetricsSettings()
    traces: TraceSettings = TraceSettings()

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
            user_running=self.limits.user_streams,
            readers=self.limits.readers,
            log_chars=self.runs.log_chars,
            grace_s=self.runs.grace_s,
            lease_s=self.runs.lease_s,
            takeovers=self.runs.takeovers,
        )

    def model_name(self, chain: str) -> str:
        """Which of `models` a chain uses."""
        name = self.chains[chain].model or self.model
        if name != "auto":
            return name
        if (name := default_model()) not in self.models:
            raise SettingsError(f"`model: auto` chose {name!r}, which is not described under `models`")
        return name
