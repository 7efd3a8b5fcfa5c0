"""A broken rule is told at its field at once; what another attempt takes back goes calmly, with the reason in words."""

import json
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.server.configs import openai
from tests.server.pages.scenes import MEETING, REPLY, Open, ask, fields, finished, keep_picture, say, writing
from tests.upstream import Call, Upstream, gate

pytestmark = pytest.mark.browser

LONG = "x" * 60  # a summary has at most 50 characters
REST = fields("description", "tags", "period", "max_members")
COUNT_GHOSTS = """() => {
    window.ghosts = [];
    new MutationObserver((records) => {
        const added = records.flatMap(({ addedNodes }) => [...addedNodes]);
        const ghosts = added.filter((node) => node.classList?.contains("ghost"));
        window.ghosts.push(...ghosts.map((node) => node.value ?? node.textContent));
    }).observe(document.body, { childList: true, subtree: true });
}"""


def start_over(
    page: Page, upstream: Upstream, *first: Any, shown: tuple[str, str], again: str = "{}", finish_reason: str = "stop"
) -> Call:
    """The form in its second attempt, of which nothing has come yet; the second call, whose gate the test opens.

    The gate of the first attempt opens once a field shows this text.
    """
    one = upstream.plays(*writing(*first, finish_reason=finish_reason))
    page.evaluate(COUNT_GHOSTS)
    ask(page)
    call = one.next_call()
    expect(page.locator(f"#field-{shown[0]}")).to_have_value(shown[1])
    two = upstream.plays(*writing(gate, again))
    call.permit()
    return two.next_call()


def test_what_is_right_stays_and_the_rest_goes_back_to_waiting(open_page: Open, upstream: Upstream) -> None:
    page = open_page(openai(upstream.base_url))
    first = ["{" + fields("name", "category"), ', "summary": "Two\\nlines', gate, f'", {REST}' + "}"]
    again = "{" + fields("summary") + f", {REST}" + "}"
    call = start_over(page, upstream, *first, shown=("summary", "Two\nlines"), again=again)
    note, error = page.get_by_test_id("form-attempt"), page.get_by_test_id("error-summary")
    expect(note).to_have_text("Attempt 2: something broke a rule. What is right stays, the rest is written again.")
    expect(page.locator("#form-aloud")).to_have_text(note.inner_text())
    expect(page.get_by_test_id("status-summary")).to_have_text("Waiting")
    expect(page.get_by_label("One-line summary")).to_have_value("")
    expect(page.get_by_label("One-line summary")).not_to_have_attribute("aria-invalid", "true")
    expect(error).to_have_text("Last try: This must be a single line.")
    expect(page.get_by_test_id("status-name")).to_have_text("Filled in")
    expect(page.get_by_label("Name", exact=True)).to_have_value(MEETING["name"])
    assert page.evaluate("window.ghosts") == ["Two\nlines"]  # what it was fades; the fields that were empty do not
    expect(page.locator(".ghost")).to_have_count(0)
    keep_picture(page, "form-second-attempt")
    call.permit()
    finished(page)
    expect(note).to_be_hidden()
    expect(error).to_be_hidden()
    expect(page.get_by_label("One-line summary")).to_have_value(MEETING["summary"])
    expect(page.get_by_test_id("form-timings")).to_contain_text("2 attempts")


def test_nothing_moves_for_those_who_asked_for_less_motion(open_page: Open, upstream: Upstream) -> None:
    page = open_page(openai(upstream.base_url), reduced_motion="reduce")
    start_over(page, upstream, f'{{"name": "{LONG}', gate, f'{LONG}"', shown=("name", LONG))
    expect(page.get_by_test_id("form-attempt")).to_be_visible()
    expect(page.get_by_label("Name", exact=True)).to_have_value("")
    assert page.evaluate("window.ghosts") == []


@pytest.mark.parametrize(
    ("rest", "finish_reason", "reason", "korean"),
    [
        ("nonsense", "stop", "lost its form", "형식이 어긋났어요"),
        ('"name": "B"', "stop", "filled a field twice", "같은 칸을 두 번"),
        ('"category": "스', "length", "ran out of room", "자리가 모자랐어요"),
    ],
    ids=["not_json", "duplicate_key", "truncated"],
)
def test_the_reason_is_said_in_plain_words(
    open_page: Open, upstream: Upstream, rest: str, finish_reason: str, reason: str, korean: str
) -> None:
    page = open_page(openai(upstream.base_url))
    first = ["{" + fields("name") + ", ", gate, rest]
    start_over(page, upstream, *first, shown=("name", MEETING["name"]), finish_reason=finish_reason)
    expect(page.get_by_test_id("form-attempt")).to_contain_text(reason)
    page.get_by_role("radio", name="한국어").check()
    expect(page.get_by_test_id("form-attempt")).to_contain_text(korean)


def test_a_broken_rule_is_told_while_the_rest_is_written_and_goes_with_the_users_own_words(
    open_page: Open, upstream: Upstream
) -> None:
    page = open_page(openai(upstream.base_url, limits={"repairs": 0}))
    script = upstream.plays(
        *writing(f'{{"name": "A", "summary": "{LONG}", ', gate, fields("category") + f", {REST}" + "}")
    )
    ask(page)
    call = script.next_call()
    error, summary = page.get_by_test_id("error-summary"), page.get_by_label("One-line summary")
    expect(error).to_have_text("This is too long.")
    expect(page.get_by_test_id("status-summary")).to_have_text("Not valid")
    expect(summary).to_have_attribute("aria-invalid", "true")
    expect(page.locator("#form-aloud")).to_have_text("One-line summary: This is too long.")
    expect(page.get_by_test_id("form-phase")).to_have_text("Writing …")
    keep_picture(page, "form-invalid")
    summary.fill("Shorter")
    expect(page.get_by_test_id("status-summary")).to_have_text("Yours, pinned")
    expect(error).to_be_hidden()
    call.permit()
    finished(page)
    expect(summary).to_have_value("Shorter")


def test_a_reply_that_is_taken_back_leaves_its_bubble_standing(open_page: Open, upstream: Upstream) -> None:
    page = open_page(openai(upstream.base_url))
    page.evaluate(COUNT_GHOSTS)
    said = "A first answer that runs over two lines, at least, and then turns out to be nothing that anybody can use."
    one = upstream.plays(*writing(f'{{"reply": "{said}', gate, "\n"))  # a line end that JSON does not allow
    say(page, "Hello")
    call = one.next_call()
    bubble = page.get_by_test_id("bubble-assistant").locator(".bubble")
    reply, note = page.get_by_test_id("reply"), page.get_by_test_id("chat-timings")
    expect(reply).to_have_text(said)
    size = bubble.bounding_box()
    assert size
    assert size["height"] > 50
    two = upstream.plays(*writing('{"rep', gate, json.dumps(REPLY, ensure_ascii=False)[5:]))
    call.permit()
    expect(note).to_contain_text("Attempt 2: the answer lost its form.")
    expect(page.locator("#chat-aloud")).to_have_text(note.inner_text())
    expect(reply).to_have_text("")
    assert page.evaluate("window.ghosts") == [said]
    expect(page.locator(".ghost")).to_have_count(0)
    assert bubble.bounding_box() == size
    keep_picture(page, "chat-second-attempt")
    two.next_call().permit()
    expect(page.get_by_test_id("option")).to_have_text(REPLY["options"])
    assert reply.text_content() == REPLY["reply"]
    expect(note).to_contain_text("2 attempts")
