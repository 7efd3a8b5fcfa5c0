"""A page that is loaded anew in the middle of a run goes on with it: the run did not end with the page."""

import json
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.server.configs import openai
from tests.server.pages.scenes import (
    MEETING,
    REPLY,
    Open,
    ask,
    config,
    fields,
    finished,
    input_of,
    say,
    writing,
)
from tests.upstream import Upstream, gate

pytestmark = pytest.mark.browser

KEPT = "Object.keys(sessionStorage)"


@pytest.fixture
def settings(upstream: Upstream) -> str:
    return openai(upstream.base_url, limits={"drain_s": 0})


def test_the_form_is_as_it_was_and_fills_on(open_page: Open, settings: str, upstream: Upstream) -> None:
    page = open_page(settings)
    head = "{" + fields("category", "summary") + ', "description": "We walk '
    steps = [{"title": "By the river", "details": []}] * 3
    rest = fields("tags", "period", "max_members", "plan", plan=steps)
    script = upstream.plays(*writing(head, gate, f'on.", {rest}' + "}"))
    page.get_by_label("Where").fill("Busan")
    page.get_by_label("Name", exact=True).fill("My own name")
    ask(page, plan=True)
    description, summary = page.locator("#field-description"), page.get_by_label("One-line summary")
    expect(description).to_have_value("We walk ")
    summary.fill("A first try")
    expect(page.get_by_test_id("status-summary")).to_have_text("Yours, pinned")
    summary.fill("My summary")
    expect(page.get_by_test_id("status-summary")).to_have_text("Edited by you")
    expect(page.get_by_test_id("status-summary")).to_have_text("Yours, pinned")
    page.reload()
    expect(page.get_by_test_id("form-phase")).to_have_text("Writing …")
    expect(page.get_by_label("What is the group for?")).to_have_value("Easy weekend hikes")
    expect(page.get_by_label("Where")).to_have_value("Busan")
    expect(page.get_by_test_id("include-plan")).to_be_checked()
    expect(page.get_by_label("Name", exact=True)).to_have_value("My own name")
    expect(page.get_by_test_id("status-name")).to_have_text("Yours")
    expect(summary).to_have_value("My summary")
    expect(page.get_by_test_id("status-summary")).to_have_text("Yours, pinned")
    expect(description).to_have_value("We walk ")
    page.locator("#field-category").select_option("기타")
    expect(page.get_by_test_id("status-category")).to_have_text("Yours, pinned")  # its pins are the run's
    script.next_call().permit()
    finished(page)
    expect(description).to_have_value("We walk on.")
    assert script.count == 1
    with page.expect_request("**/meeting-info/runs") as sent:
        page.get_by_test_id("fill").click()
    mine = {"name": "My own name", "summary": "My summary", "category": "기타"}
    assert input_of(sent.value).items() >= mine.items()  # theirs before and after
    assert "description" not in input_of(sent.value)


def test_the_conversation_is_as_it_was_and_the_reply_types_on(
    open_page: Open, settings: str, upstream: Upstream
) -> None:
    page = open_page(settings)
    upstream.plays(*writing(json.dumps(REPLY)))
    say(page, "Hi there")
    expect(page.get_by_test_id("option")).to_have_count(2)
    script = upstream.plays(*writing('{"reply": "Good', gate, ', then.", "options": ["Go on"]}'))
    say(page, "Outdoors")
    expect(page.get_by_test_id("reply").last).to_have_text("Good")
    page.reload()
    expect(page.get_by_test_id("reply")).to_have_text("Good")
    expect(page.get_by_test_id("bubble-user")).to_contain_text(["Hi there", "Outdoors"])
    expect(page.get_by_test_id("messages").locator("li.turn")).to_have_count(4)
    expect(page.get_by_test_id("messages").locator("li.turn").nth(1)).to_contain_text("안녕하세요")
    expect(page.get_by_test_id("chat-stop")).to_be_visible()
    script.next_call().permit()
    expect(page.get_by_test_id("reply")).to_have_text("Good, then.")
    assert script.count == 1
    with page.expect_request("**/chatbot/runs") as sent:
        page.get_by_test_id("option").click()
    said = [message["content"] for message in input_of(sent.value)["messages"]]
    assert said == ["Hi there", REPLY["reply"], "Outdoors", "Good, then.", "Go on"]


def test_both_panels_go_on_by_themselves_and_a_run_that_ended_meanwhile_is_shown(
    open_page: Open, settings: str, upstream: Upstream
) -> None:
    page = open_page(settings)
    form = upstream.plays(*writing("{" + fields("name"), ", ", gate, fields(*list(MEETING)[1:]) + "}"))
    ask(page)
    call = form.next_call()
    expect(page.get_by_label("Name", exact=True)).to_have_value(MEETING["name"])
    talk = upstream.plays(*writing('{"reply": "Good', gate, '.", "options": []}'))
    say(page, "Hi")
    expect(page.get_by_test_id("reply")).to_have_text("Good")
    page.goto("about:blank")
    call.permit()
    talk.next_call().permit()
    page.go_back()
    finished(page)
    expect(page.get_by_label("People at most")).to_have_value("12")
    expect(page.get_by_test_id("reply")).to_have_text("Good.")


def test_a_run_that_has_ended_is_not_gone_on_with(open_page: Open) -> None:
    page = open_page(config(pace_ms=0))
    ask(page)
    say(page, "Hi")
    finished(page)
    expect(page.get_by_test_id("option")).to_have_count(2)
    assert page.evaluate(KEPT) == []


def test_a_run_that_was_lost_may_be_there_again(open_page: Open, settings: str, upstream: Upstream) -> None:
    page = open_page(settings)
    events = "**/runs/*/events?*"
    page.route(events, lambda route: route.fulfill(status=404, json={"code": "not_found", "message": ""}))
    script = upstream.plays(*writing("{" + fields(*MEETING) + "}"))
    ask(page)
    expect(page.locator("#meeting").get_by_test_id("problem")).to_contain_text("The server no longer has this run")
    page.unroute(events)
    page.reload()
    finished(page)
    assert script.count == 1


@pytest.mark.parametrize("status", [404, 410])
def test_a_run_that_is_gone_is_forgotten_silently(open_page: Open, status: int) -> None:
    page = open_page(config())
    about = "**/runs/11111111-1111-4111-8111-111111111111"
    page.route(about, lambda route: route.fulfill(status=status, json={"code": "gone", "message": ""}))
    _keep(page, "meeting-info", {"goal": "Old", "language": "en"})
    _keep(page, "chatbot", {"messages": [{"role": "user", "content": "Old"}], "want": "reply", "language": "en"})
    page.reload()
    for _ in range(500):  # `wait_for_function` asks a second time by `eval`, which the page's policy forbids
        if page.evaluate(KEPT) == []:
            break
        page.wait_for_timeout(20)
    assert page.evaluate(KEPT) == []
    expect(page.get_by_test_id("form-phase")).to_have_text("")
    expect(page.get_by_label("What is the group for?")).to_have_value("")
    expect(page.get_by_test_id("bubble-user")).to_have_count(0)
    expect(page.get_by_test_id("problem").filter(visible=True)).to_have_count(0)


def _keep(page: Page, chain: str, asked: Any) -> None:
    run = {"id": "11111111-1111-4111-8111-111111111111", "input": asked}
    page.evaluate("([chain, run]) => sessionStorage.setItem(`run of ${chain}`, JSON.stringify(run))", [chain, run])
