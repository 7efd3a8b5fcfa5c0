"""The processes between a browser and a model, each of which can be killed and started again at its address."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import psutil
import pytest

from benchmarks.simulator import Script
from tests.deploy.front import Front, fronting
from tests.nginx import program
from tests.server.auth.callers import ENVIRONMENT, KEY
from tests.server.auth.issuer import AUDIENCE, ISSUER, jwks
from tests.server.auth.letting import RSA
from tests.server.process import ROOT, free_port, server_environment

RELAY = ROOT / "clients" / "spring-relay"
START_S = 90.0
"""For a JVM on a machine that has other things to do."""


class Hop:
    """A server in a process of its own, with all that it starts."""

    def __init__(self, command: Sequence[str], port: int, log: Path, environment: Mapping[str, str]) -> None:
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self._command = command
        self._log = log
        self._environment = dict(environment)
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Returns when it takes connections."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603
                self._command, cwd=ROOT, env=self._environment, stdout=log, stderr=log, start_new_session=True
            )
        until = time.monotonic() + START_S
        while not _listens(self.port):
            if self._process.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"{self._command[0]} does not serve:\n{self.log[-5000:]}")
            time.sleep(0.02)  # another process can only be polled

    def kill(self) -> None:
        """Ends it without a chance to say anything."""
        if self._process:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None

    @property
    def log(self) -> str:
        """All that it has written."""
        return self._log.read_text(encoding="utf-8", errors="replace")


class Nginx(Hop):
    """A front that is there already. Killed, it goes with all of its workers."""

    def __init__(self, front: Front) -> None:
        command = [program(), "-p", str(front.folder), "-c", str(front.folder / "nginx.conf"), "-g", "daemon off;"]
        super().__init__(command, front.port, front.folder / "restarted.log", os.environ)
        self._master = psutil.Process(int((front.folder / "nginx.pid").read_text()))

    def kill(self) -> None:
        super().kill()
        with suppress(psutil.NoSuchProcess):
            for process in [self._master, *self._master.children()]:
                process.kill()


@contextmanager
def running(hop: Hop) -> Iterator[Hop]:
    """A hop, as long as the block."""
    hop.start()
    try:
        yield hop
    finally:
        hop.kill()


def simulator(folder: Path) -> Hop:
    """The model's server."""
    port = free_port()
    return Hop([sys.executable, "-m", "benchmarks.simulator", str(port)], port, folder / "simulator.log", os.environ)


def plays(simulator: Hop, script: Script) -> None:
    """What further requests are answered by it, of which nothing is on record yet."""
    for path, body in (("/script", script._asdict()), ("/forget", {})):
        request = urllib.request.Request(simulator.url + path, json.dumps(body).encode(), method="POST")  # noqa: S310
        urllib.request.urlopen(request, timeout=START_S).close()  # noqa: S310


def written(simulator: Hop) -> list[float]:
    """When it has written each token of the last stream, in seconds since the epoch."""
    with urllib.request.urlopen(f"{simulator.url}/records", timeout=START_S) as answer:  # noqa: S310
        (times,) = json.load(answer).values()
    epoch = time.time() - time.monotonic()
    return [at / 1e9 + epoch for at in times]


def ai_server(folder: Path, config: str, redis_url: str) -> Hop:
    """This project's server, behind the relay."""
    port, file = free_port(), folder / "langserve.yaml"
    file.write_text(config, encoding="utf-8")
    environment = server_environment(
        HOST="127.0.0.1",
        PORT=str(port),
        CONFIG=str(file),
        REDIS_URL=redis_url,
        OPENAI_API_KEY="none",
        **ENVIRONMENT,
    )
    return Hop([sys.executable, "-m", "server"], port, folder / "server.log", environment)


def relay(folder: Path, jar: Path, upstream: str, keys_url: str) -> Hop:
    """The Spring relay."""
    port = free_port()
    environment = {
        **os.environ,
        "PORT": str(port),
        "UPSTREAM_URL": upstream,
        "SERVICE_KEY": KEY,
        "ISSUER_URI": ISSUER,
        "AUDIENCE": AUDIENCE,
        "SPRING_SECURITY_OAUTH2_RESOURCESERVER_JWT_JWKSETURI": keys_url,
    }
    command = [_tool("java"), "-XX:TieredStopAtLevel=1", "-Xmx256m", "-jar", str(jar)]
    return Hop(command, port, folder / "relay.log", environment)


def jar(folder: Path) -> Path:
    """The relay, built of its sources. What it needs must have been fetched before."""
    command = [_tool("mvn"), "-o", "-q", "-B", "package", "-Dmaven.test.skip=true", f"-DbuildDirectory={folder}"]
    built = subprocess.run(command, cwd=RELAY, capture_output=True, text=True, check=False)  # noqa: S603
    if built.returncode:
        _missing(f"The relay cannot be built offline:\n{built.stdout[-2000:]}")
    return folder / "relay.jar"


@contextmanager
def publishing() -> Iterator[str]:
    """The address of the keys of whoever signs users' tokens."""
    keys = jwks(RSA)

    class Keys(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.end_headers()
            self.wfile.write(keys)

        def log_message(self, *_: Any) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Keys) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/keys"
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def nginx(folder: Path, relay: Hop) -> Iterator[tuple[Nginx, Front]]:
    """`deploy/nginx.conf` before the relay."""
    with ExitStack() as front_held:
        front = front_held.enter_context(fronting(folder, [relay.port]))
        hop = Nginx(front)
        front_held.callback(hop.kill)
        yield hop, front


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
    except OSError:
        return False
    return True


def _tool(name: str) -> str:
    """Where it is. Without it the test is skipped, and where CI=true it fails."""
    return shutil.which(name) or _missing(f"No {name} on this machine (Debian: apt-get install openjdk-17-jdk maven)")


def _missing(what: str) -> str:
    if os.environ.get("CI") == "true":
        pytest.fail(what)
    pytest.skip(what)
