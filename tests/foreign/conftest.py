"""A page with other people's React hooks in it, on an origin of its own; and the servers that are asked."""

from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from playwright.sync_api import Browser

from tests.foreign.hooks import Hook, Show
from tests.foreign.packages import HERE, bundle
from tests.server.conftest import shared as shared  # noqa: PLC0414  # fixtures
from tests.server.conftest import upstream as upstream  # noqa: PLC0414
from tests.server.pages.conftest import browser as browser  # noqa: PLC0414


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Says nothing."""


@pytest.fixture(scope="session")
def origin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where the page is: not where the server is, as it is with most of those who use these packages."""
    folder = tmp_path_factory.mktemp("app")
    bundle(HERE / "app" / "main.jsx", folder / "main.js")
    (folder / "index.html").write_text('<!doctype html><meta charset="utf-8"><body><script src="main.js"></script>')
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=folder)) as files:
        thread = Thread(target=files.serve_forever, name="app")
        thread.start()
        yield f"http://127.0.0.1:{files.server_port}"
        files.shutdown()
        thread.join()


@pytest.fixture
def show(browser: Browser, origin: str) -> Iterator[Show]:
    """Shows a hook in a page of its own, in which no script may fail."""
    faults: list[str] = []
    with browser.new_context() as context:

        def show(hook: str, **options: object) -> Hook:
            page = context.new_page()
            page.on("pageerror", lambda error: faults.append(str(error)))
            page.goto(origin)
            page.evaluate("([hook, options]) => show(hook, options)", [hook, options])
            page.wait_for_function("window.hook")
            return Hook(page)

        yield show
    assert faults == []
