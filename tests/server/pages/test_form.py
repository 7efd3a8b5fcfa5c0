"""The meeting form fills while the model writes, and what the user holds is theirs."""

import json

import pytest
from playwright.sync_api import expect

from tests.server.pages.scenes import MEETING, PLAN, Open, ask, config, finished, input_of, keep_picture

pytestmark = pytest.mark.browser


def test_the_form_fills_field_by_field_and_every_character_arrives(open_page: Open) -> None:
    page = open_page(config(form=MEETING | {"plan": PLAN}, pace_ms=20))
    ask(page, plan=True)
    description = page.get_by_test_id("field-description")
    expect(page.locator('#field-grid [data-name=description][data-status=filling][aria-busy="true"]')).to_be_visible()
    expect(page.get_by_test_id("status-name")).to_have_text("Filled in")
    expect(page.get_by_test_id("status-plan")).to_have_text("Waiting")
    keep_picture(page, "form-filling")
    finished(page)
    expect(description).not_to_have_attribute("aria-busy", "true")
    for name in ("name", "category", "summary", "description", "period", "max_members"):
        expect(page.locator(f"#field-{name}")).to_have_value(str(MEETING[name]))
        expect(page.get_by_test_id(f"status-{name}")).to_have_text("Filled in")
    expect(page.get_by_test_id("tag").locator("span")).to_have_text(MEETING["tags"])
    titles = page.get_by_test_id("plan-title")
    assert [titles.nth(index).input_value() for index in range(titles.count())] == [step["title"] for step in PLAN]
    expect(page.get_by_test_id("plan-details").first).to_have_value("Two flat hours\nMeet at nine")
    expect(page.get_by_test_id("form-timings")).to_contain_text("total")
    keep_picture(page, "form-done")


def test_what_the_user_typed_is_sent_and_kept(open_page: Open) -> None:
    page = open_page(config())
    page.get_by_label("Name", exact=True).fill("My own name")
    expect(page.get_by_test_id("status-name")).to_have_text("Yours")
    with page.expect_request("**/meeting-info/runs") as sent:
        ask(page)
    assert input_of(sent.value) == {"goal": "Easy weekend hikes", "name": "My own name", "language": "en"}
    finished(page)
    expect(page.get_by_label("Name", exact=True)).to_have_value("My own name")
    expect(page.get_by_test_id("status-name")).to_have_text("Yours")


def test_an_edit_of_a_settled_field_survives_the_rest_of_the_run(open_page: Open) -> None:
    page = open_page(config(form=MEETING | {"plan": PLAN}), permissions=["clipboard-read", "clipboard-write"])
    ask(page, plan=True)
    expect(page.get_by_test_id("status-name")).to_have_text("Filled in")
    expect(page.get_by_test_id("field-description")).to_have_attribute("data-status", "filling")
    page.get_by_label("Name", exact=True).fill("Edited while it wrote")
    page.get_by_test_id("plan-title").nth(1).wait_for()
    page.get_by_test_id("plan-title").first.fill("A step of my own")
    finished(page)
    expect(page.get_by_label("Name", exact=True)).to_have_value("Edited while it wrote")
    expect(page.get_by_test_id("status-name")).to_have_text("Yours, pinned")
    expect(page.get_by_test_id("plan-step")).to_have_count(3)
    page.get_by_test_id("copy").click()
    expect(page.get_by_test_id("copy")).to_have_text("Copied")
    plan = [PLAN[0] | {"title": "A step of my own"}, *PLAN[1:]]
    edited = MEETING | {"name": "Edited while it wrote", "plan": plan}
    assert json.loads(page.evaluate("() => navigator.clipboard.readText()")) == edited


def test_a_cleared_field_is_asked_for_again_and_a_kept_one_is_given(open_page: Open) -> None:
    page = open_page(config(form=[MEETING, MEETING | {"name": "Another name"}]))
    ask(page)
    finished(page)
    page.get_by_label("Name", exact=True).fill("Not this")
    page.get_by_test_id("clear-name").click()
    page.get_by_test_id("keep-category").click()
    with page.expect_request("**/meeting-info/runs") as sent:
        page.get_by_test_id("fill").click()
    assert input_of(sent.value).keys() == {"goal", "category", "language"}
    expect(page.get_by_label("Name", exact=True)).to_have_value("Another name")


def test_a_refusal_stands_at_the_field_that_it_names(open_page: Open) -> None:
    page = open_page(config())
    page.get_by_label("Add a tag").fill("alone")
    page.keyboard.press("Enter")
    ask(page)
    expect(page.get_by_test_id("error-tags")).to_be_visible()
    expect(page.get_by_test_id("problem").locator(".problem-words")).to_have_text(
        "Something in the form is not right yet."
    )
    expect(page.get_by_test_id("tag")).to_have_count(1)
    page.get_by_label("Remove the tag alone").click()
    ask(page)
    finished(page)
    expect(page.get_by_test_id("error-tags")).to_be_hidden()


def test_without_a_goal_nothing_is_sent(open_page: Open) -> None:
    page = open_page(config())
    page.get_by_test_id("fill").click()
    expect(page.get_by_test_id("error-goal")).to_be_visible()
    expect(page.get_by_label("What is the group for?")).to_be_focused()
    expect(page.get_by_test_id("log-count")).to_have_text("0 events")


def test_a_failed_run_says_so_in_words_keeps_what_came_and_can_be_tried_again(open_page: Open) -> None:
    half = json.dumps(MEETING, ensure_ascii=False)[:110]
    page = open_page(config(form=[{"text": half, "failure": "cut"}, MEETING]))
    ask(page)
    problem = page.locator("#meeting").get_by_test_id("problem")
    expect(problem).to_contain_text("The model's answer broke off.")
    expect(page.get_by_label("Name", exact=True)).to_have_value(MEETING["name"])
    expect(page.get_by_test_id("status-name")).to_have_text("Filled in")
    expect(page.get_by_test_id("field-period")).to_have_attribute("data-status", "open")
    keep_picture(page, "form-failed")
    problem.get_by_test_id("retry").click()
    finished(page)
    expect(problem).to_be_hidden()


def test_a_broken_rule_is_said_at_its_field(open_page: Open) -> None:
    page = open_page(config(form=MEETING | {"max_members": 1000}))
    ask(page)
    expect(page.get_by_test_id("status-max_members")).to_have_text("Not valid")
    expect(page.get_by_test_id("error-max_members")).to_have_text("This is too large.")


def test_stopping_keeps_what_came(open_page: Open) -> None:
    page = open_page(config(pace_ms=100))
    ask(page)
    expect(page.get_by_test_id("status-name")).to_have_text("Filled in")
    page.get_by_test_id("stop").click()
    expect(page.get_by_test_id("form-phase")).to_contain_text("cancelled")
    expect(page.get_by_label("Name", exact=True)).to_have_value(MEETING["name"])
    expect(page.locator("[data-status=waiting], [data-status=filling]")).to_have_count(0)
    expect(page.get_by_test_id("stop")).to_be_hidden()
