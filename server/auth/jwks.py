"""The keys that an issuer publishes: fetched, kept, and fetched again, seldom."""

import asyncio
import logging
from collections.abc import Sequence
from math import inf

import httpx2
from jwt import PyJWK

from schemas import Code, ServerError
from server.auth.keys import KeySet, UnusableKeys, is_secret, parse_jwks, usable_keys

_log = logging.getLogger(__name__)

FETCH_S = 5.0
"""Seconds that a fetch may take in all, from the first packet to the last."""

LARGEST = 256 << 10
"""Bytes of a key set, at most. Real ones have a few thousand."""

STALE = 10
"""After so many gaps keys are fetched again though nobody misses one: with the gap's default, a key that the issuer has
taken back is good for ten minutes more. Issuers themselves let theirs be cached for minutes to a day."""


class KeysUnavailable(ServerError):
    """There have never been any keys, so nobody can tell yet whether a token is good."""

    default = Code.ISSUER_UNAVAILABLE

    def __init__(self, retry_after_s: float) -> None:
        message = "Tokens cannot be checked just now. Try again shortly."
        super().__init__(message, retry_after_ms=round(retry_after_s * 1000))


class PublishedKeys:
    """An issuer's keys, as they were when they were fetched last.

    A name that is not among them has them fetched once more: it may be that of a new key. But anybody can make up
    names, so all who wait share one fetch, and `gap_s` lie between a fetch and the next, whatever became of the first.
    A fetch that fails changes nothing.
    """

    def __init__(self, url: str, algorithms: Sequence[str], gap_s: float) -> None:
        self._url = url
        self._algorithms = algorithms
        self._gap_s = gap_s
        self._keys: KeySet | None = None
        self._fetching: asyncio.Task[None] | None = None
        self._again: asyncio.TimerHandle | None = None
        self._not_before = -inf
        self._client = httpx2.AsyncClient(
            headers={"accept": "application/json", "accept-encoding": "identity"},  # what is packed has no known size
            follow_redirects=False,  # one could lead away from https
            timeout=None,  # there is one for all of it, FETCH_S
        )

    async def open(self) -> None:
        """Fetches them, if that can be done; if not, goes on trying."""
        await self._refreshed()

    async def close(self) -> None:
        if self._again:
            self._again.cancel()
        if self._fetching:
            self._fetching.cancel()
            await asyncio.wait({self._fetching})
        await self._client.aclose()

    async def find(self, kid: str | None, algorithm: str) -> PyJWK | None:
        """As `KeySet.find`. `KeysUnavailable` if there have never been any."""
        if self._keys and (key := self._keys.find(kid, algorithm)):
            return key
        await self._refreshed()
        if self._keys is None:
            raise KeysUnavailable(max(1, self._not_before - asyncio.get_running_loop().time()))
        return self._keys.find(kid, algorithm)

    async def _refreshed(self) -> None:
        """Returns when the fetch that is under way is over, or one that begins now, if it may."""
        if asyncio.get_running_loop().time() >= self._not_before:
            await asyncio.wait({self._begin()})  # whoever stops waiting stops nobody else's fetch

    def _begin(self) -> asyncio.Task[None]:
        self._fetching = self._fetching or asyncio.create_task(self._fetch())
        return self._fetching

    async def _fetch(self) -> None:
        try:
            self._keys = await self._fetched()
            again_s = STALE * self._gap_s
        except Exception as error:  # noqa: BLE001  # whatever befalls an issuer, this server lives
            outcome = "those fetched before stay in use" if self._keys else "no token can be checked until it is"
            _log.warning("the issuer's key set %s; %s", _fault(error), outcome)
            again_s = self._gap_s
        finally:
            self._fetching = None
        loop = asyncio.get_running_loop()
        self._not_before = loop.time() + self._gap_s
        if self._again:
            self._again.cancel()
        self._again = loop.call_later(again_s, self._begin)

    async def _fetched(self) -> KeySet:
        async with asyncio.timeout(FETCH_S), self._client.stream("GET", self._url) as response:
            if response.status_code != httpx2.codes.OK:
                raise UnusableKeys(f"is answered with status {response.status_code}")
            text = bytearray()
            async for piece in response.aiter_raw():
                text += piece
                if len(text) > LARGEST:
                    raise UnusableKeys(f"is larger than {LARGEST} bytes")
        jwks = parse_jwks(bytes(text))
        if any(map(is_secret, jwks)):
            _log.warning("the issuer publishes a private or symmetric key, which is not used: tell whoever runs it")
        return usable_keys(jwks, self._algorithms)


def _fault(error: Exception) -> str:
    """What went wrong, in words of ours: an exception's may quote what came."""
    if isinstance(error, UnusableKeys):
        return str(error)
    if isinstance(error, TimeoutError):
        return f"did not come within {FETCH_S:g} s"
    return f"cannot be fetched ({type(error).__name__})"
