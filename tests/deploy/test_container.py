"""The image, as far as it can be known without an engine: what is said of it, and that what it would hold serves."""

import os
import re
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from tests.deploy.image import NOBODY, ROOT, environment, instructions, lay_out, let_in, loading, moved, words_of
from tests.server.process import START_S, free_port

SAID_TWICE = {"SERVE_ANYBODY": "yes", "SERVE_PLAIN_HTTP": "yes"}
LYING_AROUND = [".env", ".git/config", ".venv/bin/python", "tls.key", "tests/x.py", "requirements/dev.txt", "build/x"]
QUESTION = {"messages": [{"role": "user", "content": "I like hiking"}], "language": "en"}
ROOMS = ["schemas", "chains", "server"]


@pytest.fixture(scope="module")
def image() -> Iterator[Path]:
    """A folder for the image's root, which others may look into; nobody may write into what it holds."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        lay_out(folder)
        yield folder


@pytest.fixture(scope="module")
def served(image: Path) -> Iterator[str]:
    """The address of the server that the image starts, with settings from outside and the model that is in it."""
    config: dict[str, Any] = yaml.safe_load((ROOT / "langserve.yaml").read_text(encoding="utf-8"))
    config |= {"model": "embedded", "auth": {"anybody": True}, "http": {"plain": True, "hosts": ["127.0.0.1"]}}
    (image / "mounted.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    port = free_port()
    before = held(image)
    process = start(image, PORT=str(port), CONFIG=str(image / "mounted.yaml"), **SAID_TWICE)
    try:
        url = f"http://127.0.0.1:{port}"
        wait_until_ready(url, process)
        yield url
    finally:
        process.terminate()
        said, _ = process.communicate()
    assert process.returncode in (0, -15), said
    assert held(image) == before


def start(image: Path, **outside: str) -> subprocess.Popen[str]:
    """What the image starts, as whom it starts it; as this user where another cannot be had."""
    (entry,) = words_of("ENTRYPOINT")
    inside = dict(zip(environment(), moved(list(environment().values()), image), strict=True))
    return subprocess.Popen(  # noqa: S603
        moved(entry, image),
        cwd="/",
        env=loading(image) | inside | outside,
        user=NOBODY if os.geteuid() == 0 else None,
        group=NOBODY if os.geteuid() == 0 else None,
        extra_groups=[] if os.geteuid() == 0 else None,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def wait_until_ready(url: str, process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + START_S
    while process.poll() is None and time.monotonic() < deadline:
        with suppress(httpx.TransportError):
            if httpx.get(f"{url}/ready").status_code == 200:
                return
        time.sleep(0.05)  # another process can only be polled
    process.kill()
    raise AssertionError(process.communicate()[0])


def held(image: Path) -> set[Path]:
    """All that is in it."""
    return set((image / "app").rglob("*"))


def test_it_serves_as_nobody_from_what_it_holds(served: str) -> None:
    assert httpx.get(f"{served}/ready").json()["chains"]["chatbot"]["model"] == "SmolLM2-135M-Instruct"
    assert "<!doctype html>" in httpx.get(served).text.lower()
    with httpx.stream("POST", f"{served}/chatbot/stream", json={"input": QUESTION}, timeout=60) as answer:
        assert answer.status_code == 200
        assert any("event: token" in line for line in answer.iter_lines())


def test_as_it_is_it_serves_nobody_and_says_why(image: Path) -> None:
    process = start(image, PORT=str(free_port()))
    said, _ = process.communicate(timeout=START_S)
    assert process.returncode == 2
    assert "HOST is 0.0.0.0" in said
    assert "Traceback" not in said


def test_it_brings_all_code_compiled(image: Path) -> None:
    """What cannot be written where it runs would be compiled at every start."""
    modules = [file for room in ROOMS for file in (image / "app" / room).rglob("*.py")]
    assert modules
    for module in modules:
        assert list((module.parent / "__pycache__").glob(f"{module.stem}.*.pyc")), module


def test_every_instruction_is_known_and_the_last_word_is_the_server() -> None:
    known = {"ARG", "FROM", "WORKDIR", "ENV", "RUN", "COPY", "LABEL", "USER", "EXPOSE", "STOPSIGNAL", "ENTRYPOINT"}
    assert {each.name for each in instructions()} <= known
    assert instructions()[-1].name == "ENTRYPOINT"
    assert list(words_of("ENTRYPOINT")) == [["/app/.venv/bin/python", "-m", "server"]]
    assert list(words_of("STOPSIGNAL")) == [["SIGTERM"]]
    assert list(words_of("EXPOSE")) == [[environment()["PORT"]]]


def test_it_runs_as_nobody_and_nothing_behind_that_is_done_as_root() -> None:
    assert list(words_of("USER")) == [[f"{NOBODY}:{NOBODY}"]]
    behind = [each.name for each in instructions()]
    assert not {"RUN", "COPY"} & set(behind[behind.index("USER") :])


def test_both_stages_stand_on_one_python_of_a_named_version() -> None:
    ((argument,),) = words_of("ARG")
    assert re.fullmatch(r"PYTHON=3\.\d+\.\d+-slim-[a-z]+", argument)
    assert [words[0] for words in words_of("FROM")] == ["python:${PYTHON}"] * 2


def test_packages_are_installed_as_the_makefile_installs_them() -> None:
    """From the same locks, by the same rules."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    rules = re.search(r"^INSTALL := \$\(PIP\) (install .*)$", makefile, flags=re.MULTILINE)
    recipe = re.search(r"^\$\(RUN\): (requirements/.*)$", makefile, flags=re.MULTILINE)
    assert rules
    assert recipe
    commands = [words[words.index("install") :] for words in words_of("RUN") if "pip" in words]
    assert commands == [[*rules[1].split(), "--requirement", lock] for lock in recipe[1].split()]


def test_a_build_is_given_what_it_copies_and_nothing_else() -> None:
    copied = [source for words in words_of("COPY") if not words[0].startswith("--") for source in words[:-1]]
    assert copied == ["requirements/run.txt", "requirements/weights.txt", *ROOMS, "langserve.yaml"]
    for source in copied:
        files = [file for file in (ROOT / source).rglob("*") if file.is_file()] or [ROOT / source]
        for file in files:
            assert let_in(file.relative_to(ROOT).as_posix()) == ("__pycache__" not in file.parts), file


@pytest.mark.parametrize(
    "file",
    [
        ".env",
        ".git/config",
        ".venv/bin/python",
        "tls.key",
        "tests/upstream.py",
        "requirements/dev.txt",
        "build/x",
        "demo.yaml",
    ],
)
def test_a_build_is_never_given_what_lies_around(file: str) -> None:
    assert not let_in(file)


def test_no_secret_is_in_the_image() -> None:
    names = {word.split("=")[0] for name in ("ARG", "ENV", "LABEL") for words in words_of(name) for word in words}
    assert not [name for name in names if re.search("KEY|SECRET|TOKEN|PASSWORD|URL", name, flags=re.IGNORECASE)]
