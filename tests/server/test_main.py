"""`python -m server`: what is wrong is one sentence on stderr and status 2, never a traceback."""

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.server.configs import both, openai, settings
from tests.server.process import ROOT, server_environment

OPENAI = {"provider": "openai"}


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return tmp_path / "some.yaml"


def refused(config: Path, **environment: str) -> str:
    """What it says when it does not start."""
    ended = subprocess.run(
        [sys.executable, "-m", "server"],
        cwd=ROOT,
        env=server_environment(**{"CONFIG": str(config), "PORT": "0", **environment}),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 2, ended.stderr
    assert ended.stdout == ""
    assert "Traceback" not in ended.stderr
    return ended.stderr


@pytest.mark.parametrize(
    ("text", "environment", "said"),
    [
        (None, {}, "cannot be read"),
        ("mood: sunny", {}, "mood: there is no such key"),
        ("{", {}, "is not YAML"),
        (settings(OPENAI), {}, "OPENAI_API_KEY"),
        (settings(OPENAI), {"OPENAI_API_KEY": "sk-canary"}, "MODEL"),
        (settings(OPENAI), {"OPENAI_BASE_URL": "http://127.0.0.1:9/v1"}, "MODEL"),
        (settings({**OPENAI, "api_key_env": "MINE"}), {"OPENAI_API_KEY": "sk-canary"}, "MINE"),
        (openai("http://127.0.0.1:9/v1", {"parameters": {"temperature": "hot"}}), {}, "temperature"),
        (both().replace("chains.chatbot:build", "chains.chatbox:build"), {}, "chains.chatbot.runnable: chains.chatbox:build"),
        (both().replace("chains.chatbot:build", "chains.chatbot:built"), {}, "chains.chatbot.runnable: chains.chatbot:built"),
        (both().replace("chains.chatbot:build", "chains.call:make_call"), {}, "chains.chatbot.runnable: chains.call:make_call"),
        (both(), {"PORT": "eighty"}, "PORT"),
        (both(), {"PORT": "70000"}, "PORT"),
        (both(), {"PORT": "-1"}, "PORT"),
    ],
)
def test_it_says_why_it_does_not_start(config: Path, text: str | None, environment: dict[str, str], said: str) -> None:
    if text is not None:
        config.write_text(text, encoding="utf-8")
    complaint = refused(config, **environment)
    assert said in complaint
    assert "sk-canary" not in complaint
