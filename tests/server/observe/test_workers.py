"""Several workers are one to whoever reads their metrics, and what a dead one was doing is not done any more."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from server.observe.workers import FOLDER, metrics_folder

WORKER = """
import os, sys
from server.observe.metrics import Metrics
metrics = Metrics({"chatbot": ["reply"]}, ["demo"], "1.2.3")
metrics.streams_open("reader").inc(3)
metrics.readers_cut.inc(2)
metrics.first_token("chatbot").observe(0.3)
metrics.store_up.set(int(sys.argv[1]))
print("ready", flush=True)
for line in sys.stdin:
    sys.stdout.write(metrics.exposition()[0].decode() + "end\\n")
    sys.stdout.flush()
"""


class Worker:
    """A process that counts, and shows what all have counted when it is asked."""

    def __init__(self, store_up: int = 1) -> None:
        command = [sys.executable, "-c", WORKER, str(store_up)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)  # noqa: S603
        assert self.process.stdout
        self._said = self.process.stdout

    def wait(self) -> None:
        """Until it has counted."""
        assert self._said.readline() == "ready\n"

    def asked(self) -> dict[str, float]:
        """What it shows."""
        assert self.process.stdin
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        lines = iter(self._said.readline, "end\n")
        return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines if line[0] != "#")}

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate()


@contextmanager
def workers(*up: int) -> Iterator[list[Worker]]:
    with metrics_folder(len(up) or 2):
        running = [Worker(each) for each in up]
        try:
            for worker in running:
                worker.wait()
            yield running
        finally:
            for worker in running:
                worker.kill()


def test_whoever_is_asked_speaks_for_all_that_live() -> None:
    with workers(1, 0) as (one, other):
        assert one.asked() == other.asked()
        found = one.asked()
        assert found['moim_streams_open{kind="reader"}'] == 6
        assert found["moim_readers_cut_total"] == 4
        assert found['moim_first_token_seconds_count{chain="chatbot"}'] == 2
        assert found['moim_build_info{version="1.2.3"}'] == 1
        assert found["moim_store_up"] == 0  # one that cannot reach it is enough
        other.kill()
        found = one.asked()
        assert found['moim_streams_open{kind="reader"}'] == 3
        assert found["moim_store_up"] == 1
        assert found["moim_readers_cut_total"] == 4  # what it had counted stays


def test_a_new_worker_does_not_go_on_with_the_gauges_of_one_that_had_its_number() -> None:
    command = [sys.executable, "-c", f"import os; os.getpid = lambda: {os.getpid()}\n" + WORKER, "1"]  # one that lives
    with metrics_folder(2):
        subprocess.run(command, input="", check=True, text=True)  # noqa: S603  # what stands above
        later = subprocess.run(command, input="\n", check=True, text=True, stdout=subprocess.PIPE)  # noqa: S603
    assert 'moim_streams_open{kind="reader"} 3.0' in later.stdout
    assert "moim_readers_cut_total 4.0" in later.stdout


def test_the_folder_is_gone_at_the_end() -> None:
    with metrics_folder(2):
        folder = Path(os.environ[FOLDER])
        (folder / "x.db").touch()
    assert not folder.exists()
    assert FOLDER not in os.environ


def test_one_worker_shares_with_nobody() -> None:
    with metrics_folder(1):
        assert FOLDER not in os.environ
