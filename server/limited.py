"""Limits, as those who meet them are told: there is no more now, and there will be again."""

from math import ceil

from schemas import Code, ServerError


class Limited(ServerError):
    """A limit is met. `limit`: which one, by its key in the settings."""

    def __init__(self, limit: str, message: str, wait_s: float) -> None:
        super().__init__(message, retry_after_ms=max(ceil(wait_s), 1) * 1000)
        self.limit = limit


class Full(Limited):
    """All users together have what there is."""

    default = Code.TOO_BUSY

    def __init__(self, limit: str, message: str = "The server is busy. Try again shortly.") -> None:
        super().__init__(limit, message, wait_s=2)


class TooMany(Limited):
    """One user has had its share of something (`what`)."""

    default = Code.RATE_LIMITED

    def __init__(self, limit: str, what: str, wait_s: float) -> None:
        super().__init__(limit, f"Too many {what}. Try again later.", wait_s)
