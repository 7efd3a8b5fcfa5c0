"""Which paths are about runs: asked by every guard that tells them from others, so that all agree."""

import re

_RUN = re.compile(r"/runs/([^/]+)(?:/.*)?")
_READING = re.compile(r"/runs/[^/]+/events")


def run_of(path: str) -> str | None:
    """The id of the run that a path is about, if it is about one."""
    found = _RUN.fullmatch(path)
    return found[1] if found else None


def is_reading(path: str) -> bool:
    """Whether a run's events are read there."""
    return _READING.fullmatch(path) is not None
