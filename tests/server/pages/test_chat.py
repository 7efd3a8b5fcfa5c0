"""The reply types itself, quick replies carry the conversation on, and no failure is silent."""

import pytest
from playwright.sync_api import expect

from tests.server.pages.scenes import REPLY, Open, config, input_of, keep_picture, say

pytestmark = pytest.mark.browser


def test_the_reply_types_itself_and_a_quick_reply_goes_on_with_the_conversation(open_page: Open) -> None:
    page = open_page(config(talk=[REPLY, {"reply": "Good.", "options": []}], pace_ms=15))
    say(page, "Hi there")
    reply = page.get_by_test_id("reply")
    expect(reply).to_contain_text("Hello!")
    expect(page.get_by_test_id("bubble-assistant")).to_have_attribute("aria-busy", "true")
    expect(page.get_by_test_id("option")).to_have_text(REPLY["options"])
    assert reply.text_content() == REPLY["reply"]
    keep_picture(page, "chat-reply")
    with page.expect_request("**/chatbot/runs") as sent:
        page.get_by_test_id("option").last.click()
    assert input_of(sent.value)["messages"] == [
        {"role": "user", "content": "Hi there"},
        {"role": "assistant", "content": REPLY["reply"]},
        {"role": "user", "content": "밖에서"},
    ]
    expect(reply.last).to_have_text("Good.")
    expect(page.get_by_test_id("option")).to_have_count(0)


def test_a_recommended_group_is_shown_by_its_name(open_page: Open) -> None:
    chosen = REPLY | {"recommendation": {"group_id": "books", "reason": "It is quiet."}}
    page = open_page(config(talk=chosen))
    page.get_by_role("radio", name="a group").check()
    say(page, "Something quiet")
    expect(page.get_by_test_id("group-name")).to_have_text("The Slow Readers")
    expect(page.get_by_test_id("group-reason")).to_have_text("It is quiet.")


def test_sending_again_stops_the_reply_that_is_being_written(open_page: Open) -> None:
    slow = {"reply": "slow " * 200, "options": []}
    page = open_page(config(talk=[slow, {"reply": "quick", "options": []}], pace_ms=40))
    say(page, "first")
    expect(page.get_by_test_id("reply")).to_contain_text("slow slow")
    say(page, "second")
    expect(page.get_by_test_id("reply").last).to_have_text("quick")
    expect(page.get_by_test_id("bubble-assistant").first).to_have_attribute("data-phase", "stopped")
    expect(page.get_by_test_id("bubble-assistant").last).to_have_attribute("data-phase", "complete")


def test_a_failed_reply_keeps_its_text_until_it_is_tried_again(open_page: Open) -> None:
    page = open_page(config(talk=[{"text": '{"reply": "Half an ans', "failure": "cut"}, REPLY]))
    say(page, "Hello?")
    expect(page.locator("#chat").get_by_test_id("problem")).to_contain_text("The model's answer broke off.")
    expect(page.get_by_test_id("reply")).to_have_text("Half an ans")
    with page.expect_request("**/chatbot/runs") as sent:
        page.locator("#chat").get_by_test_id("retry").click()
    assert input_of(sent.value)["messages"] == [{"role": "user", "content": "Hello?"}]
    expect(page.get_by_test_id("option")).to_have_count(2)
    expect(page.get_by_test_id("bubble-assistant")).to_have_count(1)
