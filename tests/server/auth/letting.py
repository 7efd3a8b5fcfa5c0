"""Those who let tokens in, whose keys they know, and what it is to be refused."""

from pathlib import Path
from typing import Any

import pytest

from schemas import StreamError
from server.auth.tokens import Tokens
from server.auth.user import Unauthenticated
from server.settings import JwtSettings
from tests.server.auth.issuer import AUDIENCE, ISSUER, Pair, jwks, pair

RSA, SPARE, EC, ED = pair("RS256", "rsa"), pair("RS256", "spare"), pair("ES256", "ec"), pair("EdDSA", "ed")
STRANGER = pair("RS256", "stranger")
"""Somebody else's key, which nobody here knows."""


def jwt_settings(**changed: Any) -> JwtSettings:
    sound = {"issuer": ISSUER, "audience": AUDIENCE, "algorithms": ["RS256", "ES256", "EdDSA"]}
    return JwtSettings.model_validate(sound | changed)


def pinning(folder: Path, *keys: Pair, **changed: Any) -> Tokens:
    """Lets in whose tokens are signed by these keys."""
    (folder / "keys.json").write_bytes(jwks(*keys))
    return Tokens(jwt_settings(keys_file=folder / "keys.json", **changed))


async def refuse(tokens: Tokens, token: str) -> None:
    """Nobody is let in by it, and nobody is told why."""
    with pytest.raises(StreamError) as refused:
        await tokens.user(token)
    assert type(refused.value) is Unauthenticated
    assert refused.value.envelope() == Unauthenticated().envelope()
