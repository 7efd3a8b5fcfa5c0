"""Users and backends as they call a server: what they show, and the settings of one that knows them."""

import time
from pathlib import Path
from typing import Any

from tests.server.auth.issuer import AUDIENCE, ISSUER, claims, jwks
from tests.server.auth.letting import RSA

DAY_S = 86_400
KEY = "the-key-of-the-backend-0123456789"
SECRET = "what-signs-tickets-and-cookies-0123456789"  # noqa: S105
ENVIRONMENT = {"SERVICE_KEY": KEY, "SERVER_SECRET": SECRET}


def auth(folder: Path, **changed: Any) -> dict[str, Any]:
    """The settings of a server that lets in users with tokens, and a backend that may name its user."""
    keys = folder / "keys.json"
    keys.write_bytes(jwks(RSA))
    jwt = {"issuer": ISSUER, "audience": AUDIENCE, "algorithms": ["RS256"], "keys_file": str(keys), "leeway_s": 0}
    return {"jwt": jwt, "key_env": "SERVICE_KEY", "user_header": "x-user-id", **changed}


def bearer(credential: str) -> dict[str, str]:
    return {"authorization": f"Bearer {credential}"}


def token_of(user: str, **changed: Any) -> dict[str, str]:
    """What a user shows: good for longer than all tests take, since some are made when tests are collected."""
    return bearer(RSA.token(claims(**{"sub": user, "exp": int(time.time()) + DAY_S, **changed})))


def backend(user: str | None = None) -> dict[str, str]:
    """What the backend shows, for a user or for itself."""
    return bearer(KEY) | ({"x-user-id": user} if user is not None else {})
