"""How long to go on trying in vain, and how long to wait in between: longer each time, and not as long as others do."""

import random
import time

SHORTEST_S = 0.25
LONGEST_S = 8.0  # unless the server asks for more


class Patience:
    """For so many seconds in vain. Time in which a connection stands does not count, though it may bring nothing."""

    def __init__(self, total_s: float) -> None:
        self.total_s = total_s
        self._failures = 0
        self._spent_s = 0.0
        self._since: float | None = None

    def connected(self) -> None:
        """Somebody answers. Whether anything comes of it is another question."""
        self._count()
        self._since = None

    def renew(self) -> None:
        """Something has come of it."""
        self._failures, self._spent_s, self._since = 0, 0.0, None

    def failed(self, least_s: float) -> float | None:
        """The seconds to wait before the next try, at least those that the server asks for. `None`: enough."""
        self._count()
        self._since = time.monotonic()
        least_s = max(least_s, SHORTEST_S)
        grown_s = max(least_s, min(least_s * 2.0 ** min(self._failures, 10), LONGEST_S))
        pause_s = min(grown_s * random.uniform(1, 1.5), self.total_s)  # noqa: S311  # spreads clients, hides nothing
        if self._failures and self._spent_s + pause_s >= self.total_s:
            return None
        self._failures += 1
        return pause_s

    def _count(self) -> None:
        if self._since is not None:
            self._spent_s += time.monotonic() - self._since
