"""An issuer that gives its old key back for a new one, and somebody who fetches its keys."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from server.auth.jwks import PublishedKeys
from tests.server.auth.issuer import pair

OLD, NEW = pair("ES256", "old"), pair("ES256", "new")
GAP_S = 60.0


@asynccontextmanager
async def fetching(url: str) -> AsyncIterator[PublishedKeys]:
    """The keys that are published there, fetched at the beginning of the block if that can be done."""
    keys = PublishedKeys(url, ["ES256"], GAP_S)
    try:
        await keys.open()
        yield keys
    finally:
        await keys.close()


async def has(keys: PublishedKeys, kid: str) -> bool:
    return await keys.find(kid, "ES256") is not None
