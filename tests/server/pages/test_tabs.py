"""Two tabs: each has its own runs, and a tab that was duplicated watches what the other one has begun."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.server.configs import openai
from tests.server.pages.scenes import MEETING, Open, ask, fields, finished, say, writing
from tests.upstream import Upstream, gate

pytestmark = pytest.mark.browser

HEAD = "{" + fields("name") + ', "description": "We walk '
TAIL = 'slowly.", ' + fields("category", "summary", "tags", "period", "max_members") + "}"


@pytest.fixture
def page(open_page: Open, upstream: Upstream) -> Page:
    return open_page(openai(upstream.base_url, limits={"drain_s": 0}))


def beside(page: Page) -> Page:
    """Another tab of the same browser."""
    other = page.context.new_page()
    other.goto(page.url)
    return other


def duplicated(page: Page) -> Page:
    """A copy of the tab, as the browser's menu makes one: with a copy of its `sessionStorage`."""
    with page.expect_popup() as opened:
        page.evaluate("() => void window.open(location.href)")
    return opened.value


def test_each_has_its_own_run_and_goes_on_with_that(page: Page, upstream: Upstream) -> None:
    script = upstream.plays(*writing(HEAD, gate, TAIL))
    other = beside(page)
    calls: list[Any] = []
    for tab in (page, other):
        ask(tab)
        calls.append(script.next_call())
        expect(tab.locator("#field-description")).to_have_value("We walk ")
    page.get_by_label("Name", exact=True).fill("Mine")
    expect(page.get_by_test_id("status-name")).to_have_text("Yours, pinned")
    expect(other.get_by_label("Name", exact=True)).to_have_value(MEETING["name"])
    calls[1].permit()
    finished(other)
    expect(page.get_by_test_id("form-phase")).to_have_text("Writing …")
    page.reload()
    expect(page.get_by_label("Name", exact=True)).to_have_value("Mine")
    calls[0].permit()
    finished(page)
    other.reload()
    expect(other.get_by_test_id("model")).to_have_attribute("data-state", "ready")
    expect(other.get_by_test_id("form-phase")).to_have_text("")
    assert script.count == 2


def test_a_duplicate_watches_the_same_run_and_each_sees_what_the_other_writes(page: Page, upstream: Upstream) -> None:
    script = upstream.plays(*writing(HEAD, gate, TAIL))
    ask(page)
    expect(page.locator("#field-description")).to_have_value("We walk ")
    copy = duplicated(page)
    expect(copy.locator("#field-description")).to_have_value("We walk ")
    copy.get_by_label("Name", exact=True).fill("Ours")
    expect(page.get_by_label("Name", exact=True)).to_have_value("Ours")
    page.get_by_label("People at most").fill("9")
    expect(copy.get_by_label("People at most")).to_have_value("9")
    script.next_call().permit()
    for tab in (page, copy):
        finished(tab)
        expect(tab.locator("#field-description")).to_have_value("We walk slowly.")
        expect(tab.get_by_test_id("status-name")).to_have_text("Yours, pinned")
    assert script.count == 1


@pytest.mark.parametrize("leave", ["close", "ask something else"])
def test_who_leaves_a_run_that_another_tab_has_begun_does_not_stop_it(
    page: Page, upstream: Upstream, leave: str
) -> None:
    script = upstream.plays(*writing('{"reply": "Hello', gate, ' you", "options": []}'))
    say(page, "Hi")
    call = script.next_call()
    expect(page.get_by_test_id("reply")).to_have_text("Hello")
    copy = duplicated(page)
    expect(copy.get_by_test_id("reply")).to_have_text("Hello")
    if leave == "close":
        copy.close()
    else:
        upstream.plays(*writing('{"reply": "Well", "options": ["Go on"]}'))
        say(copy, "Something else")
        expect(copy.get_by_test_id("option")).to_have_count(1)
    call.permit()
    expect(page.get_by_test_id("reply")).to_have_text("Hello you")
    expect(page.get_by_test_id("bubble-assistant")).to_have_attribute("data-phase", "complete")


def test_stop_stops_it_for_both(page: Page, upstream: Upstream) -> None:
    script = upstream.plays(*writing(HEAD, gate))
    ask(page)
    expect(page.locator("#field-description")).to_have_value("We walk ")
    copy = duplicated(page)
    expect(copy.locator("#field-description")).to_have_value("We walk ")
    copy.get_by_test_id("stop").click()
    for tab in (page, copy):
        expect(tab.get_by_test_id("form-phase")).to_have_text("The run was cancelled. What was written stays.")
    assert script.next_call().left.wait(5)
