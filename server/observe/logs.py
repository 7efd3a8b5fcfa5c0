"""What is logged, and how: never a user's or a model's text, never a key, never a line that somebody else made up."""

import json
import logging
import re
import sys
import traceback
import warnings
from datetime import UTC, datetime
from typing import Any

import structlog
from structlog.stdlib import BoundLogger, ProcessorFormatter, filter_by_level
from structlog.types import EventDict, Processor

from server.settings.observed import LogSettings

_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""What ends a line, moves a terminal's cursor or turns the direction of reading; and halves of characters."""

_QUIET = ("sse_starlette", "httpx", "httpx2", "httpcore2", "openai", "urllib3", "asyncio.sslproto")


def quiet_libraries() -> None:
    """Silences what libraries say of chunks: some log each at DEBUG, pydantic warns of odd ones and quotes them."""
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)  # a collector that is away is told of in our words
    warnings.filterwarnings("ignore", message="Pydantic serializer warnings")


def set_up_logs(settings: LogSettings, mode: str) -> None:
    """Has everything that is logged in this process written to stderr, in one format. May be called again.

    A server's own messages come this way, too, if it is told to configure nothing (`log_config=None`). Its access log
    shows whole paths, with the ids of runs and with tickets; `server.observe.requests` takes its place.
    """
    handler = _Handler(sys.stderr)
    in_json = mode == "production" if settings.format == "auto" else settings.format == "json"
    handler.setFormatter(_formatter(in_json=in_json, full_traces=settings.content))
    root = logging.getLogger()
    root.handlers = [*(other for other in root.handlers if not isinstance(other, _Handler)), handler]
    root.setLevel(settings.level.upper())
    access = logging.getLogger("uvicorn.access")
    access.handlers, access.propagate = [], False
    logging.captureWarnings(capture=True)
    quiet_libraries()


def field_log(name: str) -> BoundLogger:
    """A logger whose lines have fields: `log.info("run", chain="chatbot")`."""
    processors: list[Processor] = [filter_by_level, ProcessorFormatter.wrap_for_formatter]
    logger: BoundLogger = structlog.wrap_logger(logging.getLogger(name), processors, wrapper_class=BoundLogger)
    return logger


class _Handler(logging.StreamHandler[Any]):
    """Ours among the root's handlers."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802  # the parent's name
        """Says nothing: the parent prints what was to be logged, with its arguments and a traceback."""


def _formatter(*, in_json: bool, full_traces: bool) -> ProcessorFormatter:
    def describe(logger: Any, method: str, event: EventDict) -> EventDict:
        return _described(event, full_traces=full_traces)

    render = _as_json if in_json else _Text(colours=sys.stderr.isatty())
    return ProcessorFormatter(processors=[describe, render])


def _described(event: EventDict, *, full_traces: bool) -> EventDict:
    """What is written of a record: when, how grave, by whom, a sentence, its fields; and places in the code.

    The keys are those by which log collectors know a time, a level and a message.
    """
    record, error = event.pop("_record"), _exception(event.pop("exc_info", None))
    message, _, places = str(event.pop("event")).partition("\n")
    del event["_from_structlog"]
    if error:  # its words may quote a user, and so may what a library says of it behind a first line
        traced = traceback.format_exception(error) if full_traces else traceback.format_tb(error.__traceback__)
        message, places = f"{message}: {type(error).__name__}", "".join(traced)
    head = {"time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")}
    head |= {"severity": record.levelname, "logger": record.name, "message": message}
    return {**head, **event, **({"places": places.rstrip()} if places else {})}


def _exception(info: Any) -> BaseException | None:
    """The exception that a record is about: given itself, as `sys.exc_info` gives it, or as the one that is handled."""
    if info is True:
        return sys.exception()
    error: BaseException | None = info[1] if isinstance(info, tuple) else info
    return error


def _as_json(logger: Any, method: str, event: EventDict) -> str:
    return json.dumps(event, default=str)  # ASCII only: nothing in it can end a line


class _Text:
    """For people: the sentence, then its fields; places in the code follow on lines of their own, indented."""

    def __init__(self, *, colours: bool) -> None:
        self._severity = _COLOURS if colours else {}

    def __call__(self, logger: Any, method: str, event: EventDict) -> str:
        time, severity, _, message = (event.pop(key) for key in ("time", "severity", "logger", "message"))
        places = "".join(f"\n    {_printable(line)}" for line in event.pop("places", "").split("\n") if line)
        fields = "".join(f"  {key}={_printable(_plain(value))}" for key, value in event.items())
        colour = self._severity.get(severity, "")
        head = f"{time[11:]} {colour}{severity:8}{colour and _PLAIN}"
        return f"{head} {_printable(message)}{fields}{places}"


_PLAIN = "\x1b[0m"
_COLOURS = {"WARNING": "\x1b[33m", "ERROR": "\x1b[31m", "CRITICAL": "\x1b[1;31m", "DEBUG": "\x1b[2m"}


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def _printable(text: str) -> str:
    """The text on one line: what would end it or do more than show is written as its escape."""
    return _CONTROLS.sub(lambda found: found[0].encode("unicode_escape", "surrogatepass").decode("ascii"), text)
