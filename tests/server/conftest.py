"""Servers for the tests: real processes, own or shared by a module, and the app in process."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.server.process import ServerProcess, Start, serving
from tests.upstream import Upstream


def pytest_configure(config: pytest.Config) -> None:
    # LangServe is in maintenance and calls what others have deprecated; nothing here can change that.
    config.addinivalue_line("filterwarnings", "ignore::pydantic.PydanticDeprecatedSince211:langserve")
    config.addinivalue_line("filterwarnings", "ignore:.*astream_log.*:DeprecationWarning")


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts real servers, which end with the test."""
    with ExitStack() as servers:
        started = 0

        def start(config: str, *, may_fault: bool = False, tls: bool = False, **environment: str) -> ServerProcess:
            nonlocal started
            started += 1
            folder = tmp_path / f"server-{started}"
            folder.mkdir()
            return servers.enter_context(serving(config, folder, may_fault=may_fault, tls=tls, **environment))

        yield start


@pytest.fixture
def served(start: Start) -> Callable[[str], str]:
    """Starts a real server of the given YAML and gives its base URL."""
    return lambda config: start(config).url


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], ServerProcess]]:
    """A real server for each configuration, shared by the module's tests."""
    with ExitStack() as servers:
        running: dict[str, ServerProcess] = {}

        def shared(config: str) -> ServerProcess:
            if config not in running:
                running[config] = servers.enter_context(serving(config, tmp_path_factory.mktemp("server")))
            return running[config]

        yield shared


@pytest.fixture(scope="module")
def upstream() -> Iterator[Upstream]:
    """A scripted upstream: the test says what it answers."""
    with Upstream() as running:
        yield running
