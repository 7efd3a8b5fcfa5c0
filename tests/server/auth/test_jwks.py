"""An issuer's keys: fetched at once for all who wait, and seldom."""

import asyncio
import logging

import pytest

from server.auth.jwks import FETCH_S, STALE, PublishedKeys
from tests.chains.clock import Clock
from tests.server.auth.fetching import GAP_S, NEW, OLD, fetching, has
from tests.server.auth.issuer import Issuer
from tests.server.runs.script import turns

pytestmark = pytest.mark.timeout(30)  # what is waited for comes at once, or never

# -- how often ---------------------------------------------------------------------------------------------------------


async def test_they_are_there_before_the_first_token(issuer: Issuer, keys: PublishedKeys) -> None:
    assert len(issuer.requests) == 1
    assert await has(keys, "old")
    assert len(issuer.requests) == 1


async def test_a_thousand_who_miss_a_key_wait_for_one_fetch(issuer: Issuer, keys: PublishedKeys, clock: Clock) -> None:
    clock.now += GAP_S
    issuer.publishes(OLD, NEW)
    with issuer.holding():
        waiting = [asyncio.create_task(has(keys, "new")) for _ in range(1000)]
        await issuer.asked(2)
        waiting.append(asyncio.create_task(has(keys, "new")))
        await turns(50)
    assert await asyncio.gather(*waiting) == [True] * 1001
    assert len(issuer.requests) == 2


async def test_a_thousand_who_come_before_there_are_keys_wait_for_the_first_fetch(issuer: Issuer) -> None:
    keys = PublishedKeys(issuer.url, ["ES256"], GAP_S)
    assert await asyncio.gather(*(has(keys, "old") for _ in range(1000))) == [True] * 1000
    assert len(issuer.requests) == 1
    await keys.close()


async def test_names_that_nobody_has_make_one_fetch_in_each_gap(
    issuer: Issuer, keys: PublishedKeys, clock: Clock
) -> None:
    for gaps in range(1, 4):
        for number in range(100):
            assert not await has(keys, f"random-{gaps}-{number}")
        assert len(issuer.requests) == gaps
        clock.now += GAP_S - 1
        assert not await has(keys, "random")
        assert len(issuer.requests) == gaps
        clock.now += 1


async def test_a_gap_begins_where_a_fetch_ended(issuer: Issuer, keys: PublishedKeys, clock: Clock) -> None:
    clock.now += GAP_S
    with issuer.holding():
        asked = asyncio.create_task(has(keys, "new"))
        await issuer.asked(2)
        clock.now += FETCH_S - 1
    await asked
    clock.now += GAP_S - 1
    assert not await has(keys, "new")
    assert len(issuer.requests) == 2


async def test_a_key_that_is_there_is_never_fetched_again_for(
    issuer: Issuer, keys: PublishedKeys, clock: Clock
) -> None:
    clock.now += GAP_S * 2
    assert await has(keys, "old")
    assert len(issuer.requests) == 1


async def test_a_key_that_was_taken_back_stops_working_though_nobody_misses_any(
    issuer: Issuer, keys: PublishedKeys, clock: Clock
) -> None:
    issuer.publishes(NEW)
    clock.now += STALE * GAP_S - 1
    await turns(50)
    assert await has(keys, "old")
    clock.now += 1
    await issuer.asked(2)
    assert await has(keys, "new")  # which waits for that fetch
    assert not await has(keys, "old")
    assert len(issuer.requests) == 2


async def test_while_that_fetch_goes_on_nobody_waits_for_it(issuer: Issuer, keys: PublishedKeys, clock: Clock) -> None:
    with issuer.holding():
        clock.now += STALE * GAP_S
        await issuer.asked(2)
        assert await has(keys, "old")


async def test_fetched_for_a_new_key_they_are_fresh_again(issuer: Issuer, keys: PublishedKeys, clock: Clock) -> None:
    clock.now += STALE * GAP_S - 1
    assert not await has(keys, "new")
    clock.now += 2
    await turns(50)
    assert len(issuer.requests) == 2
    clock.now += STALE * GAP_S
    await issuer.asked(3)


# -- those who leave ---------------------------------------------------------------------------------------------------


async def test_whoever_stops_waiting_stops_nobody_else(issuer: Issuer, keys: PublishedKeys, clock: Clock) -> None:
    issuer.publishes(NEW)
    clock.now += GAP_S
    with issuer.holding():
        first, second, third = (asyncio.create_task(has(keys, "new")) for _ in range(3))
        await issuer.asked(2)
        first.cancel()
        third.cancel()
        await asyncio.wait({first, third})
    assert await second
    assert len(issuer.requests) == 2


async def test_if_all_stop_waiting_the_keys_come_all_the_same(
    issuer: Issuer, keys: PublishedKeys, clock: Clock
) -> None:
    issuer.publishes(NEW)
    clock.now += GAP_S
    with issuer.holding():
        only = asyncio.create_task(has(keys, "new"))
        await issuer.asked(2)
        only.cancel()
        await asyncio.wait({only})
    assert await has(keys, "new")
    assert len(issuer.requests) == 2


async def test_closing_ends_a_fetch_and_begins_no_other(
    issuer: Issuer, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    async with fetching(issuer.url) as keys:
        clock.now += GAP_S
        with issuer.holding():
            waiting = asyncio.create_task(has(keys, "new"))
            await issuer.asked(2)
            await keys.close()
            assert not await waiting
    clock.now += STALE * GAP_S
    await turns(50)
    assert len(issuer.requests) == 2
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]
