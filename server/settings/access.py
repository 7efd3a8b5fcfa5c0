"""Who may call, from where, and over what."""

from ipaddress import ip_network
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator

from server.settings.sections import Section

Algorithm = Literal["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]
"""Signatures by a key pair only: whoever can check a token must not be able to make one."""


class JwtSettings(Section):
    """Whose tokens are taken. Their public keys come from `jwks_url` or from `keys_file`, and from nowhere else."""

    issuer: str = Field(min_length=1)
    audience: str = Field(min_length=1)
    algorithms: list[Algorithm] = Field(default=["RS256"], min_length=1)
    jwks_url: str | None = None
    keys_file: Path | None = None
    user_claim: str = Field(default="sub", min_length=1)
    scope: str | None = Field(default=None, pattern=r"^[\x21\x23-\x5b\x5d-\x7e]+$")
    leeway_s: float = Field(default=30, ge=0, le=300)
    refetch_s: float = Field(default=60, ge=1)

    @model_validator(mode="after")
    def _one_source(self) -> "JwtSettings":
        if (self.jwks_url is None) == (self.keys_file is None):
            raise ValueError("either jwks_url or keys_file says which keys sign the tokens")
        if self.jwks_url is not None:
            parts = urlsplit(self.jwks_url)
            local = parts.hostname in ("localhost", "127.0.0.1", "::1")
            if parts.scheme != "https" and not (parts.scheme == "http" and local):
                raise ValueError("jwks_url must begin with https://: whoever changes the keys on their way is let in")
        return self


class AuthSettings(Section):
    """Who is let in: users with tokens, a backend with a key, both, or anybody."""

    jwt: JwtSettings | None = None
    key_env: str | None = None
    user_header: str | None = Field(default=None, pattern=r"^[a-z][a-z0-9-]*$")
    secret_env: str = "SERVER_SECRET"  # noqa: S105  # the name of a variable
    ticket_s: float = Field(default=60, gt=0, le=600)
    anybody: bool = False

    @property
    def on(self) -> bool:
        """Whether anybody is refused."""
        return self.jwt is not None or self.key_env is not None

    @model_validator(mode="after")
    def _consistent(self) -> "AuthSettings":
        if self.user_header and not self.key_env:
            raise ValueError("user_header is for a backend that has a key: key_env is missing")
        if self.anybody and self.on:
            raise ValueError("anybody lets everybody in, so jwt and key_env would mean nothing")
        return self


class HttpSettings(Section):
    """How the server is reached."""

    hosts: list[str] = Field(default_factory=list)
    proxies: list[str] = Field(default_factory=list)
    certificate: Path | None = None
    certificate_key: Path | None = None
    plain: bool = False

    @field_validator("hosts")
    @classmethod
    def _names(cls, hosts: list[str]) -> list[str]:
        for host in hosts:
            if not host or host != host.lower() or set(host) & set("*/ :@") - ({":"} if host[0] == "[" else set()):
                raise ValueError(f"{host!r} is not a host's name such as api.example.com, without its port")
        return hosts

    @field_validator("proxies")
    @classmethod
    def _networks(cls, proxies: list[str]) -> list[str]:
        for proxy in proxies:
            if ip_network(proxy).prefixlen == 0:
                raise ValueError(f"{proxy} is every address: then anybody may claim to be anybody")
        return proxies

    @model_validator(mode="after")
    def _both_or_none(self) -> "HttpSettings":
        if (self.certificate is None) != (self.certificate_key is None):
            raise ValueError("certificate and certificate_key go together")
        return self


class CorsSettings(Section):
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
