"""A notebook's server: there when it is asked for, gone when nobody needs it, and says why it cannot start."""

import os
import subprocess
import sys
import time
from pathlib import Path
from urllib.request import urlopen

import pytest

from lab.process import ROOT, ServerProcess, start_server
from tests.server.configs import both

CHAIN = """
from langchain_core.prompts import ChatPromptTemplate
from pydantic import BaseModel
from chains import StructuredChain

class Wish(BaseModel):
    goal: str

class Name(BaseModel):
    name: str

def build(model, limits):
    prompt = ChatPromptTemplate([("user", "{goal}")])
    return StructuredChain(name="own", request=Wish, result=Name, prompt=prompt, model=model, limits=limits)
"""


def serving(folder: Path) -> ServerProcess:
    config = folder / "langserve.yaml"
    config.write_text(both(), encoding="utf-8")
    return start_server(config)


def gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def test_it_answers_until_it_is_stopped(tmp_path: Path) -> None:
    server = serving(tmp_path)
    with urlopen(f"{server.url}/ready") as response:  # noqa: S310  # its own server
        assert response.status == 200
    before = server.running
    server.stop()
    assert (before, server.running) == (True, False)
    server.stop()  # as the last cell of a notebook does that is run twice
    with pytest.raises(OSError, match=r".+"):
        urlopen(f"{server.url}/ready")  # noqa: S310


def test_a_configuration_finds_the_modules_beside_it(tmp_path: Path) -> None:
    (tmp_path / "own_chain.py").write_text(CHAIN, encoding="utf-8")
    config = tmp_path / "langserve.yaml"
    model = '{provider: scripted, replies: [\'{"name": "Own"}\']}'
    chain = '{runnable: "own_chain:build", path: /own}'
    config.write_text(f"model: m\nmodels: {{m: {model}}}\nchains: {{own: {chain}}}\n", encoding="utf-8")
    server = start_server(config)
    try:
        with urlopen(f"{server.url}/own/output_schema") as response:  # noqa: S310
            assert b'"Name"' in response.read()
    finally:
        server.stop()


def test_a_server_that_cannot_start_says_why(tmp_path: Path) -> None:
    config = tmp_path / "langserve.yaml"
    config.write_text("nonsense: 1\n", encoding="utf-8")
    with pytest.raises(RuntimeError, match="nonsense"):
        start_server(config)


def test_it_ends_with_the_interpreter_that_started_it(tmp_path: Path) -> None:
    config = tmp_path / "langserve.yaml"
    config.write_text(both(), encoding="utf-8")
    script = (
        "from pathlib import Path\nfrom lab.process import start_server\n"
        f"server = start_server(Path({str(config)!r}))\nprint(server._process.pid)\nraise SystemExit('a cell failed')"
    )
    command = [sys.executable, "-c", script]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=90, check=False)  # noqa: S603  # its own
    assert ran.returncode == 1
    assert "a cell failed" in ran.stderr
    pid, deadline = int(ran.stdout), time.monotonic() + 10
    while not gone(pid) and time.monotonic() < deadline:
        time.sleep(0.05)  # another process can only be asked again
    assert gone(pid)


def test_it_ends_when_nobody_holds_it_any_more(tmp_path: Path) -> None:
    server = serving(tmp_path)
    process = server._process
    del server
    assert process.poll() is not None
