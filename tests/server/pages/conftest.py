"""A Chromium of the machine (never one that a test downloads), and the page in it."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.server.pages.line import Line
from tests.server.pages.scenes import Open, config
from tests.server.process import ServerProcess

ARGUMENTS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


expect.set_options(timeout=20_000)  # a slow machine is no failure


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """A running browser. Without one the test is skipped, and where CI=true it fails."""
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if found is None:
        missing = "No Chromium on this machine (Debian: apt-get install chromium)"
        if os.environ.get("CI") == "true":
            pytest.fail(missing)
        pytest.skip(missing)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def bare(browser: Browser, shared: Callable[[str], ServerProcess]) -> Iterator[Page]:
    """A place to import the page's modules into, where nothing else runs."""
    with browser.new_context() as context:
        page = context.new_page()
        page.goto(f"{shared(config()).url}/page/run.js")  # shown as text
        yield page


@pytest.fixture
def line_to(shared: Callable[[str], ServerProcess]) -> Iterator[Callable[[str], Line]]:
    """Gives a line to a server with this configuration, to open a page over."""
    with ExitStack() as lines:
        yield lambda settings: lines.enter_context(Line(shared(settings).port))


@pytest.fixture
def open_page(browser: Browser, shared: Callable[[str], ServerProcess]) -> Iterator[Open]:
    """Opens the page of a server with this configuration; of another one, or over a line to it, if that is given.

    No script may fail in it, nor any policy be broken.
    """
    contexts: list[BrowserContext] = []
    faults: list[str] = []

    def open_page(settings: str, over: Line | ServerProcess | None = None, **options: Any) -> Page:
        context = browser.new_context(**{"locale": "en-US", "viewport": {"width": 1280, "height": 900}} | options)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("dialog", lambda dialog: faults.append(f"dialog {dialog.message}"))
        page.on("console", lambda said: faults.append(said.text) if "Security Policy" in said.text else None)
        page.goto(over.url if over else shared(settings).url)
        expect(page.get_by_test_id("model")).to_have_attribute("data-state", "ready")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert faults == []
