"""Users' tokens: signed JWTs (RFC 7519), read by the rules of RFC 8725 and RFC 9068.

PyJWT checks signature and claims. What stands here only narrows that down: nothing is let in that PyJWT refuses.
"""

import base64
import json
import re
from pathlib import Path
from typing import Any, NoReturn, cast

import jwt

from server.auth.jwks import PublishedKeys
from server.auth.keys import KeySource, PinnedKeys
from server.auth.user import Forbidden, Unauthenticated, User, is_name
from server.settings import JwtSettings

Json = dict[str, Any]

LONGEST = 16 << 10
"""Characters of a token. Servers take about as much in all headers together."""

LATEST = 253_402_300_799
"""The last second of the year 9999. Whoever counts in milliseconds by mistake is beyond it, and would never expire."""

_COMPACT = re.compile(r"([A-Za-z0-9_-]++)\.([A-Za-z0-9_-]++)\.[A-Za-z0-9_-]++")
_TYPES = ("jwt", "at+jwt")


class Tokens:
    """Verifies users' tokens. `SettingsError` if keys are pinned that cannot be used."""

    def __init__(self, settings: JwtSettings) -> None:
        self._settings = settings
        self._keys = _source(settings)

    async def open(self) -> None:
        """Fetches the issuer's keys. Where that fails it is tried again: without keys no token is let in."""
        await self._keys.open()

    async def close(self) -> None:
        await self._keys.close()

    async def user(self, token: str) -> User:
        """Whose token it is.

        `Unauthenticated` if it is not sound, `Forbidden` if it lacks the scope that is asked for, `KeysUnavailable` if
        it cannot be checked yet.
        """
        claims = await self._verified(token)
        user = User(id=self._name(claims), expires=claims["exp"] + self._settings.leeway_s)
        if self._settings.scope and self._settings.scope not in _scopes(claims):
            raise Forbidden("The token lacks the scope that is needed here.")
        return user

    async def _verified(self, token: str) -> Json:
        """The claims of a sound token."""
        header, claims = _parts(token)
        algorithm = self._algorithm(header)
        key = await self._keys.find(header.get("kid"), algorithm)
        if key is None:
            raise Unauthenticated
        try:
            jwt.decode(
                token,
                key,
                algorithms=[algorithm],
                issuer=self._settings.issuer,
                audience=self._settings.audience,
                leeway=self._settings.leeway_s,
                options={"require": ["iss", "aud", "exp"]},
            )
        except jwt.PyJWTError:
            raise Unauthenticated from None
        if not all(_is_date(claims[name]) for name in ("exp", "nbf", "iat") if name in claims):
            raise Unauthenticated
        return claims

    def _algorithm(self, header: Json) -> str:
        """The algorithm that a header names, if it is one of ours and nothing else in it is amiss.

        Keys that it brings, or says where to find (`jwk`, `jku`, `x5c`, `x5u`), are not looked at.
        """
        algorithm, type_, kid = header.get("alg"), header.get("typ", "JWT"), header.get("kid", "")
        if algorithm not in self._settings.algorithms or "crit" in header:
            raise Unauthenticated
        if not (isinstance(type_, str) and type_.lower().removeprefix("application/") in _TYPES):
            raise Unauthenticated
        if not isinstance(kid, str):
            raise Unauthenticated
        return str(algorithm)

    def _name(self, claims: Json) -> str:
        """The user's name."""
        name = claims.get(self._settings.user_claim)
        if not (isinstance(name, str) and is_name(name)):
            raise Unauthenticated
        return name


def _source(settings: JwtSettings) -> KeySource:
    if settings.jwks_url is not None:
        return PublishedKeys(settings.jwks_url, settings.algorithms, settings.refetch_s)
    return PinnedKeys(cast(Path, settings.keys_file), settings.algorithms)  # settings have one of the two


def _parts(token: str) -> tuple[Json, Json]:
    """Header and claims of what may be a token, nothing of which is proved."""
    compact = _COMPACT.fullmatch(token) if len(token) <= LONGEST else None
    if compact is None:
        raise Unauthenticated
    return _object(compact[1]), _object(compact[2])


def _object(part: str) -> Json:
    """A part as the JSON object that it must be. No name stands twice in it: others could read the other one."""
    try:
        text = base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)).decode()
        found = json.loads(text, object_pairs_hook=_unambiguous, parse_constant=_no_number)
    except (ValueError, RecursionError):
        raise Unauthenticated from None
    if not isinstance(found, dict):
        raise Unauthenticated
    return found


def _unambiguous(pairs: list[tuple[str, Any]]) -> Json:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError
    return found


def _no_number(constant: str) -> NoReturn:
    raise ValueError


def _is_date(value: object) -> bool:
    """Whether it is a NumericDate: a number, though not any. Python would take "12", true and 1e400 for one."""
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= LATEST


def _scopes(claims: Json) -> set[str]:
    """What a token may be used for, wherever its issuer says so.

    `scope` is a text in RFC 9068 and a list of IdentityServer's; `scp` a text of Entra's and a list of Okta's;
    `permissions` a list of Auth0's.
    """
    scopes: set[str] = set()
    for claim in ("scope", "scp", "permissions"):
        said = claims.get(claim)
        words = said.split(" ") if isinstance(said, str) else said if isinstance(said, list) else []
        scopes.update(word for word in words if isinstance(word, str))
    return scopes
