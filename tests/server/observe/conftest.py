"""The log as lines, an observer, and the process's own loggers as they were before."""

import io
import logging
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from server.observe.logs import set_up_logs
from server.observe.metrics import Metrics
from server.observe.runs import Observer
from server.observe.traces import Traces
from server.settings import LogSettings, TraceSettings
from tests.server.observe.watching import FIELDS, Lines


@pytest.fixture
def own_loggers() -> Iterator[None]:
    """Lets a test set up the logs, and puts things back."""
    root, access = logging.getLogger(), logging.getLogger("uvicorn.access")
    before = root.handlers[:], root.level, access.handlers[:], access.propagate
    yield
    root.handlers[:], level, access.handlers[:], access.propagate = before
    root.setLevel(level)
    logging.captureWarnings(capture=False)


@pytest.fixture
def lines(own_loggers: None, monkeypatch: pytest.MonkeyPatch) -> Lines:
    """All that is logged at debug and above, as a machine reads it."""
    written = io.StringIO()
    monkeypatch.setattr(sys, "stderr", written)
    set_up_logs(LogSettings(format="json"), "production")
    logging.getLogger().setLevel(logging.DEBUG)
    return Lines(written)


@pytest.fixture
def observer() -> Observer:
    """An observer without traces."""
    return untraced()


def untraced(**options: Any) -> Observer:
    """The same, as the test wants it."""
    metrics = Metrics(FIELDS, ["demo"], "1.2.3")
    return Observer(metrics, Traces(TraceSettings(), lost=metrics.spans_lost.inc), **options)
