"""Promoting a prompt changes one line of the settings, and nothing is promoted that could not be served."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from chains.prompts import Prompt, prompts_of
from lab import promote
from lab.promote import PromoteError, listing, promoted
from tests.server.process import ROOT

SHIPPED = (ROOT / "langserve.yaml").read_text(encoding="utf-8")
ENGLISH = prompts_of("meeting_info")["en"]
WARM = Prompt.parse(ENGLISH.text.replace("warmly", "very warmly"), "en_warm")


def served(text: str, chain: str = "meeting-info") -> Any:
    return yaml.safe_load(text)["chains"][chain].get("prompts")


def changed_lines(before: str, after: str) -> list[tuple[str, str]]:
    pairs = zip(before.split("\n"), after.split("\n"), strict=True)
    return [(old, new) for old, new in pairs if old != new]


def test_one_line_of_the_shipped_settings_changes() -> None:
    ((old, new),) = changed_lines(SHIPPED, promoted(SHIPPED, "meeting_info", WARM))
    assert old.strip() == f"en: {ENGLISH.reference}"
    assert new == old.replace(ENGLISH.reference, WARM.reference)


def test_promoting_what_is_served_changes_nothing() -> None:
    assert promoted(SHIPPED, "meeting_info", ENGLISH) == SHIPPED


CHAIN = "meeting-info:\n    runnable: chains.meeting_info:build\n"


@pytest.mark.parametrize(
    "text",
    [
        f"chains:\n  {CHAIN}    path: /m  # served here\n",
        f"chains:\n  {CHAIN}    prompts:\n      ko: ko@b321fb1bc9cf  # reviewed\n    path: /m\n",
        f"chains:\n  {CHAIN}    prompts: {{ko: ko}}\n    path: /m\n",
        f"chains:\n  {CHAIN}    prompts: {{}}\n    path: /m\n",
        f"chains:\n  {CHAIN}    prompts: {{en: 'en', ko: ko}} # reviewed\n",
        f"chains:\n  {CHAIN}    prompts:\n\n      # the one of spring\n      en:   en@000000000000   \n",
        'chains:\n  meeting-info: {runnable: "chains.meeting_info:build", path: /m}\n  chatbot: {path: /c}\n',
        "chains: {meeting-info: {runnable: chains.meeting_info:build}}\n",
        "chains:\n  meeting_info:\n    path: /m\n    runnable: chains.meeting_info:build",
    ],
)
def test_whatever_the_settings_look_like_only_that_is_changed(text: str) -> None:
    after = promoted(text, "meeting_info", WARM)
    expected = yaml.safe_load(text)
    (name,) = (name for name in expected["chains"] if name != "chatbot")
    expected["chains"][name]["prompts"] = {**(expected["chains"][name].get("prompts") or {}), "en": WARM.reference}
    assert yaml.safe_load(after) == expected
    for comment in ("# served here", "# reviewed", "# the one of spring"):
        assert (comment in after) == (comment in text)


def test_promoting_there_and_back_leaves_no_trace() -> None:
    assert promoted(promoted(SHIPPED, "meeting_info", WARM), "meeting_info", ENGLISH) == SHIPPED


@pytest.mark.parametrize(
    "text", ["", "chains: 3", "models: {}", "chains: {chatbot: {path: /c}}", "chains: {meeting-info: 3}"]
)
def test_settings_without_the_chain_are_not_guessed_at(text: str) -> None:
    with pytest.raises(PromoteError):
        promoted(text, "meeting_info", WARM)


# -- the command -------------------------------------------------------------------------------------------------------


@pytest.fixture
def config(tmp_path: Path) -> Path:
    file = tmp_path / "langserve.yaml"
    file.write_text(SHIPPED.replace(ENGLISH.reference, "en@000000000000"), encoding="utf-8")
    return file


def run(config: Path, *arguments: str) -> int:
    return promote.main([*arguments, "--config", str(config)])


def test_it_writes_the_line_and_shows_it(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    mode = config.stat().st_mode
    assert run(config, "meeting-info", "en") == 0
    assert config.read_text(encoding="utf-8") == SHIPPED
    assert config.stat().st_mode == mode
    said = capsys.readouterr().out
    assert "-      en: en@000000000000" in said
    assert f"+      en: {ENGLISH.reference}" in said
    assert run(config, "meeting_info", "en") == 0
    assert "is what is served already" in capsys.readouterr().out
    assert [path.name for path in config.parent.iterdir()] == ["langserve.yaml"]


def test_without_a_prompt_it_lists_what_there_is(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(config, "meeting-info") == 0
    first, second, *_ = capsys.readouterr().out.splitlines()
    assert first.startswith(f"! {ENGLISH.reference} ")
    assert "en@000000000000" in second
    assert listing("meeting_info", yaml.safe_load(SHIPPED)).startswith(f"* {ENGLISH.reference} ")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("meeting", "en"), "There is no chain 'meeting'; there are meeting_info, chatbot."),
        (("meeting-info", "en_cold"), "There is no prompt 'en_cold'; there are en, ko."),
    ],
)
def test_what_cannot_be_done_is_said_in_words(
    config: Path, arguments: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    before = config.read_bytes()
    assert run(config, *arguments) == 2
    assert capsys.readouterr().err.strip() == said
    assert config.read_bytes() == before


def test_what_could_not_be_served_is_not_promoted(
    config: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = Prompt.parse(ENGLISH.text.replace("{facts}", "{fact}"), "en")
    monkeypatch.setattr(promote, "prompts_of", lambda chain: {"en": broken})
    before = config.read_bytes()
    assert run(config, "meeting-info", "en") == 2
    assert "uses {fact}" in capsys.readouterr().err
    assert config.read_bytes() == before
