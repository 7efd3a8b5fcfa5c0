"""Guards against one user's taking what is there for all: requests beyond its share are told to come back."""

from starlette.types import ASGIApp, Receive, Scope, Send

from server.auth.quota import Quota
from server.auth.user import User
from server.errors import respond
from server.guard.paths import is_reading, run_of
from server.limited import TooMany


class Shares:
    """Counts the requests of each user, and what of it may last: answers of the chains and readings of runs, and beside
    them what is sent to runs, for which there are places of its own.
    """

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
            streams = is_reading(scope["path"]) or (scope["method"] == "POST" and run_of(scope["path"]) is None)
            with self._quota.at_once(user, "streams" if streams else "requests about runs"):
                await self._app(scope, receive, send)
        except TooMany as error:
            await respond(error)(scope, receive, send)
