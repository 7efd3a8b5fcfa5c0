"""Which prompt a chain is served with: what was reviewed in production, what the files hold in development."""

import asyncio
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from chains.prompts import load_prompts
from chains.structured import StructuredChain
from server import create_app, prompts
from server.loading import load_chains, load_models
from server.prompts import _Watch
from server.settings import SettingsError, load_settings, parse_settings
from tests.server.configs import both
from tests.server.process import ROOT, ServerProcess, Start
from tests.server.prompted import write_prompt

MODEL = {"provider": "scripted", "pace_ms": 0, "languages": ["en"], "replies": ['{"name": "Slow Hikers"}']}
PATIENCE_S = 20.0


def config(*, mode: str = "development", **own: Any) -> str:
    chain = {"runnable": "tests.server.prompted:build", "path": "/prompted", **own}
    return yaml.safe_dump({"mode": mode, "model": "demo", "models": {"demo": MODEL}, "chains": {"prompted": chain}})


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the chain's prompts are."""
    folder = tmp_path / "prompts"
    folder.mkdir()
    monkeypatch.setenv("PROMPTED", str(folder))
    return folder


# -- at the start ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("file", ["langserve.yaml", "deploy/gke/base/langserve.yaml"])
@pytest.mark.parametrize("chain", ["chatbot", "meeting-info"])
def test_the_shipped_settings_name_the_prompts_as_they_are(file: str, chain: str) -> None:
    """Who changes a prompt has not shipped it yet: `python -m lab.promote` writes the line that is reviewed."""
    named = load_settings(ROOT / file).chains[chain].prompts
    assert {
        language: prompt.reference for language, prompt in load_prompts(chain.replace("-", "_"), named).items()
    } == named


def refusal(text: str) -> str:
    with pytest.raises(SettingsError) as raised:
        create_app(parse_settings(text, "some.yaml"))
    return str(raised.value)


def test_production_refuses_a_prompt_that_was_not_reviewed(folder: Path) -> None:
    reviewed = write_prompt(folder).reference
    create_app(parse_settings(config(mode="production", prompts={"en": reviewed}), "some.yaml"))
    edited = write_prompt(folder, words="Be kinder.").reference
    said = refusal(config(mode="production", prompts={"en": reviewed}))
    assert reviewed in said
    assert edited in said
    assert f"en: {edited}" in said


def test_development_serves_it_and_says_so(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    reviewed = write_prompt(folder).reference
    edited = write_prompt(folder, words="Be kinder.").reference
    create_app(parse_settings(config(prompts={"en": reviewed}), "some.yaml"))
    assert f"names {reviewed}, but en.md is {edited}" in caplog.text


def test_production_takes_no_name_without_a_hash_and_no_language_without_a_name(folder: Path) -> None:
    prompt = write_prompt(folder)
    assert f"en: {prompt.reference}" in refusal(config(mode="production", prompts={"en": "en"}))
    write_prompt(folder, "ko", language="ko")
    assert "prompts.en names nothing" in refusal(config(mode="production", prompts={"ko": "ko"}))


def test_a_chain_that_names_no_prompts_is_not_held_to_any(folder: Path) -> None:
    write_prompt(folder)
    create_app(parse_settings(config(mode="production"), "some.yaml"))


def test_a_language_that_the_model_does_not_write_stops_nobody(folder: Path) -> None:
    reviewed = write_prompt(folder).reference
    write_prompt(folder, "ko", language="ko", parameters="{max_tokens: 100000}", model="openai")
    create_app(parse_settings(config(mode="production", prompts={"en": reviewed}), "some.yaml"))


def test_a_prompt_that_was_made_for_another_model_is_refused(folder: Path) -> None:
    write_prompt(folder, model="openai")
    assert "made for 'openai'" in refusal(config(mode="production"))
    write_prompt(folder, model="demo")
    create_app(parse_settings(config(mode="production"), "some.yaml"))


@pytest.mark.parametrize(
    ("words", "prompts", "said"),
    [
        ("Be kind.", {"en": "en_cold"}, "There is no en_cold.md"),
        ("{gaol}", {}, "en.md uses {gaol}"),
        ("{", {}, "its braces do not fit"),
        ("Be kind. " * 9000, {}, "tokens long; scripted has 16384 in all"),
    ],
)
def test_a_prompt_that_cannot_be_served_is_refused_in_any_mode(
    folder: Path, words: str, prompts: dict[str, str], said: str
) -> None:
    write_prompt(folder)
    file = folder / "en.md"
    file.write_text(file.read_text(encoding="utf-8").replace("Be kind.", words), encoding="utf-8")
    complaint = refusal(config(prompts=prompts))
    assert complaint.startswith("chains.prompted")
    assert said in complaint


@pytest.mark.parametrize("name", ["../en", "en@", "en@xyz", "en.md", "en@0123456789ab0", ""])
def test_what_cannot_name_a_prompt_is_no_setting(name: str) -> None:
    with pytest.raises(SettingsError, match=r"chains\.prompted\.prompts\.en: "):
        parse_settings(config(prompts={"en": name}), "some.yaml")


def test_a_chain_without_files_takes_no_names() -> None:
    plain = yaml.safe_load(both())
    plain["chains"]["chatbot"] |= {"runnable": "tests.server.checked:build", "prompts": {"en": "en"}}
    assert "prompts" in refusal(yaml.safe_dump(plain))


# -- while it serves ---------------------------------------------------------------------------------------------------


def ask(server: ServerProcess) -> dict[str, Any]:
    """The `start` of a run."""
    lines = httpx.post(f"{server.url}/prompted/stream", json={"input": {"goal": "x"}}).text.splitlines()
    start: dict[str, Any] = json.loads(next(line for line in lines if line.startswith("data:"))[5:])
    assert start["type"] == "start"
    return start


def until(true: Callable[[], bool], server: ServerProcess) -> None:
    """Waits for what another process does."""
    deadline = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < deadline, server.log
        time.sleep(0.05)


def named(prompt: Any) -> dict[str, Any]:
    return dict(prompt.ref.model_dump())


def test_development_serves_what_is_saved_without_another_start(start: Start, folder: Path, tmp_path: Path) -> None:
    first = write_prompt(folder)
    text = config(prompts={"en": first.reference})
    server = start(text, PROMPTED=str(folder))
    assert ask(server)["prompt"] == named(first)

    second = write_prompt(folder, words="Be kinder.")
    until(lambda: ask(server)["prompt"] == named(second), server)

    (folder / "en.md").write_text("no prompt", encoding="utf-8")
    until(lambda: "front matter between two lines" in server.log, server)
    assert ask(server)["prompt"] == named(second)

    warm = write_prompt(folder, "en_warm", "Be warm.")
    file = tmp_path / "server-1" / "langserve.yaml"
    file.write_text(config(prompts={"en": "en_cold"}), encoding="utf-8")
    until(lambda: "There is no en_cold.md" in server.log, server)
    assert ask(server)["prompt"] == named(second)

    file.write_text(config(prompts={"en": warm.reference}, events=["token"]), encoding="utf-8")
    until(lambda: ask(server)["prompt"] == named(warm), server)
    until(lambda: "but for the prompts, that takes another start" in server.log, server)


class TestLooking:
    """What a look at the files finds, without a process and without waiting."""

    @pytest.fixture
    def file(self, tmp_path: Path) -> Path:
        return tmp_path / "langserve.yaml"

    def watch(self, file: Path, **own: Any) -> tuple[_Watch, StructuredChain]:
        file.write_text(config(**own), encoding="utf-8")
        settings = load_settings(file)
        chains = load_chains(settings, load_models(settings))
        return _Watch(settings, chains, file), chains["prompted"]

    def served(self, chain: StructuredChain) -> str:
        assert chain.shelf is not None
        return chain.shelf["en"].reference

    def test_a_chain_may_leave_the_settings_and_come_back(self, folder: Path, file: Path) -> None:
        first, warm = write_prompt(folder), write_prompt(folder, "en_warm", "Be warm.")
        watch, chain = self.watch(file)
        file.write_text(both(), encoding="utf-8")
        assert "takes another start" in str(watch.look())
        assert self.served(chain) == first.reference
        file.write_text(config(prompts={"en": warm.reference}), encoding="utf-8")
        watch.look()
        assert self.served(chain) == warm.reference

    def test_what_is_no_longer_named_is_no_longer_served(self, folder: Path, file: Path) -> None:
        first, warm = write_prompt(folder), write_prompt(folder, "en_warm", "Be warm.")
        watch, chain = self.watch(file, prompts={"en": warm.reference})
        file.write_text(config(), encoding="utf-8")
        watch.look()
        assert self.served(chain) == first.reference

    def test_settings_that_cannot_be_read_change_nothing_and_are_read_again(self, folder: Path, file: Path) -> None:
        write_prompt(folder)
        warm = write_prompt(folder, "en_warm", "Be warm.")
        watch, chain = self.watch(file)
        for text in ("chains: [", "mode: !!int ''", ""):
            file.write_text(text, encoding="utf-8")
            assert "all is served as before" in str(watch.look())
            assert watch.look() == []
        file.write_text(config(prompts={"en": warm.reference}), encoding="utf-8")
        watch.look()
        assert self.served(chain) == warm.reference

    def test_what_production_would_refuse_is_said_when_it_comes_about(self, folder: Path, file: Path) -> None:
        reviewed = write_prompt(folder).reference
        watch, chain = self.watch(file, prompts={"en": reviewed})
        assert watch.look() == []
        edited = write_prompt(folder, words="Be kinder.", model="openai")
        said = str(watch.look())
        assert f"names {reviewed}, but en.md is {edited.reference}" in said
        assert "made for 'openai'" in said
        assert self.served(chain) == edited.reference
        assert watch.look() == []


async def test_a_look_that_fails_is_not_the_last(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_prompt(folder)
    settings = parse_settings(config(), "some.yaml")
    chains = load_chains(settings, load_models(settings))
    loop, looks, again = asyncio.get_running_loop(), [0], asyncio.Event()

    def look(self: Any) -> list[Any]:
        looks[0] += 1
        if looks[0] == 2:
            loop.call_soon_threadsafe(again.set)
        raise KeyError("prompted")

    monkeypatch.setattr(_Watch, "look", look)
    monkeypatch.setattr(prompts, "LOOK_S", 0.0)
    watching = asyncio.create_task(prompts.watch_prompts(settings, chains))
    await asyncio.wait_for(again.wait(), 10)
    watching.cancel()


def test_the_log_and_the_metrics_name_it(start: Start, folder: Path) -> None:
    prompt = write_prompt(folder)
    server = start(config(mode="production", prompts={"en": prompt.reference}), PROMPTED=str(folder))
    ask(server)
    metrics = httpx.get(f"{server.url}/metrics").text
    assert f'moim_prompt_runs_total{{chain="prompted",end="complete",prompt="{prompt.reference}"}} 1.0' in metrics
    lines = [json.loads(line) for line in server.log.splitlines() if line.startswith("{")]
    assert [line["prompt"] for line in lines if line["message"] == "run"] == [prompt.reference]
