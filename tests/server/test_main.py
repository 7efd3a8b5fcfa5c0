"""`python -m server`: what is wrong is said in words on stderr, with status 2 and never a traceback."""

import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from server.app import VERSION
from server.command import main
from tests.server.configs import both, openai, settings
from tests.server.process import ROOT, server_environment

OPENAI = {"provider": "openai"}
NOBODY = "http://127.0.0.1:9/v1"


def built_by(function: str) -> str:
    return both().replace("chains.chatbot:build", function)


CASES: list[tuple[str | None, dict[str, str], str]] = [
    (None, {}, "cannot be read"),
    ("mood: sunny", {}, "mood: there is no such key"),
    ("{", {}, "is not YAML"),
    (settings(OPENAI), {}, "OPENAI_API_KEY"),
    (settings(OPENAI), {"OPENAI_API_KEY": "sk-canary"}, "MODEL"),
    (settings(OPENAI), {"OPENAI_BASE_URL": NOBODY}, "MODEL"),
    (settings({**OPENAI, "api_key_env": "MINE"}), {"OPENAI_API_KEY": "sk-canary"}, "MINE"),
    (
        openai(NOBODY, {"parameters": {"temperature": "hot"}}),
        {},
        "models.demo.parameters cannot be used:\n  temperature",
    ),
    (built_by("chains.chatbox:build"), {}, "chains.chatbot.runnable: chains.chatbox:build"),
    (built_by("chains.chatbot:built"), {}, "chains.chatbot.runnable: chains.chatbot:built"),
    (built_by("operator:is_"), {}, "chains.chatbot.runnable: operator:is_"),
    (built_by("chains.call:make_call"), {}, "chains.chatbot.runnable: chains.call:make_call"),
    (both(), {"PORT": "eighty"}, "PORT"),
    (both(), {"PORT": "70000"}, "PORT"),
    (both(), {"PORT": "-1"}, "PORT"),
    (both(), {"PORT": ""}, "PORT"),
]


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return tmp_path / "some.yaml"


@pytest.mark.parametrize(("text", "environment", "said"), CASES)
def test_it_says_why_it_does_not_start(
    config: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    text: str | None,
    environment: dict[str, str],
    said: str,
) -> None:
    if text is not None:
        config.write_text(text, encoding="utf-8")
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "MODEL", "PORT"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {"CONFIG": str(config), **environment}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(uvicorn, "run", _must_not_start)
    assert main() == 2
    output, complaint = capsys.readouterr()
    assert output == ""
    assert said in complaint
    assert "sk-canary" not in complaint


def _must_not_start(*args: Any, **kwargs: Any) -> None:
    raise AssertionError("it starts")


def test_a_process_ends_with_one_sentence_and_status_2(config: Path) -> None:
    config.write_text(settings(OPENAI), encoding="utf-8")
    ended = subprocess.run(
        [sys.executable, "-m", "server"],
        cwd=ROOT,
        env=server_environment(CONFIG=str(config), PORT="0", OPENAI_API_KEY="sk-canary"),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 2
    assert ended.stdout == ""
    [sentence] = ended.stderr.splitlines()
    assert "MODEL" in sentence
    assert sentence.endswith(".")


def test_the_version_that_is_shown_is_the_projects() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["version"] == VERSION
    assert f'image.version="{VERSION}"' in (ROOT / "deploy" / "Containerfile").read_text(encoding="utf-8")
