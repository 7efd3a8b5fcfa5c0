"""A recording taken apart: lanes, bytes, instants. The pictures are made of these figures."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from io import BytesIO
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from hypothesis import given
from langchain_core.runnables import RunnableGenerator
from langserve import add_routes
from matplotlib import rcParams
from matplotlib.figure import Figure
from matplotlib.text import Text

from chains.recording import Recorded
from lab.anatomy import form_at, instants, listing, pauses, readings, sizes, sizes_plot, timeline
from lab.anatomy.lanes import Span, lanes_of
from lab.anatomy.whole import Length, whole_object_bytes
from lab.form import Form
from schemas import Code, Complete, Event, FieldPlan, FieldSettled, Fold, Reset, Start, Token, copy_json, to_frame
from tests.chains.generated_runs import Case, cases
from tests.lab.runs import recorded, repaired

RUN = recorded(repaired())


def recording_of(events: Sequence[Event]) -> list[Recorded]:
    return [Recorded(10 * number, event) for number, event in enumerate(events)]


def png(figure: Figure) -> bytes:
    """The figure drawn: what cannot be drawn shows only then."""
    file = BytesIO()
    figure.savefig(file, format="png")
    return file.getvalue()


def texts(figure: Figure) -> str:
    """All that is written in it, on one line."""
    return " ".join(part.get_text() for part in figure.findobj(Text)).replace("\n", " ")


# -- lanes -------------------------------------------------------------------------------------------------------------


def test_every_field_has_a_lane_in_form_order() -> None:
    assert list(lanes_of(RUN).by_name) == ["name", "summary", "tags", "members", "plan", "open"]


def test_the_marks_stand_where_the_events_came() -> None:
    lanes = lanes_of(RUN).by_name
    assert lanes["name"].marks == {"token": [30, 40], "settled": [50]}
    assert lanes["summary"].marks == {
        "token": [80, 90, 100, 110, 120, 130, 250, 260, 270, 280],
        "invalid": [130],
        "settled": [280],
    }
    assert lanes["tags"].marks == {"item": [330], "pinned": [330]}
    assert lanes["members"].marks == {"given": [0]}
    assert lanes["plan"].marks == {"token": [440, 450, 490, 500], "item": [510], "settled": [510]}
    assert lanes["open"].marks == {"default": [510]}


def test_what_was_written_spans_its_attempt_and_says_whether_it_was_in_vain() -> None:
    lanes = lanes_of(RUN).by_name
    assert lanes["name"].spans == [Span(30, 50)]
    assert lanes["summary"].spans == [Span(80, 130, void=True), Span(250, 280)]
    assert lanes["plan"].spans == [Span(440, 510)]
    assert lanes["members"].spans == []


def test_what_a_reset_breaks_off_is_void_and_what_it_keeps_is_not() -> None:
    events = repaired().events
    reset = next(event for event in events if event.type == "reset")
    half = [events[0], Token(seq=2, path="/name", text="a"), Token(seq=3, path="/plan/0/title", text="b"), reset]
    lanes = lanes_of(recording_of(half)).by_name
    assert lanes["name"].spans == [Span(10, 30)]  # which is kept
    assert lanes["plan"].spans == [Span(20, 30, void=True)]


def test_what_one_reset_keeps_another_may_void() -> None:
    again, taken = (
        Reset(seq=1, attempt=n, keep=keep, reason=Code.WORKER_LOST) for n, keep in ((2, ("/name",)), (3, ()))
    )
    events: list[Event] = [Token(seq=1, path="/name", text="a"), Token(seq=1, path="/name", text="b"), again, taken]
    assert lanes_of(recording_of(events[:3])).by_name["name"].spans == [Span(0, 20)]
    assert lanes_of(recording_of(events)).by_name["name"].spans == [Span(0, 20, void=True)]


def test_the_run_as_a_whole_has_its_moments() -> None:
    lanes = lanes_of(RUN)
    assert lanes.attempts == [(1, "", 0), (2, "invalid_output", 130)]
    assert lanes.first_token == 30
    assert lanes.end == ("complete", 510)
    assert lanes.partials == [ms for ms, event in RUN if event.type == "partial"]


def test_a_recording_that_was_cut_has_no_end() -> None:
    lanes = lanes_of(RUN[:5])
    assert lanes.end is None
    assert lanes.by_name["name"].spans == [Span(30, 40)]


# -- what the form showed ----------------------------------------------------------------------------------------------


def test_the_form_at_an_instant_has_what_came_by_then() -> None:
    rows = {row.name: row for row in form_at(RUN, 40).rows()}
    assert (rows["name"].value, rows["name"].state) == ("Hikers", "writing")
    assert {row.name: row.state for row in form_at(RUN, 39).rows()}["name"] == "writing"
    assert form_at(RUN, 39).rows()[0].value == "Hi"
    assert form_at(RUN, -1).rows() == ()


def test_several_instants_are_the_forms_of_each() -> None:
    moments = [500.0, 40, 130]
    beside = instants(RUN, moments)
    assert [each.ms for each in beside.shown] == sorted(moments)
    for each in beside.shown:
        form = form_at(RUN, each.ms)
        assert tuple(each.rows.values()) == form.rows()
        assert each.attempt == form.attempt


def test_instants_are_a_table_with_a_column_each_and_are_text_elsewhere() -> None:
    beside = instants(RUN, [-1, 40, 40.2, 500])
    html = beside._repr_html_()
    assert html.count('scope="col"') == 5
    assert html.count('scope="row"') == 6
    assert "40 ms" in html
    assert "500 ms, attempt 2" in html
    assert "500 ms, attempt 2" in str(beside)
    assert repr(beside) == str(beside)


def test_instants_hold_no_markup_of_anybody() -> None:
    nasty = "<script>x()</script>\"'"
    event = FieldSettled(seq=2, path="/name", value=nasty, source="model", ms=1)
    renamed = FieldSettled(seq=3, path="/<img src=x>", value=1, source="model", ms=1)
    html = instants(recording_of([RUN[0].event, event, renamed]), [20])._repr_html_()
    assert "<script" not in html
    assert "<img" not in html
    assert "&lt;script&gt;x()&lt;/script&gt;&quot;&#x27;" in html


def test_however_many_instants_the_recording_is_gone_through_once(monkeypatch: pytest.MonkeyPatch) -> None:
    applied: list[Event] = []
    apply = Form.apply

    def counted(form: Form, event: Event) -> None:
        applied.append(event)
        apply(form, event)

    monkeypatch.setattr(Form, "apply", counted)
    instants(RUN, range(0, 600, 10))
    assert applied == [event for _, event in RUN]


@given(cases())
def test_instants_of_any_run_are_those_of_the_fold(case: Case) -> None:
    recording = recorded(case.play())
    middle = recording[len(recording) // 2].ms
    for each in instants(recording, [0, middle, recording[-1].ms]).shown:
        assert tuple(each.rows.values()) == form_at(recording, each.ms).rows()


# -- bytes -------------------------------------------------------------------------------------------------------------


def test_bytes_by_event_are_those_of_the_frames() -> None:
    for recording in (RUN, odd()):  # which has Korean in it
        frame = sizes(recording)
        assert frame["bytes"].sum() == len("".join(to_frame(event) for _, event in recording).encode())
        assert frame["count"].sum() == len(recording)
        assert frame["share"].sum() == pytest.approx(1)
        assert frame.loc["token", "count"] == sum(event.type == "token" for _, event in recording)
    assert list(sizes(RUN).index) == ["start", "token", "partial", "field", "invalid", "pinned", "reset", "complete"]


def test_bytes_by_reading_are_those_of_what_it_gets() -> None:
    frame = readings(RUN)["bytes"]
    always = {"start", "reset", "pinned", "complete"}
    for reading, wanted in {"token,field,complete": {"token", "field"}, "partial,complete": {"partial"}}.items():
        sent = [to_frame(event) for _, event in RUN if event.type in wanted | always]
        assert frame[reading] == len("".join(sent).encode())
    assert frame["all events"] == sizes(RUN)["bytes"].sum()


def test_the_object_itself_is_the_measure() -> None:
    end = RUN[-1].event
    assert isinstance(end, Complete)
    whole = len(json.dumps(end.value, ensure_ascii=False, separators=(",", ":")).encode())
    frame = readings(RUN)
    assert frame.loc["the object itself", "bytes"] == whole
    assert frame.loc["all events", "times the object"] == pytest.approx(sizes(RUN)["bytes"].sum() / whole)


def changes(events: Sequence[Event]) -> list[dict[str, Any]]:
    """The object after each event that tells something new of it, made the long way."""
    fold, seen, before = Fold(), [], "{}"
    for event in events:
        fold.apply(event)
        if event.type in ("token", "field", "pinned") and json.dumps(fold.value) != before:
            seen.append(copy_json(fold.value))
        before = json.dumps(fold.value)
    return seen


@given(cases())
def test_the_length_of_the_growing_object_is_known_without_writing_it(case: Case) -> None:
    length, fold = Length(), Fold()
    for event in case.play().events:
        fold.apply(event)
        if event.type == "reset":
            length.keep({(name,) for name in fold.value})
        if event.type in ("failed", "cancelled"):  # what it hands over is what had come, but not what is void
            break
        length.take(event)
        assert length.total == len(json.dumps(fold.value, ensure_ascii=False, separators=(",", ":")).encode())


@pytest.mark.filterwarnings("default")  # of LangServe's own
async def test_stock_langserve_would_send_as_many_bytes_as_are_computed() -> None:
    events = [event for _, event in RUN]

    async def objects(_: AsyncIterator[Any]) -> AsyncIterator[dict[str, Any]]:
        for value in changes(events):
            yield value

    app = FastAPI()
    add_routes(app, RunnableGenerator(objects), path="/stock")
    async with (
        asyncio.timeout(30),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://stock") as client,
    ):
        body = (await client.post("/stock/stream", json={"input": {}})).content
    data = [frame for frame in body.split(b"\r\n\r\n") if frame.startswith(b"event: data")]
    assert len(data) == len(changes(events))
    assert whole_object_bytes(events) == sum(len(frame) + len(b"\r\n\r\n") for frame in data)


# -- tables and pictures -----------------------------------------------------------------------------------------------


def test_the_listing_has_a_row_for_every_event() -> None:
    frame = listing(RUN)
    assert list(frame.index) == [event.seq for _, event in RUN]
    assert list(frame["ms"]) == [ms for ms, _ in RUN]
    assert frame["bytes"].sum() == sizes(RUN)["bytes"].sum()
    reset = frame[frame["event"] == "reset"].iloc[0]
    assert reset["says"] == "attempt 2 (invalid_output), keeping /name, /members"
    assert frame.loc[4, "path"] == "/name"
    assert frame.loc[4, "says"] == "Hi"


def odd() -> list[Recorded]:
    """A run whose fields, chain and model are named as nobody should."""
    names = ("$a$b^{", "이름", "<b>", "x" * 30)
    start = RUN[0].event
    assert isinstance(start, Start)
    odd_start = start.model_copy(
        update={
            "fields": tuple(FieldPlan(path=f"/{name}", settle="char") for name in names),
            "chain": "$x_{$",
            "model": "모델 $y$",
        }
    )
    return recording_of([odd_start, *(Token(seq=n, path=f"/{name}", text="한$") for n, name in enumerate(names, 2))])


@pytest.mark.parametrize("draw", [timeline, sizes_plot, pauses])
@pytest.mark.parametrize("recording", [RUN, RUN[:1], RUN[:5], odd()], ids=["whole", "one event", "cut", "odd names"])
def test_every_picture_can_be_drawn(draw: Any, recording: list[Recorded]) -> None:
    before = dict(rcParams)
    figure = draw(recording, note="seed 7, temperature 0.5")
    assert png(figure)
    assert dict(rcParams) == before
    assert "seed 7, temperature 0.5" in texts(figure)


def test_the_timeline_names_its_lanes_attempts_and_end() -> None:
    said = texts(timeline(RUN))
    for word in ("name", "summary", "members", "attempt 1", "attempt 2: invalid_output", "the end: complete"):
        assert word in said
    assert "written and void" in said
    assert "club" not in said  # what the run does not say of itself is not made up


def test_the_timeline_explains_only_what_is_in_it() -> None:
    said = texts(timeline(RUN[:5]))
    assert "token" in said
    assert "invalid" not in said
    assert "pinned" not in said
    assert "cut at 40 ms" in said


def test_names_are_drawn_as_they_are_and_never_as_formulas() -> None:
    figure = timeline(odd())
    labels = figure.axes[0].get_yticklabels()
    assert labels[0].get_text() == "$a$b^{"
    assert not any(label.get_parse_math() for label in labels)
    assert all(label.get_text().isascii() for label in labels)
    assert len({label.get_text() for label in labels}) == 4


def test_what_langserve_would_send_is_called_computed() -> None:
    said = texts(sizes_plot(RUN))
    assert "stock LangServe (computed): the whole object for each change, folded from these events" in said
