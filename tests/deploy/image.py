"""`deploy/Containerfile` without an engine: read instruction by instruction, and its tree laid out in a folder.

What pip would install from the locks is linked from the environment that the tests run in, which has it from the same
locks. Everything else is done as it is written.
"""

import importlib.metadata
import json
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path
from typing import NamedTuple

from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
CONTAINERFILE = ROOT / "deploy" / "Containerfile"
NOBODY = 65534


class Instruction(NamedTuple):
    """One instruction of a stage, and its words: those of its JSON form, or those that a shell would see."""

    stage: int
    name: str
    words: list[str]


def instructions() -> list[Instruction]:
    """All of them, in order. Stage 0 is what stands before the first FROM."""
    text = re.sub(r"^\s*#.*\n", "", CONTAINERFILE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    lines = [line for line in re.sub(r"\\\n", " ", text).splitlines() if line.strip()]
    read, stage = [], 0
    for line in lines:
        name, _, rest = line.strip().partition(" ")
        stage += name == "FROM"
        read.append(Instruction(stage, name, json.loads(rest) if rest.startswith("[") else shlex.split(rest)))
    return read


def words_of(name: str) -> Iterator[list[str]]:
    """What follows each instruction of this name."""
    return (each.words for each in instructions() if each.name == name)


def environment() -> dict[str, str]:
    """The variables of the image."""
    last = instructions()[-1].stage
    pairs = (word for each in instructions() if (each.stage, each.name) == (last, "ENV") for word in each.words)
    return dict(pair.split("=", 1) for pair in pairs)


def let_in(path: str) -> bool:
    """Whether `.dockerignore` lets a file of the repository into a build: the last rule that names it decides."""
    rules = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    above = ["/".join(path.split("/")[:depth]) for depth in range(1, path.count("/") + 2)]
    decided = True
    for rule in rules:
        pattern = rule.removeprefix("!").removeprefix("**/")
        names = path.split("/") if "**/" in rule else above
        if pattern and not pattern.startswith("#") and any(fnmatch(name, pattern) for name in names):
            decided = rule.startswith("!")
    return decided


def lay_out(folder: Path) -> Path:
    """Does what the first stage says. `folder` stands for the image's root; returns what stands for `/app`."""
    app, python = folder / "app", _interpreter(folder)
    app.mkdir()
    for each in instructions():
        words = moved(each.words, folder)
        if each.name == "COPY" and not words[0].startswith("--from"):
            _copy(words[:-1], app / words[-1])
        elif each.stage == 1 and each.name == "RUN":
            if "pip" in words:
                _install(ROOT / words[-1], next((app / ".venv" / "lib").glob("python*")) / "site-packages")
            else:
                command = [str(python) if words[0] == "python" else words[0], *words[1:]]
                subprocess.run(command, cwd=app, env=loading(folder), check=True)  # noqa: S603
    return app


def moved(words: list[str], folder: Path) -> list[str]:
    """Words in which `/app` is where it has been laid out."""
    return [re.sub(r"^/app\b", f"{folder}/app", word) for word in words]


def loading(folder: Path) -> dict[str, str]:
    """What a copied interpreter needs to find its own library."""
    return {"LD_LIBRARY_PATH": str(folder / "python" / "lib")}


def _copy(sources: list[str], to: Path) -> None:
    for source in sources:
        if (ROOT / source).is_dir():
            left_out = shutil.ignore_patterns("__pycache__")
            shutil.copytree(ROOT / source, to, ignore=left_out)
        else:
            (to if len(sources) > 1 or to.suffix == "" else to.parent).mkdir(exist_ok=True)
            shutil.copy(ROOT / source, to)


def _install(lock: Path, packages: Path) -> None:
    """The locked packages, of the locked versions, and no others."""
    for line in lock.read_text(encoding="utf-8").splitlines():
        if not re.match(r"[\w.-]+==", line):
            continue
        wanted = Requirement(line.removesuffix("\\"))
        if wanted.marker and not wanted.marker.evaluate():
            continue
        found = importlib.metadata.distribution(wanted.name)
        assert wanted.specifier.contains(found.version), f"{lock.name} has another {wanted.name} than is installed"
        for top in {file.parts[0] for file in found.files or ()} - {"..", "__pycache__"}:
            _give(Path(str(found.locate_file(top))), packages / top)


def _interpreter(folder: Path) -> Path:
    """A Python that nobody may run: the machine's, or a copy where only its owner can reach it."""
    base, name = Path(sys.base_prefix), f"python{sys.version_info.major}.{sys.version_info.minor}"
    if _reachable(base / "bin" / name):
        return base / "bin" / name
    copy = folder / "python"
    (copy / "bin").mkdir(parents=True)
    shutil.copy(base / "bin" / name, copy / "bin" / name)
    left_out = shutil.ignore_patterns("site-packages", "test", "tests", "config-*", "ensurepip", "idlelib")
    shutil.copytree(base / "lib" / name, copy / "lib" / name, ignore=left_out)
    for library in (base / "lib").glob("libpython*"):
        shutil.copy(library, copy / "lib")
    return copy / "bin" / name


def _give(source: Path, target: Path) -> None:
    if target.exists():  # a namespace that several packages share
        return
    if _reachable(source):
        target.symlink_to(source)
    elif source.is_dir():
        shutil.copytree(source, target)
    else:
        shutil.copy(source, target)


def _reachable(path: Path) -> bool:
    """Whether everybody may go there."""
    return all(folder.stat().st_mode & 0o001 for folder in path.resolve().parents)
