"""Who asks, and what is said to those who may not."""

import time
from dataclasses import dataclass
from math import ceil, inf
from typing import cast

from starlette.requests import Request
from starlette.types import Scope

from schemas import Code, RequestError, ServerError


@dataclass(frozen=True, slots=True)
class User:
    """Whoever a request is made for.

    - `id`: as its token or backend names it; empty for a caller that needs no name, or has none. It stays in this room
    - `key`: a pseudonym that stands for it everywhere else: in runs, limits and logs; empty where anybody may call
    - `expires`: seconds since the epoch after which it is not let in by what it showed; None if that does not expire
    - `limited`: whether it may have only so much. A backend that calls for all of its users is not one of them
    - `by_ticket`: whether it was let in to one run by a ticket, or the cookie that follows one
    """

    id: str = ""
    key: str = ""
    expires: float | None = None
    limited: bool = True
    by_ticket: bool = False

    @property
    def for_s(self) -> float:
        """Seconds for which it is let in from now on."""
        return inf if self.expires is None else self.expires - time.time()


ANYBODY = User(limited=False)
"""Where nobody is asked who they are."""


def enter(scope: Scope, user: User) -> None:
    """Notes who asks; the rest of this request's way asks `user_of`."""
    scope.setdefault("state", {})["user"] = user


async def user_of(request: Request) -> User:
    """Who asks. Nobody gets here unasked: where no door stands before the app, this fails.

    A coroutine, since FastAPI hands whatever is none to a thread.
    """
    return cast(User, request.state.user)


class Unauthenticated(RequestError):
    """Nothing that was shown lets anybody in. What is wrong with it is nobody's business: one error for everything."""

    default = Code.UNAUTHENTICATED

    def __init__(self) -> None:
        super().__init__("Show who you are: a valid token, key or ticket is needed.")


class Forbidden(RequestError):
    """It is known who asks, who may not have this."""

    default = Code.FORBIDDEN


class TooMany(ServerError):
    """A user has had its share of something, and can have more later. `limit`: of what, by its key in the settings."""

    default = Code.RATE_LIMITED

    def __init__(self, limit: str, what: str, wait_s: float) -> None:
        super().__init__(f"Too many {what}. Try again later.", retry_after_ms=max(ceil(wait_s), 1) * 1000)
        self.limit = limit
