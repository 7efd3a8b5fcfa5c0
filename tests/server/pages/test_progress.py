"""How far a run has come, by its fields, and afterwards how long each of them took."""

import json
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.server.configs import openai
from tests.server.pages.scenes import MEETING, Open, ask, config, fields, finished, say, writing
from tests.upstream import Upstream, cut, gate

pytestmark = pytest.mark.browser

NAMES = list(MEETING)


def cells(page: Page) -> Any:
    """The status of each field of the run, as the strip shows it."""
    return (
        page.get_by_test_id("form-strip").locator("i").evaluate_all("(all) => all.map((cell) => cell.dataset.status)")
    )


def test_each_field_has_a_cell_and_the_count_is_told_in_words(open_page: Open, upstream: Upstream) -> None:
    page = open_page(openai(upstream.base_url, limits={"repairs": 0}))
    strip, count = page.get_by_test_id("form-strip"), page.get_by_test_id("form-filled")
    expect(strip).to_be_hidden()
    expect(count).to_have_text("")
    first = "{" + fields("name", "summary", summary="x" * 60) + ', "description": "We walk '
    script = upstream.plays(*writing(first, gate, 'on.", ' + fields("category", "tags", "max_members"), gate, cut))
    page.locator("#field-period").select_option("1개월 이하")
    ask(page)
    call = script.next_call()
    expect(count).to_have_text("2 of 7 filled in")
    expect(page.get_by_role("progressbar", name="Fields filled in")).to_have_attribute("aria-valuenow", "2")
    expect(strip).to_have_attribute("aria-valuemax", "7")
    expect(strip.locator("i[data-status=filling]")).to_have_count(1)
    assert cells(page) == ["settled", "waiting", "invalid", "filling", "waiting", "given", "waiting"]
    page.locator("#field-max_members").fill("8")  # the user's count as well
    expect(count).to_have_text("3 of 7 filled in")
    page.get_by_role("radio", name="한국어").check()
    expect(count).to_have_text("7개 중 3개 채워짐")
    expect(strip).to_have_attribute("aria-valuetext", "7개 중 3개 채워짐")
    call.permit()
    expect(count).to_have_text("7개 중 6개 채워짐")
    call.permit()
    expect(page.locator("#meeting").get_by_test_id("problem")).to_be_visible()
    expect(count).to_have_text("7개 중 6개 채워짐")
    page.get_by_test_id("clear").click()
    expect(strip).to_be_hidden()
    expect(count).to_have_text("")


def test_of_another_attempt_only_what_stays_counts(open_page: Open, upstream: Upstream) -> None:
    page = open_page(openai(upstream.base_url))
    script = upstream.plays(
        *writing("{" + fields("name", "category") + ', "summary": "' + "x" * 40, gate, "x" * 20 + '"')
    )
    ask(page)
    call = script.next_call()
    expect(page.get_by_test_id("form-strip").locator("i[data-status=filling]")).to_have_count(1)
    again = upstream.plays(*writing(gate, "{" + fields(*NAMES[2:]) + "}"))
    call.permit()
    expect(page.get_by_test_id("form-attempt")).to_be_visible()
    expect(page.get_by_test_id("form-filled")).to_have_text("2 of 7 filled in")
    assert cells(page) == ["settled", "settled", *5 * ["waiting"]]
    again.next_call().permit()
    expect(page.get_by_test_id("form-filled")).to_have_text("7 of 7 filled in")


# -- timings -----------------------------------------------------------------------------------------------------------

TIMED: list[dict[str, Any]] = [
    {"type": "start", "run_id": "r", "chain": "meeting_info", "notes": []},
    {"type": "field", "path": "/category", "value": "스포츠", "source": "given", "ms": 1},
    {"type": "field", "path": "/summary", "value": "Walks", "source": "model", "ms": 1000},
    {"type": "field", "path": "/name", "value": "A", "source": "model", "ms": 600},
    {
        "type": "complete",
        "value": {"name": "A", "category": "스포츠", "summary": "Walks", "period": "3~6개월"},
        "timings": {
            "first_token_ms": 200,
            "fields": {"/name": 600, "/category": 1, "/summary": 1000, "/period": 1600},
            "total_ms": 2000,
        },
    },
]
TIMED[0]["fields"] = [{"path": f"/{name}"} for name in ("name", "category", "summary", "period")]


def play(page: Page, folder: Path, events: list[dict[str, Any]]) -> Locator:
    """Shows a recording at once, and opens its chart of timings."""
    numbered = [event | {"seq": number} for number, event in enumerate(events, start=1)]
    file = folder / "run.sse"
    file.write_text("".join(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in numbered))
    page.get_by_test_id("log-toggle").click()
    page.get_by_test_id("recording-speed").select_option("")
    page.get_by_test_id("recording-file").set_input_files(file)
    chart = page.get_by_test_id("form-timings").get_by_test_id("timings")
    expect(chart).to_be_visible()
    chart.locator("summary").click()
    return chart


def test_each_field_has_a_bar_from_where_the_one_before_it_ended(open_page: Open, tmp_path: Path) -> None:
    page = open_page(config())
    chart = play(page, tmp_path, TIMED)
    expect(chart.locator("summary")).to_have_text("first word 200 ms · total 2.0 s")
    told = [
        "First word200 ms",
        "Name400 ms",
        "One-line summary400 ms",
        "How long600 ms",
    ]  # and nothing of what was given
    expect(chart.locator("li")).to_have_text(told)
    drawn = chart.locator("li i").evaluate_all("(all) => all.map(({ style }) => [style.left, style.width])")
    assert drawn == [["0%", "12.5%"], ["12.5%", "25%"], ["37.5%", "25%"], ["62.5%", "37.5%"]]
    page.get_by_role("radio", name="한국어").check()
    expect(chart.locator("li").first).to_have_text("첫 글자까지200ms")


@pytest.mark.parametrize(
    "timings", [{}, {"first_token_ms": None, "fields": {}, "total_ms": 5}, {"fields": {"/name": "<b>"}, "total_ms": 5}]
)
def test_timings_that_are_not_known_are_not_drawn(open_page: Open, tmp_path: Path, timings: Any) -> None:
    page = open_page(config())
    events = [TIMED[0], {**TIMED[-1], "timings": timings | {"total_ms": 5}}]
    chart = play(page, tmp_path, events)
    expect(chart.locator("summary")).to_have_text("total 5 ms")
    expect(chart.locator("li")).to_have_text(["First word0 ms"])


def test_an_answer_has_its_timings_and_a_failed_one_has_none(open_page: Open) -> None:
    talk = [{"reply": "Hello", "options": ["A"]}, {"text": '{"reply": "Hal', "failure": "cut"}]
    page = open_page(config(talk=talk))
    say(page, "Hi")
    answers = page.get_by_test_id("chat-timings")
    answers.first.locator("summary").click()
    expect(answers.first.locator(".span-name")).to_have_text(["First word", "Reply", "Quick replies", "Group"])
    page.get_by_role("radio", name="한국어").check()
    expect(answers.first.locator(".span-name").nth(1)).to_have_text("답변")
    say(page, "And?")
    expect(page.locator("#chat").get_by_test_id("retry").last).to_be_visible()
    expect(answers.last.get_by_test_id("timings")).to_be_hidden()


def test_before_the_end_there_are_no_timings_of_the_run(open_page: Open) -> None:
    page = open_page(config())
    expect(page.get_by_test_id("timings")).to_be_hidden()
    ask(page)
    finished(page)
    expect(page.get_by_test_id("timings").first).to_be_visible()
    page.get_by_test_id("fill").click()
    expect(page.get_by_test_id("stop")).to_be_visible()
    expect(page.get_by_test_id("timings").first).to_be_hidden()
