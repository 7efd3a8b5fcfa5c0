"""Who asks, and what is said to those who may not."""

from dataclasses import dataclass

from schemas import Code, RequestError


@dataclass(frozen=True, slots=True)
class User:
    """Whoever a request is made for.

    - `id`: as its token or backend names it; empty for a caller that needs no name, or has none
    - `expires`: seconds since the epoch after which it is not let in by what it showed; None if that does not expire
    """

    id: str = ""
    expires: float | None = None


class Unauthenticated(RequestError):
    """Nothing that was shown lets anybody in. What is wrong with it is nobody's business: one error for everything."""

    default = Code.UNAUTHENTICATED

    def __init__(self) -> None:
        super().__init__("Show who you are: a valid token, key or ticket is needed.")


class Forbidden(RequestError):
    """It is known who asks, who may not have this."""

    default = Code.FORBIDDEN

    def __init__(self, message: str = "You may not do this here.") -> None:
        super().__init__(message)
