"""Guards against one user's taking what is there for all: requests beyond its share are told to come back."""

import re

from starlette.types import ASGIApp, Receive, Scope, Send

from server.auth.quota import Quota
from server.auth.user import TooMany, User
from server.errors import respond

ABOUT_RUN = re.compile(r"/runs/.*")
EVENTS = re.compile(r"/runs/[^/]+/events")


class Shares:
    """Counts the requests of each user, and what of it may last: answers of the chains, and readings of runs."""

    def __init__(self, app: ASGIApp, quota: Quota) -> None:
        self._app = app
        self._quota = quota

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        user: User | None = scope.get("state", {}).get("user")
        if user is None:  # what is open to all
            await self._app(scope, receive, send)
            return
        try:
            await self._quota.request(user)
            if not _lasts(scope):
                await self._app(scope, receive, send)
                return
            with self._quota.stream(user):
                await self._app(scope, receive, send)
        except TooMany as error:
            await respond(error)(scope, receive, send)


def _lasts(scope: Scope) -> bool:
    if scope["method"] == "POST":
        return not ABOUT_RUN.fullmatch(scope["path"])
    return EVENTS.fullmatch(scope["path"]) is not None
