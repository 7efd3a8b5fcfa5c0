"""What the user writes while the model writes: the server is told, once and in order, and says what it makes of it."""

from typing import Any

import pytest
from playwright.sync_api import Page, Request, expect

from tests.server.configs import openai
from tests.server.pages.clock import STANDING_CLOCK
from tests.server.pages.scenes import MEETING, PLAN, Open, ask, fields, finished, keep_picture, writing
from tests.upstream import Call, Upstream, gate

pytestmark = pytest.mark.browser

PINS = "**/runs/*/pins"

# Requests are answered by hand, and time stands still: `sent` and `told` are what left and what came of it.
BY_HAND = (
    "async ([script]) => {"
    + STANDING_CLOCK
    + """
    const { Pins } = await import('/page/pins.js');
    const sent = [], told = [], waiting = [];
    const send = (run, name, value) => new Promise((done) => { sent.push([run, name, value]); waiting.push(done); });
    const pins = new Pins((name, { fate }) => told.push([name, fate]), send);
    const answer = async (at, fate) => {
        waiting.splice(at, 1)[0]({ fate });
        for (let turn = 0; turn < 5; turn += 1) await null;
    };
    for (const [method, ...args] of script) {
        if (method === 'wait') wait(...args);
        else if (method === 'answer') await answer(...args);
        else pins[method](...args);
    }
    return [sent.map(([, name, value]) => [name, value]), told, [...new Set(sent.map(([run]) => run))]];
}"""
)


@pytest.fixture
def by_hand(bare: Page) -> Any:
    return lambda *script: bare.evaluate(BY_HAND, [script])


OPEN = ("open", "run-1", ["name", "tags"])


def test_a_value_leaves_when_the_typing_pauses_and_only_the_last_one(by_hand: Any) -> None:
    sent, told, runs = by_hand(
        OPEN,
        ("change", "name", "M"), ("wait", 399), ("change", "name", "Mi"), ("wait", 399), ("change", "name", "Mine"),
        ("wait", 400), ("answer", 0, "pinned"), ("wait", 5000),
    )  # fmt: skip
    assert (sent, told, runs) == ([["name", "Mine"]], [["name", "pinned"]], ["run-1"])


def test_leaving_the_field_sends_at_once_and_an_untouched_one_sends_nothing(by_hand: Any) -> None:
    sent, _, _ = by_hand(OPEN, ("flush", "tags"), ("change", "name", "Mine"), ("flush", "name"), ("flush", "name"))
    assert sent == [["name", "Mine"]]


def test_a_field_never_has_two_requests_under_way_and_ends_with_the_last_value(by_hand: Any) -> None:
    sent, told, _ = by_hand(
        OPEN,
        ("change", "name", "1"), ("flush", "name"), ("change", "name", "2"), ("flush", "name"),
        ("change", "tags", ["a"]), ("flush", "tags"),  # another field need not wait
        ("change", "name", "3"), ("flush", "name"),
        ("answer", 0, "refused"),  # the answer to "1", which is nobody's any more
        ("answer", 1, "pinned"),
    )  # fmt: skip
    assert sent == [["name", "1"], ["tags", ["a"]], ["name", "3"]]
    assert told == [["name", "pinned"]]


def test_a_value_typed_while_another_is_on_its_way_waits_for_its_pause(by_hand: Any) -> None:
    sent, _, _ = by_hand(
        OPEN, ("change", "name", "1"), ("flush", "name"), ("change", "name", "2"), ("answer", 0, "pinned"),
        ("change", "name", "23"), ("wait", 400),
    )  # fmt: skip
    assert sent == [["name", "1"], ["name", "23"]]


def test_an_emptied_field_is_no_pin(by_hand: Any) -> None:
    sent, told, _ = by_hand(
        OPEN, ("change", "name", "Mine"), ("change", "name", ""), ("flush", "name"), ("wait", 5000),
        ("change", "tags", ["a"]), ("flush", "tags"), ("change", "tags", []), ("answer", 0, "refused"),
    )  # fmt: skip
    assert (sent, told) == ([["tags", ["a"]]], [])


def test_what_the_user_wrote_before_the_run_began_follows_its_start(by_hand: Any) -> None:
    sent, _, _ = by_hand(
        ("change", "name", "Mine"), ("wait", 400), ("change", "tags", ["a"]), ("change", "plan", [1]), ("wait", 100),
        OPEN, ("wait", 300),
    )  # fmt: skip
    assert sent == [["name", "Mine"], ["tags", ["a"]]]  # and the plan is none of this run's fields


@pytest.mark.parametrize("end", [("close",), ("answer", 0, "over")])
def test_nothing_leaves_once_the_run_is_over(by_hand: Any, end: Any) -> None:
    sent, told, _ = by_hand(
        OPEN, ("change", "name", "1"), ("flush", "name"), ("change", "tags", ["a"]), end, ("wait", 5000),
        ("change", "name", "2"), ("flush", "name"), ("wait", 5000),
    )  # fmt: skip
    assert (sent, told) == ([["name", "1"]], [])


def test_what_could_not_be_sent_is_sent_again_as_it_is_by_then(by_hand: Any) -> None:
    sent, _, _ = by_hand(
        OPEN,
        ("change", "name", "1"), ("flush", "name"), ("answer", 0, "unsent"), ("again", "name"),
        ("answer", 0, "unsent"), ("change", "name", "12"), ("again", "name"), ("change", "name", "123"), ("wait", 400),
        ("change", "tags", ["a"]), ("flush", "tags"), ("answer", 1, "unsent"), ("change", "tags", []),
        ("again", "tags"),
    )  # fmt: skip
    assert sent == [["name", "1"], ["name", "1"], ["name", "123"], ["tags", ["a"]]]


# -- with the real server ----------------------------------------------------------------------------------------------


@pytest.fixture
def half_way(open_page: Open, upstream: Upstream) -> tuple[Page, Call]:
    """A form that waits in the middle of its summary, the name and the category settled; `permit` goes on."""
    page = open_page(openai(upstream.base_url))
    rest = fields("description", "tags", "period", "max_members")
    script = upstream.plays(
        *writing("{" + fields("name", "category") + ', "summary": "A walk', gate, f' for all", {rest}' + "}")
    )
    ask(page)
    expect(page.get_by_test_id("field-summary")).to_have_attribute("data-status", "filling")
    return page, script.next_call()


def pins_of(page: Page) -> list[Any]:
    """What the page pins from now on."""
    sent: list[Any] = []

    def note(request: Request) -> None:
        if request.url.endswith("/pins"):
            sent.append(request.post_data_json)

    page.on("request", note)
    return sent


def test_what_the_user_writes_is_pinned_and_the_models_words_are_an_offer(half_way: tuple[Page, Call]) -> None:
    page, call = half_way
    sent = pins_of(page)
    name, summary = page.get_by_label("Name", exact=True), page.get_by_label("One-line summary")
    name.fill("Mine")
    summary.fill("My summary")
    expect(page.get_by_test_id("status-summary")).to_have_text("Edited by you")
    expect(page.get_by_test_id("status-name")).to_have_text("Yours, pinned")
    expect(page.get_by_test_id("status-summary")).to_have_text("Yours, pinned")
    keep_picture(page, "form-pinned")
    call.permit()
    finished(page)
    assert sent == [{"path": "/name", "value": "Mine"}, {"path": "/summary", "value": "My summary"}]
    expect(name).to_have_value("Mine")
    expect(summary).to_have_value("My summary")
    expect(page.get_by_test_id("status-summary")).to_have_text("Yours, pinned")
    expect(page.get_by_test_id("conflict-name")).to_have_text(MEETING["name"])
    expect(page.get_by_test_id("conflict-summary")).to_have_text("A walk for all")
    expect(page.get_by_test_id("conflict-category")).to_be_hidden()
    keep_picture(page, "form-conflict")
    page.get_by_test_id("accept-name").click()
    expect(name).to_have_value(MEETING["name"])
    expect(page.get_by_test_id("status-name")).to_have_text("Filled in")
    expect(page.get_by_test_id("conflict-name")).to_be_hidden()


def test_leaving_a_field_pins_without_waiting(half_way: tuple[Page, Call]) -> None:
    page, _ = half_way
    page.clock.install()
    page.clock.pause_at(page.evaluate("Date.now() + 60_000"))
    name = page.get_by_label("Name", exact=True)
    with page.expect_request(PINS) as sent:  # no timer runs: only the leaving can have sent it
        name.fill("Mine")
        name.blur()
    assert sent.value.post_data_json == {"path": "/name", "value": "Mine"}


def test_a_value_that_breaks_a_rule_stays_the_users_and_is_told_at_its_field(half_way: tuple[Page, Call]) -> None:
    page, call = half_way
    people, error = page.get_by_label("People at most"), page.get_by_test_id("error-max_members")
    people.fill("1000")
    expect(error).to_have_text("This is too large.")
    expect(page.get_by_test_id("status-max_members")).to_have_text("Edited by you")
    expect(people).to_have_attribute("aria-invalid", "true")
    expect(page.locator("#form-aloud")).to_have_text("People at most: This is too large.")
    keep_picture(page, "form-pin-refused")
    people.fill("8")
    expect(error).to_be_hidden()
    expect(page.get_by_test_id("status-max_members")).to_have_text("Yours, pinned")
    people.fill("9000")
    expect(error).to_be_visible()
    call.permit()
    finished(page)
    expect(people).to_have_value("9000")  # what it is here is the user's own affair, and still wrong
    expect(error).to_be_visible()


def test_that_the_server_could_not_be_told_is_said_quietly(half_way: tuple[Page, Call]) -> None:
    page, call = half_way
    name, hint = page.get_by_label("Name", exact=True), page.get_by_test_id("hint-name")
    page.route(PINS, lambda route: route.abort())
    name.fill("Mine")
    expect(hint).to_be_visible()
    expect(page.get_by_test_id("status-name")).to_have_text("Edited by you")
    expect(page.get_by_test_id("problem").first).to_be_hidden()
    page.unroute(PINS)
    name.fill("Mine, too")
    expect(hint).to_be_hidden()
    expect(page.get_by_test_id("status-name")).to_have_text("Yours, pinned")
    page.route(PINS, lambda route: route.fulfill(status=502, body="<h1>Bad gateway</h1>"))
    name.fill("Mine again")
    expect(hint).to_be_visible()
    call.permit()
    finished(page)
    expect(hint).to_be_hidden()  # nobody needs to be told any more
    expect(name).to_have_value("Mine again")


@pytest.mark.parametrize("status", [404, 409])
def test_a_run_that_is_over_needs_no_pins(half_way: tuple[Page, Call], status: int) -> None:
    page, call = half_way
    sent = pins_of(page)
    page.route(PINS, lambda route: route.fulfill(status=status, json={"code": "x", "message": "", "retryable": False}))
    name = page.get_by_label("Name", exact=True)
    with page.expect_response(PINS):
        name.fill("Mine")
    name.fill("Mine, too")
    call.permit()
    finished(page)
    name.fill("Mine at last")
    page.get_by_test_id("clear-name").click()  # with the field left
    assert sent == [{"path": "/name", "value": "Mine"}]
    expect(page.get_by_test_id("error-name")).to_be_hidden()
    expect(page.get_by_test_id("hint-name")).to_be_hidden()


def test_cells_of_a_plan_stay_here_until_it_has_settled_and_then_it_is_pinned_whole(
    open_page: Open, upstream: Upstream
) -> None:
    page = open_page(openai(upstream.base_url))
    first, *others = ({key: step[key] for key in ("title", "details")} for step in PLAN)
    head, tail = fields("name", "plan", plan=[first]), fields("plan", plan=others).partition("[")[2]
    script = upstream.plays(
        *writing("{" + head.removesuffix("]"), gate, f", {tail}, ", gate, fields(*list(MEETING)[1:]) + "}")
    )
    ask(page, plan=True)
    call = script.next_call()
    sent = pins_of(page)
    expect(page.get_by_test_id("plan-details").first).to_have_value("Two flat hours\nMeet at nine")
    page.get_by_test_id("plan-title").first.fill("My first step")
    page.get_by_label("Name", exact=True).fill("Mine")
    expect(page.get_by_test_id("status-name")).to_have_text("Yours, pinned")  # longer than a pause in typing
    assert sent == [{"path": "/name", "value": "Mine"}]
    call.permit()
    expect(page.get_by_test_id("status-plan")).to_have_text("Yours, pinned")
    merged = [PLAN[0] | {"title": "My first step"}, *PLAN[1:]]
    assert sent[1:] == [{"path": "/plan", "value": merged}]
    with page.expect_response(PINS):
        page.get_by_test_id("plan-remove").last.click()  # it is the user's: they may take steps away
    call.permit()
    finished(page)
    expect(page.get_by_test_id("status-plan")).to_have_text("Yours, pinned")
    assert sent[2:] == [{"path": "/plan", "value": merged[:2]}]
    expect(page.get_by_test_id("plan-title").first).to_have_value("My first step")
    expect(page.get_by_test_id("conflict-plan")).to_contain_text("1. By the river")


def test_what_a_model_would_have_written_stays_text(open_page: Open, upstream: Upstream) -> None:
    evil = '<img src="x" onerror="alert(1)">'
    page = open_page(openai(upstream.base_url))
    script = upstream.plays(*writing("{" + fields("name", name=evil), gate, ", " + fields(*list(MEETING)[1:]) + "}"))
    ask(page)
    call = script.next_call()
    expect(page.get_by_label("Name", exact=True)).to_have_value(evil)
    page.get_by_label("Name", exact=True).fill("Mine")
    expect(page.get_by_test_id("status-name")).to_have_text("Yours, pinned")
    call.permit()
    finished(page)
    expect(page.get_by_test_id("conflict-name")).to_have_text(evil)
    expect(page.locator("img:not(.logo)")).to_have_count(0)
