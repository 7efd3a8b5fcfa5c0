"""The fenced blocks of a page of documentation, and how each sort of them is run as it stands."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import NamedTuple

import pytest
from playwright.sync_api import Browser, Page

from tests.foreign.packages import HERE as FOREIGN
from tests.foreign.packages import node
from tests.server.process import ROOT, server_environment

_DOCUMENTED = "http://localhost:8000"
_BLOCK = re.compile(r"^```(\w+)(?: (\w+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_WITHIN_S = 60
# What mounts the one component that a block exports.
_MOUNTING = """
import { createElement, StrictMode } from "react";
import { createRoot } from "react-dom/client";
import * as block from "./block";
const [component] = Object.values(block);
createRoot(document.body).render(createElement(StrictMode, null, createElement(component)));
"""


class Block(NamedTuple):
    """One block: under which heading it stands, what it is written in, and where that runs."""

    heading: str
    number: int
    language: str
    place: str
    code: str

    @property
    def name(self) -> str:
        return f"{self.heading} {self.number}"


def blocks_of(page: Path) -> list[Block]:
    """The blocks of a page, in order."""
    blocks: list[Block] = []
    for section in page.read_text(encoding="utf-8").split("\n## ")[1:]:
        heading = section.partition("\n")[0]
        found = enumerate(_BLOCK.findall(section), start=1)
        blocks += [Block(heading, number, *words) for number, words in found]
    return blocks


def said_by(block: Block, server: str, folder: Path) -> str:
    """What a block prints that runs in a process of its own."""
    file = _written(block, server, folder)
    match block.language:
        case "sh":
            command = ["sh", "-eu", str(file)]
        case "python":
            command = [sys.executable, str(file)]
        case "java":
            command = [_java(), "-Dfile.encoding=UTF-8", str(file)]
        case _:
            _bundle(file, folder / "program.mjs", "--platform=node", "--format=esm")
            command = [node(), str(folder / "program.mjs")]
    environment = server_environment(PYTHONPATH=os.pathsep.join([str(ROOT), str(ROOT / "clients/python")]))
    done = subprocess.run(  # noqa: S603
        command, check=False, env=environment, cwd=folder, capture_output=True, encoding="utf-8", timeout=_WITHIN_S
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


class _Empty(BaseHTTPRequestHandler):
    """An empty page, whatever is asked."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/html; charset=utf-8")
        self.end_headers()
        self.wfile.write(b"<!doctype html><title>Block</title><body></body>")

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@contextmanager
def empty_pages() -> Iterator[str]:
    """Where empty pages are: not where the server is, as it is with most of those who use it."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Empty) as pages:
        thread = Thread(target=pages.serve_forever, name="pages")
        thread.start()
        yield f"http://127.0.0.1:{pages.server_port}"
        pages.shutdown()
        thread.join()


class Shown:
    """A block in a page of its own: what it logs, and what it shows."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.logged: list[str] = []
        self.faults: list[str] = []
        page.on("console", lambda said: self.logged.append(said.text))
        page.on("pageerror", lambda error: self.faults.append(str(error)))


def show(block: Block, server: str, browser: Browser, origin: str, folder: Path) -> Shown:
    """Runs a block in an empty page of this origin. A component is mounted, and its button pressed."""
    entry = _written(block, server, folder)
    if block.language == "tsx":
        entry = folder / "mounting.tsx"
        entry.write_text(_MOUNTING, encoding="utf-8")
    _bundle(entry, folder / "script.js", "--format=esm", "--jsx=automatic")
    shown = Shown(browser.new_page())
    shown.page.goto(origin)
    shown.page.add_script_tag(path=folder / "script.js", type="module")
    if block.language == "tsx":
        shown.page.get_by_role("button").first.click()
    return shown


def _java() -> str:
    """The program, which compiles what it runs. Without it the test is skipped, and where CI=true it fails."""
    if found := shutil.which("java"):
        return found
    missing = "No java on this machine (Debian: apt-get install openjdk-17-jdk-headless)"
    if os.environ.get("CI") == "true":
        pytest.fail(missing)
    pytest.skip(missing)


def _written(block: Block, server: str, folder: Path) -> Path:
    assert _DOCUMENTED in block.code, "a block says which server it asks"
    file = folder / f"block.{block.language}"
    file.write_text(block.code.replace(_DOCUMENTED, server), encoding="utf-8")
    return file


def _bundle(entry: Path, into: Path, *options: str) -> None:
    """One script of a block and all that it imports: our packages by their sources, others as they are pinned."""
    node()
    modules, ours = FOREIGN / "node_modules", ROOT / "clients/typescript/src"
    aliases = {
        "moim-stream/react": ours / "react/index.ts",
        "moim-stream": ours / "index.ts",
        "react": modules / "react",  # one of it, whoever imports it
    }
    command = [str(modules / ".bin/esbuild"), str(entry), f"--outfile={into}", "--bundle", "--log-level=warning"]
    command += [f"--alias:{name}={path}" for name, path in aliases.items()]
    subprocess.run(  # noqa: S603
        [*command, *options], check=True, env={**os.environ, "NODE_PATH": str(modules)}, timeout=_WITHIN_S
    )
