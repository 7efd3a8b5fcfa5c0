"""A React hook in a page: what it rendered, one state after another, and the buttons beside it."""

from typing import Any, Protocol

from playwright.sync_api import Page


class Hook:
    """One that is shown in a page."""

    def __init__(self, page: Page) -> None:
        self.page = page

    @property
    def seen(self) -> list[dict[str, Any]]:
        """What has been rendered, and what was called back, in order."""
        seen: list[dict[str, Any]] = self.page.evaluate("seen")
        return seen

    def press(self, button: str, *words: Any) -> None:
        """Calls one of the functions that the hook gives, and does not wait for what comes of it."""
        self.page.evaluate("([button, words]) => { hook[button](...words); }", [button, words])

    def until(self, condition: str) -> dict[str, Any]:
        """The first state that is so, once there is one. `condition` is JavaScript on `state`."""
        found = self.page.wait_for_function(f"() => seen.find((state) => {condition})")
        state: dict[str, Any] = found.json_value()
        return state


class Show(Protocol):
    """Shows a hook with these options."""

    def __call__(self, hook: str, **options: object) -> Hook: ...
