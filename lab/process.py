"""The server as a process of its own, for notebooks: on a free port, and gone when the kernel is.

server = start_server()
server.url
server.stop()
"""

import os
import socket
import subprocess
import sys
import tempfile
import time
import weakref
from collections.abc import Mapping
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

ROOT = Path(__file__).parents[1]
START_S = 60.0
STOP_S = 10.0
LAST_WORDS = 2000
"""Characters of its log that are shown of a server that cannot start."""


class ServerProcess:
    """A server that answers at `url`. It is stopped by `stop`, or else when nobody holds it, or the kernel ends."""

    def __init__(self, process: subprocess.Popen[bytes], url: str, log: Path) -> None:
        self.url = url
        self._process = process
        self._log = log
        self._end = weakref.finalize(self, _end, process, log)  # which also happens when the interpreter exits

    @property
    def log(self) -> str:
        """What it has said so far; nothing once it has been stopped."""
        return self._log.read_text(encoding="utf-8", errors="replace") if self._log.exists() else ""

    @property
    def running(self) -> bool:
        """Whether it is there."""
        return self._process.poll() is None

    def stop(self) -> None:
        """Tells it to end and waits for that. Once is enough, twice does no harm."""
        self._end()

    def wait_until_ready(self) -> None:
        """Returns when its models are there. `RuntimeError` with what it last said if that does not come about."""
        deadline = time.monotonic() + START_S
        while not _answers(f"{self.url}/ready"):
            if not self.running or time.monotonic() > deadline:
                raise RuntimeError(f"The server did not start. It said:\n{self.log[-LAST_WORDS:]}")
            time.sleep(0.05)  # another process can only be asked again


def start_server(config: Path | None = None, environment: Mapping[str, str] | None = None) -> ServerProcess:
    """Starts `python -m server` on this machine and waits until it can be asked.

    `config`: another file than the repository's `langserve.yaml`; modules that it names are found in its folder too.
    `environment` is added to this process's own. `RuntimeError` says why it did not start.
    """
    port = _free_port()
    own = {"HOST": "127.0.0.1", "PORT": str(port), **(environment or {})}
    if config:
        path = os.pathsep.join(filter(None, (str(config.parent.resolve()), os.environ.get("PYTHONPATH"))))
        own |= {"CONFIG": str(config.resolve()), "PYTHONPATH": path}
    handle, log = tempfile.mkstemp(prefix="server-", suffix=".log")
    with os.fdopen(handle, "wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "server"],
            cwd=ROOT,
            env={**os.environ, **own},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    server = ServerProcess(process, f"http://127.0.0.1:{port}", Path(log))
    try:
        server.wait_until_ready()
    except BaseException:  # an interrupted cell leaves none behind either
        server.stop()
        raise
    return server


def _end(process: subprocess.Popen[bytes], log: Path) -> None:
    process.terminate()
    try:
        process.wait(STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    log.unlink(missing_ok=True)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _answers(url: str) -> bool:
    try:
        with urlopen(url, timeout=2) as response:  # noqa: S310  # a server of its own
            return bool(response.status == 200)
    except (HTTPError, OSError):
        return False
