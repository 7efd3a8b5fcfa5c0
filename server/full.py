"""Limits of all users together, as those who meet them are told."""

from schemas import Code, ServerError


class Full(ServerError):
    """There is no place now, and one will be free again. `limit`: of what, by its key in the settings."""

    default = Code.TOO_BUSY

    def __init__(self, limit: str, message: str = "The server is busy. Try again shortly.") -> None:
        super().__init__(message, retry_after_ms=2000)
        self.limit = limit
