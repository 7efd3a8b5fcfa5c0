"""Settings say what they mean, and what is wrong with them is said by the key's name."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml
from pydantic import BaseModel

from chains.limits import Limits
from chains.models.spec import ModelSpec
from server.settings import (
    ChainSettings,
    CorsSettings,
    LimitSettings,
    RunSettings,
    SettingsError,
    StreamSettings,
    load_settings,
    parse_settings,
)
from tests.server.configs import both, openai, scripted
from tests.server.process import ROOT

SHIPPED = ROOT / "langserve.yaml"
SECTIONS: list[type[BaseModel]] = [
    ChainSettings,
    StreamSettings,
    LimitSettings,
    RunSettings,
    CorsSettings,
    *get_args(get_args(ModelSpec)[0]),
]
KEYS = [("Settings", "mode"), ("Settings", "model")]
KEYS += [(section.__name__, key) for section in SECTIONS for key in section.model_fields]
KEY_LINE = re.compile(r"\s*(?:#\s*)?(\w+):(?: |$)")  # also within an example that is commented out


def changed(path: str, value: Any, whole: str = "") -> str:
    """Settings that are sound but for one place."""
    document: Any = yaml.safe_load(whole or both())
    *above, last = path.split(".")
    place = document
    for key in above:
        place = place.setdefault(key, {})
    place[last] = value
    return yaml.safe_dump(document)


def complaint(text: str) -> str:
    with pytest.raises(SettingsError) as raised:
        parse_settings(text, "some.yaml")
    message = str(raised.value)
    assert message.startswith("some.yaml ")
    return message


class TestShippedFile:
    def test_it_loads(self) -> None:
        settings = load_settings(SHIPPED)
        assert set(settings.chains) == {"chatbot", "meeting-info"}
        assert {chain.path for chain in settings.chains.values()} == {"/chatbot", "/meeting-info"}
        assert set(settings.models) == {"embedded", "openai", "scripted"}

    def test_what_it_does_not_say_is_what_it_says(self) -> None:
        """The defaults of limits and streams are those of the file, so that neither tells a falsehood."""
        settings = load_settings(SHIPPED)
        bare = parse_settings(both(), "bare")
        assert (settings.stream, settings.limits, settings.cors) == (bare.stream, bare.limits, bare.cors)
        assert (settings.mode, settings.model) == (bare.mode, bare.model)

    @pytest.mark.parametrize(("section", "key"), KEYS)
    def test_every_key_stands_in_it_below_a_comment(self, section: str, key: str) -> None:
        lines = SHIPPED.read_text(encoding="utf-8").splitlines()
        places = [at for at, line in enumerate(lines) if (found := KEY_LINE.match(line)) and found[1] == key]
        assert places, f"{section}.{key} is not in the file"
        assert any(_has_comment(lines, at) for at in places), f"{section}.{key} has no comment above it"

    def test_it_holds_no_secret(self) -> None:
        assert not re.search(r"sk-|api_key:", SHIPPED.read_text(encoding="utf-8"))


def _has_comment(lines: list[str], at: int) -> bool:
    """Whether the key's line, or the keys directly above that it shares a comment with, stand below a comment."""
    while KEY_LINE.match(lines[at]):
        at -= 1
    return lines[at].lstrip().startswith("#")


class TestUnknownKeys:
    @pytest.mark.parametrize(
        "path",
        [
            "mood",
            "stream.hold",
            "limits.request",
            "cors.origin",
            "chains.chatbot.event",
            "models.chatbot.pace",
            "models.chatbot.api_key",
        ],
    )
    def test_they_are_refused_by_name(self, path: str) -> None:
        assert f"\n  {path}: there is no such key" in complaint(changed(path, 1))

    def test_all_of_them_at_once(self) -> None:
        message = complaint(changed("limits.b", 1, changed("stream.a", 1)))
        assert "stream.a" in message
        assert "limits.b" in message


class TestWrongValues:
    @pytest.mark.parametrize(
        ("path", "value"),
        [
            ("mode", "debug"),
            ("stream.hold_ms", -1),
            ("stream.hold_ms", "soon"),
            ("stream.ping_s", 0),
            ("limits.requests", 0),
            ("limits.idle_s", 0),
            ("limits.repairs", -1),
            ("limits.repairs", 1.5),
            ("limits.run_tokens", 0),
            ("chains.chatbot.repairs", -1),
            ("chains.chatbot.run_tokens", 0),
            ("chains.chatbot.total_s", 0),
            ("chains.chatbot.path", "chatbot"),
            ("chains.chatbot.path", "/Chat Bot"),
            ("chains.chatbot.runnable", "chains.chatbot"),
            ("chains.chatbot.events.0", "tokens"),
            ("chains.chatbot.endpoints.0", "feedback"),
            ("cors.origins.0", None),
            ("models.chatbot.pace_ms", -1),
            ("models.chatbot.replies", []),
        ],
    )
    def test_they_are_refused_by_key(self, path: str, value: Any) -> None:
        key, _, index = path.rpartition(".")
        text = changed(key, [value]) if index == "0" else changed(path, value)
        assert f"\n  {path}: " in complaint(text)

    @pytest.mark.parametrize(
        "origin",
        ["*", "https://*.example.com", "example.com", "https://example.com/", "https://example.com/a", "https://"],
    )
    def test_an_origin_must_be_exact(self, origin: str) -> None:
        message = complaint(changed("cors.origins", [origin]))
        assert "cors.origins" in message
        assert origin in message

    def test_a_model_must_be_described(self) -> None:
        assert "'nobody'" in complaint(changed("chains.chatbot.model", "nobody"))
        assert "'nobody'" in complaint(changed("model", "nobody"))

    @pytest.mark.parametrize("path", ["/health", "/ready", "/page", "/page/chat", "/runs"])
    def test_a_chain_cannot_stand_where_the_server_does(self, path: str) -> None:
        assert f"under {path}" in complaint(changed("chains.chatbot.path", path))

    def test_paths_must_differ(self) -> None:
        assert "same path" in complaint(changed("chains.chatbot.path", "/meeting-info"))

    def test_an_unknown_provider_is_refused_with_those_there_are(self) -> None:
        message = complaint(changed("models.chatbot.provider", "llama"))
        assert "models.chatbot" in message
        assert "scripted" in message

    @pytest.mark.parametrize("text", ["[]", "7", "text", "", "models: {}\nchains: {}"])
    def test_what_is_no_settings(self, text: str) -> None:
        complaint(text)

    @pytest.mark.parametrize("text", ["{", "a: b: c", "\ttab: 1", "a: *nobody", "a: 2024-13-45", "[" * 5000])
    def test_what_is_no_yaml(self, text: str) -> None:
        assert "is not YAML" in complaint(text)

    def test_no_file(self, tmp_path: Path) -> None:
        for path in (tmp_path, tmp_path / "none.yaml"):
            with pytest.raises(SettingsError, match=re.escape(str(path))):
                load_settings(path)

    def test_not_text(self, tmp_path: Path) -> None:
        file = tmp_path / "some.yaml"
        file.write_bytes(b"mode: \xff")
        with pytest.raises(SettingsError, match=re.escape(str(file))):
            load_settings(file)


class TestBoundsOfARun:
    def limits(self, path: str = "", value: Any = None, *more: tuple[str, Any]) -> dict[str, Limits]:
        """Those of both chains, with these places changed."""
        text = both()
        for at, changed_to in ((path, value), *more) if path else ():
            text = changed(at, changed_to, text)
        settings = parse_settings(text, "some.yaml")
        return {name: settings.run_limits(name) for name in settings.chains}

    def test_what_the_settings_do_not_say_is_what_the_chains_do_without_them(self) -> None:
        assert set(self.limits().values()) == {Limits()}

    @pytest.mark.parametrize(
        ("path", "value", "bound", "told"),
        [
            ("limits.idle_s", 7, "idle", 7),
            ("limits.total_s", 7, "total", 7),
            ("limits.repairs", 0, "repairs", 0),
            ("limits.repairs", 3, "repairs", 3),
            ("limits.run_tokens", 700, "tokens", 700),
            ("stream.partial_ms", 700, "snapshot", 0.7),
        ],
    )
    def test_each_is_that_of_every_chain(self, path: str, value: Any, bound: str, told: Any) -> None:
        assert set(self.limits(path, value).values()) == {replace(Limits(), **{bound: told})}

    @pytest.mark.parametrize(
        ("key", "of_all", "own", "bound"),
        [
            ("total_s", 7, 3, "total"),
            ("repairs", 2, 0, "repairs"),
            ("repairs", 0, 2, "repairs"),
            ("run_tokens", 700, 300, "tokens"),
        ],
    )
    def test_a_chains_own_come_first(self, key: str, of_all: Any, own: Any, bound: str) -> None:
        limits = self.limits(f"limits.{key}", of_all, (f"chains.chatbot.{key}", own))
        assert limits == {
            "chatbot": replace(Limits(), **{bound: own}),
            "meeting-info": replace(Limits(), **{bound: of_all}),
        }

    def test_a_chain_may_have_one_where_all_have_none(self) -> None:
        assert {name: limit.tokens for name, limit in self.limits("chains.chatbot.run_tokens", 300).items()} == {
            "chatbot": 300,
            "meeting-info": None,
        }


class TestWhichModel:
    TWO = yaml.safe_dump({**yaml.safe_load(openai("http://x/v1")), "model": "auto"}).replace("demo:", "openai:")

    @pytest.fixture(autouse=True)
    def _bare_environment(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "MODEL"):
            monkeypatch.delenv(name, raising=False)

    def test_auto_is_the_embedded_one(self) -> None:
        assert load_settings(SHIPPED).model_name("chatbot") == "embedded"

    @pytest.mark.parametrize("name", ["OPENAI_API_KEY", "OPENAI_BASE_URL"])
    def test_auto_is_openai_where_the_environment_names_one(self, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
        monkeypatch.setenv(name, "something")
        assert load_settings(SHIPPED).model_name("chatbot") == "openai"

    def test_an_empty_variable_names_none(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("OPENAI_API_KEY", "")
        assert load_settings(SHIPPED).model_name("chatbot") == "embedded"

    def test_auto_can_choose_only_what_is_described(self) -> None:
        with pytest.raises(SettingsError, match="embedded"):
            parse_settings(self.TWO, "some.yaml").model_name("chatbot")

    def test_a_name_is_a_name(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("OPENAI_API_KEY", "something")
        assert parse_settings(scripted("{}"), "some.yaml").model_name("chatbot") == "demo"

    def test_a_chains_own_choice_comes_first(self) -> None:
        assert parse_settings(both(), "some.yaml").model_name("chatbot") == "chatbot"
