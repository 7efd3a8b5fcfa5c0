"""What all tests share: how hard Hypothesis tries, and the contract to which every log is held.

`make test-long` tries long, and other things every time.
"""

import os
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing, contextmanager
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from chains.structured import StructuredChain
from schemas import TERMINAL, Event

pytest.register_assert_rewrite("tests.chains.contract")

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


@pytest.fixture(autouse=True)
def every_log_keeps_the_contract(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Holds the log of every run of a chain, in whatever way a test runs it, to `tests.chains.contract`.

    Its checker looks at the whole object at each event, so a log of thousands is marked as `large` and left out.
    """
    if request.node.get_closest_marker("large"):
        yield
        return
    broken: list[AssertionError] = []
    produce, produce_sync = StructuredChain._aevents, StructuredChain._events

    @contextmanager
    def log_of(chain: StructuredChain) -> Iterator[list[Event]]:
        log: list[Event] = []
        try:
            yield log
        finally:
            try:
                contract.check(log, chain.result, ended=bool(log) and log[-1].type in TERMINAL)
            except AssertionError as error:  # raised here it could be taken for a fault of the chain's
                broken.append(error)

    async def recorded(chain: StructuredChain, *args: Any, **known: Any) -> AsyncIterator[Event]:
        with log_of(chain) as log:
            async with aclosing(produce(chain, *args, **known)) as events:
                async for event in events:
                    log.append(event)
                    yield event

    def recorded_sync(chain: StructuredChain, *args: Any, **known: Any) -> Iterator[Event]:
        with log_of(chain) as log:
            for event in produce_sync(chain, *args, **known):
                log.append(event)
                yield event

    monkeypatch.setattr(StructuredChain, "_aevents", recorded)
    monkeypatch.setattr(StructuredChain, "_events", recorded_sync)
    yield
    if broken:
        raise broken[0]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """How many logs were held to the contract, and what was in them."""
    if contract.held:
        counts = ", ".join(f"{kind} {count:,}" for kind, count in contract.held.most_common())
        terminalreporter.write_line(f"Held to the contract: {counts}")
