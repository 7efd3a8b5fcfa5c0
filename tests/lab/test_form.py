"""What a form shows, after every event of any reading of any run."""

from collections.abc import Iterable
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given

from lab.form import Form, Row
from lab.form.text import cut, visible, width
from schemas import (
    ALWAYS_SENT,
    Breach,
    Cancelled,
    Code,
    Complete,
    Conflict,
    Event,
    Failed,
    FieldPlan,
    FieldSettled,
    Invalid,
    Note,
    Partial,
    Pinned,
    PromptRef,
    Reset,
    SchemaRef,
    Start,
    Timings,
    Token,
    Usage,
)
from tests.chains.generated_runs import Case, cases
from tests.lab.runs import folded, recorded, repaired


def form_after(events: Iterable[Event]) -> Form:
    form = Form()
    for event in events:
        form.apply(event)
    return form


def at(ms: int) -> Form:
    """The form of the repaired run at a moment."""
    return form_after(event for when, event in recorded(repaired()) if when <= ms)


def states(form: Form) -> dict[str, str]:
    return {row.name: row.state for row in form.rows()}


def row(form: Form, name: str) -> Row:
    return next(row for row in form.rows() if row.name == name)


def start(*names: str, **more: Any) -> Start:
    return Start(
        seq=1,
        run_id="r",
        chain="club",
        model="m",
        attempt=1,
        schema_=SchemaRef(name="Club", hash="0"),
        fields=tuple(FieldPlan(path=f"/{name}", settle="char") for name in names),
        **{"notes": (), **more},
    )


def complete(**more: Any) -> Complete:
    timings = Timings(first_token_ms=12, fields={}, total_ms=1234)
    known: dict[str, Any] = {
        "value": {},
        "finish_reason": "stop",
        "usage": None,
        "timings": timings,
        "attempts": 1,
        "repaired": False,
    }
    return Complete(seq=9, **{**known, **more})


# -- the states of a field ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ms", "name", "summary", "tags", "members", "plan", "open_"),
    [
        (0, "waiting", "waiting", "waiting", "given", "waiting", "waiting"),
        (40, "writing", "waiting", "waiting", "given", "waiting", "waiting"),
        (120, "settled", "writing", "waiting", "given", "waiting", "waiting"),
        (220, "settled", "void", "waiting", "given", "waiting", "waiting"),
        (270, "settled", "writing", "waiting", "given", "waiting", "waiting"),
        (450, "settled", "settled", "yours", "given", "writing", "waiting"),
        (510, "settled", "settled", "yours", "given", "settled", "default"),
    ],
)
def test_each_field_is_in_its_state(
    ms: int, name: str, summary: str, tags: str, members: str, plan: str, open_: str
) -> None:
    expected = {"name": name, "summary": summary, "tags": tags, "members": members, "plan": plan, "open": open_}
    assert states(at(ms)) == expected


def test_what_broke_a_rule_says_which_until_it_is_written_again() -> None:
    events = repaired().events
    broken = next(index for index, event in enumerate(events) if isinstance(event, Invalid))
    shown = row(form_after(events[: broken + 1]), "summary")
    assert (shown.state, shown.value) == ("invalid", "We walk so slowly tha")
    assert "at most 20 characters" in shown.said
    void = row(form_after(events[: broken + 2]), "summary")
    assert (void.state, void.value) == ("void", "We walk so slowly tha")
    assert "at most 20 characters" in void.said


def test_a_broken_rule_is_not_that_of_a_neighbour_with_a_longer_name() -> None:
    broken = Invalid(seq=3, paths=("/plan2",), errors=(Breach(path="/plan2/0", rule="r", message="No."),))
    assert states(form_after([start("plan", "plan2"), broken])) == {"plan": "waiting", "plan2": "invalid"}


def test_what_the_user_holds_stays_theirs_when_it_does_not_fit_the_rest() -> None:
    broken = Invalid(seq=3, paths=("/name",), errors=(Breach(path="/name", rule="r", message="Does not fit."),))
    shown = row(form_after([start("name"), Pinned(seq=2, path="/name", value="mine"), broken]), "name")
    assert (shown.state, shown.value) == ("yours", "mine")
    assert "Does not fit." in shown.said


def test_a_settled_field_says_when_and_a_pinned_one_does_not() -> None:
    form = at(510)
    told = next(event for event in repaired().events if isinstance(event, FieldSettled) and event.path == "/summary")
    assert row(form, "summary").ms == told.ms
    assert f"{told.ms} ms" in row(form, "summary").said
    assert "ms" not in row(form, "tags").said


def test_the_fields_stand_in_form_order_from_the_start_on() -> None:
    assert [row.name for row in form_after([start("b", "a", "plan", "plan/-/title")]).rows()] == ["b", "a", "plan"]


def test_rows_do_not_change_afterwards() -> None:
    form = form_after([start("tags"), FieldSettled(seq=2, path="/tags/0", value="a", source="model", ms=1)])
    before = row(form, "tags")
    form.apply(FieldSettled(seq=3, path="/tags/1", value="b", source="model", ms=2))
    assert before.value == ["a"]


# -- readings that leave something out ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("wanted", "writing"), [({"token", "field"}, True), ({"partial"}, True), ({"field"}, False)])
def test_any_reading_fills_the_form(wanted: set[str], writing: bool) -> None:
    events = [event for event in repaired().events if event.type in wanted | ALWAYS_SENT]
    seen, form = set[str](), Form()
    for event in events:
        form.apply(event)
        seen.add(states(form)["summary"])
    assert ("writing" in seen) is writing
    assert "settled" in seen
    assert {row.name: row.value for row in form.rows()} == folded(events)


def test_snapshots_alone_tell_what_has_settled_and_what_is_void() -> None:
    events = [event for event in repaired(pin=False).events if event.type in {"partial"} | ALWAYS_SENT]
    began_again = next(index for index, event in enumerate(events) if event.type == "reset")
    assert states(form_after(events[:began_again]))["name"] == "settled"
    after = states(form_after(events[: began_again + 1]))
    assert (after["name"], after["summary"]) == ("settled", "void")


def test_what_a_snapshot_called_settled_is_void_once_a_reset_does_not_keep_it() -> None:
    whole = {"name": "a", "tags": ["b"]}
    snapshot = Partial(seq=2, value=whole, settled=("/name", "/tags"))
    again = Reset(seq=3, attempt=2, keep=("/tags",), reason=Code.WORKER_LOST)
    field = FieldSettled(seq=2, path="/name", value="a", source="model", ms=5)
    events: list[Event] = [start("name", "tags"), field, snapshot, again]
    for form in (form_after(events), form_after(event for event in events if event is not field)):
        assert states(form) == {"name": "void", "tags": "settled"}
        assert (row(form, "name").value, row(form, "name").ms) == ("a", None)


def test_a_reading_that_begins_in_the_middle_has_the_fields_that_came() -> None:
    middle = [event for ms, event in recorded(repaired()) if ms > 220]
    assert states(form_after(middle[:2])) == {"summary": "writing"}


# -- its end -----------------------------------------------------------------------------------------------------------


def test_a_run_that_failed_says_why_and_what_was_not_written() -> None:
    failed = Failed(
        seq=4,
        code=Code.UPSTREAM_CUT,
        phase="upstream",
        message="The line is dead.",
        retryable=True,
        partial={"name": "Hik"},
    )
    form = form_after([start("name", "tags"), Token(seq=2, path="/name", text="Hik"), failed])
    assert states(form) == {"name": "broken", "tags": "missing"}
    assert "upstream_cut" in form.ending[0]
    assert "The line is dead." in form.ending[0]


def test_a_run_that_was_cancelled_says_why() -> None:
    assert form_after([start("name"), Cancelled(seq=2, reason="enough", partial={})]).ending == ("cancelled: enough",)


def test_a_run_that_was_left_is_not_taken_for_one_that_goes_on() -> None:
    form = form_after([start("name", "tags"), Token(seq=2, path="/name", text="Hik")])
    assert form.ending == ()
    form.left = True
    assert states(form) == {"name": "broken", "tags": "missing"}
    assert form.ending


def test_a_whole_run_says_what_it_took() -> None:
    usage = Usage(input_tokens=1200, output_tokens=34, total_tokens=1234, uncounted=1)
    conflict = Conflict(path="/name", model_value="Model's own")
    said = "\n".join(form_after([complete(usage=usage, attempts=2, repaired=True, conflicts=(conflict,))]).ending)
    for fact in ("1,234 ms", "12 ms", "1,200 tokens", "34 written", "nobody counted: 1", "2 attempts", "Model's own"):
        assert fact in said


def test_a_run_without_a_model_says_nothing_of_tokens() -> None:
    timings = Timings(first_token_ms=None, fields={}, total_ms=3)
    assert "token" not in "".join(form_after([complete(timings=timings)]).ending)


def test_the_headline_names_chain_model_prompt_and_attempt() -> None:
    form = form_after([start("name", prompt=PromptRef(name="en_warm", version=3, hash="8f21ab03c4d1"))])
    assert form.headline == "club · m · prompt en_warm@8f21ab03c4d1 · attempt 1"
    assert at(220).headline.endswith("attempt 2 (invalid_output)")


def test_notes_and_rules_of_the_whole_are_said() -> None:
    note = Note(code="language", message="It answers in English.")
    broken = Invalid(seq=2, paths=("",), errors=(Breach(path="", rule="r", message="They do not fit."),))
    said = form_after([start("name", notes=(note,)), broken]).remarks
    assert said[0] == "It answers in English."
    assert "They do not fit." in said[1]


# -- whatever happens --------------------------------------------------------------------------------------------------


@given(cases())
def test_it_shows_what_the_events_add_up_to(case: Case) -> None:
    form, events = Form(), case.play().events
    for number, event in enumerate(events, start=1):
        form.apply(event)
        seen = {row.name: row.value for row in form.rows() if row.shows and row.state != "void"}
        if number % 7 == 0 or number == len(events):  # every one would be quadratic
            assert seen == folded(events[:number])
            assert str(form)
            assert form._repr_html_()
    if events[-1].type == "complete":
        assert set(states(form).values()) <= {"settled", "given", "default", "yours"}


# -- what is written is data -------------------------------------------------------------------------------------------


class Tags(HTMLParser):
    """The elements of a document, their attributes, and its text."""

    def __init__(self) -> None:
        super().__init__()
        self.elements: set[str] = set()
        self.attributes: set[str] = set()
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.add(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data: str) -> None:
        self.text += data


NASTY = "<script>x()</script><img src=x onerror=x()>\"'><b onclick='x()'>&amp;"


def test_no_text_of_anybody_becomes_markup() -> None:
    breach = Breach(path="/reply", rule=NASTY, message=NASTY)
    form = form_after(
        [
            nasty_start(),
            Token(seq=2, path="/reply", text=NASTY),
            FieldSettled(seq=3, path="/list", value=[NASTY, 1, None], source="model", ms=1),
            FieldSettled(seq=4, path="/object", value={NASTY: NASTY, "deep": [{NASTY: []}]}, source="model", ms=1),
            Invalid(seq=5, paths=("/reply",), errors=(breach,)),
            Cancelled(
                seq=6, reason=NASTY, partial={"reply": NASTY, "list": [NASTY], "object": {NASTY: 1}, NASTY: NASTY}
            ),
        ]
    )
    tags = Tags()
    tags.feed(form._repr_html_())
    assert tags.elements <= {"table", "caption", "thead", "tbody", "tr", "th", "td", "div", "span", "ul", "li", "b"}
    assert tags.attributes <= {"style", "scope", "dir", "aria-hidden"}
    assert tags.text.count(NASTY) == 10  # chain, model, note, reply, its rule, list, object, name and value, reason


def nasty_start() -> Start:
    known = start("reply", "list", "object", notes=(Note(code="c", message=NASTY),))
    return known.model_copy(update={"chain": NASTY, "model": NASTY})


def test_the_table_has_headings_for_those_who_hear_it() -> None:
    html = at(270)._repr_html_()
    assert html.count('scope="col"') == 3
    assert html.count('scope="row"') == 6
    assert "<caption" in html


def test_no_text_moves_a_terminals_cursor_or_turns_its_order() -> None:
    text = "a\x1b[2Jb\r\nc\u202ed\u2066e\x9bf\u2028g"
    form = form_after([start("name"), Token(seq=2, path="/name", text=text)])
    assert not set("\x1b\r\u202e\u2066\x9b\u2028") & set(str(form))
    assert str(form).count("\n") == 1
    assert visible("한글 👨‍👩‍👧 ok") == "한글 👨‍👩‍👧 ok"


@pytest.mark.parametrize(
    ("text", "columns", "left"), [("abc", 3, "abc"), ("abcd", 3, "abc"), ("한글", 3, "한"), ("e\u0301x", 1, "e\u0301")]
)
def test_text_is_cut_by_the_columns_it_takes(text: str, columns: int, left: str) -> None:
    assert cut(text, columns) == left
    assert width(left) <= columns
