"""A backend that calls for all of its users: it shows a key, and may name the one it calls for."""

from collections.abc import Sequence
from hashlib import sha256
from hmac import compare_digest

from starlette.datastructures import Headers

from server.auth.user import Unauthenticated, User, is_name

ITSELF = "\0backend"
"""The name of a backend that names nobody. No token and no header can hold it."""


class Backend:
    """Knows the keys (several while one replaces another), and reads the user's name from `header` if there is one."""

    def __init__(self, keys: Sequence[str], header: str | None) -> None:
        self._digests = [_digest(key) for key in keys]
        self._header = header

    def knows(self, key: str) -> bool:
        """Whether this is a backend's key. Takes as long for a key that is nearly right as for any other."""
        shown = _digest(key)
        return any(compare_digest(shown, digest) for digest in self._digests)

    def user(self, headers: Headers) -> User:
        """Whom it calls for, or itself if it names nobody. `Unauthenticated` if the name will not do."""
        names = headers.getlist(self._header) if self._header else []
        match names:
            case []:
                return User(ITSELF, limited=False)
            case [written] if is_name(name := _text(written)):
                return User(name)
        raise Unauthenticated


def _text(written: str) -> str:
    """A header's value as the UTF-8 that it is; empty if it is none."""
    try:
        return written.encode("latin-1").decode()
    except UnicodeDecodeError:
        return ""


def _digest(key: str) -> bytes:
    return sha256(key.encode("utf-8", "surrogateescape")).digest()
