"""The server's own secret: it signs tickets and cookies, and makes pseudonyms of users' names."""

import hmac
import os
import secrets
import time
from collections.abc import Sequence
from hashlib import sha256

from itsdangerous import BadSignature, TimestampSigner

from server.settings import SettingsError

SHORTEST = 32
"""Characters, at least: as many as `openssl rand -hex 16` gives."""


def secrets_in(variable: str, what: str) -> list[str]:
    """The secrets that an environment variable holds, divided by commas: several while one replaces another.

    `SettingsError` if there is one that could be guessed. What it holds is never quoted.
    """
    found = [secret.strip() for secret in os.environ.get(variable, "").split(",") if secret.strip()]
    if any(len(secret) < SHORTEST for secret in found):
        raise SettingsError(
            f"{variable} holds {what}, which must have at least {SHORTEST} characters: openssl rand -hex 32"
        )
    return found


LEEWAY_S = 5
"""Seconds by which the clocks of machines may differ that let in by what another one has signed."""


class Secret:
    """Signs and knows again. Of several the first one signs; the others are still known.

    Without any it makes up its own, which no other process has.
    """

    def __init__(self, known: Sequence[str] = ()) -> None:
        self._known = [*known] or [secrets.token_hex(32)]

    def pseudonym(self, name: str) -> str:
        """The same for the same name, and telling nobody else what that is.

        By the last secret: a new one that comes in front of it gives nobody another name, until the old one is dropped.
        """
        return hmac.digest(self._known[-1].encode(), b"user\0" + name.encode(), sha256).hex()[:32]

    def sign(self, purpose: str, value: str) -> str:
        """The value and when it was signed, so that nobody can change them: URL-safe text."""
        return self._signer(purpose).sign(value).decode()

    def signed(self, purpose: str, text: str, within_s: float) -> str | None:
        """The value, if it was signed for this purpose and not longer ago than this."""
        try:
            value, when = self._signer(purpose).unsign(text.encode(), return_timestamp=True)
            return value.decode() if -LEEWAY_S <= time.time() - when.timestamp() <= within_s + LEEWAY_S else None
        except (BadSignature, UnicodeError):
            return None

    def _signer(self, purpose: str) -> TimestampSigner:
        # The signing key is the last one, in itsdangerous' order.
        return TimestampSigner(self._known[::-1], salt=purpose, digest_method=sha256)
