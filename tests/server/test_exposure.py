"""A server that others can reach is not started by an oversight."""

# ruff: noqa: S104  # nothing is bound here

import ssl
from pathlib import Path
from typing import Any

import httpx
import pytest

from server.exposure import check_exposure, check_told
from server.settings import SettingsError, parse_settings
from tests.certificates import certify
from tests.server.auth.callers import KEY
from tests.server.configs import CHAT, CHAT_INPUT, scripted, text
from tests.server.process import Start

LOOPBACK = ["127.0.0.1", "127.8.9.1", "::1", "localhost"]
REACHABLE = [
    "0.0.0.0",
    "::",
    "10.1.2.3",
    "192.168.0.1",
    "8.8.8.8",
    "fe80::1",
    "example.com",
    "",
    "localhost.example.com",
]

KNOWN: dict[str, Any] = {"auth": {"key_env": "SERVICE_KEY"}}
ANYBODY: dict[str, Any] = {"auth": {"anybody": True}}
BEHIND_TLS: dict[str, Any] = {"hosts": ["api.example.com"], "proxies": ["10.0.0.0/8"]}


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in ("SERVE_ANYBODY", "SERVE_PLAIN_HTTP"):
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


def refused(host: str, **sections: Any) -> str:
    """Why a server of these settings does not listen there; empty if it does."""
    try:
        check_exposure(parse_settings(scripted("{}", **sections), "the test's settings"), host)
    except SettingsError as error:
        return str(error)
    return ""


@pytest.mark.parametrize("host", LOOPBACK)
def test_this_machine_needs_nothing(host: str) -> None:
    assert refused(host) == ""


@pytest.mark.parametrize("host", REACHABLE)
def test_others_need_it_all(host: str) -> None:
    assert "auth.jwt or auth.key_env" in refused(host)
    assert "http.certificate" in refused(host, **KNOWN)
    assert "http.hosts" in refused(host, **KNOWN, http={"proxies": ["10.0.0.1"]})
    assert refused(host, **KNOWN, http=BEHIND_TLS) == ""


@pytest.mark.parametrize("said", ["", "no", "true", "1", "YES"])
def test_what_is_unsafe_is_said_in_both_places_or_not_at_all(environment: pytest.MonkeyPatch, said: str) -> None:
    plain = {"hosts": ["api.example.com"], "plain": True}
    for name in ("SERVE_ANYBODY", "SERVE_PLAIN_HTTP"):
        environment.setenv(name, said)
    assert "SERVE_ANYBODY=yes" in refused("0.0.0.0", **ANYBODY, http=BEHIND_TLS)
    assert "SERVE_PLAIN_HTTP=yes" in refused("0.0.0.0", **KNOWN, http=plain)
    for name in ("SERVE_ANYBODY", "SERVE_PLAIN_HTTP"):
        environment.setenv(name, "yes")
    assert refused("0.0.0.0", **ANYBODY, http=plain) == ""
    assert "auth.anybody" in refused("0.0.0.0", http=plain)
    assert "http.plain" in refused("0.0.0.0", **ANYBODY, http={"hosts": ["api.example.com"]})


@pytest.mark.parametrize("variable", ["LANGSMITH_TRACING", "LANGCHAIN_TRACING_V2"])
def test_what_users_say_is_told_to_nobody_by_an_oversight(environment: pytest.MonkeyPatch, variable: str) -> None:
    for said in ("true", "TRUE", "1", "yes"):
        environment.setenv(variable, said)
        with pytest.raises(SettingsError, match=variable):
            check_told(parse_settings(scripted("{}"), "the test's settings"))
    check_told(parse_settings(scripted("{}", log={"content": True}), "the test's settings"))
    for said in ("", "0", "false"):
        environment.setenv(variable, said)
        check_told(parse_settings(scripted("{}"), "the test's settings"))


@pytest.fixture
def certificate(tmp_path: Path) -> dict[str, str]:
    """A certificate for this machine that nobody else has signed."""
    return certified(tmp_path)


def certified(folder: Path, file: str = "tls") -> dict[str, str]:
    """The settings for it."""
    made = certify(folder, "localhost", file)
    return {"certificate": str(made.certificate), "certificate_key": str(made.key)}


def test_with_a_certificate_it_speaks_tls(start: Start, certificate: dict[str, str]) -> None:
    config = scripted(text(CHAT), auth={"key_env": "SERVICE_KEY"}, http=certificate)
    url = start(config, tls=True, SERVICE_KEY=KEY).url
    trusted = ssl.create_default_context(cafile=certificate["certificate"])
    with httpx.Client(base_url=url, verify=trusted, headers={"authorization": f"Bearer {KEY}"}) as client:
        receipt = client.post("/chatbot/runs", json={"input": CHAT_INPUT}).json()
        read = client.get(receipt["events_url"], params={"ticket": receipt["ticket"]}, headers={"authorization": ""})
        assert read.status_code == 401  # what it shows in its header decides
    with httpx.Client(base_url=url, verify=trusted) as browser:
        read = browser.get(receipt["events_url"], params={"ticket": receipt["ticket"]})
        assert "event: complete" in read.text
        assert "; Secure" in read.headers["set-cookie"]


@pytest.mark.parametrize("wrong", ["missing", "no certificate", "another's key"])
def test_a_certificate_that_will_not_do_is_told_in_words(
    certificate: dict[str, str], tmp_path: Path, wrong: str
) -> None:
    file = tmp_path / "wrong.pem"
    if wrong == "no certificate":
        file.write_text("nothing of the kind")
    changed = {**certificate, "certificate": str(file)}
    if wrong == "another's key":
        changed = {**certificate, "certificate_key": certified(tmp_path, "other")["certificate_key"]}
    assert "http.certificate" in refused("127.0.0.1", http=changed)
