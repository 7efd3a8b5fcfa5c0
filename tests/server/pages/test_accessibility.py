"""The page for those who hear it, see little, or press with a thumb: in every state, both languages, light and dark."""

import json
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.server.configs import openai
from tests.server.pages.axe import violations
from tests.server.pages.scenes import MEETING, PLAN, REPLY, Open, fields, keep_picture, say, writing
from tests.upstream import Upstream, cut, gate

pytestmark = pytest.mark.browser

DESK, PHONE, NARROW = ({"width": width, "height": height} for width, height in ((1280, 900), (390, 844), (320, 640)))
VIEWS: dict[str, dict[str, Any]] = {
    "english": {"locale": "en-US", "viewport": DESK},
    "korean-dark": {"locale": "ko-KR", "viewport": DESK, "color_scheme": "dark"},
    "korean-phone": {"locale": "ko-KR", "viewport": PHONE, "has_touch": True, "is_mobile": True},
    "english-narrow-dark": {"locale": "en-US", "viewport": NARROW, "color_scheme": "dark", "is_mobile": True},
}
LEAST = 24  # CSS pixels, WCAG 2.2, 2.5.8

# What can be pressed and is too small (of a radio button its label counts), or sticks out of the field that it belongs
# to, and how much the page is too wide.
MEASURE = """(least) => {
    const shown = [...document.querySelectorAll('a, button, summary, select, textarea, input')].filter(
        (node) => node.getClientRects().length > 0 && !node.closest('.ghost, .skip'));
    const small = shown.map((node) => [node, (node.closest('label') ?? node).getBoundingClientRect()])
        .filter(([, { width, height }]) => Math.min(width, height) < least)
        .map(([node, { width, height }]) => `${node.outerHTML.slice(0, 80)} is ${width} by ${height}`);
    const right = (node) => node?.getBoundingClientRect().right ?? Infinity;
    const out = shown.filter((node) => right(node) > right(node.closest('.field')) + 1)
        .map((node) => node.outerHTML.slice(0, 80));
    const { scrollWidth, clientWidth } = document.documentElement;
    return { small, out, wide: scrollWidth - clientWidth };
}"""
HALF = "{" + fields("name", "category") + ', "summary": "A walk'
REST = f' for all", {fields("description", "tags", "period", "max_members")}, {fields("plan", plan=PLAN)}' + "}"


def is_sound(page: Page, state: str) -> None:
    """Nothing is broken, too small, or too wide."""
    assert page.evaluate(MEASURE, LEAST) == {"small": [], "out": [], "wide": 0}, state
    size = page.viewport_size
    assert size
    height = 2 * page.evaluate("() => document.documentElement.scrollHeight")  # some of it grows with the window
    page.set_viewport_size({**size, "height": height})  # what is under a bar now can be scrolled from there
    assert violations(page) == [], state
    page.set_viewport_size(size)


@pytest.mark.parametrize("view", VIEWS)
def test_no_state_breaks_a_rule_of_accessibility(open_page: Open, upstream: Upstream, view: str) -> None:
    page = open_page(openai(upstream.base_url, limits={"repairs": 0}), reduced_motion="reduce", **VIEWS[view])
    is_sound(page, "empty")
    form = upstream.plays(*writing(HALF, gate, REST))
    page.locator("#goal").fill("Easy weekend hikes")
    page.locator("#field-period").select_option("1개월 이하")
    page.get_by_test_id("include-plan").check()
    page.get_by_test_id("fill").click()
    written = form.next_call()
    talk = upstream.plays(*writing('{"reply": "Hello', gate, f'", "options": {json.dumps(REPLY["options"])}' + "}"))
    say(page, "Hi there")
    said = talk.next_call()
    expect(page.locator("#field-summary")).to_have_value("A walk")
    expect(page.get_by_test_id("reply")).to_have_text("Hello")
    is_sound(page, "streaming")
    page.locator("#field-name").fill("Mine")
    expect(page.get_by_test_id("field-name")).to_have_attribute("data-status", "pinned")
    written.permit()
    said.permit()
    expect(page.get_by_test_id("option")).to_have_count(2)
    expect(page.get_by_test_id("conflict-name")).to_be_visible()
    for summary in page.locator("summary:visible").all():  # timings, groups, the log
        summary.click()
    is_sound(page, "settled")
    page.get_by_test_id("log-toggle").click()
    broken = upstream.plays(*writing("{" + fields("name", "tags", tags=["one"]), ", ", gate, cut))
    page.get_by_test_id("fill").click()
    say(page, "And now?")
    broken.next_call().permit()
    broken.next_call().permit()
    expect(page.get_by_test_id("retry").filter(visible=True)).to_have_count(2)
    is_sound(page, "failed")
    keep_picture(page, f"failed-{view}")


@pytest.mark.parametrize("status", [401, 403])
def test_asking_for_a_token_breaks_none(open_page: Open, upstream: Upstream, status: int) -> None:
    page = open_page(openai(upstream.base_url), reduced_motion="reduce", viewport=NARROW)
    code = {401: "unauthenticated", 403: "forbidden"}[status]
    told = {"status": "ready", "authentication": True, "chains": {}}
    page.route("**/ready", lambda route: route.fulfill(json=told))
    page.route("**/input_schema", lambda route: route.fulfill(status=status, json={"code": code, "message": ""}))
    page.reload()
    expect(page.get_by_test_id("access")).to_be_visible()
    is_sound(page, "asked")
    page.get_by_label("Access token").fill("wrong")
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("access")).to_have_attribute("data-state", "refused")
    is_sound(page, "refused")


def test_the_parts_of_the_page_can_be_told_apart_without_colours(open_page: Open, upstream: Upstream) -> None:
    page = open_page(openai(upstream.base_url), forced_colors="active", viewport=DESK)
    chosen, other = (
        page.get_by_test_id("page-language")
        .locator(f"label:has(input[value={language}]) span")
        .evaluate("(node) => getComputedStyle(node).backgroundColor")
        for language in ("en", "ko")
    )
    assert chosen != other


# -- by keyboard alone -------------------------------------------------------------------------------------------------


@pytest.fixture
def page(open_page: Open, upstream: Upstream) -> Page:
    return open_page(openai(upstream.base_url, limits={"repairs": 0}))


def test_a_form_is_filled_stopped_tried_again_and_kept_by_keyboard_alone(page: Page, upstream: Upstream) -> None:
    stop, fill, retry = (page.get_by_test_id(name) for name in ("stop", "fill", "retry"))
    script = upstream.plays(*writing(HALF, gate, cut))
    page.keyboard.press("Tab")  # the way past the header
    page.keyboard.press("Enter")
    page.keyboard.type("Easy weekend hikes")
    page.keyboard.press("Enter")
    expect(page.locator("#field-summary")).to_have_value("A walk")
    expect(page.locator("#goal")).to_be_focused()
    stop.focus()
    page.keyboard.press("Enter")
    expect(fill).to_be_focused()  # what takes the place of what was pressed
    script = upstream.plays(*writing(HALF, gate, cut))
    page.keyboard.press("Enter")
    expect(stop).to_be_focused()
    script.next_call().permit()
    expect(retry.first).to_be_visible()
    expect(fill).to_be_focused()
    retry.first.focus()
    upstream.plays(*writing(HALF, REST))
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("form-phase")).to_have_text("Done")
    expect(fill).to_be_focused()
    page.get_by_test_id("keep-name").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("clear-name")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#field-name")).to_be_focused()


def test_enter_in_a_field_that_is_being_written_ends_no_run(page: Page, upstream: Upstream) -> None:
    script = upstream.plays(*writing(HALF, gate, REST))
    page.locator("#goal").fill("Easy weekend hikes")
    page.keyboard.press("Enter")
    expect(page.locator("#field-summary")).to_have_value("A walk")
    page.get_by_label("Name", exact=True).fill("Mine")
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("status-name")).to_have_text("Yours, pinned")
    script.next_call().permit()
    expect(page.get_by_test_id("form-phase")).to_have_text("Done")
    assert script.count == 1


def test_a_conversation_goes_on_by_keyboard_alone(page: Page, upstream: Upstream) -> None:
    upstream.plays(*writing(json.dumps(REPLY)))
    say(page, "Hi")
    expect(page.get_by_test_id("option")).to_have_count(2)
    page.get_by_test_id("option").first.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("messages")).to_be_focused()
    expect(page.get_by_test_id("option")).to_have_count(2)
    for _ in range(2):  # past the timings of the answer before
        page.keyboard.press("Tab")
    expect(page.get_by_test_id("option").first).to_be_focused()
    upstream.plays(*writing('{"reply": "Hello', gate))
    say(page, "And?")
    expect(page.get_by_test_id("reply").last).to_have_text("Hello")
    page.get_by_test_id("chat-stop").press("Enter")
    expect(page.get_by_test_id("chat-entry")).to_be_focused()


def test_tags_and_steps_keep_the_focus_near(page: Page) -> None:
    page.get_by_test_id("include-plan").check()
    entry = page.get_by_label("Add a tag")
    for tag in ("one", "two", "three", "four", "five"):
        entry.press_sequentially(tag)
        entry.press("Enter")
    expect(entry).to_be_hidden()
    expect(page.get_by_label("Remove the tag five")).to_be_focused()
    page.get_by_label("Remove the tag two").press("Enter")
    expect(entry).to_be_focused()
    for _ in range(2):
        page.get_by_test_id("plan-add").press("Enter")
    page.get_by_test_id("plan-remove").last.press("Enter")
    expect(page.get_by_test_id("plan-title")).to_be_focused()
    page.get_by_test_id("plan-remove").press("Enter")
    expect(page.get_by_test_id("plan-add")).to_be_focused()


# -- by ear ------------------------------------------------------------------------------------------------------------


def listen(page: Page, region: str) -> None:
    """Keeps in `window.heard` what a live region says from now on."""
    page.evaluate(
        """(region) => {
            window.heard = [];
            const node = document.getElementById(region);
            const hear = () => node.textContent && window.heard.push(node.textContent);
            new MutationObserver(hear).observe(node, { childList: true, characterData: true, subtree: true });
        }""",
        region,
    )


def test_of_a_form_that_fills_fast_is_told_now_and_then_and_of_no_token(page: Page, upstream: Upstream) -> None:
    page.clock.install()
    listen(page, "form-aloud")
    script = upstream.plays(*writing("{" + fields(*list(MEETING)[:5]), ", ", gate, fields(*list(MEETING)[5:]) + "}"))
    page.locator("#goal").fill("Easy weekend hikes")
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("status-tags")).to_have_text("Filled in")
    page.clock.run_for(3000)
    gathered = "Name, Category, One-line summary, Description, Tags. 5 of 7 filled in."
    expect(page.locator("#form-aloud")).to_have_text(gathered)
    script.next_call().permit()
    expect(page.locator("#form-aloud")).to_have_text("Done. 7 of 7 filled in.")
    page.clock.run_for(10_000)
    assert page.evaluate("window.heard") == ["Asking the model …", gathered, "Done. 7 of 7 filled in."]


def test_of_a_reply_is_told_once_it_is_whole_with_what_can_be_answered(page: Page, upstream: Upstream) -> None:
    listen(page, "chat-aloud")
    upstream.plays(*writing('{"reply": "Hel', "lo ", 'you", "options": ["Indo', 'ors", "밖에서"]}'))
    say(page, "Hi")
    expect(page.get_by_test_id("option")).to_have_count(2)
    expect(page.locator("#chat-aloud")).to_contain_text("Quick replies")
    assert page.evaluate("window.heard") == ["Asking the model …", "Hello you Quick replies: Indoors, 밖에서"]


def test_what_was_stopped_is_told(page: Page, upstream: Upstream) -> None:
    upstream.plays(*writing(HALF, gate))
    page.locator("#goal").fill("Easy weekend hikes")
    page.keyboard.press("Enter")
    expect(page.locator("#field-summary")).to_have_value("A walk")
    page.get_by_test_id("stop").click()
    expect(page.locator("#form-aloud")).to_have_text("The run was cancelled. What was written stays.")
