"""What runs for these measurements: a Redis, and workers that keep their runs in it or in memory."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType
from typing import Any

import yaml
from redis import Redis

from benchmarks.contenders import OURS, Contender
from benchmarks.processes import LOADING, SERVING, Served, serving

SERVED = Path(__file__).parent / "served.yaml"
MEMORY, REDIS = "memory", "redis"
"""The stores of runs."""

Sections = Mapping[str, Any]
"""Settings as `langserve.yaml` has them."""

NOTHING: Sections = MappingProxyType({})

_REDIS = Contender(
    name="redis",
    label="Redis",
    command=("redis-server", "--port", "{port}", "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"),
    question={},
    text=lambda _: "",  # it is asked nothing that a contender is
)


@dataclass(frozen=True)
class RedisServed:
    """A Redis that runs, and somebody who may look into it."""

    served: Served
    url: str
    look: Redis


@contextmanager
def redis_serving() -> Iterator[RedisServed]:
    """A Redis that keeps nothing on disk, beside the simulator and the client."""
    with serving(_REDIS, cores=LOADING) as served:
        url = f"redis://{served.base.removeprefix('http://')}/0"
        look = Redis.from_url(url, decode_responses=True)
        try:
            yield RedisServed(served, url, look)
        finally:
            look.close()


@contextmanager
def worker(
    upstream: str, redis: RedisServed | None = None, changed: Sections = NOTHING, *, cores: set[int] = SERVING
) -> Iterator[Served]:
    """One worker, which keeps its runs in this Redis or else in memory. `changed` of its settings are other ones."""
    store = {"runs": {"store": REDIS if redis else MEMORY}}
    with TemporaryDirectory() as folder:
        config = Path(folder, "langserve.yaml")
        config.write_text(settings(store, changed), encoding="utf-8")
        with serving(OURS, upstream, cores=cores, CONFIG=str(config), REDIS_URL=redis.url if redis else "") as served:
            yield served
            served.process.kill()  # told to end it would wait for its runs


def settings(*changed: Sections) -> str:
    """The settings that are measured, but for what is changed."""
    own: Sections = yaml.safe_load(SERVED.read_text(encoding="utf-8"))
    for sections in changed:
        own = _over(own, sections)
    return yaml.safe_dump(own)


def _over(below: Sections, above: Sections) -> Sections:
    """Both, `above` where they differ."""
    merged = dict(below)
    for name, value in above.items():
        merged[name] = _over(below.get(name, {}), value) if isinstance(value, Mapping) else value
    return merged
