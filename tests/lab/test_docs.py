"""The way from an idea to what is served, as docs/prompts.md has it, in a copy of the rooms and on a scripted model."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from chains.prompts import About, Parameters, Prompt
from tests.chains.answers import MEETING, text
from tests.server.process import ROOT

PAGE = (ROOT / "docs" / "prompts.md").read_text(encoding="utf-8")
COMMANDS = PAGE.partition("## From idea to served")[2].partition("```sh\n")[2].partition("```")[0]
SCRIPTED = {"provider": "scripted", "pace_ms": 0, "languages": ["en", "ko"], "replies": [text(MEETING)]}


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The rooms that the commands need, and settings whose embedded model is a fake."""
    for room in ("schemas", "chains", "lab"):
        shutil.copytree(ROOT / room, tmp_path / room, ignore=shutil.ignore_patterns("__pycache__"))
    settings = (ROOT / "langserve.yaml").read_text(encoding="utf-8")
    served = settings.partition("\nchains:\n")[2]
    models = json.dumps({"embedded": SCRIPTED})
    (tmp_path / "langserve.yaml").write_text(f"models: {models}\nchains:\n{served}", encoding="utf-8")
    return tmp_path


def run(copy: Path, command: str) -> subprocess.CompletedProcess[str]:
    """A command of the page, as a shell in that folder runs it."""
    hidden = ("CONFIG", "OPENAI_API_KEY", "OPENAI_BASE_URL")
    environment = {name: value for name, value in os.environ.items() if name not in hidden}
    command = command.replace(".venv/bin/python", sys.executable)
    return subprocess.run(  # noqa: S603
        ["/bin/sh", "-ec", command], cwd=copy, env=environment, check=False, capture_output=True, text=True, timeout=100
    )


def test_the_commands_lead_from_a_copied_file_to_the_line_that_ships_it(copy: Path) -> None:
    copying, benching, evaluating, promoting = COMMANDS.strip().splitlines()
    assert run(copy, copying).returncode == 0
    draft = copy / "chains/prompts/meeting_info/en_warm.md"
    draft.write_text(draft.read_text(encoding="utf-8").replace("warmly", "very warmly"), encoding="utf-8")

    for command in (benching, evaluating):
        done = run(copy, command)
        assert done.returncode in (0, 1), done.stderr  # 1: B is worse, which a fake may make it
        [report] = re.findall(r"build/lab/\w+\.html", command)
        assert "en_warm" in (copy / report).read_text(encoding="utf-8")

    done = run(copy, promoting)
    assert done.returncode == 0, done.stderr
    settings = yaml.safe_load((copy / "langserve.yaml").read_text(encoding="utf-8"))
    assert settings["chains"]["meeting-info"]["prompts"]["en"] == Prompt.read(draft).reference


def test_the_page_names_every_key_of_the_front_matter() -> None:
    table = PAGE.partition("| key | says |")[2].partition("\n\n")[0]
    named = set(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE))
    assert named == set(About.model_fields)
    assert all(f"`{name}`" in PAGE for name in Parameters.model_fields)
