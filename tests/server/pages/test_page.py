"""What holds for the whole page: text stays text, languages, the log, the phone, the frame budget."""

import pytest
from playwright.sync_api import expect

from tests.server.pages.scenes import MEETING, Open, ask, config, finished, keep_picture, say

pytestmark = pytest.mark.browser


def test_text_of_a_model_stays_text(open_page: Open) -> None:
    evil = '<img src="x" onerror="alert(1)"><script>alert(2)</script>'
    form = MEETING | {"description": evil, "tags": ["<b>a</b>", "two", "three"]}
    page = open_page(config(form=form, talk={"reply": evil, "options": ["<i>tap</i>"]}))
    page.get_by_test_id("log-toggle").click()
    ask(page)
    say(page, evil)
    finished(page)
    expect(page.locator("#field-description")).to_have_value(evil)
    expect(page.get_by_test_id("tag").first.locator("span")).to_have_text("<b>a</b>")
    expect(page.get_by_test_id("reply")).to_have_text(evil)
    expect(page.get_by_test_id("option")).to_have_text("<i>tap</i>")
    expect(page.locator("img:not(.logo), body script, .chip b, .option i")).to_have_count(0)


def test_the_log_shows_each_event_and_filters_by_name(open_page: Open) -> None:
    page = open_page(config())
    page.get_by_test_id("log-toggle").click()
    ask(page)
    finished(page)
    rows = page.get_by_test_id("log-row")
    expect(rows.first).to_contain_text("start")
    expect(rows.last).to_contain_text("complete")
    page.get_by_test_id("log-only").select_option("field")
    expect(rows.filter(visible=True)).to_have_count(len(MEETING) + len(MEETING["tags"]))
    rows.filter(visible=True).first.locator("summary").click()
    expect(rows.filter(visible=True).first.locator("pre")).to_contain_text('"value": "Sunday First Steps"')


def test_a_bubble_is_written_at_most_once_in_a_frame(open_page: Open) -> None:
    page = open_page(config(talk={"reply": "word " * 390, "options": []}, pace_ms=1))
    page.evaluate("""() => {
        let frame = 0;
        window.writes = {};
        const tick = () => { frame += 1; requestAnimationFrame(tick); };
        tick();
        new MutationObserver((records) => {
            const written = records.filter(({ target }) => target.dataset?.testid === 'reply').length;
            if (written) window.writes[frame] = (window.writes[frame] ?? 0) + written;
        }).observe(document.getElementById('messages'), { childList: true, characterData: true, subtree: true });
    }""")
    say(page, "go")
    expect(page.get_by_test_id("bubble-assistant")).to_have_attribute("data-phase", "complete")
    writes = page.evaluate("() => Object.values(window.writes)")
    assert len(writes) > 5  # it did type itself
    assert max(writes) == 1


def test_it_speaks_the_browsers_language_and_remembers_another(open_page: Open) -> None:
    page = open_page(config(), locale="ko-KR")
    expect(page.locator("html")).to_have_attribute("lang", "ko")
    expect(page.get_by_test_id("fill")).to_have_text("나머지 채우기")
    page.get_by_role("radio", name="English").check()
    expect(page.get_by_test_id("fill")).to_have_text("Fill in the rest")
    page.reload()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    expect(page.get_by_test_id("fill")).to_have_text("Fill in the rest")


def test_on_a_phone_nothing_scrolls_sideways(open_page: Open) -> None:
    long = MEETING | {"name": "가" * 64, "description": "x" * 400, "tags": ["a" * 10, "b" * 10, "c" * 10]}
    page = open_page(
        config(form=long, talk={"reply": "y" * 300, "options": ["z" * 20] * 5}),
        locale="ko-KR",
        viewport={"width": 390, "height": 844},
        color_scheme="dark",
    )
    page.get_by_test_id("log-toggle").click()
    page.locator("#goal").fill("초보자를 위한 주말 등산 모임")
    page.get_by_test_id("fill").click()
    expect(page.get_by_test_id("form-phase")).to_have_text("다 됐어요")
    say(page, "안녕하세요")
    expect(page.get_by_test_id("option")).to_have_count(5)
    assert page.evaluate("() => document.documentElement.scrollWidth") == 390
    keep_picture(page, "phone-dark-korean")


def test_the_header_names_the_model_once_the_server_is_ready(open_page: Open) -> None:
    page = open_page(config())
    told: list[dict[str, object]] = [
        {"status": "starting", "chains": {}},
        {"status": "lost: Small-1", "chains": {}},
        {"status": "ready", "chains": {"chatbot": {"model": "Small-1", "languages": ["en"], "about": "It is small."}}},
    ]
    page.route("**/ready", lambda route: route.fulfill(json=told[0], status=200 if len(told) == 1 else 503))
    page.reload()
    name = page.get_by_test_id("model-name")
    expect(name).to_have_text("The model is starting …")
    told.pop(0)
    expect(name).to_have_text("The model has gone. Waiting for it …")
    told.pop(0)
    expect(name).to_have_text("Small-1")
    expect(page.get_by_test_id("model-about")).to_contain_text("It is small.")
    page.get_by_role("radio", name="한국어").check()
    expect(page.get_by_test_id("model-about")).to_contain_text("영어만")
