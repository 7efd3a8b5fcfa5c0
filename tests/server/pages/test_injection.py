"""Text of models and of users is text wherever it is shown: nothing in it runs, nothing comes of it, nothing leaves."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.server.configs import openai
from tests.server.configs import text as written
from tests.server.pages.injections import TEXTS, fitted, seen
from tests.server.pages.scenes import MEETING, Open, ask, config, finished, say
from tests.server.process import ServerProcess
from tests.upstream import Upstream, whole

pytestmark = pytest.mark.browser

HARMLESS = "harmless"


@pytest.fixture
def open_watched(open_page: Open) -> Iterator[Open]:
    """Opens the page and sees whom it asks: its own server, and nobody else."""
    asked: list[str] = []

    def open_watched(settings: str, **options: Any) -> Page:
        page = open_page(settings, **options)
        origin = page.evaluate("() => location.origin")
        page.context.on("request", lambda request: asked.append(request.url.removeprefix(origin)))
        page.context.on("page", lambda opened: asked.append(f"a window: {opened.url}"))
        return page

    yield open_watched
    assert [url for url in asked if not url.startswith(("/", "data:", "blob:"))] == []


def meeting(text: str) -> dict[str, Any]:
    """A form with this text in every field that takes one."""
    word = "".join(text.split()).replace("#", "") or "x"
    line = fitted(text, 40)
    return MEETING | {
        "name": fitted(text, 64),
        "summary": fitted(text, 50),
        "description": text.strip()[:400],
        "tags": [word[:9] + end for end in "abc"],
        "plan": [{"title": line, "details": [fitted(text, 80), line]}, {"title": line, "details": [line]}],
    }


def reply(text: str) -> dict[str, Any]:
    """An answer of the chat with this text in every field."""
    return {
        "reply": text.strip(),
        "options": [fitted(text, 19) + end for end in "ab"],
        "recommendation": {"group_id": "hike", "reason": text.strip()[:400]},
    }


def shown_after(page: Page, upstream: Upstream, text: str) -> dict[str, Any]:
    """What is seen once this text has been everywhere: said by the user, and answered by both models."""
    upstream.plays(*whole(written(meeting(text)), size=40))
    page.locator("#goal").fill(text[:256])
    page.get_by_test_id("include-plan").set_checked(True)
    page.get_by_test_id("fill").click()
    finished(page)
    upstream.plays(*whole(written(reply(text)), size=40))
    page.get_by_role("radio", name="a group").check()
    say(page, text)
    expect(page.get_by_test_id("bubble-assistant")).to_have_attribute("data-phase", "complete")
    return seen(page)


@pytest.fixture(scope="module")
def said(upstream: Upstream) -> str:
    """The configuration of models that say what the upstream is told to."""
    return openai(upstream.base_url)


@pytest.fixture(scope="module")
def harmless(browser: Browser, shared: Callable[[str], ServerProcess], said: str, upstream: Upstream) -> dict[str, Any]:
    """What is seen of a text that is nothing but text."""
    with browser.new_context(locale="en-US", viewport={"width": 1280, "height": 900}) as context:
        page = context.new_page()
        page.goto(shared(said).url)
        expect(page.get_by_test_id("model")).to_have_attribute("data-state", "ready")
        return shown_after(page, upstream, HARMLESS)


@pytest.mark.parametrize("what", TEXTS)
def test_it_is_shown_as_it_is_and_nothing_comes_of_it(
    open_watched: Open, said: str, upstream: Upstream, harmless: dict[str, Any], what: str
) -> None:
    text = TEXTS[what]
    form, talk = meeting(text), reply(text)
    page = open_watched(said)
    told = shown_after(page, upstream, text)
    assert told["injected"] is None
    assert told["strange"] == 0
    assert told["elements"] == harmless["elements"]
    assert told["wide"] == harmless["wide"] == 0
    for name in ("name", "summary", "description"):
        expect(page.locator(f"#field-{name}")).to_have_value(form[name])
    assert page.get_by_test_id("tag").locator("span").all_text_contents() == form["tags"]
    titles, details = page.get_by_test_id("plan-title"), page.get_by_test_id("plan-details")
    assert [title.input_value() for title in titles.all()] == [step["title"] for step in form["plan"]]
    assert [lines.input_value() for lines in details.all()] == ["\n".join(step["details"]) for step in form["plan"]]
    assert page.get_by_test_id("reply").text_content() == talk["reply"]
    assert page.get_by_test_id("option").all_text_contents() == talk["options"]
    assert page.get_by_test_id("group-reason").text_content() == talk["recommendation"]["reason"]
    assert page.get_by_test_id("bubble-user").locator(".bubble").text_content() == text.strip()


# -- what does not come from a model -----------------------------------------------------------------------------------

ALL = " ".join(text for what, text in TEXTS.items() if what != "one long word")


def frames(*events: dict[str, Any]) -> str:
    """A stream of these events, which need not be a server's."""
    numbered = [{**event, "seq": number} for number, event in enumerate(events, start=1)]
    return "".join(f"id: {event['seq']}\nevent: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in numbered)


@pytest.mark.parametrize("chain", ["meeting_info", "chatbot"])
def test_a_recording_from_somebody_else_is_text_too(open_watched: Open, tmp_path: Path, chain: str) -> None:
    """Every string that an event has, also those which only this server ever writes."""
    broken = [{"path": path, "rule": ALL, "message": ALL} for path in ("", "/name", "/reply", f"/{ALL}")]
    value = meeting(ALL) | reply(ALL) | {"recommendation": {"group_id": ALL, "reason": ALL}, ALL: ALL}
    file = tmp_path / "run.sse"
    file.write_text(
        frames(
            {
                "type": "start",
                "run_id": ALL,
                "chain": chain,
                "model": ALL,
                "attempt": 1,
                "schema": {"name": ALL, "hash": ALL},
                "fields": [{"path": "/name", "settle": ALL}, {"path": "/" + ALL.replace("/", "|"), "settle": ALL}],
                "notes": [{"code": ALL, "message": ALL}, {"code": "__proto__", "message": ALL}],
            },
            {"type": "partial", "value": value, "settled": [f"/{name}" for name in value]},
            *({"type": "field", "path": f"/{name}", "value": value[name], "source": ALL, "ms": 1} for name in MEETING),
            {"type": "invalid", "paths": ["", "/name"], "errors": broken},
            {"type": "reset", "attempt": 2, "keep": ["/name"], "reason": ALL},
            {"type": "partial", "value": value, "settled": ["/name"]},
            {
                "type": "failed",
                "code": ALL,
                "phase": ALL,
                "message": ALL,
                "retryable": True,
                "partial": value,
                "errors": broken,
            },
        ),
        encoding="utf-8",
    )
    page = open_watched(config())
    page.get_by_test_id("log-toggle").click()
    page.get_by_test_id("recording-speed").select_option("")
    page.get_by_test_id("recording-file").set_input_files(file)
    problem = page.locator("#chat" if chain == "chatbot" else "#meeting").get_by_test_id("problem")
    expect(problem).to_be_visible()
    assert ALL in (problem.text_content() or "")
    for row in page.get_by_test_id("log-row").all():
        row.locator("summary").click()
    told = seen(page)
    assert (told["injected"], told["strange"]) == (None, 0)
    inside = page.locator("#log-rows").evaluate(
        "(rows) => [...new Set([...rows.querySelectorAll('*')].map((n) => n.tagName))]"
    )
    assert set(inside) == {"DETAILS", "SUMMARY", "SPAN", "CODE", "PRE"}


def test_what_a_server_says_of_itself_is_text_too(open_watched: Open) -> None:
    page = open_watched(config())
    chains = {name: {"path": "/x", "model": ALL, "about": ALL, "languages": [ALL]} for name in ("chatbot", ALL)}
    page.route("**/ready", lambda route: route.fulfill(json={"status": "ready", "chains": chains}))
    page.reload()
    expect(page.get_by_test_id("model-name")).to_have_text(ALL, use_inner_text=False)
    assert ALL in (page.get_by_test_id("model-about").text_content() or "")
    told = seen(page)
    assert (told["injected"], told["strange"]) == (None, 0)


def test_a_refusal_is_text_too(open_watched: Open) -> None:
    page = open_watched(config())
    refusal = {"code": ALL, "message": ALL, "retryable": True, "details": [{"path": "", "rule": ALL, "message": ALL}]}
    page.route("**/runs", lambda route: route.fulfill(status=418, json=refusal))
    ask(page)
    say(page, "Hello")
    for part in ("#meeting", "#chat"):
        expect(page.locator(part).get_by_test_id("problem")).to_be_visible()
        assert ALL in (page.locator(part).get_by_test_id("problem").text_content() or "")
    told = seen(page)
    assert (told["injected"], told["strange"]) == (None, 0)


def test_langserves_playground_shows_text_too(browser: Browser, shared: Callable[[str], ServerProcess]) -> None:
    """It ships with LangServe, for development only, and cannot live under our policy: here its own care has to do."""
    with browser.new_context() as context:
        page = context.new_page()
        page.goto(f"{shared(config(form=meeting(ALL), pace_ms=0)).url}/meeting-info/playground/")
        page.locator('[id="#/properties/goal-input"]').fill(ALL[:256])
        page.get_by_role("button", name="Start").click()
        expect(page.get_by_text('"max_members": 12').last).to_be_visible()
        assert page.evaluate("() => window.injected ?? null") is None
        assert page.locator("img[src=x], iframe, a[href^=javascript]").count() == 0
