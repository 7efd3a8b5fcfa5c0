"""What operators see: logs, metrics, traces."""

from ipaddress import ip_network
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, field_validator

from server.settings.sections import Section


class LogSettings(Section):
    """What is logged. `content`: prompts and answers, too, which are users' own words."""

    format: Literal["auto", "text", "json"] = "auto"
    level: Literal["debug", "info", "warning", "error"] = "info"
    content: bool = False


class MetricsSettings(Section):
    """Who may read `/metrics`: the addresses that a connection comes from."""

    readers: list[str] = Field(default=["127.0.0.0/8", "::1/128"])

    @field_validator("readers")
    @classmethod
    def _networks(cls, readers: list[str]) -> list[str]:
        for reader in readers:
            ip_network(reader)
        return readers


class TraceSettings(Section):
    """Where traces go: the OTLP/HTTP address of a collector. None: there are no traces."""

    otlp: str | None = None
    share: float = Field(default=1.0, ge=0, le=1)

    @field_validator("otlp")
    @classmethod
    def _address(cls, otlp: str | None) -> str | None:
        if otlp is not None and not (urlsplit(otlp).scheme in ("http", "https") and urlsplit(otlp).hostname):
            raise ValueError("otlp must be an address such as http://localhost:4318")
        return otlp
