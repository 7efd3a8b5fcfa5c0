"""A browser, which ends with these tests: those of the package around them have an event loop of their own."""

from tests.server.pages.conftest import browser

__all__ = ["browser"]
