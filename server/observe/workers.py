"""Several workers' metrics as one: each writes files of its own into one folder, and whoever is asked adds them up.

prometheus-client looks into the environment for that folder when it is imported. So the parent of the workers, which
has no metrics itself, names it before it starts them.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

from prometheus_client import CollectorRegistry
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

FOLDER = "PROMETHEUS_MULTIPROC_DIR"


@contextmanager
def metrics_folder(workers: int) -> Iterator[None]:
    """In this block workers that are started share their metrics; behind it nothing of them is left."""
    if workers == 1:
        yield
        return
    os.environ[FOLDER] = folder = tempfile.mkdtemp(prefix="metrics-")
    try:
        yield
    finally:
        del os.environ[FOLDER]
        shutil.rmtree(folder, ignore_errors=True)


@cache
def begin_worker() -> None:
    """Takes away the gauges of a dead worker that had this process's number, which would go on here. Does it once."""
    if FOLDER in os.environ:
        mark_process_dead(os.getpid())  # type: ignore[no-untyped-call]


def of_all_workers() -> CollectorRegistry | None:
    """What all workers have counted, also those that are gone; None if this process works alone."""
    if FOLDER not in os.environ:
        return None
    _forget_the_dead()
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return registry


def _forget_the_dead() -> None:
    """Takes away what workers were doing that have died. What they had counted stays."""
    for file in Path(os.environ[FOLDER]).glob("gauge_live*.db"):
        worker = int(file.stem.rpartition("_")[2])
        if not _lives(worker):
            with suppress(FileNotFoundError):  # another worker was faster
                mark_process_dead(worker)  # type: ignore[no-untyped-call]


def _lives(worker: int) -> bool:
    if os.name == "nt":  # where to ask is to interrupt
        return True
    try:
        os.kill(worker, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # somebody else's by now
        return False
    return True
