"""How a fault is logged: never with the words of the exception, which may quote a user or a model."""

import logging
import traceback

from schemas import ServerError

_log = logging.getLogger(__name__)


def log_fault(logger: logging.Logger, what: str, error: BaseException) -> None:
    """Logs that something broke: the exception's type and place."""
    places = "".join(traceback.format_tb(error.__traceback__))
    logger.error("%s: %s\n%s", what, type(error).__name__, places)


def chain_fault(error: BaseException) -> ServerError:
    """A validator or another part of a chain's own broke: its author finds the place in the log, clients do not."""
    log_fault(_log, "a chain broke", error)
    return ServerError("The server has a fault.")
