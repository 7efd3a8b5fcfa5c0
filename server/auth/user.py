"""Who asks, and what is said to those who may not."""

import time
from dataclasses import dataclass
from math import inf
from typing import cast

from starlette.requests import Request
from starlette.types import Scope

from schemas import Code, RequestError

LONGEST_NAME = 255
"""Characters of a user's name: as many as OpenID Connect lets `sub` have."""


def is_name(text: str) -> bool:
    """Whether a user may be called so. What cannot be seen could make two that look the same."""
    return 0 < len(text) <= LONGEST_NAME and text.isprintable()


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
