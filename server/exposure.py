"""Refuses to listen where more people can call than the settings provide for. What is unsafe must be said twice: in the
settings and in the environment, so that neither a copied file nor a forgotten variable opens a server to the world.
"""

import os
import ssl
from ipaddress import ip_address
from pathlib import Path

from server.settings import Settings, SettingsError

SERVE_ANYBODY = "SERVE_ANYBODY"
SERVE_PLAIN_HTTP = "SERVE_PLAIN_HTTP"

TRACED_BY = [f"{name}_TRACING{version}" for name in ("LANGSMITH", "LANGCHAIN") for version in ("", "_V2")]
"""By which variables LangChain is told to trace runs at LangSmith."""


def check_exposure(settings: Settings, host: str) -> None:
    """`SettingsError` says what is missing to listen at this address."""
    auth, http = settings.auth, settings.http
    if http.certificate:
        _check_certificate(http.certificate, http.certificate_key)
    if is_loopback(host):
        return
    if not (auth.on or (auth.anybody and _said(SERVE_ANYBODY))):
        raise _refused(
            host,
            "and nobody would be asked who they are. Set auth.jwt or auth.key_env, or let everybody in",
            f"auth.anybody: true, and {SERVE_ANYBODY}=yes in the environment",
        )
    if not (http.certificate or http.proxies or (http.plain and _said(SERVE_PLAIN_HTTP))):
        raise _refused(
            host,
            "and whatever is sent could be read on its way. Set http.certificate, or name in http.proxies the proxies "
            "that end TLS, or speak plain HTTP",
            f"http.plain: true, and {SERVE_PLAIN_HTTP}=yes in the environment",
        )
    if not http.hosts:
        raise SettingsError(f"HOST is {host}, which others can reach: name in http.hosts how they call this server")


def check_told(settings: Settings) -> None:
    """`SettingsError` if the environment has LangChain tell a hosted service what users and models say."""
    for variable in TRACED_BY:
        if os.environ.get(variable, "").lower() not in ("", "0", "false") and not settings.log.content:
            raise SettingsError(
                f"{variable} sends every prompt and answer to a hosted service. Unset it, or set log.content: true"
            )


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach the address."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _check_certificate(certificate: Path, key: Path | None) -> None:
    try:
        ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(certificate, key)
    except OSError as error:  # an SSLError is one
        raise SettingsError(
            f"http.certificate: {certificate} and {key} are no certificate and its key, both PEM ({error.strerror})"
        ) from error


def _said(variable: str) -> bool:
    return os.environ.get(variable) == "yes"


def _refused(host: str, why: str, twice: str) -> SettingsError:
    return SettingsError(f"HOST is {host}, which others can reach, {why} by saying so twice: {twice}.")
