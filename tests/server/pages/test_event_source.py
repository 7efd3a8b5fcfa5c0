"""A browser's own EventSource, which can send no header: let in by a ticket, and after a cut by the cookie."""

from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser

from tests.server.auth.callers import KEY, SECRET, auth, backend
from tests.server.configs import MEETING, MEETING_INPUT, openai, text
from tests.server.pages.line import Line
from tests.server.process import Start
from tests.server.reading import PATIENCE_S
from tests.upstream import DONE, Upstream, ends, gate, says, stream, usage

pytestmark = pytest.mark.browser

READ = """(url) => {
    window.opened = 0;
    window.seen = [];
    const source = new EventSource(url);
    source.onopen = () => { window.opened += 1; };
    source.onerror = () => { if (source.readyState === EventSource.CLOSED) window.seen.push("given up"); };
    for (const name of ["start", "field", "complete"]) {
        source.addEventListener(name, (event) => {
            window.seen.push(JSON.parse(event.data));
            if (name === "complete") source.close();
        });
    }
}"""


def opens(url: str) -> bool:
    """Whether a stranger's reading begins."""
    with httpx.stream("GET", url, timeout=PATIENCE_S) as response:
        return response.status_code == 200


def test_it_reconnects_to_the_address_that_it_has(
    browser: Browser, start: Start, upstream: Upstream, tmp_path: Path
) -> None:
    """By then the ticket in it is over."""
    whole = text(MEETING)
    script = upstream.plays(*stream(says(whole[:60]), gate, says(whole[60:]), ends(), usage(1, 1), DONE))
    config = openai(upstream.base_url, auth=auth(tmp_path, ticket_s=1), stream={"retry_ms": 100})
    server = start(config, SERVICE_KEY=KEY, SERVER_SECRET=SECRET)
    with Line(server.port) as line, browser.new_context() as context:
        page = context.new_page()
        page.goto(f"{line.url}/page/run.js")  # shown as text: nothing else runs
        begun = httpx.post(f"{server.url}/meeting-info/runs", json={"input": MEETING_INPUT}, headers=backend("kim"))
        receipt = begun.json()
        page.evaluate(READ, f"{receipt['events_url']}?events=field&ticket={receipt['ticket']}")
        page.wait_for_function("window.seen.some((event) => event.type === 'field')")
        while opens(f"{server.url}{receipt['events_url']}?ticket={receipt['ticket']}"):
            pass
        line.cut()
        page.wait_for_function("window.opened === 2")
        script.next_call().permit()
        page.wait_for_function("window.seen.at(-1).type === 'complete'")
        seen = page.evaluate("window.seen")
        assert [event["type"] for event in seen].count("start") == 1
        assert seen[-1]["value"] == MEETING
        assert page.evaluate("document.cookie") == ""  # no script sees it
