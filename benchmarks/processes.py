"""The processes of a benchmark: started, waited for, weighed, and ended whatever happens."""

import os
import resource
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

import psutil

from benchmarks.client import Load, Run, run
from benchmarks.contenders import SIMULATOR, Contender

ROOT = Path(__file__).parent.parent
PATIENCE_S = 60
SERVING, LOADING = {0}, {1}
"""The core of the server under test, and that of the simulator and the client, where a process can be held to one."""


class DidNotStart(RuntimeError):
    """A process ended, or did not answer, before it was ready."""


@dataclass(frozen=True)
class Served:
    """A server that runs."""

    process: psutil.Process
    base: str

    def cpu(self) -> float:
        """Seconds of CPU that it and its children have used, in user and kernel."""
        return cpu(self.process)

    def memory(self) -> int:
        """Bytes that would be free if it and its children ended (USS)."""
        return sum(one.memory_full_info().uss for one in _family(self.process))


def cpu(process: psutil.Process) -> float:
    """Seconds of CPU that a process and its children have used."""
    total = 0.0
    for one in _family(process):
        with suppress(psutil.NoSuchProcess):
            times = one.cpu_times()
            total += times.user + times.system
    return total


def _family(process: psutil.Process) -> list[psutil.Process]:
    return [process, *process.children(recursive=True)]


def allow_many_files() -> None:
    """Lifts the bound on open files as far as this user may, for a thousand streams at once; children inherit it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 16_384 if hard == resource.RLIM_INFINITY else min(16_384, hard)
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


@contextmanager
def serving(
    contender: Contender, upstream: str = "", *, cores: set[int] = SERVING, **environment: str
) -> Iterator[Served]:
    """A contender, serving what the simulator at `upstream` says."""
    port = _free_port()
    own = {"PORT": str(port), "OPENAI_BASE_URL": f"{upstream}/v1", "OPENAI_API_KEY": "none"}
    command = [part.replace("{port}", str(port)) for part in contender.command]
    with (
        TemporaryFile() as log,
        _process(command, own | {**contender.environment, **environment}, cores, log) as process,
    ):
        _await_ready(process, port, contender, log)
        yield Served(psutil.Process(process.pid), f"http://127.0.0.1:{port}")


@contextmanager
def simulating() -> Iterator[Served]:
    """The simulator."""
    with serving(SIMULATOR, cores=LOADING) as served:
        yield served


@contextmanager
def _process(
    command: Sequence[str], environment: Mapping[str, str], cores: set[int], log: IO[bytes]
) -> Iterator[subprocess.Popen[bytes]]:
    with held_to(cores):  # inherited; afterwards would be too late for threads that have begun
        process = subprocess.Popen(  # noqa: S603  # a contender's own command
            command,
            cwd=ROOT,
            env=os.environ | environment,
            start_new_session=True,
            stdout=subprocess.DEVNULL,
            stderr=log,
        )
    try:
        yield process
    finally:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=5)
        with suppress(ProcessLookupError):  # and whatever else is left of its group, which is its own
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _await_ready(process: subprocess.Popen[bytes], port: int, contender: Contender, log: IO[bytes]) -> None:
    until = time.monotonic() + PATIENCE_S
    while not _is_ready(port, contender.ready):
        if process.poll() is not None or time.monotonic() > until:
            log.seek(0)
            said = log.read().decode(errors="replace")[-2000:]
            raise DidNotStart(f"{contender.label} does not serve. It said:\n{said}")
        time.sleep(0.005)


def _is_ready(port: int, route: str | None) -> bool:
    try:
        if route is None:
            socket.create_connection(("127.0.0.1", port), timeout=5).close()
        else:
            urllib.request.urlopen(f"http://127.0.0.1:{port}{route}", timeout=5).close()
    except OSError:  # a status of 400 and more is one, too
        return False
    return True


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


@contextmanager
def held_to(cores: set[int]) -> Iterator[None]:
    """Holds this process, and what it starts meanwhile, to these cores. Not on macOS, nor where there is only one."""
    if not hasattr(os, "sched_setaffinity") or not cores <= os.sched_getaffinity(0):
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


class Client:
    """The load client, in a process of its own."""

    def __init__(self, upstream: str) -> None:
        self._upstream = upstream
        self._pool = ProcessPoolExecutor(1, mp_context=get_context("spawn"))
        with held_to(LOADING):
            self._pool.submit(os.getpid).result()

    def start(self, *loads: Load) -> Future[Run]:
        """Begins loads that run beside one another."""
        return self._pool.submit(run, self._upstream, loads)

    def close(self) -> None:
        self._pool.shutdown(cancel_futures=True)
