"""`deploy/nginx.conf` as it is, in front of servers of this machine: only addresses, ports and paths are others."""

import re
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx

from tests.certificates import certify
from tests.nginx import program
from tests.server.process import START_S, free_port
from tests.server.reading import PATIENCE_S
from tests.upstream import Upstream

CONFIG = Path(__file__).parents[2] / "deploy" / "nginx.conf"
NAME = "api.example.com"
"""The name by which the file says that the server is known."""

_TEMPORARY = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")


class Front:
    """An nginx that runs: its ports, its log, and clients that trust its certificate."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.plain_port = free_port()
        self.folder = folder
        self.certificate = folder / "tls.crt"

    @property
    def url(self) -> str:
        """Where a browser finds it that takes the name for this machine."""
        return f"https://{NAME}:{self.port}"

    def connected(self) -> ssl.SSLSocket:
        """A connection for HTTP/1.1, over which the test itself says what it likes."""
        context = ssl.create_default_context(cafile=self.certificate)
        return context.wrap_socket(
            socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE_S), server_hostname=NAME
        )

    @property
    def log(self) -> str:
        """All that it has logged, of requests and of errors."""
        return "".join((self.folder / name).read_text() for name in ("access.log", "error.log"))

    def client(self) -> httpx.Client:
        """A client that asks for `https://api.example.com` and is led here."""
        return httpx.Client(base_url=f"https://{NAME}", transport=_Led(self), timeout=PATIENCE_S)


class _Led(httpx.HTTPTransport):
    """Connects to this machine, by whatever name it is asked."""

    def __init__(self, front: Front) -> None:
        super().__init__(verify=ssl.create_default_context(cafile=front.certificate))
        self._port = front.port

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.extensions = {**request.extensions, "sni_hostname": request.url.host}
        request.url = request.url.copy_with(host="127.0.0.1", port=self._port)
        return super().handle_request(request)


def port_of(upstream: Upstream) -> int:
    """Where a scripted server listens, which may stand behind a front in the server's own place."""
    port = httpx.URL(upstream.base_url).port
    assert port
    return port


@contextmanager
def fronting(folder: Path, ports: Sequence[int]) -> Iterator[Front]:
    """nginx before the servers on these ports of this machine."""
    front = Front(folder)
    certify(folder, NAME)
    (folder / "nginx.conf").write_text(_moved(CONFIG.read_text(encoding="utf-8"), front, ports))
    command = [program(), "-p", str(folder), "-c", str(folder / "nginx.conf"), "-g", "daemon off;"]
    with (folder / "started.log").open("wb") as said:
        process = subprocess.Popen(command, stdout=said, stderr=subprocess.STDOUT)  # noqa: S603
    try:
        until = time.monotonic() + START_S
        while not (folder / "nginx.pid").exists():
            assert process.poll() is None, (folder / "started.log").read_text()
            assert time.monotonic() < until, "nginx does not start"
            time.sleep(0.02)  # another process can only be polled
        yield front
    finally:
        process.terminate()
        process.wait()


def _moved(text: str, front: Front, ports: Sequence[int]) -> str:
    """The file for this machine. What is replaced must be there, or it is another file that is tested."""
    temporary = " ".join(f"{name}_temp_path {front.folder}/{name};" for name in _TEMPORARY)
    servers = " ".join(f"server 127.0.0.1:{port};" for port in ports)
    for pattern, replacement in (
        (r"^ *listen \[::\]:.*\n", ""),  # this machine may have no IPv6
        (r"listen 443 ", f"listen 127.0.0.1:{front.port} "),
        (r"listen 80\b", f"listen 127.0.0.1:{front.plain_port}"),
        (r"server 127\.0\.0\.1:8000;", servers),
        (r"/etc/nginx/tls/", f"{front.folder}/"),
        (r"/var/log/nginx/", f"{front.folder}/"),
        (r"/run/nginx\.pid", f"{front.folder}/nginx.pid"),
        (r"^user www-data;", "user root;"),  # who may look into a test's folder; without root, nginx passes over it
        (r"^http \{", f"http {{ {temporary}"),
    ):
        text, count = re.subn(pattern, replacement, text, flags=re.MULTILINE)
        assert count, f"deploy/nginx.conf has no {pattern}"
    return text
