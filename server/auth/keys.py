"""Keys that check tokens: which members of a JSON Web Key Set (RFC 7517) are used, for which signatures."""

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

from jwt import PyJWK
from jwt.exceptions import PyJWTError

from server.settings import SettingsError

Jwk = dict[str, Any]

_KIND = {
    **dict.fromkeys(["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"], ("RSA", None)),
    "ES256": ("EC", "P-256"),
    "ES384": ("EC", "P-384"),
    "ES512": ("EC", "P-521"),
    "EdDSA": ("OKP", "Ed25519"),
}
"""Type and curve of the keys that each algorithm is for."""

_SECRET = {"d", "p", "q", "dp", "dq", "qi", "oth", "k"}
"""Members of private keys, and that of symmetric ones (`k`)."""


class UnusableKeys(ValueError):
    """These are no keys to check tokens with. The message goes on from what they were: `keys.json` … is not JSON."""


class KeySet:
    """Public keys, each for one algorithm: a key that may be used with two is two of them."""

    def __init__(self, keys: Iterable[PyJWK]) -> None:
        self._keys = tuple(keys)

    def find(self, kid: str | None, algorithm: str) -> PyJWK | None:
        """The key of this name for this algorithm; without a name the only one there is.

        None if none fits, or several that differ: trying one after another would make names meaningless.
        """
        found = [each for each in self._keys if each.algorithm_name == algorithm and kid in (None, each.key_id)]
        alike = all(each.key == found[0].key for each in found)  # some issuers list a key twice
        return found[0] if found and alike else None


class KeySource(Protocol):
    """Where keys come from."""

    async def open(self) -> None: ...

    async def close(self) -> None: ...

    async def find(self, kid: str | None, algorithm: str) -> PyJWK | None:
        """As `KeySet.find`."""


class PinnedKeys:
    """The keys in a file, which is read once. `SettingsError` if it is not what it should be."""

    def __init__(self, path: Path, algorithms: Sequence[str]) -> None:
        try:
            jwks = parse_jwks(path.read_bytes())
            if any(map(is_secret, jwks)):
                raise UnusableKeys("holds a private or symmetric key: whoever checks tokens needs public keys only")
            self._keys = usable_keys(jwks, algorithms)
        except OSError as error:
            raise SettingsError(f"{path} cannot be read: {error.strerror}") from error
        except UnusableKeys as error:
            raise SettingsError(f"{path} {error}") from error

    async def open(self) -> None:
        pass

    async def close(self) -> None:
        pass

    async def find(self, kid: str | None, algorithm: str) -> PyJWK | None:
        return self._keys.find(kid, algorithm)


def parse_jwks(text: bytes) -> list[Jwk]:
    """The members of a key set. `UnusableKeys` if it is none."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        raise UnusableKeys("is not JSON") from None
    keys = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(keys, list):
        raise UnusableKeys("is no JSON Web Key Set: it has no list of `keys`")
    return [key for key in keys if isinstance(key, dict)]


def is_secret(jwk: Jwk) -> bool:
    """Whether whoever has this key can sign with it."""
    return not _SECRET.isdisjoint(jwk)


def usable_keys(jwks: Iterable[Jwk], algorithms: Sequence[str]) -> KeySet:
    """Those that check signatures of these algorithms; all others are left out. `UnusableKeys` if none is left."""
    keys = [key for jwk in jwks for algorithm in algorithms for key in _keys(jwk, algorithm)]
    if not keys:
        raise UnusableKeys(f"holds no public key for {', '.join(algorithms)} (RSA: of at least 2048 bits)")
    return KeySet(keys)


def _keys(jwk: Jwk, algorithm: str) -> Iterator[PyJWK]:
    """The key for this algorithm, if it is one."""
    if is_secret(jwk) or not _fits(jwk, algorithm):
        return
    try:
        key = PyJWK(jwk, algorithm)
    except PyJWTError:  # its numbers are none, or no point on its curve
        return
    if key.Algorithm.check_key_length(key.key) is None:  # it says what is wrong
        yield key


def _fits(jwk: Jwk, algorithm: str) -> bool:
    """Whether all that a key says of itself lets it check signatures of this algorithm."""
    kty, crv = _KIND[algorithm]
    operations = jwk.get("key_ops", ["verify"])
    return (
        jwk.get("kty") == kty
        and (crv is None or jwk.get("crv") == crv)
        and jwk.get("alg", algorithm) == algorithm
        and jwk.get("use", "sig") == "sig"
        and isinstance(operations, list)
        and "verify" in operations
        and isinstance(jwk.get("kid", ""), str)
    )
