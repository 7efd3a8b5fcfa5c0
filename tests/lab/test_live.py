"""A run is shown while it goes on: how often, where, and what becomes of it when its watcher leaves."""

import asyncio
import io
import re
from collections.abc import AsyncGenerator, AsyncIterator, Iterable
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from chains import meeting_info
from chains.recording import replay
from lab.form import Form
from lab.live import watch
from schemas import Breach, Event, FieldSettled, Invalid, RequestError, Token, to_frame
from tests.chains.answers import GOAL, MEETING, model_saying, script_of, text
from tests.lab.runs import recorded, repaired

NEVER_S = 10_000.0
SOON_S = 10.0
"""For what must happen at all; nobody waits for it."""


class Pictures:
    """A screen that keeps what it was shown."""

    def __init__(self) -> None:
        self.forms: list[str] = []
        self.events: list[Event | None] = []
        self.changed = asyncio.Event()

    def show(self, form: Form, event: Event | None) -> None:
        self.forms.append(str(form))
        self.events.append(event)
        self.changed.set()


async def coming(events: Iterable[Event]) -> AsyncGenerator[Event]:
    for event in events:
        yield event
        await asyncio.sleep(0)


def growing(count: int) -> list[Event]:
    """A run whose `name` grows by so many tokens."""
    first, *_, last = repaired().events
    tokens = [Token(seq=number, path="/name", text=f"{number} ") for number in range(2, count + 2)]
    return [first, *tokens, last.model_copy(update={"seq": count + 2})]


# -- how often ---------------------------------------------------------------------------------------------------------


async def test_it_returns_the_events() -> None:
    events = repaired().events
    assert await watch(coming(events), screen=Pictures()) == events


async def test_text_that_grows_is_not_shown_token_by_token() -> None:
    screen = Pictures()
    await watch(coming(growing(300)), every_s=NEVER_S, screen=screen)
    assert [event.type for event in screen.events if event] == ["start", "complete"]
    assert None not in screen.events


async def test_text_that_grows_is_shown_though_nothing_follows() -> None:
    screen, events = Pictures(), growing(2)

    async def stalling() -> AsyncGenerator[Event]:
        for event in events[:-1]:
            yield event
        while "2 3" not in screen.forms[-1]:  # the model is silent until somebody has seen its last token
            screen.changed.clear()
            await screen.changed.wait()
        yield events[-1]

    async with asyncio.timeout(SOON_S):
        await watch(stalling(), every_s=0.01, screen=screen)
    assert len(screen.forms) < 6


async def test_what_settles_or_breaks_is_shown_at_once() -> None:
    screen = Pictures()
    events = repaired().events
    await watch(coming(events), every_s=NEVER_S, screen=screen)
    names = {"start", "invalid", "pinned", "reset", "complete"}
    at_once = [e for e in events if e.type in names or (isinstance(e, FieldSettled) and e.path.count("/") == 1)]
    assert screen.events == at_once


async def test_items_of_lists_wait_their_turn() -> None:
    screen, (first, *_, last) = Pictures(), repaired().events
    items = [FieldSettled(seq=n + 2, path=f"/tags/{n}", value="a", source="model", ms=n) for n in range(200)]
    await watch(coming([first, *items, last]), every_s=NEVER_S, screen=screen)
    assert len(screen.forms) == 2


async def test_nothing_is_shown_after_the_end() -> None:
    screen = Pictures()
    await watch(coming(growing(3)), every_s=0.001, screen=screen)
    shown = len(screen.forms)
    await asyncio.sleep(0.01)  # had a picture been left over, it would be due by now
    assert len(screen.forms) == shown


# -- its watcher leaves, or its source fails ---------------------------------------------------------------------------


async def test_leaving_stops_the_model() -> None:
    model = model_saying({"text": text(MEETING)[:60], "failure": "stall"})
    screen = Pictures()
    task = asyncio.create_task(watch(meeting_info.build(model).astream_typed(GOAL), every_s=0.0, screen=screen))
    async with asyncio.timeout(SOON_S):
        while not screen.forms:
            await screen.changed.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert script_of(model).stopped_after  # before the task was done, not when somebody collects garbage
    assert "left before its end" in screen.forms[-1]


async def test_a_picture_that_fails_stops_the_model_too() -> None:
    class Broken:
        def show(self, form: Form, event: Event | None) -> None:
            raise BrokenPipeError

    model = model_saying(text(MEETING))
    with pytest.raises(BrokenPipeError):
        await watch(meeting_info.build(model).astream_typed(GOAL), screen=Broken())
    assert script_of(model).stopped_after


async def test_what_is_raised_before_the_first_event_is_raised_and_nothing_shown() -> None:
    screen, chain = Pictures(), meeting_info.build(model_saying(text(MEETING)))
    with pytest.raises(RequestError):
        await watch(chain.astream_typed({"goal": ""}), screen=screen)
    assert screen.forms == []


async def test_a_source_that_breaks_off_is_shown_as_broken_off() -> None:
    screen, events = Pictures(), growing(3)

    async def breaking() -> AsyncGenerator[Event]:
        for event in events[:3]:
            yield event
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        await watch(breaking(), every_s=NEVER_S, screen=screen)
    assert "broken off" in screen.forms[-1]
    assert "2 3" in screen.forms[-1]  # what came last has been seen


async def test_what_came_last_is_shown_before_it_returns() -> None:
    async def at_once() -> AsyncGenerator[Event]:
        yield Token(seq=7, path="/name", text="Hik")  # the middle of a run, and no more

    screen = Pictures()
    await watch(at_once(), screen=screen)
    assert "Hik" in screen.forms[-1]


async def test_an_iterator_that_is_no_generator_will_do() -> None:
    class Source:
        def __init__(self, events: list[Event]) -> None:
            self._left = iter(events)

        def __aiter__(self) -> AsyncIterator[Event]:
            return self

        async def __anext__(self) -> Event:
            try:
                return next(self._left)
            except StopIteration:
                raise StopAsyncIteration from None

    events = repaired().events
    assert await watch(Source(events), screen=Pictures()) == events


# -- where -------------------------------------------------------------------------------------------------------------


class Terminal(io.StringIO):
    """A terminal of 80 columns, as far as the live view makes use of one."""

    def isatty(self) -> bool:
        return True

    def screen(self) -> list[str]:
        """The lines that stand there now."""
        lines, row = [""], 0
        for plain, up in re.findall(r"([^\x1b]+)|\x1b\[(\d+)A\x1b\[J", self.getvalue()):
            if up:
                row -= int(up)
                assert row >= 0
                del lines[row:]
                lines.append("")
            for line in re.split(r"(?<=\n)", plain):
                if row == len(lines):
                    lines.append("")
                lines[row] += line.rstrip("\n")
                row += line.endswith("\n")
        return [line for line in lines if line]


async def test_a_terminal_shows_one_form_written_over_and_over(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal, last = Terminal(), Pictures()
    monkeypatch.setattr("sys.stdout", terminal)
    events = repaired().events
    await watch(coming(events), every_s=0.0)
    await watch(coming(events), every_s=0.0, screen=last)
    assert terminal.getvalue().count("\x1b[J") > 5
    assert terminal.screen() == [line[:80].rstrip() for line in last.forms[-1].split("\n")]


async def test_no_line_of_a_terminal_wraps(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr("sys.stdout", terminal)
    long = FieldSettled(seq=2, path="/name", value="한" * 100, source="model", ms=1)
    await watch(coming([repaired().events[0], long]))
    row = next(line for line in terminal.screen() if "한" in line)
    assert len(row) + row.count("한") <= 80


async def test_a_pipe_gets_a_line_for_what_settled(capsys: pytest.CaptureFixture[str]) -> None:
    events = repaired().events
    await watch(coming(events))
    lines = capsys.readouterr().out.splitlines()
    told = [event for event in events if event.type in ("field", "pinned") and event.path.count("/") == 1]
    assert [line.split()[1] for line in lines if line[0] in "✓◆"] == [event.path for event in told]
    assert any("attempt 2 (invalid_output), keeping /name, /members" in line for line in lines)
    assert any(line.startswith("✗ /summary") for line in lines)
    assert "complete in" in "".join(lines[-3:])


async def test_a_pipe_is_told_that_a_run_was_left(capsys: pytest.CaptureFixture[str]) -> None:
    await watch(coming(repaired().events[:5]))
    assert "left before its end" in capsys.readouterr().out.splitlines()[-1]


async def test_a_pipe_gets_no_control_characters(capsys: pytest.CaptureFixture[str]) -> None:
    first, *_ = repaired().events
    nasty = "a\x1b[2Jb\u202e\nc"
    field = FieldSettled(seq=2, path="/name", value=nasty, source="model", ms=1)
    invalid = Invalid(seq=3, paths=("/tags",), errors=(Breach(path="/tags", rule="r", message=nasty),))
    await watch(coming([first, field, invalid]))
    said = capsys.readouterr().out
    assert not set("\x1b\u202e") & set(said)
    assert said.count("\n") == 4  # the start, the field, the rule, that it was left


@pytest.mark.timeout(120)
def test_a_cell_shows_one_table_in_its_place(tmp_path: Path) -> None:
    file = tmp_path / "run.sse"
    file.write_text("".join(f": +{ms}\n{to_frame(event)}" for ms, event in recorded(repaired())), encoding="utf-8")
    cell = f"""
from chains.recording import replay
from lab.live import watch
events = await watch(replay({str(file)!r}, speed=0))
len(events)
"""
    notebook: Any = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell)])  # type: ignore[no-untyped-call]  # nbformat has no types
    NotebookClient(notebook, timeout=60).execute()
    shown, result = notebook.cells[0].outputs
    assert result.data["text/plain"] == str(len(repaired().events))
    assert "yours, pinned" in shown.data["text/html"]
    assert "settled by default" in shown.data["text/html"]
    assert "being written" not in shown.data["text/html"]
    assert "complete in" in shown.data["text/plain"]


async def test_a_replay_is_watched_like_a_run(tmp_path: Path) -> None:
    file = tmp_path / "run.sse"
    file.write_text("".join(map(to_frame, repaired().events)), encoding="utf-8")
    assert await watch(replay(file, speed=0), screen=Pictures()) == repaired().events
