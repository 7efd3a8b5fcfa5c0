"""What one user may have: so many streams at once, requests and starts in a minute, tokens in a day.

Starts and tokens are counted by all processes together where these share a Redis, the rest by each for itself. While
Redis is away each counts all for itself: a limit is no reason to refuse what the models could answer.
"""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from math import inf
from typing import TYPE_CHECKING, TypeVar

from limits import RateLimitItem, RateLimitItemPerDay, RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage, RedisStorage
from limits.aio.strategies import FixedWindowRateLimiter, RateLimiter, SlidingWindowCounterRateLimiter
from limits.errors import StorageError

from chains.meter import Meter
from server.auth.user import User
from server.limited import TooMany
from server.runs.tasks import Tasks
from server.settings import LimitSettings

if TYPE_CHECKING:
    from redis.asyncio import ConnectionPool

_log = logging.getLogger(__name__)

AWAY_S = 5.0
"""Seconds for which a Redis that did not answer is not asked again."""

CONNECTIONS = 20
"""To Redis, of each process."""

PATIENCE_S = 0.5
"""Seconds that it has for an answer."""

T = TypeVar("T")


class Quota:
    """Counts by a user's pseudonym. `url`, with a `prefix` for its keys, says which Redis is shared, if one is."""

    def __init__(self, limits: LimitSettings, url: str | None = None, prefix: str = "moim") -> None:
        self._streams = limits.user_streams or inf
        self._requests = _item(RateLimitItemPerMinute, limits.user_requests)
        self._starts = _item(RateLimitItemPerMinute, limits.user_starts)
        self._tokens = _item(RateLimitItemPerDay, limits.user_tokens)
        self._at_once = Counter[tuple[str, str]]()
        self._own = _Counting(MemoryStorage(), MemoryStorage())
        self._own_requests = SlidingWindowCounterRateLimiter(MemoryStorage())
        self._pool = _pool(url) if url else None
        self._shared = _shared(self._pool, prefix) if self._pool else None
        self._ask_again_at = -inf
        self._tasks = Tasks()

    @contextmanager
    def at_once(self, user: User, what: str) -> Iterator[None]:
        """One more of something that a user has at once, as long as the block lasts. `TooMany`."""
        mine = user.key, what
        if user.limited and self._at_once[mine] >= self._streams:
            raise TooMany("user_streams", f"{what} at once", wait_s=2)
        self._at_once[mine] += 1
        try:
            yield
        finally:
            self._at_once[mine] -= 1
            if not self._at_once[mine]:
                del self._at_once[mine]

    async def request(self, user: User) -> None:
        """One more request of a user. `TooMany`."""
        if user.limited and self._requests:
            await _take(self._own_requests, self._requests, "requests", user.key, 1)

    async def start(self, user: User, runs: int = 1) -> None:
        """A user wants so many runs more. `TooMany`."""
        if not user.limited:
            return
        if tokens := self._tokens:
            await self._count(lambda by: _still(by.by_total, tokens, user.key))
        if starts := self._starts:
            await self._count(lambda by: _take(by.by_window, starts, "starts", user.key, runs))

    def meter(self, user: User) -> Meter | None:
        """Who counts the tokens that models read and write for a user, if anybody has to."""
        return self.meter_of(user.key) if user.limited else None

    def meter_of(self, key: str) -> Meter | None:
        """The same by a pseudonym; nobody has to count for an empty one."""
        tokens = self._tokens
        if not tokens or not key:
            return None
        return lambda spent: self._add(tokens, key, spent)

    def _add(self, item: RateLimitItem, key: str, spent: int) -> None:
        _ = self._tasks.start(self._count(lambda by: by.by_total.hit(item, key, cost=spent)))

    async def settled(self) -> None:
        """Returns when all that was spent until now is counted."""
        if tasks := [*self._tasks]:
            await asyncio.wait(tasks)

    async def close(self) -> None:
        """Nothing is counted any more."""
        await self.settled()
        if self._pool:
            await self._pool.aclose()

    async def _count(self, count: Callable[["_Counting"], Awaitable[T]]) -> T:
        if self._shared and time.monotonic() >= self._ask_again_at:
            try:
                return await count(self._shared)
            except (StorageError, OSError, TimeoutError):
                _log.warning("users' limits: Redis does not answer; each process counts for itself")
                self._ask_again_at = time.monotonic() + AWAY_S
        return await count(self._own)


class _Counting:
    """One place in which is counted, in two ways: what may pass is taken within a window that slides; what has been
    used up is added whether or not that is too much.

    In memory each has a storage of its own: it looks through all that it has at nearly every count, and what is kept
    for a day should not be looked through every minute.
    """

    def __init__(self, windows: MemoryStorage | RedisStorage, totals: MemoryStorage | RedisStorage) -> None:
        self.by_window = SlidingWindowCounterRateLimiter(windows)
        self.by_total = FixedWindowRateLimiter(totals)


async def _take(limiter: RateLimiter, item: RateLimitItem, what: str, key: str, cost: int) -> None:
    if not await limiter.hit(item, what, key, cost=cost):
        raise TooMany(f"user_{what}", f"{what} in a minute", wait_s=await _wait_s(limiter, item, what, key))


async def _still(limiter: RateLimiter, item: RateLimitItem, key: str) -> None:
    if not await limiter.test(item, key):
        raise TooMany("user_tokens", "tokens in a day", wait_s=await _wait_s(limiter, item, key))


async def _wait_s(limiter: RateLimiter, item: RateLimitItem, *names: str) -> float:
    return (await limiter.get_window_stats(item, *names)).reset_time - time.time()


def _item(kind: type[RateLimitItem], amount: int | None) -> RateLimitItem | None:
    return kind(amount) if amount is not None else None


def _pool(url: str) -> "ConnectionPool":
    """Whoever finds all connections taken waits for one, as for an answer."""
    from redis.asyncio import BlockingConnectionPool  # noqa: PLC0415  # it takes time to load

    waits = {"timeout": PATIENCE_S, "socket_timeout": PATIENCE_S, "socket_connect_timeout": PATIENCE_S}
    return BlockingConnectionPool.from_url(url, max_connections=CONNECTIONS, **waits)


def _shared(pool: "ConnectionPool", prefix: str) -> _Counting:
    storage = RedisStorage(
        "async+redis://",
        wrap_exceptions=True,
        implementation="redispy",
        key_prefix=f"{{{prefix}}}:limits",
        connection_pool=pool,  # type: ignore[arg-type]  # an option like any other, as its documentation says
    )
    return _Counting(storage, storage)
