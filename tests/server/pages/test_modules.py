"""The page's reader of streams, run where it will run; its words and choices; and that text stays text."""

import re
from pathlib import Path
from typing import get_args

import pytest
from playwright.sync_api import Page

from chains.repair import MENDABLE
from schemas import Category, Code, Period
from tests.server.pages.scenes import Open, config

pytestmark = pytest.mark.browser

PAGES = Path(__file__).parents[3] / "server" / "pages"

STREAM = (
    ": a comment\r\nretry: 2000\nid: 1\nevent: start\ndata: {}\n\n"
    "id: 2\rdata:  two blanks, one kept\rdata:second line\r\r"
    "event: without data\n\nid: 3\0\ndata\n\n"
    "data: 모임 😀\r\ndata: 둘째 줄\r\n\r\n:ping\n\nevent: cut\ndata: never finished\n"
)
EVENTS = [
    {"event": "start", "data": "{}", "id": "1"},
    {"event": "message", "data": " two blanks, one kept\nsecond line", "id": "2"},
    {"event": "message", "data": "", "id": "2"},
    {"event": "message", "data": "모임 😀\n둘째 줄", "id": "2"},
]


def test_the_reader_finds_the_same_events_however_the_text_is_cut(bare: Page) -> None:
    read = """async ([text]) => {
        const { EventStreamParser } = await import('/page/client.js');
        const read = (pieces) => {
            const parser = new EventStreamParser();
            return { events: pieces.flatMap((piece) => parser.feed(piece)), retry: parser.retry };
        };
        const halves = [...text].map((_, at) => [text.slice(0, at), text.slice(at)]);
        return [[text], text.split(''), ...halves].map(read);
    }"""
    for result in bare.evaluate(read, [STREAM]):
        assert result == {"events": EVENTS, "retry": 2000}


def test_both_languages_have_words_for_everything_and_every_code(bare: Page) -> None:
    english, korean = bare.evaluate("""async () => {
        const books = await Promise.all([import('/page/words-en.js'), import('/page/words-ko.js')]);
        return [books[0].en, books[1].ko];
    }""")
    assert english.keys() == korean.keys()
    assert {f"code.{code}" for code in Code} <= english.keys()
    assert {f"attempt.{code}" for code in MENDABLE} <= english.keys()
    for book in (english, korean):  # what tells the two apart is the words
        assert len({book[f"status.{status}"] for status in ("given", "edited", "pinned")}) == 3
    used = {
        key for path in PAGES.glob("*.html") for key in re.findall(r'data-words[-a-z]*="([^"]+)"', path.read_text())
    }
    assert used <= english.keys()


def test_the_form_offers_the_choices_of_the_schema(open_page: Open) -> None:
    page = open_page(config())
    for name, choices in (("category", Category), ("period", Period)):
        options = page.locator(f"#field-{name} option").all()
        assert [option.get_attribute("value") for option in options] == ["", *get_args(choices)]


def test_a_tag_that_stays_is_not_drawn_anew_and_one_said_twice_is_shown_twice(bare: Page) -> None:
    draw = """async () => {
        const { tagsInput } = await import('/page/tags.js');
        const { node, set } = tagsInput('tags', () => {});
        const chips = () => [...node.querySelectorAll('.chip')];
        set(['a', 'a', 'b']);
        const before = chips();
        set(['b', 'a', 'a', 'c']);
        const texts = chips().map((chip) => chip.firstElementChild.textContent);
        return [texts, before.every((chip) => chips().includes(chip))];
    }"""
    assert bare.evaluate(draw) == [["b", "a", "a", "c"], True]


def test_nothing_in_the_page_turns_text_into_html() -> None:
    scripts = "".join(path.read_text() for path in sorted(PAGES.glob("*.js")))
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|\beval\(", scripts)
    page = (PAGES / "index.html").read_text()
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=|<script(?![^>]*\ssrc=)|https?://", page)
