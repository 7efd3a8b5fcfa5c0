"""The log: one format for whoever logs, no line that somebody else made up, no words of an exception."""

import io
import json
import logging
import re
import sys
import warnings
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chains.faults import log_fault
from server.observe.logs import field_log, set_up_logs
from server.settings import LogSettings
from tests.server.observe.watching import Lines

WORDS = "canary-words"
BEGINS = re.compile(r"\d\d:\d\d:\d\d\.\d{3}\+00:00 [A-Z]+ +\S")


def written(act: Any, fmt: Any = "text", **settings: Any) -> str:
    """What `act` has logged."""
    stream, before = io.StringIO(), sys.stderr
    sys.stderr = stream
    try:
        set_up_logs(LogSettings(format=fmt, **settings), "development")
        act()
    finally:
        sys.stderr = before
    return stream.getvalue()


def raised() -> BaseException:
    """An exception that quotes somebody, and says where."""
    try:
        int(WORDS)
    except ValueError as error:
        return error
    raise AssertionError


pytestmark = pytest.mark.usefixtures("own_loggers")


def test_json_lines_have_the_keys_that_collectors_know(lines: Lines) -> None:
    field_log("server.run").warning("run", chain="chatbot", total_ms=3)
    logging.getLogger("uvicorn.error").error("%s went wrong", "it")
    own, foreign = map(json.loads, lines.text.splitlines())
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00", own.pop("time"))
    assert own == {
        "severity": "WARNING",
        "logger": "server.run",
        "message": "run",
        "chain": "chatbot",
        "total_ms": 3,
    }
    assert (foreign["severity"], foreign["logger"], foreign["message"]) == ("ERROR", "uvicorn.error", "it went wrong")


def test_text_for_people() -> None:
    text = written(lambda: field_log("server.run").info("run", chain="chatbot", field_ms={"name": 3}))
    assert re.sub(r"^\S+ ", "", text) == 'INFO     run  chain=chatbot  field_ms={"name": 3}\n'


@pytest.mark.parametrize(
    ("mode", "fmt", "is_json"),
    [
        ("production", "auto", True),
        ("development", "auto", False),
        ("development", "json", True),
        ("production", "text", False),
    ],
)
def test_the_format_goes_by_the_settings_then_by_the_mode(
    mode: str, fmt: Any, is_json: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    set_up_logs(LogSettings(format=fmt), mode)
    field_log("x").info("run")
    assert stream.getvalue().startswith("{") is is_json


def test_colours_for_a_terminal_only(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    set_up_logs(LogSettings(), "development")
    logging.getLogger("x").warning("look")
    assert "\x1b[" in terminal.getvalue()
    assert "\x1b[" not in written(lambda: logging.getLogger("x").warning("look"))


def test_set_up_again_nothing_is_said_twice() -> None:
    def twice() -> None:
        set_up_logs(LogSettings(format="json"), "development")
        logging.getLogger("x").info("once")

    assert written(twice).count("once") == 1


def test_handlers_of_others_stay() -> None:
    other = logging.NullHandler()
    logging.getLogger().addHandler(other)
    written(lambda: None)
    assert other in logging.getLogger().handlers


def test_the_servers_own_access_log_is_off() -> None:
    access = logging.getLogger("uvicorn.access")
    access.handlers, access.propagate = [logging.StreamHandler(sys.stderr)], True
    assert written(lambda: access.info("GET /runs/1/events?ticket=%s", WORDS)) == ""
    assert not access.hasHandlers()  # by which the server decides to do nothing for it


@pytest.mark.parametrize("fmt", ["text", "json"])
@given(text=st.text(st.characters(codec=None), max_size=30) | st.just("x\nINFO forged\r\x1b[2J\u2028\u202e\x85\ud83d"))
def test_no_value_forges_a_line(fmt: str, text: str) -> None:
    def act() -> None:
        field_log("x").info("run", value=text, values={"key": [text]})
        logging.getLogger("x").info("said %s", text)

    said = written(act, fmt)
    said.encode()  # no half of a character
    lines = [line for line in re.split(r"[\n\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]", said) if line]
    ours = [line for line in lines if not line.startswith("    ")]  # the others continue one, and show it
    assert len(ours) == 2
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]", said)
    for line in ours:
        assert json.loads(line) if fmt == "json" else BEGINS.match(line)


@pytest.mark.parametrize("fmt", ["text", "json"])
@pytest.mark.parametrize(
    "log",
    [
        lambda error: log_fault(logging.getLogger("x"), "it broke", error),
        lambda error: logging.getLogger("x").error("it broke", exc_info=error),
        lambda error: logging.getLogger("asyncio").error("it broke\nfuture: %r", error, exc_info=error),
        lambda error: field_log("x").error("it broke", exc_info=error),
    ],
    ids=["log_fault", "stdlib", "asyncio", "fields"],
)
def test_an_exception_is_told_by_type_and_place(fmt: str, log: Any) -> None:
    said = written(lambda: log(raised()), fmt)
    assert "it broke: ValueError" in said
    assert "in raised" in said
    assert WORDS not in said


def test_an_exception_that_is_being_handled() -> None:
    def act() -> None:
        try:
            raise LookupError(WORDS)
        except LookupError:
            field_log("x").exception("it broke")

    said = written(act)
    assert "it broke: LookupError" in said
    assert WORDS not in said


def test_no_exception_after_all() -> None:
    assert "it broke" in written(lambda: logging.getLogger("x").error("it broke", exc_info=(None, None, None)))


def test_where_content_may_be_told_its_words_are_told_too() -> None:
    said = written(lambda: logging.getLogger("x").error("it broke", exc_info=raised()), content=True)
    assert WORDS in said


def test_what_cannot_be_written_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    class Closed(io.StringIO):
        def write(self, text: str) -> int:
            raise OSError(text)

    set_up_logs(LogSettings(), "development")
    handler = logging.getLogger().handlers[-1]
    assert isinstance(handler, logging.StreamHandler)
    handler.setStream(Closed())
    logging.getLogger("x").info("said %s", WORDS)
    assert capsys.readouterr().err == ""


def test_the_level() -> None:
    def act() -> None:
        field_log("x").info("quiet")
        logging.getLogger("x").warning("loud")

    said = written(act, level="warning")
    assert "loud" in said
    assert "quiet" not in said


def test_chunks_are_never_logged() -> None:
    def act() -> None:
        for name in ("sse_starlette.sse", "openai._base_client", "httpx", "httpcore2.http11", "urllib3.connectionpool"):
            logging.getLogger(name).debug(WORDS)

    assert written(act, level="debug") == ""


def test_warnings_are_lines_too() -> None:
    def act() -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            warnings.warn("look", stacklevel=1)

    assert [json.loads(line)["logger"] for line in written(act, "json").splitlines()] == ["py.warnings"]
