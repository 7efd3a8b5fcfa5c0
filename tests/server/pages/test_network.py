"""What a user has of a poor network and of a server that is slow or begins anew: the truth in words, and the answer."""

import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.server.configs import openai
from tests.server.pages.line import Line
from tests.server.pages.scenes import MEETING, Open, ask, fields, finished, keep_picture, say, writing
from tests.server.process import ServerProcess, Start
from tests.server.replicas.cluster import Cluster, cluster
from tests.upstream import Call, Script, Upstream, gate

pytestmark = pytest.mark.browser

HEAD = "{" + fields("name") + ', "description": "We walk '
TAIL = 'slowly.", ' + fields("category", "summary", "tags", "period", "max_members") + "}"
FORGOTTEN = "The server no longer has this run: it may have been restarted."


def half_way(page: Page, upstream: Upstream) -> tuple[Script, Call]:
    """The form waits in the middle of the description; `permit` goes on."""
    script = upstream.plays(*writing(HEAD, gate, TAIL))
    ask(page)
    expect(page.locator("#field-description")).to_have_value("We walk ")
    return script, script.next_call()


# -- offline and online ------------------------------------------------------------------------------------------------


def test_offline_is_told_as_such_and_what_was_missed_comes_by_itself(
    open_page: Open, line_to: Callable[[str], Line], upstream: Upstream
) -> None:
    settings = openai(upstream.base_url, stream={"retry_ms": 60_000})  # nobody waits so long
    line = line_to(settings)
    page = open_page(settings, line)
    script, call = half_way(page, upstream)
    phase = page.get_by_test_id("form-phase")
    page.context.set_offline(True)
    line.cut()
    expect(phase).to_have_text("You are offline. It goes on as soon as you are back.")
    expect(page.locator("#form-aloud")).to_have_text(phase.inner_text())
    expect(page.locator("#meeting").get_by_test_id("problem")).to_be_hidden()
    keep_picture(page, "form-offline")
    call.permit()  # the model writes on meanwhile
    page.context.set_offline(False)
    finished(page)
    expect(page.locator("#field-description")).to_have_value("We walk slowly.")
    assert script.count == 1


def test_a_chat_that_is_offline_says_so_too(
    open_page: Open, line_to: Callable[[str], Line], upstream: Upstream
) -> None:
    settings = openai(upstream.base_url)
    line = line_to(settings)
    page = open_page(settings, line)
    script = upstream.plays(*writing('{"reply": "Hello', gate, ' you", "options": []}'))
    say(page, "Hi")
    expect(page.get_by_test_id("reply")).to_have_text("Hello")
    line.cut()
    page.context.set_offline(True)
    expect(page.get_by_test_id("chat-timings")).to_have_text("You are offline. It goes on as soon as you are back.")
    page.context.set_offline(False)
    script.next_call().permit()
    expect(page.get_by_test_id("reply")).to_have_text("Hello you")
    assert script.count == 1


def test_what_is_asked_offline_waits_for_the_network(open_page: Open, upstream: Upstream) -> None:
    page = open_page(openai(upstream.base_url))
    script = upstream.plays(*writing(HEAD, TAIL))
    page.context.set_offline(True)
    ask(page)
    expect(page.get_by_test_id("form-phase")).to_have_text("You are offline. It goes on as soon as you are back.")
    page.context.set_offline(False)
    finished(page)
    assert script.count == 1


# -- a slow server -----------------------------------------------------------------------------------------------------


def test_a_model_that_is_long_in_answering_is_told_from_a_page_that_hangs(open_page: Open, upstream: Upstream) -> None:
    page = open_page(openai(upstream.base_url))
    page.clock.install()
    _, call = half_way(page, upstream)
    phase = page.get_by_test_id("form-phase")
    page.clock.run_for(7_000)
    expect(phase).to_have_text("Writing …")
    page.clock.run_for(2_000)
    expect(phase).to_have_text("The model is taking its time …")
    expect(page.locator("#form-aloud")).to_have_text(phase.inner_text())
    call.permit()
    finished(page)
    page.clock.run_for(60_000)
    finished(page)
    talk = upstream.plays(*writing(gate, '{"reply": "Hello', gate, '", "options": ["Go on"]}'))
    say(page, "Hi")
    said = talk.next_call()
    page.clock.run_for(9_000)
    expect(page.get_by_test_id("chat-timings")).to_have_text("The model is taking its time …")
    said.permit()
    expect(page.get_by_test_id("reply")).to_have_text("Hello")
    expect(page.get_by_test_id("chat-timings")).to_have_text("")
    said.permit()
    expect(page.get_by_test_id("option")).to_have_count(1)


def test_a_slow_line_delays_everything_and_spoils_nothing(
    open_page: Open, line_to: Callable[[str], Line], upstream: Upstream
) -> None:
    settings = openai(upstream.base_url)
    line = line_to(settings)
    page = open_page(settings, line)
    line.drags(0.5)
    script, call = half_way(page, upstream)
    page.get_by_label("Name", exact=True).fill("Mine")
    expect(page.get_by_test_id("status-name")).to_have_text("Edited by you")
    expect(page.get_by_test_id("status-name")).to_have_text("Yours, pinned")
    call.permit()
    finished(page)
    expect(page.locator("#field-description")).to_have_value("We walk slowly.")
    expect(page.get_by_test_id("conflict-name")).to_have_text(MEETING["name"])
    assert script.count == 1
    assert len(line.said(rb"GET /runs/[^ ]+/events")) == 1  # slowness is no reason to come again


# -- a server that begins anew -----------------------------------------------------------------------------------------


@pytest.fixture
def settings(upstream: Upstream) -> str:
    """A server that keeps runs in its memory."""
    return openai(upstream.base_url, stream={"retry_ms": 200}, limits={"drain_s": 0})


@pytest.fixture
def begin_anew(settings: str, tmp_path: Path) -> Iterator[Callable[[ServerProcess], None]]:
    """Starts another server where one has ended."""
    file = tmp_path / "anew.yaml"
    file.write_text(settings, encoding="utf-8")
    running: list[ServerProcess] = []

    def begin(ended: ServerProcess) -> None:
        running.append(ServerProcess(file, tmp_path / "anew.log", {}, ended.port))
        running[-1].wait_until_alive()

    yield begin
    for server in running:
        server.stop()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_restart_that_loses_the_run_is_told_and_keeps_what_came(
    open_page: Open,
    start: Start,
    settings: str,
    begin_anew: Callable[[ServerProcess], None],
    upstream: Upstream,
    number: signal.Signals,
) -> None:
    server = start(settings)
    page = open_page("", server)
    half_way(page, upstream)
    server.send(number)
    server.wait(20)
    problem = page.locator("#meeting").get_by_test_id("problem")
    if number == signal.SIGKILL:
        expect(page.get_by_test_id("form-phase")).to_have_text("Reconnecting …")
    begin_anew(server)
    told = {signal.SIGKILL: FORGOTTEN, signal.SIGTERM: "The server is restarting."}
    expect(problem).to_contain_text(told[number])
    expect(page.get_by_test_id("form-phase")).to_have_text("Not finished. What was written stays.")
    expect(page.locator("#field-description")).to_have_value("We walk ")
    expect(page.get_by_label("Name", exact=True)).to_have_value(MEETING["name"])
    keep_picture(page, f"form-restarted-{number.name}")
    page.get_by_test_id("keep-name").click()
    upstream.plays(*writing(HEAD, TAIL))
    problem.get_by_test_id("retry").click()
    finished(page)
    expect(page.get_by_test_id("status-name")).to_have_text("Yours")


@pytest.fixture
def kept(upstream: Upstream, tmp_path: Path) -> Iterator[Cluster]:
    """One replica that keeps its runs in Redis."""
    settings = openai(upstream.base_url, stream={"retry_ms": 200}, runs={"store": "redis", "lease_s": 1})
    with cluster(settings, tmp_path, count=1) as (replicas, _):
        yield replicas


def test_a_restart_that_keeps_the_run_costs_what_was_half_done_and_nothing_else(
    open_page: Open, kept: Cluster, upstream: Upstream
) -> None:
    page = open_page("", kept.replicas[0])
    half_way(page, upstream)
    rest = fields("description", *list(MEETING)[1:3], *list(MEETING)[4:], description="We run.")
    again = upstream.plays(*writing(gate, "{" + rest + "}"))
    kept.kill(0)
    expect(page.get_by_test_id("form-phase")).to_have_text("Reconnecting …")
    kept.replace(0)
    expect(page.get_by_test_id("form-attempt")).to_contain_text("Attempt 2: the work has moved.")
    expect(page.get_by_label("Name", exact=True)).to_have_value(MEETING["name"])
    expect(page.get_by_test_id("status-description")).to_have_text("Waiting")
    again.next_call().permit()
    finished(page)
    expect(page.locator("#field-description")).to_have_value("We run.")
    expect(page.get_by_test_id("status-name")).to_have_text("Filled in")
    expect(page.locator("#meeting").get_by_test_id("problem")).to_be_hidden()
