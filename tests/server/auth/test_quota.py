"""What one user may have: the same in one process and over several that share a Redis."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from pathlib import Path

import pytest

from server.auth.quota import Quota
from server.auth.user import User
from server.limited import TooMany
from server.settings import LimitSettings
from tests.redis import RedisServer

KIM, LEE = User(key="kim"), User(key="lee")
BACKEND = User(key="backend", limited=False)

Quotas = Callable[..., Quota]


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with RedisServer(tmp_path_factory.mktemp("redis")) as running:
        yield running


@pytest.fixture(params=["memory", "redis"])
async def quotas(request: pytest.FixtureRequest, redis: RedisServer) -> AsyncIterator[Quotas]:
    """Makes quotas: in Redis, those of one test count together."""
    url, prefix = (redis.url if request.param == "redis" else None), request.node.name.partition("[")[0]
    made: list[Quota] = []

    def make(**limits: int | None) -> Quota:
        made.append(Quota(LimitSettings.model_validate(limits), url, prefix))
        return made[-1]

    yield make
    for quota in made:
        await quota.close()


async def refused(asking: Coroutine[None, None, None]) -> TooMany:
    with pytest.raises(TooMany) as raised:
        await asking
    assert (raised.value.status, raised.value.retryable) == (429, True)
    return raised.value


async def test_starts_in_a_minute(quotas: Quotas) -> None:
    quota = quotas(user_starts=3)
    for runs in (1, 2):
        await quota.start(KIM, runs)
    error = await refused(quota.start(KIM))
    assert 0 < (error.retry_after_ms or 0) <= 120_000
    await quota.start(LEE, 3)
    for _ in range(10):
        await quota.start(BACKEND)


async def test_a_batch_that_is_too_large_takes_nothing(quotas: Quotas) -> None:
    quota = quotas(user_starts=3)
    await refused(quota.start(KIM, 4))
    await quota.start(KIM, 3)


async def test_tokens_in_a_day(quotas: Quotas) -> None:
    """What was used up counts, also where it was more than there was; then nothing begins."""
    quota = quotas(user_tokens=100)
    meter = quota.meter(KIM)
    assert meter
    for spent in (60, 30_000):
        await quota.start(KIM)
        meter(spent)
        await quota.settled()
    error = await refused(quota.start(KIM))
    assert (error.retry_after_ms or 0) > 0
    await quota.start(LEE)
    assert quota.meter(BACKEND) is None


async def test_null_is_no_limit(quotas: Quotas) -> None:
    quota = quotas(user_starts=None, user_tokens=None, user_requests=None, user_streams=None)
    for _ in range(200):
        await quota.start(KIM)
        await quota.request(KIM)
    assert quota.meter(KIM) is None


async def test_streams_at_once() -> None:
    quota = Quota(LimitSettings(user_streams=2))
    with quota.at_once(KIM, "streams"):
        with quota.at_once(KIM, "streams"), quota.at_once(LEE, "streams"), quota.at_once(BACKEND, "streams"):
            with pytest.raises(TooMany), quota.at_once(KIM, "streams"):
                pass
            with pytest.raises(TooMany), quota.at_once(KIM, "streams"):
                pass
        with quota.at_once(KIM, "streams"):  # what was refused takes no place, and what is over gives its place back
            pass


async def test_requests_in_a_minute() -> None:
    quota = Quota(LimitSettings(user_requests=5))
    for _ in range(5):
        await quota.request(KIM)
    await refused(quota.request(KIM))
    await quota.request(LEE)
    for _ in range(10):
        await quota.request(BACKEND)


async def test_processes_that_share_a_redis_count_together(redis: RedisServer) -> None:
    one, other = (Quota(LimitSettings(user_starts=3, user_tokens=100), redis.url, "together") for _ in range(2))
    await one.start(KIM, 2)
    await other.start(KIM)
    for quota in (one, other):
        await refused(quota.start(KIM))
    meter = one.meter(LEE)
    assert meter
    meter(100)
    await one.settled()
    await refused(other.start(LEE))
    await one.close()
    await other.close()


@pytest.mark.parametrize("gone", ["stopped", "silent"])
async def test_while_redis_is_away_each_counts_for_itself(tmp_path: Path, gone: str) -> None:
    with RedisServer(tmp_path) as redis:
        quota = Quota(LimitSettings(user_starts=3), redis.url, "away")
        await quota.start(KIM, 3)
        if gone == "stopped":
            redis.stop()
        else:
            redis.pause()
        async with asyncio.timeout(10):
            await quota.start(KIM, 3)
            await refused(quota.start(KIM))
        await quota.close()
