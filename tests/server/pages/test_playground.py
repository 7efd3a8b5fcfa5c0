"""LangServe's playground, as it ships: its Start can be pressed, and the answer appears."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, expect

from tests.server.pages.scenes import config
from tests.server.process import ServerProcess

pytestmark = pytest.mark.browser


def test_start_streams_the_meeting(browser: Browser, shared: Callable[[str], ServerProcess]) -> None:
    with browser.new_context() as context:
        page = context.new_page()
        page.goto(f"{shared(config()).url}/meeting-info/playground/")
        page.locator('[id="#/properties/goal-input"]').fill("hiking on weekends")
        page.get_by_role("button", name="Start").click()
        expect(page.get_by_text('"name": "Sunday First Steps"').last).to_be_visible()
        expect(page.get_by_text('"max_members": 12').last).to_be_visible()
