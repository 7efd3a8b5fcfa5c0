"""What may be logged: never a user's or a model's text, never a key."""

import logging
import traceback
import warnings


def log_fault(logger: logging.Logger, what: str, error: BaseException) -> None:
    """Logs that something broke: the exception's type and place, without its words, which may quote a user."""
    places = "".join(traceback.format_tb(error.__traceback__))
    logger.error("%s: %s\n%s", what, type(error).__name__, places)


def quiet_libraries() -> None:
    """Silences what libraries say of chunks: some log each at DEBUG, pydantic warns of odd ones and quotes them."""
    for name in ("sse_starlette", "httpx", "httpx2", "httpcore2", "openai"):
        logging.getLogger(name).setLevel(logging.WARNING)
    warnings.filterwarnings("ignore", message="Pydantic serializer warnings")
