"""The page's pure modules, run where they will run: the event reader, the reducer, the words, the choices."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
from playwright.sync_api import Page

from schemas import Category, Code, Fold, Period, from_json
from tests.server.pages.scenes import Open, config

pytestmark = pytest.mark.browser

PAGES = Path(__file__).parents[3] / "server" / "pages"

STREAM = (
    "\ufeff: a comment\r\nretry: 2000\nid: 1\nevent: start\ndata: {}\n\n"
    "id: 2\rdata:  two blanks, one kept\rdata:second line\r\r"
    "event: without data\n\nid: 3\0\ndata\n\n"
    "data: 모임 😀\r\ndata: 둘째 줄\r\n\r\n:ping\n\nevent: cut\ndata: never finished\n"
)
EVENTS = [
    {"type": "start", "data": "{}", "id": "1"},
    {"type": "message", "data": " two blanks, one kept\nsecond line", "id": "2"},
    {"type": "message", "data": "", "id": "2"},
    {"type": "message", "data": "모임 😀\n둘째 줄", "id": "2"},
]


@pytest.fixture
def page(open_page: Open) -> Page:
    return open_page(config())


def test_the_reader_finds_the_same_events_however_the_text_is_cut(page: Page) -> None:
    read = """async ([text]) => {
        const { EventStreamParser } = await import('/page/sse.js');
        const read = (pieces) => {
            const parser = new EventStreamParser();
            return { events: pieces.flatMap((piece) => parser.feed(piece)), retry: parser.retry };
        };
        const halves = [...text].map((_, at) => [text.slice(0, at), text.slice(at)]);
        return [[text], text.split(''), ...halves].map(read);
    }"""
    for result in page.evaluate(read, [STREAM]):
        assert result == {"events": EVENTS, "retry": 2000}


def test_the_reader_joins_characters_that_two_reads_cut(page: Page) -> None:
    read = """async ([text, size]) => {
        const { readEvents } = await import('/page/sse.js');
        const bytes = new TextEncoder().encode(text);
        const stream = new ReadableStream({
            start(controller) {
                for (let at = 0; at < bytes.length; at += size) controller.enqueue(bytes.slice(at, at + size));
                controller.close();
            },
        });
        const events = [];
        for await (const event of readEvents(stream)) events.push(event);
        return events;
    }"""
    for size in (1, 2, 3, 1000):
        assert page.evaluate(read, [STREAM, size]) == EVENTS


START: dict[str, Any] = {
    "type": "start",
    "run_id": "r",
    "chain": "meeting-info",
    "model": "m",
    "attempt": 1,
    "schema": {"name": "MeetingInfo", "hash": "0"},
    "fields": [{"path": f"/{name}", "settle": "char"} for name in ("name", "tags", "plan")],
    "notes": [],
}
TIMINGS = {"first_token_ms": 1, "fields": {}, "total_ms": 9}
RUNS: dict[str, list[dict[str, Any]]] = {
    "completes": [
        START,
        {"type": "field", "path": "/name", "value": "Given", "source": "given", "ms": 0},
        {"type": "field", "path": "/tags/0", "value": "a", "source": "model", "ms": 1},
        {"type": "field", "path": "/tags/1", "value": "b", "source": "model", "ms": 2},
        {"type": "field", "path": "/tags", "value": ["a", "b"], "source": "model", "ms": 2},
        {"type": "token", "path": "/plan/0/title", "text": " A "},
        {"type": "token", "path": "/plan/0/title", "text": "step"},
        {"type": "token", "path": "/plan/0/details/0", "text": "one"},
        {"type": "field", "path": "/plan/0", "value": {"step": 1, "title": " A step", "details": ["one"]},
         "source": "model", "ms": 3},
        {"type": "token", "path": "/plan/1/title", "text": "B"},
        {"type": "complete", "value": {"name": "Given", "tags": ["a", "b"], "plan": []}, "finish_reason": "stop",
         "usage": None, "timings": TIMINGS, "attempts": 1, "repaired": False},
    ],
    "starts over and fails": [
        START,
        {"type": "token", "path": "/name", "text": "First"},
        {"type": "invalid", "paths": ["/name"], "errors": [{"path": "/name", "rule": "x", "message": "No."}]},
        {"type": "field", "path": "/tags", "value": ["kept"], "source": "model", "ms": 4},
        {"type": "pinned", "path": "/plan", "value": []},
        {"type": "reset", "attempt": 2, "keep": ["/tags", "/plan"], "reason": "repair"},
        {"type": "partial", "value": {"tags": ["kept"], "plan": [], "name": "Sec"}, "settled": ["/tags"]},
        {"type": "token", "path": "/name", "text": "ond"},
        {"type": "failed", "code": "truncated", "phase": "upstream", "message": "m", "retryable": True,
         "partial": {"tags": ["kept"], "plan": [], "name": "Second"}},
    ],
}  # fmt: skip


@pytest.mark.parametrize("events", RUNS.values(), ids=RUNS.keys())
def test_the_reducer_agrees_with_the_reference_after_every_event(page: Page, events: list[dict[str, Any]]) -> None:
    numbered = [{**event, "seq": number} for number, event in enumerate(events, 1)]
    reduce = """async ([events]) => {
        const { Run } = await import('/page/run.js');
        const run = new Run();
        run.begin();
        return events.map((event) => {
            run.apply(event);
            const entries = run.names.map((name) => [name, run.field(name).value]);
            return JSON.stringify(Object.fromEntries(entries.filter(([, value]) => value !== undefined)));
        });
    }"""
    reduced = [json.loads(value) for value in page.evaluate(reduce, [numbered])]
    assert reduced == list(_folded(numbered))


def _folded(events: list[dict[str, Any]]) -> Iterator[Any]:
    fold = Fold()
    for event in events:
        fold.apply(from_json(json.dumps(event)))
        yield json.loads(json.dumps(fold.value))


def test_no_event_overwrites_what_the_user_holds(page: Page) -> None:
    reduce = """async ([start]) => {
        const { Run } = await import('/page/run.js');
        const run = new Run();
        run.own('/name', 'given');
        const given = run.begin();
        run.apply(start);
        run.apply({ type: 'field', path: '/plan/0', value: { title: 'theirs', details: [] }, source: 'model', ms: 1 });
        run.own('/plan/0/title', 'mine');
        run.apply({ type: 'token', path: '/plan/1/title', text: 'next' });
        run.own('/tags', []);
        run.apply({ type: 'field', path: '/tags', value: ['a'], source: 'model', ms: 2 });
        const meanwhile = ['name', 'tags', 'plan'].map((name) => run.field(name));
        run.apply({ type: 'reset', attempt: 2, keep: [], reason: 'repair' });
        const plan = run.field('plan').value ?? null;
        run.apply({ type: 'failed', partial: {} });
        return { given, meanwhile, plan, next: run.begin() };
    }"""
    result = page.evaluate(reduce, [START])
    name, tags, plan = result["meanwhile"]
    assert result["given"] == {"name": "given"}
    assert (name["value"], name["status"]) == ("given", "given")
    assert (tags["value"], tags["status"]) == ([], "edited")
    assert plan["value"] == [{"title": "mine", "details": []}, {"title": "next"}]
    assert plan["status"] == "filling"
    assert result["plan"] is None  # the step that was edited is void, and so is the edit
    assert result["next"] == {"name": "given"}  # what was emptied is open again


def test_both_languages_have_words_for_everything_and_every_code(page: Page) -> None:
    english, korean = page.evaluate("""async () => {
        const books = await Promise.all([import('/page/words-en.js'), import('/page/words-ko.js')]);
        return [books[0].en, books[1].ko];
    }""")
    assert english.keys() == korean.keys()
    assert {f"code.{code}" for code in Code} <= english.keys()
    used = {
        key for path in PAGES.glob("*.html") for key in re.findall(r'data-words[-a-z]*="([^"]+)"', path.read_text())
    }
    assert used <= english.keys()


def test_the_form_offers_the_choices_of_the_schema(page: Page) -> None:
    for name, choices in (("category", Category), ("period", Period)):
        options = page.locator(f"#field-{name} option").all()
        assert [option.get_attribute("value") for option in options] == ["", *get_args(choices)]


def test_nothing_in_the_page_turns_text_into_html() -> None:
    scripts = "".join(path.read_text() for path in sorted(PAGES.glob("*.js")))
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|\beval\(", scripts)
    page = (PAGES / "index.html").read_text()
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=|<script(?![^>]*\ssrc=)|https?://", page)
