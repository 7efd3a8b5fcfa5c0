"""What all tests share: how hard Hypothesis tries, and the contract to which every log is held.

`make test-long` tries long, and other things every time.
"""

import os
from collections.abc import AsyncIterator, Generator, Iterator
from contextlib import aclosing, contextmanager
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, settings

from chains.structured import StructuredChain
from chains.takeover import Resumption
from schemas import TERMINAL, Event

pytest.register_assert_rewrite("tests.chains.contract")

from tests import figures  # noqa: E402
from tests.chains import contract  # noqa: E402  # only what is imported from here on is rewritten

settings.register_profile(
    "default",
    max_examples=100,
    derandomize=True,  # the same examples every time: what is red is red for everybody
    database=None,
    deadline=None,  # a busy machine is no failure
    suppress_health_check=[HealthCheck.too_slow],
    print_blob=True,
)
settings.register_profile("long", settings.get_profile("default"), max_examples=5_000, derandomize=False)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))


class _Logs:
    """The logs of a test's runs. What one breaks is kept in `broken`: raised at once, it could pass for a fault."""

    def __init__(self) -> None:
        self.broken: list[AssertionError] = []
        self._unended: dict[UUID, list[Event]] = {}

    @contextmanager
    def of(self, chain: StructuredChain, run_id: UUID, resume: Resumption | None = None) -> Iterator[list[Event]]:
        """A run's log, to be filled: what has been told of it, if somebody goes on with a run that began here."""
        told = resume.told.seq if resume else 0
        self._unended[run_id] = log = self._unended.get(run_id, [])[:told]
        known = len(log) == told
        try:
            yield log
        finally:
            ended = bool(log) and log[-1].type in TERMINAL
            if ended:
                self._unended.pop(run_id, None)
            try:
                if known:
                    contract.check(log, chain.result, ended=ended)
            except AssertionError as error:
                self.broken.append(error)


@pytest.fixture(autouse=True)
def every_log_keeps_the_contract(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Holds the log of every run of a chain, in whatever way a test runs it, to `tests.chains.contract`.

    A run that is taken over is held to it over all of its log, if it began in the same test. The checker looks at the
    whole object at each event, so a log of thousands is marked as `large` and left out.
    """
    if request.node.get_closest_marker("large"):
        yield
        return
    logs = _Logs()
    produce, produce_sync = StructuredChain._aevents, StructuredChain._events

    async def recorded(chain: StructuredChain, input: Any, run: Any, *args: Any, **known: Any) -> AsyncIterator[Event]:
        with logs.of(chain, run.run_id, known.get("resume")) as log:
            async with aclosing(produce(chain, input, run, *args, **known)) as events:
                async for event in events:
                    log.append(event)
                    yield event

    def recorded_sync(chain: StructuredChain, input: Any, run: Any, *args: Any) -> Iterator[Event]:
        with logs.of(chain, run.run_id) as log:
            for event in produce_sync(chain, input, run, *args):
                log.append(event)
                yield event

    monkeypatch.setattr(StructuredChain, "_aevents", recorded)
    monkeypatch.setattr(StructuredChain, "_events", recorded_sync)
    yield
    if logs.broken:
        raise logs.broken[0]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """What a test has logged may hold half a surrogate pair, and no process can send that to another."""
    report = yield
    report.sections = [(name, text.encode("utf-8", "backslashreplace").decode()) for name, text in report.sections]
    return report


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Where tests run in several processes, each sends the one that reports what it has counted."""
    if (output := getattr(session.config, "workeroutput", None)) is not None:
        output.update(measured=figures.measured, held=dict(contract.held))


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """One of them has ended. Without a word, if it was killed."""
    told = getattr(node, "workeroutput", {})
    figures.measured += told.get("measured", [])
    contract.held.update(told.get("held", {}))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What was measured, and how many logs were held to the contract, and what was in them."""
    for figure in figures.measured:
        terminalreporter.write_line(f"Measured: {figure}")
    if contract.held:
        counts = ", ".join(f"{kind} {count:,}" for kind, count in contract.held.most_common())
        terminalreporter.write_line(f"Held to the contract: {counts}")
