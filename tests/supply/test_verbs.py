"""`make audit` and `make sbom`, with tools that only pretend: what they are asked, and what becomes of it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CLEAN = "echo 'No known vulnerabilities found' >&2"
FINDING = 'while [ "$1" != --output ]; do shift; done; echo "starlette 0.1 CVE-2030-1" >"$2"; exit 1'
OFFLINE = "echo 'ConnectionError: no route to osv' >&2; exit 1"
LISTS = (
    'while [ "$1" != --output-file ]; do shift; done; echo \'[{"Name": "a", "Version": "1", "License": "%s"}]\' >"$2"'
)


@pytest.fixture
def workshop(tmp_path: Path) -> Path:
    """A folder with the verbs and the locks, where everything counts as installed."""
    shutil.copy(ROOT / "Makefile", tmp_path)
    shutil.copytree(ROOT / "requirements", tmp_path / "requirements")
    for stamp in (".venv/run.stamp", "build/audit/stamp", "build/live/stamp"):
        (tmp_path / stamp).parent.mkdir(parents=True)
        (tmp_path / stamp).touch()
    tool(tmp_path, "python", f'exec {sys.executable} "$@"')
    return tmp_path


def tool(workshop: Path, name: str, script: str) -> None:
    path = workshop / "build" / "audit" / "bin" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    path.chmod(0o755)


def make(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    command = ["make", "--old-file", ".venv/run.stamp", *words]  # nothing is installed for it
    return subprocess.run(  # noqa: S603
        command, check=False, cwd=folder, env=environment, capture_output=True, text=True, timeout=60
    )


class TestAudit:
    @pytest.mark.parametrize(
        ("answer", "licence", "status", "said"),
        [
            (CLEAN, "MIT", 0, "No known vulnerabilities found"),
            (FINDING, "MIT", 2, "starlette 0.1 CVE-2030-1"),
            (OFFLINE, "MIT", 2, "nothing is known about these locks"),
            (CLEAN, "AGPL-3.0", 2, "a 1: AGPL-3.0"),
            (OFFLINE, "AGPL-3.0", 2, "a 1: AGPL-3.0"),
        ],
        ids=["clean", "a finding", "nobody to ask", "a licence", "a licence, and nobody to ask"],
    )
    def test_its_end_is_that_of_both(self, workshop: Path, answer: str, licence: str, status: int, said: str) -> None:
        tool(workshop, "pip-audit", answer)
        tool(workshop, "pip-licenses", LISTS % licence)
        done = make(workshop, "audit")
        assert (done.returncode, said in done.stdout + done.stderr) == (status, True), done
        assert licence in (workshop / "build" / "licences.md").read_text(encoding="utf-8")

    def test_an_old_answer_is_not_a_new_one(self, workshop: Path) -> None:
        tool(workshop, "pip-licenses", LISTS % "MIT")
        tool(workshop, "pip-audit", FINDING)
        make(workshop, "audit")
        tool(workshop, "pip-audit", OFFLINE)
        done = make(workshop, "audit")
        assert "nothing is known" in done.stderr
        assert "CVE-2030-1" not in done.stdout

    def test_it_asks_about_every_lock_by_hashes(self, workshop: Path) -> None:
        tool(workshop, "pip-audit", 'echo "$*" >build/asked.txt')
        tool(workshop, "pip-licenses", LISTS % "MIT")
        make(workshop, "audit")
        asked = (workshop / "build" / "asked.txt").read_text(encoding="utf-8").split()
        locks = {str(path.relative_to(ROOT)) for path in (ROOT / "requirements").glob("*.txt")}
        assert {asked[at + 1] for at, word in enumerate(asked) if word == "--requirement"} == locks
        assert {"--require-hashes", "--disable-pip"} <= set(asked)


@pytest.mark.parametrize("verb", ["audit", "sbom"])
def test_the_command_lines_are_sh(workshop: Path, verb: str) -> None:
    for stamp in workshop.glob("build/*/stamp"):
        stamp.unlink()  # so that the installation is among them
    lines = make(workshop, "--dry-run", verb)
    assert lines.returncode == 0, lines.stderr
    assert "--require-hashes" in lines.stdout
    assert "build/live" in lines.stdout
    command = ["sh", "-n"]
    checked = subprocess.run(command, check=False, input=lines.stdout, capture_output=True, text=True, timeout=10)  # noqa: S603
    assert (checked.returncode, checked.stderr) == (0, "")


@pytest.mark.parametrize("verb", ["check", "test"])
def test_no_advisory_turns_a_change_red(workshop: Path, verb: str) -> None:
    assert "pip-audit" not in make(workshop, "--dry-run", verb).stdout
