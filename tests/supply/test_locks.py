"""The locks: complete, hashed, silent about where packages come from; and what is tested is what runs."""

import re
import tomllib
from itertools import chain
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[2]
LOCKS = ("run", "weights", "dev", "bench", "lab", "audit")
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))

_PINNED = re.compile(r"(?P<name>[a-z0-9-]+)==(?P<version>[^ ;]+)(?: ; .+)?")
_HASH = re.compile(r"--hash=sha256:[0-9a-f]{64}")


class Locked(NamedTuple):
    """A requirement of a lock: a package, its version, its hashes."""

    name: str
    version: str
    hashes: list[str]


def locked(lock: str) -> list[Locked]:
    """All requirements of a lock, of which nothing but requirements and comments is expected."""
    text = (ROOT / "requirements" / f"{lock}.txt").read_text(encoding="utf-8")
    lines = [line for line in text.replace(" \\\n", "\n").splitlines() if line and not line.strip().startswith("#")]
    found: list[Locked] = []
    for line in lines:
        if line.startswith(" "):
            found[-1].hashes.append(line.strip())
        else:
            pinned = _PINNED.fullmatch(line)
            assert pinned, line
            found.append(Locked(pinned["name"], pinned["version"], []))
    return found


def wanted(requirements: list[str]) -> set[str]:
    """The packages that these requirements of pyproject.toml name, without versions and extras."""
    return {re.split(r"[^A-Za-z0-9._-]", requirement)[0].lower() for requirement in requirements}


@pytest.mark.parametrize("lock", LOCKS)
class TestEveryLock:
    def test_holds_a_version_and_hashes_of_each_package(self, lock: str) -> None:
        for requirement in locked(lock):
            assert requirement.hashes, requirement.name
            assert all(_HASH.fullmatch(one) for one in requirement.hashes), requirement

    def test_says_what_is_installed_and_not_from_where(self, lock: str) -> None:
        text = (ROOT / "requirements" / f"{lock}.txt").read_text(encoding="utf-8")
        assert not re.search(r"://|--(extra-)?index-url|--find-links|\bfile:|^-[ei] ", text, re.MULTILINE)


@pytest.mark.parametrize(
    ("lock", "requirements"),
    [
        ("run", PYPROJECT["project"]["dependencies"]),
        ("dev", PYPROJECT["project"]["optional-dependencies"]["lab"]),
        ("lab", PYPROJECT["dependency-groups"]["jupyter"]),
        *[(group, PYPROJECT["dependency-groups"][group]) for group in ("weights", "dev", "bench", "audit")],
    ],
)
def test_what_is_wanted_is_locked(lock: str, requirements: list[str]) -> None:
    assert wanted(requirements) <= {requirement.name for requirement in locked(lock)}


def test_there_is_no_other_lock() -> None:
    assert {path.stem for path in (ROOT / "requirements").glob("*.txt")} == set(LOCKS)


def test_what_is_installed_beside_the_tests_packages_does_not_change_them() -> None:
    """`make lab` adds to the environment of `make test`."""
    tested = {requirement.name: requirement.version for requirement in locked("dev")}
    assert {one.name: tested[one.name] for one in locked("lab") if one.name in tested} == {
        one.name: one.version for one in locked("lab") if one.name in tested
    }


@pytest.mark.parametrize("lock", ["dev", "bench", "audit"])
def test_what_is_tested_measured_and_audited_is_what_runs(lock: str) -> None:
    running = {(one.name, one.version) for one in locked("run")}
    names = {name for name, _ in running}
    assert {(one.name, one.version) for one in locked(lock) if one.name in names} <= running


def test_the_tests_have_all_that_runs() -> None:
    assert {requirement[:2] for requirement in locked("run")} <= {requirement[:2] for requirement in locked("dev")}


def test_every_dependency_has_its_reason() -> None:
    project = PYPROJECT["project"]
    groups = [*project["optional-dependencies"].values(), *PYPROJECT["dependency-groups"].values()]
    everything = [*project["dependencies"], *chain(*groups)]
    asked = {name for name in wanted(everything) if not name.startswith("types-")}  # of mypy, which has one
    decisions = (ROOT / "docs" / "decisions.md").read_text(encoding="utf-8")
    first_cells = re.findall(r"^\| ([^|]+) \|", decisions.partition("## Dependencies")[2], re.MULTILINE)
    assert asked - set(re.findall(r"[a-z0-9_-]+", " ".join(first_cells))) == set()
