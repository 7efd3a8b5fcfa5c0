"""Which store of runs the settings name, and whether it is there."""

import os

from server.runs.memory import Memory, MemoryStore
from server.runs.store import Store, StoreUnavailable
from server.settings import RunSettings, SettingsError


def store_of(runs: RunSettings) -> Store:
    """The store. `SettingsError` if the environment does not say where it is."""
    if runs.store == "memory":
        return MemoryStore(Memory(ttl_s=runs.ttl_s, max_bytes=runs.memory_bytes), shared=False)
    from server.runs.redis_store import RedisStore  # noqa: PLC0415  # its library takes time to load

    return RedisStore(_url(runs), prefix=runs.prefix, ttl_s=runs.ttl_s, lease_s=runs.lease_s)


def check_store(runs: RunSettings) -> None:
    """Asks the store whether it will do, before the server starts. `SettingsError` says what is wrong."""
    if runs.store == "memory":
        return
    from server.runs.redis_check import check  # noqa: PLC0415

    try:
        check(_url(runs))
    except StoreUnavailable as error:
        raise SettingsError(f"runs.store is redis, at the URL in {runs.url_env}. {error.message}") from error


def redis_url(runs: RunSettings) -> str | None:
    """What all processes share, if they do. `SettingsError` if the environment does not say where it is."""
    return None if runs.store == "memory" else _url(runs)


def _url(runs: RunSettings) -> str:
    if url := os.environ.get(runs.url_env):
        return url
    raise SettingsError(f"runs.store is redis, and {runs.url_env} does not say where it is: redis://host:6379/0")
