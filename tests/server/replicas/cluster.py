"""Several replicas of the server on one Redis, behind nginx: what runs in production, on free ports of this machine."""

import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.nginx import program
from tests.redis import RedisServer
from tests.server.process import START_S, ServerProcess, free_port

# As it is deployed: nothing is buffered, silence may be longer than a ping, and a replica that is gone is passed by.
_NGINX = """
daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/error.log warn;
events {{ worker_connections 16384; }}
http {{
  access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  upstream replicas {{ {replicas} keepalive 64; }}
  server {{
    listen 127.0.0.1:{port};
    location / {{
      proxy_pass http://replicas;
      proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host $host;
      proxy_buffering off; proxy_read_timeout 60s; proxy_connect_timeout 2s;
      proxy_next_upstream error timeout http_503; proxy_next_upstream_tries 3;
    }}
  }}
}}
"""


class Cluster:
    """Replicas of one configuration, each a process of its own. `replace` starts another one where one has ended."""

    def __init__(self, config: str, folder: Path, redis: RedisServer, count: int, environment: dict[str, str]) -> None:
        self._folder = folder
        self._environment = {"REDIS_URL": redis.url} | environment
        self._file = folder / "langserve.yaml"
        self._file.write_text(config, encoding="utf-8")
        self._started = 0
        self.replicas = [self._start() for _ in range(count)]
        for replica in self.replicas:
            replica.wait_until_alive()

    @property
    def urls(self) -> list[str]:
        return [replica.url for replica in self.replicas]

    @property
    def logs(self) -> str:
        """All that any replica has logged."""
        return "".join(log.read_text(errors="replace") for log in sorted(self._folder.glob("server-*.log")))

    def kill(self, index: int) -> None:
        """Ends one at once, without a word to anybody."""
        self.signal(index, signal.SIGKILL)
        self.replicas[index].wait(START_S)

    def signal(self, index: int, number: int) -> None:
        """Sends one a signal."""
        self.replicas[index].send(number)

    def replace(self, index: int) -> None:
        """Starts another one on the port of one that has ended."""
        self.replicas[index] = self._start(self.replicas[index].port)
        self.replicas[index].wait_until_alive()

    def stop(self) -> None:
        """Ends them all."""
        for replica in self.replicas:
            replica.send(signal.SIGCONT)
            replica.stop()

    def _start(self, port: int = 0) -> ServerProcess:
        self._started += 1
        log = self._folder / f"server-{self._started:02}.log"
        return ServerProcess(self._file, log, self._environment, port)


@contextmanager
def cluster(config: str, folder: Path, count: int = 3, **environment: str) -> Iterator[tuple[Cluster, RedisServer]]:
    """So many replicas, and their Redis."""
    with RedisServer(folder) as redis:
        running = Cluster(config, folder, redis, count, environment)
        try:
            yield running, redis
        finally:
            running.stop()
        assert "Traceback" not in running.logs, running.logs[-5000:]


@contextmanager
def nginx(replicas: Cluster, folder: Path) -> Iterator[str]:
    """The address of an nginx in front of them."""
    port = free_port()
    servers = " ".join(f"server 127.0.0.1:{replica.port} max_fails=1 fail_timeout=1s;" for replica in replicas.replicas)
    (folder / "nginx.conf").write_text(_NGINX.format(folder=folder, port=port, replicas=servers))
    with ExitStack() as closing:
        log = closing.enter_context((folder / "nginx.log").open("wb"))
        process = subprocess.Popen(  # noqa: S603
            [program(), "-p", str(folder), "-c", str(folder / "nginx.conf")],
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        closing.callback(process.wait)
        closing.callback(process.terminate)
        until = time.monotonic() + START_S
        while not (folder / "nginx.pid").exists():
            assert process.poll() is None, (folder / "nginx.log").read_text()
            assert time.monotonic() < until
            time.sleep(0.02)
        yield f"http://127.0.0.1:{port}"
