"""The real server: `python -m server` in a process of its own, on a free port, with its log kept."""

import http.client
import os
import re
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

ROOT = Path(__file__).parents[2]
START_S = 60.0
STOP_S = 5.0
_FRAME = re.compile(r'  File \\?"')  # how a line of a traceback begins, whoever logs it, JSON or text


class ServerProcess:
    """A server that was started: its address, its log, its end."""

    def __init__(
        self, config: Path, log: Path, environment: dict[str, str], port: int = 0, *, tls: bool = False
    ) -> None:
        self.port = port or free_port()
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}"
        self._tls = tls
        self._log = log
        self._told = False
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "server"],
                cwd=ROOT,
                env=server_environment(HOST="127.0.0.1", PORT=str(self.port), CONFIG=str(config), **environment),
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    @property
    def log(self) -> str:
        """All that it has written to stdout and stderr."""
        return self._log.read_text(encoding="utf-8", errors="replace")

    def wait_until_alive(self) -> None:
        """Returns when it answers; raises with its log when it has ended, or takes too long."""
        deadline = time.monotonic() + START_S
        while self._status("/health") != 200:
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"the server is not alive:\n{self.log}")
            time.sleep(0.02)  # another process can only be polled

    def wait_until_going(self) -> None:
        """Returns when it says that it is going: no new request should be sent to it."""
        deadline = time.monotonic() + START_S
        while self._status("/ready") == 200:
            if time.monotonic() > deadline:
                raise RuntimeError(f"the server does not say that it is going:\n{self.log}")
            time.sleep(0.02)

    @property
    def pid(self) -> int:
        """Its process."""
        return self._process.pid

    @property
    def ended_unasked(self) -> int | None:
        """Its exit status, if it is gone although no test has told it to end."""
        return None if self._told else self._process.poll()

    def terminate(self) -> None:
        """Tells it to end, as a supervisor does."""
        self.send(signal.SIGTERM)

    def send(self, number: int) -> None:
        """Sends it a signal. It may end of that."""
        self._told = True
        self._process.send_signal(number)

    def wait(self, timeout: float) -> int:
        """Its exit status. `subprocess.TimeoutExpired` if it has not ended in time."""
        return self._process.wait(timeout)

    def stop(self) -> None:
        """Ends it: politely, then by force."""
        self.terminate()
        try:
            self.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _status(self, path: str) -> int:
        """What a GET is answered with; 0 for no answer."""
        connection = self._connection()
        try:
            connection.request("GET", path)
            return connection.getresponse().status
        except OSError:
            return 0
        finally:
            connection.close()

    def _connection(self) -> http.client.HTTPConnection:
        if self._tls:
            anybodys = ssl._create_unverified_context()  # noqa: S323  # it is only asked whether it lives
            return http.client.HTTPSConnection("127.0.0.1", self.port, timeout=1, context=anybodys)
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=1)


class Start(Protocol):
    """Starts a server of this configuration; `may_fault` allows it to log tracebacks. `tls`: it speaks that."""

    def __call__(
        self, config: str, *, may_fault: bool = False, tls: bool = False, **environment: str
    ) -> ServerProcess: ...


@contextmanager
def serving(
    config: str, folder: Path, *, may_fault: bool = False, tls: bool = False, **environment: str
) -> Iterator[ServerProcess]:
    """A server of this configuration. At the end its log must hold no traceback, unless it `may_fault`."""
    file = folder / "langserve.yaml"
    file.write_text(config, encoding="utf-8")
    server = ServerProcess(file, folder / "server.log", environment, tls=tls)
    try:
        server.wait_until_alive()
        yield server
    finally:
        unasked = server.ended_unasked
        server.stop()
    assert unasked is None, f"the server ended, though nobody here had told it to, with status {unasked}"
    if not may_fault:
        log = server.log
        if frame := _FRAME.search(log):
            raise AssertionError(f"the server logged a traceback:\n{log[max(frame.start() - 500, 0) :][:5000]}")


def server_environment(**extra: str) -> dict[str, str]:
    """This process's environment without what would choose a model, and with `extra`."""
    return {name: value for name, value in os.environ.items() if not _chooses(name)} | extra


def free_port() -> int:
    """A port on which nobody listens just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _chooses(name: str) -> bool:
    return name == "MODEL" or name.startswith(("OPENAI_", "LANGCHAIN_", "LANGSMITH_"))
