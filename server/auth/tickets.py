"""Tickets and cookies: how a browser's EventSource, which can send no header, is let in to one run.

A ticket stands in the address for its first opening. It is then answered with a cookie for this run alone, since an
EventSource that reconnects asks for the same address again, when the ticket is over.
"""

import secrets
from collections.abc import Iterator

from starlette.datastructures import Headers, QueryParams
from starlette.types import Scope

from server.auth.secret import Secret
from server.auth.user import User

COOKIE = "run"


class Tickets:
    """Issues them and lets in by them, to one run and for one user.

    `ticket_s`: seconds in which a ticket opens its run. `cookie_s`: seconds for which a cookie is good, each time.
    """

    def __init__(self, secret: Secret, ticket_s: float, cookie_s: float) -> None:
        self._secret = secret
        self._ticket_s = ticket_s
        self._cookie_s = cookie_s

    def issue(self, run_id: str, user: User) -> str:
        """A ticket. No two are alike."""
        return self._secret.sign(f"ticket {run_id}", f"{user.key}.{int(user.limited)}{secrets.token_urlsafe(9)}")

    def cookie(self, run_id: str, user: User, *, secure: bool) -> str:
        """The `Set-Cookie` of an opening. No script sees it, no other site can make a browser send it."""
        value = self._secret.sign(f"cookie {run_id}", f"{user.key}.{int(user.limited)}")
        rules = f"Path=/runs/{run_id}; Max-Age={round(self._cookie_s)}; HttpOnly; SameSite=Strict"
        return f"{COOKIE}={value}; {rules}{'; Secure' if secure else ''}"

    def user(self, scope: Scope, run_id: str) -> User | None:
        """Whom the request's cookie or else, for a reading, its ticket lets in to this run."""
        for cookie in _cookies(scope):
            if user := self._user(f"cookie {run_id}", cookie, self._cookie_s):
                return user
        if scope["method"] == "GET" and (ticket := _query(scope)):
            return self._user(f"ticket {run_id}", ticket, self._ticket_s)
        return None

    def _user(self, purpose: str, text: str, within_s: float) -> User | None:
        if (value := self._secret.signed(purpose, text, within_s)) is None:
            return None
        key, _, rest = value.partition(".")
        return User(key=key, limited=rest[0] == "1")


def _cookies(scope: Scope) -> Iterator[str]:
    """The values of all cookies of this name. Others among them may be no cookies at all by the rules, and somebody who
    has a neighbouring name can add some of this one.
    """
    for header in Headers(scope=scope).getlist("cookie"):
        for pair in header.split(";"):
            name, _, value = pair.strip().partition("=")
            if name == COOKIE:
                yield value


def _query(scope: Scope) -> str:
    return QueryParams(scope["query_string"]).get("ticket", "")
