"""The command that plays a recording: what it writes, at which pace, and how it ends."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pytest

from chains.replay import CUT, INTERRUPTED, UNREADABLE, WHOLE, main
from schemas import ALWAYS_SENT, Event, to_frame
from tests.chains.clock import Clock
from tests.chains.recordings import timed, token
from tests.schemas.samples import EVENTS

ROOT = Path(__file__).parents[2]
PATIENCE_S = 60
HOUR_MS = 3_600_000
Captured = pytest.CaptureFixture[bytes]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "run.sse"


def write(file: Path, events: Sequence[Event], step_ms: int = 0) -> str:
    """A recording with an event every so many milliseconds; returns the file's name, as an argument."""
    pairs = [(index * step_ms, event) for index, event in enumerate(events)]
    file.write_text(timed(*pairs), encoding="utf-8")
    return str(file)


def frames(events: Sequence[Event]) -> bytes:
    return "".join(map(to_frame, events)).encode()


# -- what it writes ----------------------------------------------------------------------------------------------------


def test_it_writes_the_frames_of_the_run(file: Path, capsysbinary: Captured) -> None:
    assert main([write(file, EVENTS)]) == WHOLE
    assert capsysbinary.readouterr() == (frames(EVENTS), b"")


def test_it_writes_only_what_is_wanted_and_what_everybody_must_know(file: Path, capsysbinary: Captured) -> None:
    assert main([write(file, EVENTS), "--events", "token,field"]) == WHOLE
    wanted = [event for event in EVENTS if event.type in {"token", "field"} | ALWAYS_SENT]
    assert capsysbinary.readouterr().out == frames(wanted)


def test_it_keeps_the_pace(file: Path, capsysbinary: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch)
    name = write(file, EVENTS, step_ms=500)
    began = clock.now
    main([name])
    assert clock.now - began == pytest.approx(0.5 * (len(EVENTS) - 1))
    main([name, "--speed", "2"])
    assert clock.now - began == pytest.approx(0.75 * (len(EVENTS) - 1))
    main([name, "--speed", "0"])
    assert clock.now - began == pytest.approx(0.75 * (len(EVENTS) - 1))
    assert capsysbinary.readouterr().out == frames(EVENTS) * 3


# -- how it ends -------------------------------------------------------------------------------------------------------


def test_what_is_left_of_a_cut_run_is_played_and_said_to_be_cut(file: Path, capsysbinary: Captured) -> None:
    name = write(file, EVENTS[:3])
    file.write_bytes(file.read_bytes() + to_frame(EVENTS[3]).encode()[:-1])
    assert main([name]) == CUT
    out, err = capsysbinary.readouterr()
    assert out == frames(EVENTS[:3])
    assert err.decode().splitlines() == [f"{file}: cut behind event 3 (partial): no terminal event came."]


@pytest.mark.parametrize("wanted", ["token", "token,field", "partial"])
def test_it_is_cut_or_not_whatever_is_wanted_of_it(file: Path, capsysbinary: Captured, wanted: str) -> None:
    assert main([write(file, EVENTS[:3]), "--events", wanted]) == CUT
    assert main([write(file, EVENTS), "--events", wanted]) == WHOLE


@pytest.mark.parametrize(
    ("content", "words"), [("<html>", "run.sse: .*<html>"), (to_frame(EVENTS[0]) + "data: no\n\n", "run.sse, line 5: ")]
)
def test_what_is_no_recording_is_said_in_words(file: Path, capsysbinary: Captured, content: str, words: str) -> None:
    file.write_text(content, encoding="utf-8")
    assert_refused(main([str(file)]), capsysbinary, words)


def test_a_file_that_is_not_there_is_said_in_words(file: Path, capsysbinary: Captured) -> None:
    assert_refused(main([str(file)]), capsysbinary, "run.sse: No such file")


def test_a_folder_is_no_file(tmp_path: Path, capsysbinary: Captured) -> None:
    assert_refused(main([str(tmp_path)]), capsysbinary, ": Is a directory")


def assert_refused(status: int, captured: Captured, words: str) -> None:
    out, err = captured.readouterr()
    assert (status, out) == (UNREADABLE, b"")
    [line] = err.decode().splitlines()
    assert re.search(words, line)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "file"),
        (["--events", "token,error"], "no event is called error; there are start, token"),
        (["--events", ""], "no event is called"),
        (["--speed", "-1"], "from 0 up, not -1"),
        (["--speed", "fast"], "from 0 up, not fast"),
        (["--speed", "nan"], "from 0 up"),
        (["--speed", "inf"], "from 0 up"),
    ],
)
def test_arguments_that_make_no_sense_are_refused(
    file: Path, capsysbinary: Captured, arguments: list[str], words: str
) -> None:
    name = [write(file, EVENTS)] if arguments else []
    with pytest.raises(SystemExit) as ended:
        main([*name, *arguments])
    assert ended.value.code == UNREADABLE
    out, err = capsysbinary.readouterr()
    assert out == b""
    assert words in err.decode()


def test_its_help_tells_every_option_and_every_exit_status(capsysbinary: Captured) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    assert ended.value.code == 0
    told = capsysbinary.readouterr().out.decode()
    for word in ("--speed", "--events", *(f"\n  {status} " for status in (WHOLE, CUT, UNREADABLE, INTERRUPTED))):
        assert word in told


# -- as a process ------------------------------------------------------------------------------------------------------


@contextmanager
def playing(name: str) -> Iterator[tuple["subprocess.Popen[bytes]", IO[bytes], IO[bytes]]]:
    """The command in a process of its own, its output and its complaints. It hears Ctrl-C even if the tests do not."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    with subprocess.Popen(  # noqa: S603 - this interpreter and a file of ours
        [sys.executable, "-m", "chains.replay", name],
        cwd=ROOT,
        env={**os.environ, "PYTHONUNBUFFERED": ""},  # output is buffered, as it is for users
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        signal.signal(signal.SIGINT, before)
        assert process.stdout
        assert process.stderr
        try:
            yield process, process.stdout, process.stderr
        finally:
            process.kill()


def test_a_frame_leaves_at_once_and_ctrl_c_is_quiet(file: Path) -> None:
    with playing(write(file, EVENTS, step_ms=HOUR_MS)) as (process, out, err):
        first = frames(EVENTS[:1])
        assert out.read(len(first)) == first
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE_S) == INTERRUPTED
        assert (out.read(), err.read()) == (b"", b"")


def test_a_reader_that_has_had_enough_is_no_failure(file: Path) -> None:
    many = [token(seq) for seq in range(1, 3000)]  # more than a pipe takes in
    with playing(write(file, many)) as (process, out, err):
        assert out.readline() == b"id:1\n"
        out.close()
        assert process.wait(PATIENCE_S) == WHOLE
        assert err.read() == b""
