"""The embedded model's process may die under a running server: it is said, and mended."""

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

CONFIG = """
models:
  embedded: {provider: embedded, slots: 1, context_tokens: 1024, max_tokens: 64}
chains:
  chatbot: {runnable: "chains.chatbot:build", path: /chatbot, model: embedded}
"""


@pytest.mark.embedded
def test_a_killed_model_is_told_by_ready_and_comes_back(served: Callable[[str], str]) -> None:
    url = served(CONFIG)
    child = _child_of(url)
    os.kill(child, signal.SIGKILL)
    _eventually(lambda: _child_of(url) not in (0, child))
    _eventually(lambda: httpx.get(f"{url}/ready").status_code == 200)
    body = {"input": {"messages": [{"role": "user", "content": "hi"}], "language": "en"}}
    streamed = httpx.post(f"{url}/chatbot/stream", json=body, timeout=60)
    assert streamed.status_code == 200
    assert "event: token" in streamed.text


def _child_of(url: str) -> int:
    """The process of the engine behind a server, 0 if there is none: found by whose child it is."""
    port = httpx.URL(url).port
    for server in _processes():
        if f"PORT={port}".encode() in _read(server, "environ").split(b"\0") and b"server" in _read(server, "cmdline"):
            for other in _processes():
                is_child = _read(other, "stat").rpartition(b")")[2].split()[1:2] == [str(server).encode()]
                if is_child and b"embedded_child" in _read(other, "cmdline"):
                    return other
    return 0


def _processes() -> list[int]:
    return [int(folder.name) for folder in Path("/proc").iterdir() if folder.name.isdigit()]


def _read(process: int, what: str) -> bytes:
    try:
        return Path(f"/proc/{process}/{what}").read_bytes()
    except OSError:
        return b""


def _eventually(true: Callable[[], bool]) -> None:
    until = time.monotonic() + 30
    while not true():
        assert time.monotonic() < until
        time.sleep(0.05)
