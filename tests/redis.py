"""A real Redis for the tests, from the system's package: on a port of its own, with what it keeps in a folder.

`make test` sees to it that the package is there, or says that these tests are left out.
"""

import os
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path
from typing import Self

import pytest

from tests.server.process import free_port

_START_S = 10.0


class RedisServer:
    """A Redis of its own, as long as the block lasts. It can be stopped, paused and started again meanwhile.

    - `options`: of its configuration, as in `RedisServer(folder, requirepass="secret")`
    """

    def __init__(self, folder: Path, **options: str) -> None:
        self.port = free_port()
        self._folder = folder
        self._options = options
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """With the data that it had when it was stopped with `save`."""
        settings = {"port": str(self.port), "bind": "127.0.0.1", "dir": str(self._folder), "appendonly": "no"}
        options = [word for name, value in {**settings, **self._options}.items() for word in (f"--{name}", value)]
        command = [_program(), "--save", "", *options]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL)  # noqa: S603
        until = time.monotonic() + _START_S
        while not self._listens():
            assert self._process.poll() is None, "redis-server ended at once"
            assert time.monotonic() < until, "redis-server does not listen"
            time.sleep(0.01)

    def stop(self, *, save: bool = False) -> None:
        """Ends it, at once and without a word to anybody. `save`: what it has is there again when it starts."""
        if self._process is None:
            return
        self.resume()
        if save:
            self.tell("SAVE")
        else:
            (self._folder / "dump.rdb").unlink(missing_ok=True)
        self._process.kill()
        self._process.wait()
        self._process = None

    def pause(self) -> None:
        """It answers nothing any more, though its connections stand."""
        assert self._process
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """It answers again."""
        assert self._process
        self._process.send_signal(signal.SIGCONT)

    def tell(self, *command: str) -> str:
        """What it replies to a command, as `redis-cli` would show it: raw, and for tests only."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=_START_S) as connection:
            words = "".join(f"${len(word.encode())}\r\n{word}\r\n" for word in command)
            connection.sendall(f"*{len(command)}\r\n{words}*1\r\n$4\r\nQUIT\r\n".encode())
            said = b""
            while received := connection.recv(1 << 16):
                said += received
        return said.decode().removesuffix("+OK\r\n")

    def _listens(self) -> bool:
        try:
            return "PONG" in self.tell("PING") or "NOAUTH" in self.tell("PING")
        except OSError:
            return False


def _program() -> str:
    """The machine's own. Without one the test is skipped, and where CI=true it fails."""
    if found := shutil.which("redis-server"):
        return found
    missing = "No redis-server on this machine (Debian: apt-get install redis-server)"
    if os.environ.get("CI") == "true":
        pytest.fail(missing)
    pytest.skip(missing)
