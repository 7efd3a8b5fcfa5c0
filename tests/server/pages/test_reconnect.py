"""A connection that breaks costs the user nothing: the run goes on without it, and the page comes back for the rest."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from chains.recording import load
from tests.server.configs import CHAINS, openai
from tests.server.pages.line import Line
from tests.server.pages.scenes import (
    MEETING,
    Open,
    ask,
    fields,
    finished,
    input_of,
    keep_picture,
    save_recording,
    say,
    writing,
)
from tests.upstream import Call, Script, Upstream, gate, stall

pytestmark = pytest.mark.browser

HEAD = "{" + fields("name") + ', "description": "We walk '
TAIL = 'slowly.", ' + fields("category", "summary", "tags", "period", "max_members") + "}"
KEY = rb"idempotency-key: ([0-9a-f]{32})\r\n"


@pytest.fixture
def settings(upstream: Upstream) -> str:
    return openai(upstream.base_url, stream={"retry_ms": 200}, limits={"drain_s": 0})


@pytest.fixture
def line(settings: str, line_to: Callable[[str], Line]) -> Line:
    return line_to(settings)


@pytest.fixture
def half_way(open_page: Open, settings: str, line: Line, upstream: Upstream) -> tuple[Page, Script, Call]:
    """A form over a line: the name has settled, and the model pauses in the middle of the description."""
    page = open_page(settings, line)
    script = upstream.plays(*writing(HEAD, gate, TAIL))
    ask(page)
    expect(page.locator("#field-description")).to_have_value("We walk ")
    return page, script, script.next_call()


def test_a_cut_form_says_so_quietly_keeps_everything_and_ends_whole(
    half_way: tuple[Page, Script, Call], line: Line, tmp_path: Path
) -> None:
    page, script, call = half_way
    phase, description = page.get_by_test_id("form-phase"), page.locator("#field-description")
    page.get_by_test_id("log-toggle").click()
    line.falls_silent()
    expect(phase).to_have_text("Reconnecting …")
    expect(page.locator("#form-aloud[role=status]")).to_have_text("Reconnecting …")
    expect(page.locator("#meeting").get_by_test_id("problem")).to_be_hidden()
    expect(page.get_by_test_id("field-description")).to_have_attribute("data-status", "filling")
    expect(page.get_by_label("Name", exact=True)).to_have_value(MEETING["name"])
    keep_picture(page, "form-reconnecting")
    page.get_by_role("radio", name="한국어").check()
    expect(phase).to_have_text("다시 연결하고 있어요 …")
    page.get_by_role("radio", name="English").check()
    description.fill("We walk home")  # and so it stays
    call.permit()  # the model writes on meanwhile
    line.cut()
    finished(page)
    expect(description).to_have_value("We walk home")
    expect(page.locator("#field-summary")).to_have_value(MEETING["summary"])
    assert script.count == 1
    events = [event for _, event in load(save_recording(page, tmp_path))]
    assert [event.seq for event in events] == list(range(1, len(events) + 1))  # one stream, without doubles
    assert (
        "".join(event.text for event in events if event.type == "token" and event.path == "/summary")
        == (MEETING["summary"])
    )


def test_a_reply_types_on_however_often_it_is_cut(
    open_page: Open, settings: str, line: Line, upstream: Upstream
) -> None:
    page = open_page(settings, line)
    words = [f"word{number} " for number in range(5)]
    pieces = [step for word in words for step in (word, gate)]
    script = upstream.plays(*writing('{"reply": "', *pieces, 'end", "options": []}'))
    say(page, "Hello")
    call, reply = script.next_call(), page.get_by_test_id("reply")
    for count in range(1, len(words) + 1):
        expect(reply).to_have_text("".join(words[:count]).strip())
        line.cut()
        call.permit()
    expect(page.get_by_test_id("bubble-assistant")).to_have_attribute("data-phase", "complete")
    assert reply.text_content() == "".join(words) + "end"
    assert script.count == 1
    assert len(line.said(rb"last-event-id: \d+\r\n")) >= len(words)


def test_a_cut_reply_says_so_under_its_bubble(open_page: Open, settings: str, line: Line, upstream: Upstream) -> None:
    page = open_page(settings, line)
    script = upstream.plays(*writing('{"reply": "Hello', gate, ' you", "options": []}'))
    say(page, "Hi")
    expect(page.get_by_test_id("reply")).to_have_text("Hello")
    line.falls_silent()
    expect(page.get_by_test_id("chat-timings")).to_have_text("Reconnecting …")
    expect(page.locator("#chat-aloud[role=status]")).to_have_text("Reconnecting …")
    keep_picture(page, "chat-reconnecting")
    line.cut()
    expect(page.get_by_test_id("chat-timings")).to_have_text("")
    script.next_call().permit()
    expect(page.get_by_test_id("reply")).to_have_text("Hello you")


def test_a_server_that_stays_away_is_told_as_lost_in_words(half_way: tuple[Page, Script, Call], line: Line) -> None:
    page, _, _ = half_way
    problem = page.locator("#meeting").get_by_test_id("problem")
    failed: list[str] = []
    page.on("requestfailed", lambda request: failed.append(request.url) if "/events" in request.url else None)
    page.clock.install()
    line.goes_down()
    expect(page.get_by_test_id("stop")).to_be_visible()
    for _ in range(60):
        if problem.is_visible():
            break
        page.clock.run_for(2000)
    expect(problem).to_contain_text("The connection was lost before the answer was finished.")
    expect(problem.get_by_test_id("retry")).to_be_visible()
    expect(page.get_by_test_id("form-phase")).to_have_text("Not finished. What was written stays.")
    expect(page.locator("#field-description")).to_have_value("We walk ")
    assert len(failed) > 3


def test_a_busy_server_and_a_gateway_are_waited_for(half_way: tuple[Page, Script, Call], line: Line) -> None:
    page, script, call = half_way
    answers = [{"status": 503, "headers": {"retry-after": "1"}}, {"status": 502, "body": "<h1>Bad gateway</h1>"}]
    page.route("**/runs/*/events?*", lambda route: _one_of(answers, route))
    line.cut()
    call.permit()
    finished(page)
    assert answers == []
    assert script.count == 1


def _one_of(answers: list[dict[str, Any]], route: Route) -> None:
    if answers:
        route.fulfill(**answers.pop(0))
    else:
        route.continue_()


def test_a_run_that_the_server_has_forgotten_is_lost_at_once(half_way: tuple[Page, Script, Call], line: Line) -> None:
    page, _, _ = half_way
    page.route("**/runs/*/events?*", lambda route: route.fulfill(status=404, json={"code": "not_found", "message": ""}))
    line.cut()
    expect(page.locator("#meeting").get_by_test_id("problem")).to_contain_text("The server no longer has this run")


def test_the_network_coming_back_is_not_waited_out(open_page: Open, upstream: Upstream) -> None:
    page = open_page(openai(upstream.base_url, stream={"retry_ms": 60_000}, limits={"drain_s": 0}))
    script = upstream.plays(*writing(HEAD, gate, TAIL))
    ask(page)
    expect(page.locator("#field-description")).to_have_value("We walk ")
    page.context.set_offline(True)
    page.evaluate("dispatchEvent(new Event('online'))")  # a connection from before may be dead without saying so
    expect(page.get_by_test_id("form-phase")).to_contain_text("You are offline.")
    page.context.set_offline(False)
    script.next_call().permit()
    finished(page)


def test_what_could_not_be_pinned_is_pinned_when_the_connection_is_back(
    half_way: tuple[Page, Script, Call], line: Line
) -> None:
    page, _, call = half_way
    page.route("**/runs/*/pins", lambda route: route.abort())
    page.get_by_label("Name", exact=True).fill("Mine")
    expect(page.get_by_test_id("hint-name")).to_be_visible()
    page.unroute("**/runs/*/pins")
    line.cut()
    expect(page.get_by_test_id("status-name")).to_have_text("Yours, pinned")
    expect(page.get_by_test_id("hint-name")).to_be_hidden()
    call.permit()
    finished(page)
    expect(page.get_by_test_id("conflict-name")).to_have_text(MEETING["name"])


# -- beginning ---------------------------------------------------------------------------------------------------------


def test_a_lost_answer_makes_no_second_run(open_page: Open, settings: str, line: Line, upstream: Upstream) -> None:
    page = open_page(settings, line)
    script = upstream.plays(*writing(HEAD, TAIL))
    line.falls_silent()
    ask(page)
    script.next_call()  # the run has begun, and the page does not know
    line.cut()
    finished(page)
    assert script.count == 1
    assert len(line.said(KEY)) > 1
    assert len(set(line.said(KEY))) == 1
    page.get_by_test_id("fill").click()
    script.next_call()  # another submission is another run
    finished(page)
    assert len(set(line.said(KEY))) == 2


def test_a_busy_server_is_asked_again_a_few_times(open_page: Open, settings: str, upstream: Upstream) -> None:
    page = open_page(settings)
    upstream.plays(*writing(HEAD, TAIL))
    answers: list[dict[str, Any]] = [{"status": 503}, {"status": 504}]
    page.route("**/meeting-info/runs", lambda route: _one_of(answers, route))
    ask(page)
    finished(page)
    assert answers == []
    always = {"code": "too_busy", "message": "", "retryable": True}
    page.route("**/meeting-info/runs", lambda route: route.fulfill(status=503, json=always))
    page.get_by_test_id("fill").click()
    expect(page.locator("#meeting").get_by_test_id("problem")).to_contain_text("Too many people are asking right now.")
    expect(page.get_by_test_id("form-phase")).to_have_text("Not started.")


# -- stopping ----------------------------------------------------------------------------------------------------------


def test_stop_stops_the_model_and_the_run_ends_as_cancelled(
    open_page: Open, settings: str, line: Line, upstream: Upstream
) -> None:
    page = open_page(settings, line)
    script = upstream.plays(*writing(HEAD, "on on", stall))
    ask(page)
    expect(page.locator("#field-description")).to_have_value("We walk on on")
    page.get_by_test_id("stop").click()
    assert script.next_call().left.wait(5)
    expect(page.get_by_test_id("form-phase")).to_have_text("The run was cancelled. What was written stays.")
    expect(page.get_by_test_id("stop")).to_be_hidden()
    expect(page.locator("#meeting").get_by_test_id("problem")).to_be_hidden()
    page.get_by_test_id("log-toggle").click()
    expect(page.get_by_test_id("log-row").last).to_contain_text("cancelled")


@pytest.mark.parametrize("stop", ["chat-stop", "chat-send", "chat-clear"])
def test_a_reply_that_nobody_wants_any_more_is_not_written_on(
    open_page: Open, settings: str, upstream: Upstream, stop: str
) -> None:
    page = open_page(settings)
    script = upstream.plays(*writing('{"reply": "', "on on", stall))
    say(page, "Hello")
    expect(page.get_by_test_id("reply")).to_have_text("on on")
    upstream.plays(*writing('{"reply": "Well?", "options": []}'))
    page.get_by_test_id("chat-entry").fill("Stop that")
    page.get_by_test_id(stop).click()
    assert script.next_call().left.wait(5)


def test_a_stop_that_cannot_be_told_at_once_ends_here_and_is_told_later(
    half_way: tuple[Page, Script, Call], line: Line
) -> None:
    page, _, call = half_way
    line.falls_silent()
    line.hears(b"last-event-id")
    page.get_by_test_id("stop").click()
    expect(page.get_by_test_id("form-phase")).to_have_text("Stopped. What was written stays.")
    expect(page.locator("#field-description")).to_have_value("We walk ")
    assert call.left.wait(5)  # what is asked reaches the server


def test_a_run_that_was_left_before_it_was_known_is_stopped_when_it_is(
    open_page: Open, settings: str, line: Line, upstream: Upstream
) -> None:
    page = open_page(settings, line)
    script = upstream.plays(*writing('{"reply": "', "on on", stall))
    line.falls_silent()
    say(page, "Hello")
    call = script.next_call()
    page.get_by_test_id("chat-stop").click()
    expect(page.get_by_test_id("chat-timings")).to_have_text("Stopped.")
    line.cut()
    assert call.left.wait(10)


# -- where runs are begun by reading them ------------------------------------------------------------------------------


@pytest.fixture
def attached(upstream: Upstream) -> str:
    """Settings of chains that offer no `runs`."""
    chains = {name: {**chain, "endpoints": ["stream"]} for name, chain in CHAINS.items()}
    return openai(upstream.base_url, chains=chains)


def test_without_runs_a_stream_is_read_as_it_comes(open_page: Open, attached: str, upstream: Upstream) -> None:
    page = open_page(attached)
    upstream.plays(*writing(HEAD, TAIL))
    with page.expect_request("**/meeting-info/stream?*") as sent:
        ask(page)
    assert input_of(sent.value) == {"goal": "Easy weekend hikes", "language": "en"}
    finished(page)
    expect(page.locator("#field-description")).to_have_value("We walk slowly.")


def test_without_runs_stopping_stops_the_model(open_page: Open, attached: str, upstream: Upstream) -> None:
    page = open_page(attached)
    script = upstream.plays(*writing('{"reply": "', "on on", stall))
    say(page, "Hello")
    expect(page.get_by_test_id("reply")).to_have_text("on on")
    page.get_by_test_id("chat-stop").click()
    expect(page.get_by_test_id("chat-timings")).to_have_text("The run was cancelled.")
    assert script.next_call().left.wait(5)


def test_without_runs_a_cut_stream_is_read_on(
    open_page: Open, attached: str, line_to: Callable[[str], Line], upstream: Upstream
) -> None:
    line = line_to(attached)
    page = open_page(attached, line)
    script = upstream.plays(*writing(HEAD, gate, TAIL))
    ask(page)
    expect(page.locator("#field-description")).to_have_value("We walk ")
    line.cut()
    script.next_call().permit()
    finished(page)
    expect(page.locator("#field-description")).to_have_value("We walk slowly.")
    assert script.count == 1
