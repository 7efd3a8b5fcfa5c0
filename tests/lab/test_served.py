"""The lab's models and chains are those of the settings."""

from pathlib import Path

import pytest

from chains.models.scripted import ScriptedChatModel
from chains.models.spec import ModelUnavailable
from lab.served import CHAINS, chain_named, config_file, load_model
from tests.server.process import ROOT


def config(folder: Path, text: str) -> Path:
    file = folder / "langserve.yaml"
    file.write_text(text, encoding="utf-8")
    return file


def test_a_model_is_what_the_settings_describe(tmp_path: Path) -> None:
    file = config(tmp_path, "models: {fake: {provider: scripted, replies: ['hi'], languages: [en], max_tokens: 99}}")
    model = load_model("fake", file)
    assert isinstance(model.chat, ScriptedChatModel)
    assert (model.languages, model.max_tokens) == (("en",), 99)


def test_the_settings_are_those_that_the_server_would_take(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CONFIG", raising=False)
    assert config_file() == ROOT / "langserve.yaml"
    monkeypatch.setenv("CONFIG", str(config(tmp_path, "models: {fake: {provider: scripted, replies: ['hi']}}")))
    assert load_model("fake").name == "scripted"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("models: {fake: {provider: scripted, replies: ['hi']}}", "describes no model 'real'; it describes fake"),
        ("", "it describes none"),
        ("models: {real: {provider: scripted}}", r"models\.real\.replies: Field required\."),
        ("models: [", "is not YAML"),
        ("models: {real: {provider: nobody}}", r"models\.real: .*nobody"),
    ],
)
def test_a_model_that_cannot_be_had_is_explained(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        load_model("real", config(tmp_path, text))


def test_a_model_that_lacks_a_key_says_what_to_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "CONFIG"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(ModelUnavailable, match="OPENAI_API_KEY"):
        load_model("openai")


@pytest.mark.parametrize("name", ["meeting-info", "meeting_info"])
def test_a_chain_may_be_spelt_as_in_addresses(name: str) -> None:
    assert CHAINS[chain_named(name)].__module__ == "chains.meeting_info"
