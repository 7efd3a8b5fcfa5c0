"""`python -m lab.bench`: what it prints where, its status, and what it leaves behind."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from chains.models.model import Model
from chains.prompts import prompts_of
from lab.bench import __main__ as command
from lab.served import load_model
from tests.chains.answers import MEETING, text
from tests.server.process import ROOT

SCRIPTED = {"provider": "scripted", "pace_ms": 0, "languages": ["ko", "en"], "replies": [text(MEETING)]}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with settings, where the command also keeps its runs."""
    settings: dict[str, Any] = {"models": {"fake": SCRIPTED, "other": {**SCRIPTED, "replies": ["No."]}}}
    (tmp_path / "langserve.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")
    monkeypatch.setattr(command, "CACHE", tmp_path / "cache")
    monkeypatch.setattr(command, "OUT", tmp_path / "bench.html")
    monkeypatch.setenv("CONFIG", str(tmp_path / "langserve.yaml"))
    return tmp_path


@pytest.mark.parametrize("chain", ["meeting-info", "meeting_info"])
def test_the_summary_is_printed_and_the_report_written(
    folder: Path, capsys: pytest.CaptureFixture[str], chain: str
) -> None:
    draft = folder / "ko_warm.md"
    draft.write_text(prompts_of("meeting_info")["ko"].text + "\n", encoding="utf-8")
    arguments = [chain, "--prompt", "ko", "--prompt", str(draft), "--model", "fake", "--model", "other"]
    assert command.main([*arguments, "--cases", "2", "--repeats", "2", "--seed", "3", "--price", "fake=1,2"]) == 0
    told = capsys.readouterr()
    assert "16 runs: 2 cases by 2 prompts by 2 models by 2 repeats; seed 3" in told.out
    assert "16/16" in told.err
    assert "ko_warm" in (folder / "bench.html").read_text(encoding="utf-8")
    assert len(list((folder / "cache").iterdir())) == 16


def test_a_second_time_it_comes_from_the_cache_unless_that_is_not_wanted(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["chatbot", "--prompt", "ko", "--model", "other", "--cases", "1"]
    for more, said in (([], "none from"), ([], "1 of them from"), (["--no-cache"], "none from")):
        assert command.main([*arguments, *more]) == 0
        assert f"{said} the cache" in capsys.readouterr().out


def test_each_model_is_loaded_once_and_closed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    steps: list[str] = []

    def load(name: str, config: Path) -> Model:
        steps.append(f"load {name}")
        return replace(load_model(name, config), close=lambda: steps.append(f"close {name}"))

    monkeypatch.setattr("lab.command.load_model", load)
    models = ["--model", "fake", "--model", "fake"]
    assert command.main(["chatbot", "--prompt", "ko", "--cases", "1", *models]) == 0
    assert command.main(["chatbot", "--prompt", "en", "--language", "ko", *models]) == 2
    assert steps == ["load fake", "close fake"] * 2


def test_all_cases_are_all(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = (ROOT / "lab" / "data" / "chatbot.en.jsonl").read_text(encoding="utf-8").split("\n")
    assert command.main(["chatbot", "--prompt", "en", "--model", "other", "--cases", "all"]) == 0
    assert f"{sum(map(bool, lines))} runs:" in capsys.readouterr().out


WRONG = {
    "no such chain": (["meetings", "--prompt", "ko"], "There is no chain 'meetings'"),
    "no such prompt": (["chatbot", "--prompt", "nobody"], "There is no prompt 'nobody'; there are en, ko"),
    "no such file": (["chatbot", "--prompt", "nobody.md"], "nobody.md cannot be read"),
    "no such model": (["chatbot", "--prompt", "ko", "--model", "nobody"], "no model 'nobody'"),
    "one prompt twice": (["chatbot", "--prompt", "ko", "--prompt", "ko"], "Two prompts have the name ko"),
    "two languages": (["chatbot", "--prompt", "ko", "--prompt", "en", "--model", "fake"], "one language at a time"),
    "another language": (["chatbot", "--prompt", "ko", "--language", "en", "--model", "fake"], "The prompt ko is in"),
    "more cases than there are": (["chatbot", "--prompt", "ko", "--cases", "9999"], "There are no 9999 cases"),
    "no settings": (["chatbot", "--prompt", "ko", "--model", "fake", "--config", "nowhere.yaml"], "nowhere.yaml"),
}


@pytest.mark.parametrize(("arguments", "said"), WRONG.values(), ids=WRONG)
def test_what_cannot_be_run_is_said_in_words(
    folder: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    assert command.main(arguments) == 2
    told = capsys.readouterr()
    assert said in told.err
    assert told.out == ""
    assert not (folder / "bench.html").exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ["chatbot"],
        ["chatbot", "--prompt", "ko", "--cases", "0"],
        ["chatbot", "--prompt", "ko", "--cases", "some"],
        ["chatbot", "--prompt", "ko", "--repeats", "-1"],
        ["chatbot", "--prompt", "ko", "--price", "fake=cheap"],
        ["chatbot", "--prompt", "ko", "--language", "fr"],
    ],
)
def test_wrong_usage_is_status_2(folder: Path, capsys: pytest.CaptureFixture[str], arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        command.main(arguments)
    assert ended.value.code == 2
    assert "usage: python -m lab.bench" in capsys.readouterr().err


@pytest.fixture
def interruptible() -> Iterator[None]:
    """A shell has its background jobs ignore Ctrl-C, and so would whatever they start."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
def test_it_can_be_stopped(folder: Path) -> None:
    stall = [text(MEETING), {"text": '{"name": "한', "failure": "stall"}]
    settings = {"models": {"fake": {**SCRIPTED, "pace_ms": 10, "replies": stall}}}  # slow enough to be shown
    (folder / "langserve.yaml").write_text(json.dumps(settings), encoding="utf-8")
    line = ["meeting-info", "--prompt", "ko", "--model", "fake", "--cases", "2", "--concurrency", "1", "--no-cache"]
    with subprocess.Popen(  # noqa: S603  # our own command
        [sys.executable, "-m", "lab.bench", *line, "--out", str(folder / "bench.html")],
        cwd=ROOT,
        stderr=subprocess.PIPE,
        text=True,
    ) as running:
        assert running.stderr
        seen = ""
        while "1/2" not in seen:  # until the first run is done and the second one is stuck
            read = running.stderr.read(1)
            assert read, seen
            seen += read
        running.send_signal(signal.SIGINT)
        _, rest = running.communicate(timeout=30)
    assert running.returncode == 130
    assert "Stopped." in rest
    assert "Traceback" not in rest
    assert not (folder / "bench.html").exists()
