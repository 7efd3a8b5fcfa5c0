"""A Chromium of the machine that takes a front's name for this machine, and speaks HTTP/2 to it."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Page, sync_playwright

from tests.deploy.front import NAME, Front
from tests.server.pages.conftest import ARGUMENTS


@contextmanager
def browsing() -> Iterator[Callable[[Front], Page]]:
    """Opens pages of a front in a browser that lasts as long as the block."""
    with sync_playwright() as playwright:
        arguments = [*ARGUMENTS, f"--host-resolver-rules=MAP {NAME} 127.0.0.1"]
        browser = playwright.chromium.launch(executable_path=_program(), args=arguments)

        def open_page(front: Front) -> Page:
            page = browser.new_context(ignore_https_errors=True).new_page()
            page.goto(f"{front.url}/metrics")  # what nginx itself answers: a place to ask the rest from
            return page

        yield open_page
        browser.close()


def _program() -> str:
    """The machine's own browser. Without one the test is skipped, and where CI=true it fails."""
    if found := next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None):
        return found
    missing = "No Chromium on this machine (Debian: apt-get install chromium)"
    if os.environ.get("CI") == "true":
        pytest.fail(missing)
    pytest.skip(missing)
