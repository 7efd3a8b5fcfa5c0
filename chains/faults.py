"""How a fault is logged: never with the words of the exception, which may quote a user or a model."""

import logging
import traceback


def log_fault(logger: logging.Logger, what: str, error: BaseException) -> None:
    """Logs that something broke: the exception's type and place."""
    places = "".join(traceback.format_tb(error.__traceback__))
    logger.error("%s: %s\n%s", what, type(error).__name__, places)
