"""Who lets tokens in, and who fetches keys, in several tests."""

from collections.abc import AsyncIterator

import pytest

from server.auth.jwks import PublishedKeys
from server.auth.tokens import Tokens
from tests.chains.clock import Clock
from tests.server.auth.fetching import OLD, fetching
from tests.server.auth.issuer import Issuer
from tests.server.auth.letting import EC, ED, RSA, SPARE, pinning


@pytest.fixture(scope="session")
def tokens(tmp_path_factory: pytest.TempPathFactory) -> Tokens:
    """Takes tokens of three kinds of keys, two of which are RSA's."""
    return pinning(tmp_path_factory.mktemp("keys"), RSA, SPARE, EC, ED)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


@pytest.fixture
async def issuer(clock: Clock) -> AsyncIterator[Issuer]:
    """Publishes its old key."""
    async with Issuer(OLD) as issuer:
        yield issuer


@pytest.fixture
async def keys(issuer: Issuer) -> AsyncIterator[PublishedKeys]:
    """Those of the issuer, as they were published at the beginning."""
    async with fetching(issuer.url) as keys:
        yield keys
