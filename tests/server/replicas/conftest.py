"""Replicas for the tests of one module, which leave them as they were."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.redis import RedisServer
from tests.server.replicas.cluster import Cluster, cluster

Replicas = Callable[..., tuple[Cluster, RedisServer]]


@pytest.fixture
def replicas(tmp_path: Path) -> Iterator[Replicas]:
    """Starts replicas of a configuration, on a Redis of their own, which end with the test."""
    with ExitStack() as running:

        def start(config: str, count: int = 3, **environment: str) -> tuple[Cluster, RedisServer]:
            return running.enter_context(cluster(config, tmp_path, count, **environment))

        yield start
