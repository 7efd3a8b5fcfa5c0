"""Several processes serve on one port: each streams, one that dies is replaced, and all end together."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

from tests.server.configs import MEETING, MEETING_INPUT, both, openai, text
from tests.server.process import ROOT, START_S, ServerProcess, Start, server_environment
from tests.server.reading import ask
from tests.upstream import Upstream, whole

STARTED = re.compile(r"Started server process \[(\d+)\]")


def workers(server: ServerProcess, count: int) -> list[int]:
    """The processes of so many workers that have started, waited for."""
    deadline = time.monotonic() + START_S
    while len(pids := STARTED.findall(server.log)) < count:
        assert time.monotonic() < deadline, server.log
        time.sleep(0.05)  # another process can only be polled
    return [int(pid) for pid in pids]


def streams(server: ServerProcess) -> list[str]:
    return [event.type for event in ask(f"{server.url}/meeting-info", MEETING_INPUT)]


def test_each_serves_and_all_end_together(start: Start, upstream: Upstream) -> None:
    server = start(openai(upstream.base_url, workers=2))
    upstream.plays(*whole(text(MEETING)))
    one, other = workers(server, 2)
    assert one != other
    for _ in range(6):
        assert streams(server)[-1] == "complete"
    server.terminate()
    server.wait(20)
    assert not any(map(runs, (one, other)))


def test_one_that_dies_is_replaced(start: Start, upstream: Upstream) -> None:
    server = start(openai(upstream.base_url, workers=2))
    upstream.plays(*whole(text(MEETING)))
    dead, _ = workers(server, 2)
    os.kill(dead, signal.SIGKILL)
    assert workers(server, 3)[2] != dead
    assert streams(server)[-1] == "complete"


def test_workers_that_cannot_serve_are_not_started_again(tmp_path: Path) -> None:
    config = tmp_path / "langserve.yaml"
    config.write_text(both(workers=2).replace("chains.chatbot:build", "chains.chatbot:built"), encoding="utf-8")
    ended = subprocess.run(
        [sys.executable, "-m", "server"],
        cwd=ROOT,
        env=server_environment(CONFIG=str(config), PORT="0"),
        capture_output=True,
        text=True,
        timeout=START_S,
        check=False,
    )
    assert "chains.chatbot.runnable: chains.chatbot:built" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert len(STARTED.findall(ended.stderr)) == 0


def runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
