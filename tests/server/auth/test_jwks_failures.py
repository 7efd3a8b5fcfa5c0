"""Whatever becomes of a fetch, the keys of the last one that brought any stay in use, and it is told in words."""

import asyncio
import gzip

import pytest

from server.auth.jwks import FETCH_S, LARGEST, KeysUnavailable, PublishedKeys
from tests.chains.clock import Clock
from tests.server.auth.fetching import GAP_S, NEW, OLD, fetching, has
from tests.server.auth.issuer import Issuer, answer, jwks, pair
from tests.server.runs.script import turns

pytestmark = pytest.mark.timeout(30)  # what is waited for comes at once, or never

REDIRECT = answer(b"", "302 Found", "location: http://127.0.0.1:1/jwks.json")
HEAD = b"HTTP/1.1 200 OK\r\n\r\n"
FAILURES = {
    "an error": (answer(jwks(NEW), "500 Internal Server Error"), "is answered with status 500"),
    "a redirect": (REDIRECT, "is answered with status 302"),
    "no JSON": (answer(b"<html>"), "is not JSON"),
    "no key set": (answer(b"{}"), "is no JSON Web Key Set"),
    "no keys": (answer(jwks()), "holds no public key for ES256"),
    "foreign keys": (answer(jwks(pair("EdDSA", "new"))), "holds no public key for ES256"),
    "packed": (answer(gzip.compress(jwks(NEW)), "200 OK", "content-encoding: gzip"), "is not JSON"),
    "too large": (answer(b" " * LARGEST + jwks(NEW)), "is larger than 262144 bytes"),
    "cut": (b"HTTP/1.1 200 OK\r\ncontent-length: 999\r\n\r\n" + jwks(NEW), "cannot be fetched (RemoteProtocolError)"),
    "no HTTP": (b"SSH-2.0\r\n\r\n", "cannot be fetched (RemoteProtocolError)"),
    "nothing": (b"", "cannot be fetched (RemoteProtocolError)"),
}


@pytest.mark.parametrize(("said", "fault"), FAILURES.values(), ids=FAILURES)
async def test_a_fetch_that_fails_is_told_and_takes_nothing_away(
    issuer: Issuer, keys: PublishedKeys, clock: Clock, caplog: pytest.LogCaptureFixture, said: bytes, fault: str
) -> None:
    issuer.answers(said)
    clock.now += GAP_S
    assert not await has(keys, "new")
    assert caplog.messages[0].startswith(f"the issuer's key set {fault}")
    assert caplog.messages[0].endswith("; those fetched before stay in use")
    assert await has(keys, "old")
    assert not await has(keys, "new")
    assert len(issuer.requests) == 2
    issuer.publishes(NEW)
    clock.now += GAP_S
    assert await has(keys, "new")
    assert not await has(keys, "old")


@pytest.mark.parametrize(("said", "fault"), FAILURES.values(), ids=FAILURES)
async def test_without_any_keys_it_is_told_when_to_come_again(
    issuer: Issuer, clock: Clock, caplog: pytest.LogCaptureFixture, said: bytes, fault: str
) -> None:
    issuer.answers(said)
    async with fetching(issuer.url) as keys:
        (told,) = caplog.messages
        assert told.startswith(f"the issuer's key set {fault}")
        assert told.endswith("; no token can be checked until it is")
        clock.now += 20
        for _ in range(100):
            with pytest.raises(KeysUnavailable) as unavailable:
                await has(keys, "old")
            assert (unavailable.value.status, unavailable.value.retry_after_ms) == (503, 40_000)
            assert unavailable.value.retryable
        assert len(issuer.requests) == 1
        issuer.publishes(OLD)
        clock.now += 40
        assert await has(keys, "old")
        assert len(issuer.requests) == 2


async def test_after_a_failure_they_are_fetched_though_nobody_asks(issuer: Issuer, clock: Clock) -> None:
    await issuer.goes()
    async with fetching(issuer.url) as keys:
        await issuer.comes()
        clock.now += GAP_S
        await issuer.asked(1)
        assert await has(keys, "old")
        assert len(issuer.requests) == 1


async def test_an_issuer_that_is_not_there_stops_nobody(clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    issuer = Issuer()
    await issuer.comes()
    await issuer.goes()
    async with fetching(issuer.url) as keys:
        with pytest.raises(KeysUnavailable):
            await has(keys, "old")
    assert "cannot be fetched (ConnectError)" in caplog.text


async def test_a_whole_fetch_has_five_seconds_however_often_something_comes(
    issuer: Issuer, keys: PublishedKeys, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    more = [asyncio.Event() for _ in range(3)]
    issuer.answers(HEAD, more[0], b" ", more[1], b" ", more[2])
    clock.now += GAP_S
    asked = asyncio.create_task(has(keys, "new"))
    await issuer.asked(2)
    for event in more[:2]:
        clock.now += FETCH_S * 0.4
        event.set()
        await turns(50)
    assert not asked.done()
    clock.now += FETCH_S * 0.2
    assert not await asked
    assert "the issuer's key set did not come within 5 s" in caplog.text
    assert await has(keys, "old")


async def test_of_an_answer_without_end_no_more_is_read_than_is_taken(
    issuer: Issuer, keys: PublishedKeys, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    issuer.answers(HEAD, *[b" " * LARGEST] * 2, asyncio.Event())
    clock.now += GAP_S
    assert not await has(keys, "new")
    assert f"is larger than {LARGEST} bytes" in caplog.text


async def test_the_largest_that_is_taken_is_taken(issuer: Issuer, keys: PublishedKeys, clock: Clock) -> None:
    issuer.answers(answer(jwks(NEW).ljust(LARGEST)))
    clock.now += GAP_S
    assert await has(keys, "new")


async def test_where_a_redirect_leads_nobody_goes(issuer: Issuer, clock: Clock) -> None:
    async with Issuer(NEW) as other:
        issuer.answers(answer(b"", "302 Found", f"location: {other.url}"))
        async with fetching(issuer.url) as keys:
            with pytest.raises(KeysUnavailable):
                await has(keys, "new")
        assert other.requests == []


async def test_keys_that_should_be_secret_are_reported_and_not_used(
    issuer: Issuer, keys: PublishedKeys, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    issuer.publishes(OLD, NEW.private_jwk())
    clock.now += GAP_S
    assert not await has(keys, "new")
    assert "publishes a private or symmetric key" in caplog.text
    assert NEW.private_jwk()["d"] not in caplog.text


async def test_the_environments_proxy_is_used(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    async with Issuer(OLD) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        monkeypatch.setenv("NO_PROXY", "")
        async with fetching("http://accounts.invalid/jwks.json") as keys:
            assert await has(keys, "old")
    assert proxy.requests[0].startswith("GET http://accounts.invalid/jwks.json ")
