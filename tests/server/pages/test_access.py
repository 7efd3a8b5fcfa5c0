"""The page where only those are let in who have a token: it asks for one, keeps it to itself, and outlives it."""

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from playwright.sync_api import Page, Request, Route, expect

from tests.server.auth.callers import bearer
from tests.server.auth.issuer import AUDIENCE, ISSUER, claims, jwks, pair
from tests.server.configs import openai
from tests.server.endpoints import JSON
from tests.server.pages.line import Line
from tests.server.pages.scenes import (
    MEETING,
    REPLY,
    Open,
    ask,
    config,
    fields,
    finished,
    give_token,
    save_recording,
    say,
    writing,
)
from tests.server.process import ServerProcess, serving
from tests.upstream import Script, Upstream, gate

pytestmark = pytest.mark.browser

KEY = "a-backend-that-calls-for-all-of-its-users"
SCOPE = "moim.stream"
HEAD = "{" + fields("name") + ', "description": "We walk '
TAIL = 'slowly.", ' + fields("category", "summary", "tags", "period", "max_members") + "}"
WHOLE = "{" + fields(*MEETING) + "}"
BEGIN = "**/meeting-info/runs"


def token(user: str = "user-1", *, for_s: int = 300, scope: str = SCOPE) -> str:
    """A user's token, good for so many seconds, or up to one less."""
    return pair("RS256").token(claims(sub=user, scope=scope, exp=int(time.time()) + for_s))


@pytest.fixture(scope="module")
def server(upstream: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """Lets in users with tokens, and a backend with a key."""
    folder = tmp_path_factory.mktemp("server")
    (folder / "keys.json").write_bytes(jwks(pair("RS256")))
    jwt = {"issuer": ISSUER, "audience": AUDIENCE, "keys_file": str(folder / "keys.json")}
    auth = {"jwt": {**jwt, "leeway_s": 0, "scope": SCOPE}, "key_env": "SERVICE_KEY", "user_header": "x-user-id"}
    settings = openai(upstream.base_url, auth=auth, stream={"retry_ms": 200}, limits={"drain_s": 0})
    with serving(settings, folder, SERVICE_KEY=KEY) as server:
        yield server


@pytest.fixture
def line(server: ServerProcess) -> Iterator[Line]:
    with Line(server.port) as line:
        yield line


@pytest.fixture
def open_locked(open_page: Open, line: Line) -> Callable[..., Page]:
    """Opens the page of that server."""
    return lambda **options: open_page("", line, **options)


@pytest.fixture
def page(open_locked: Callable[..., Page]) -> Page:
    return open_locked()


def requests_of(page: Page) -> list[Request]:
    """All that the page asks from now on, as it does."""
    sent: list[Request] = []

    def keep(request: Request) -> None:
        sent.append(request)

    page.on("request", keep)
    return sent


def kept_id(page: Page) -> str:
    """The run that the form reads."""
    kept: str = page.evaluate("() => sessionStorage.getItem('run of meeting-info')")
    return str(json.loads(kept)["id"])


def until_over(server: ServerProcess, run_id: str, credential: str) -> None:
    """Returns when a token is over: the server ends what is read by it."""
    url = f"{server.url}/runs/{run_id}/events"
    with httpx.stream("GET", url, headers=bearer(credential), timeout=20) as response:
        assert response.status_code == 200
        response.read()


def lose_cookies(page: Page) -> None:
    """Neither cookies nor tickets open anything any more."""
    page.context.clear_cookies()
    page.reload()


# -- asking ------------------------------------------------------------------------------------------------------------


def test_nobody_is_asked_where_anybody_may_call(open_page: Open) -> None:
    page = open_page(config())
    expect(page.get_by_test_id("access")).to_be_hidden()
    sent = requests_of(page)
    ask(page)
    finished(page)
    assert not any("authorization" in request.all_headers() or "ticket" in request.url for request in sent)


@pytest.mark.parametrize(
    ("credential", "told"),
    [
        pytest.param(lambda: "nonsense", "does not accept this token", id="made up"),
        pytest.param(lambda: "모임", "does not accept this token", id="no header can hold it"),
        pytest.param(lambda: token(for_s=-1), "does not accept this token", id="over"),
        pytest.param(lambda: token(scope="mail"), "does not let you do this", id="for something else"),
    ],
)
def test_a_token_that_will_not_do_is_told_at_once(page: Page, credential: Callable[[], str], told: str) -> None:
    said = page.get_by_test_id("access-said")
    expect(page.get_by_test_id("access")).to_be_visible()
    give_token(page, credential())
    expect(said).to_contain_text(told)
    expect(page.get_by_label("Access token")).to_be_focused()
    expect(page.get_by_label("Access token")).to_have_attribute("aria-invalid", "true")
    give_token(page, token())
    expect(said).to_contain_text("Access token accepted.")


@pytest.mark.parametrize("given", [token, lambda: KEY], ids=["user", "backend"])
def test_with_a_token_form_and_chat_work_and_nobody_else_sees_it(
    page: Page, server: ServerProcess, upstream: Upstream, given: Callable[[], str], tmp_path: Path
) -> None:
    credential = given()
    sent = requests_of(page)
    page.get_by_test_id("log-toggle").click()
    give_token(page, f" {credential}\n")  # as it was copied
    expect(page.get_by_test_id("access-said")).to_contain_text("Access token accepted.")
    expect(page.locator("#access-token")).to_be_hidden()
    expect(page.get_by_test_id("access-change")).to_be_focused()
    upstream.plays(*writing(json.dumps(REPLY)))
    say(page, "Hi")
    expect(page.get_by_test_id("option")).to_have_count(2)
    upstream.plays(*writing(WHOLE))
    ask(page)
    finished(page)
    shown = {_route(request) for request in sent if "authorization" in request.all_headers()}
    assert shown == {"/chatbot/input_schema", "/chatbot/runs", "/meeting-info/runs"}  # to the rest the cookie lets in
    saved = save_recording(page, tmp_path).read_text()
    kept = page.evaluate("() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie, name])")
    typed = page.locator("#access-token").input_value()
    seen = [*(request.url for request in sent), page.content(), typed, kept, saved, server.log]
    assert not any(credential in text for text in seen)


def _route(request: Request) -> str:
    return urlsplit(request.url).path


def test_what_needs_a_token_waits_for_it(page: Page, upstream: Upstream) -> None:
    script = upstream.plays(*writing(WHOLE))
    ask(page)
    expect(page.get_by_test_id("form-phase")).to_have_text("Waiting for your access token, at the top of the page …")
    expect(page.locator("#form-aloud[role=status]")).to_have_text(
        "Waiting for your access token, at the top of the page …"
    )
    expect(page.get_by_test_id("access-said")).to_contain_text("The server lets you in with a token only.")
    expect(page.get_by_label("Access token")).to_be_focused()
    page.keyboard.type(token())
    page.keyboard.press("Enter")
    finished(page)
    assert script.count == 1


def test_the_chat_waits_too_and_whoever_writes_is_not_interrupted(page: Page, upstream: Upstream) -> None:
    upstream.plays(*writing(json.dumps(REPLY)))

    def slowly(route: Route) -> None:
        page.get_by_test_id("chat-entry").fill("And")
        route.continue_()

    page.route("**/chatbot/runs", slowly)
    say(page, "Hi")
    expect(page.get_by_test_id("chat-timings")).to_have_text("Waiting for your access token, at the top of the page …")
    expect(page.get_by_test_id("chat-entry")).to_be_focused()
    page.unroute("**/chatbot/runs")
    give_token(page, KEY)
    expect(page.get_by_test_id("option")).to_have_count(2)
    expect(page.get_by_test_id("chat-entry")).to_have_value("And")


def test_what_was_stopped_while_it_waited_does_not_begin(page: Page, upstream: Upstream) -> None:
    script = upstream.plays(*writing(WHOLE))
    ask(page)
    expect(page.get_by_test_id("form-phase")).to_contain_text("Waiting for your access token")
    page.get_by_test_id("stop").click()
    expect(page.get_by_test_id("form-phase")).to_have_text("Stopped. What was written stays.")
    give_token(page, token())
    expect(page.get_by_test_id("access-said")).to_contain_text("Access token accepted.")
    ask(page)
    finished(page)
    assert script.count == 1


# -- going on ----------------------------------------------------------------------------------------------------------


def test_a_page_that_is_loaded_anew_goes_on_without_a_token(page: Page, upstream: Upstream) -> None:
    give_token(page, token())
    script = upstream.plays(*writing(HEAD, gate, TAIL))
    ask(page)
    expect(page.locator("#field-description")).to_have_value("We walk ")
    page.reload()
    expect(page.get_by_test_id("form-phase")).to_have_text("Writing …")
    expect(page.locator("#field-description")).to_have_value("We walk ")
    expect(page.get_by_test_id("access-said")).to_contain_text("Kept in this page only")  # asks in case, and no more
    page.get_by_label("Name", exact=True).fill("Mine")
    expect(page.get_by_test_id("status-name")).to_have_text("Yours, pinned")
    script.next_call().permit()
    finished(page)
    ask(page)
    expect(page.get_by_test_id("form-phase")).to_contain_text("Waiting for your access token")
    assert script.count == 1


def outlive_a_token(page: Page, server: ServerProcess, upstream: Upstream) -> Script:
    """A form is being filled, whose model waits in the middle, when the token is over by which it was begun."""
    short = token(for_s=5)
    give_token(page, short)
    script = upstream.plays(*writing(HEAD, gate, TAIL))
    ask(page)
    expect(page.locator("#field-description")).to_have_value("We walk ")
    until_over(server, kept_id(page), short)
    return script


def test_a_token_that_is_over_in_the_middle_is_asked_for_when_it_is_needed(
    page: Page, server: ServerProcess, line: Line, upstream: Upstream
) -> None:
    script = outlive_a_token(page, server, upstream)
    line.cut()  # whoever comes back comes by the cookie
    page.get_by_label("Name", exact=True).fill("Mine")
    expect(page.get_by_test_id("status-name")).to_have_text("Yours, pinned")
    script.next_call().permit()
    finished(page)
    expect(page.get_by_test_id("access-said")).to_contain_text("Access token accepted.")
    script = upstream.plays(*writing(WHOLE))
    page.get_by_test_id("fill").click()
    expect(page.get_by_test_id("access-said")).to_contain_text("Your access token is no longer valid.")
    expect(page.get_by_test_id("form-phase")).to_contain_text("Waiting for your access token")
    give_token(page, token())
    finished(page)
    assert script.count == 1


def test_without_cookies_a_run_waits_for_a_fresh_token_where_it_was(
    page: Page, server: ServerProcess, upstream: Upstream
) -> None:
    give_token(page, token())
    script = upstream.plays(*writing(HEAD, gate, "very ", gate, TAIL))
    ask(page)
    phase, description = page.get_by_test_id("form-phase"), page.locator("#field-description")
    expect(description).to_have_value("We walk ")
    lose_cookies(page)
    expect(phase).to_contain_text("Waiting for your access token")
    short = token(for_s=5)
    give_token(page, short)
    expect(description).to_have_value("We walk ")
    expect(phase).to_have_text("Writing …")
    expect(phase).to_contain_text("Waiting for your access token")  # the server has ended the reading
    expect(page.get_by_test_id("access-said")).to_contain_text("Your access token is no longer valid.")
    expect(description).to_have_value("We walk ")
    expect(page.locator("#meeting").get_by_test_id("problem")).to_be_hidden()
    call = script.next_call()
    call.permit()  # the model writes on meanwhile
    with page.expect_request("**/events?*") as asked:
        give_token(page, token())
    expect(description).to_have_value("We walk very ")
    assert int(asked.value.headers["last-event-id"].rstrip("~")) > 1
    call.permit()
    finished(page)
    assert script.count == 1


def test_what_could_not_be_pinned_is_pinned_with_a_fresh_token(
    page: Page, server: ServerProcess, upstream: Upstream
) -> None:
    script = outlive_a_token(page, server, upstream)
    page.context.clear_cookies()  # the connection by the ticket stands
    page.get_by_label("Name", exact=True).fill("Mine")
    expect(page.get_by_test_id("hint-name")).to_be_visible()
    expect(page.get_by_test_id("access-said")).to_contain_text("Your access token is no longer valid.")
    give_token(page, token())
    expect(page.get_by_test_id("status-name")).to_have_text("Yours, pinned")
    script.next_call().permit()
    finished(page)


def test_another_user_sees_nothing_of_a_run(
    open_locked: Callable[..., Page], line: Line, server: ServerProcess, upstream: Upstream
) -> None:
    mine, theirs = open_locked(), open_locked()
    give_token(mine, token("user-1"))
    script = upstream.plays(*writing(HEAD, gate, TAIL))
    ask(mine)
    expect(mine.locator("#field-description")).to_have_value("We walk ")
    run = f"/runs/{kept_id(mine)}"
    asked: list[tuple[str, str, Any]] = [
        ("GET", run, None),
        ("GET", f"{run}/events", None),
        ("DELETE", run, None),
        ("POST", f"{run}/tickets", None),
        ("POST", f"{run}/pins", {"path": "/name", "value": "Theirs"}),
    ]
    for method, path, body in asked:
        for credential, status in ((token("user-2"), 404), ("", 401)):
            assert _status(theirs, method, path, credential, body) == status
    kept = mine.evaluate("() => sessionStorage.getItem('run of meeting-info')")
    theirs.evaluate("(kept) => sessionStorage.setItem('run of meeting-info', kept)", kept)
    theirs.reload()
    expect(theirs.get_by_test_id("form-phase")).to_contain_text("Waiting for your access token")
    give_token(theirs, token("user-2"))
    expect(theirs.locator("#meeting").get_by_test_id("problem")).to_contain_text("The server no longer has this run")
    expect(theirs.locator("#field-description")).to_have_value("")
    expect(theirs.get_by_label("Name", exact=True)).to_have_value("")
    script.next_call().permit()
    finished(mine)
    expect(mine.get_by_label("Name", exact=True)).to_have_value(MEETING["name"])


def _status(page: Page, method: str, path: str, credential: str, body: Any) -> int:
    """What the page's browser is answered, cookies and all."""
    ask = """async ([url, method, headers, body]) => {
        const response = await fetch(url, { method, headers, body: body ?? undefined });
        await response.body?.cancel();
        return response.status;
    }"""
    headers = (bearer(credential) if credential else {}) | (JSON if body else {})
    return int(page.evaluate(ask, [path, method, headers, body and json.dumps(body)]))


# -- limits ------------------------------------------------------------------------------------------------------------

LIMITED = {"code": "rate_limited", "message": "Too many starts.", "retryable": True}


def test_who_has_had_their_share_sees_how_long_to_wait(page: Page, upstream: Upstream) -> None:
    upstream.plays(*writing(WHOLE))
    give_token(page, token())
    expect(page.get_by_test_id("access-said")).to_contain_text("Access token accepted.")
    refusals: list[str] = []
    page.clock.install()

    def refuse(route: Route) -> None:
        refusals.append(route.request.url)
        route.fulfill(status=429, headers={"retry-after": "130"}, json=LIMITED)

    page.route(BEGIN, refuse)
    ask(page)
    problem = page.locator("#meeting").get_by_test_id("problem")
    wait = problem.get_by_test_id("problem-wait")
    expect(problem).to_contain_text("You have asked for more than one user may, for now.")
    expect(wait).to_have_text("Wait about 3 minutes first.")
    page.clock.run_for(40_000)
    expect(wait).to_have_text("Wait about 90 seconds first.")
    page.get_by_role("radio", name="한국어").check()
    page.clock.run_for(1_000)
    expect(wait).to_have_text("89초쯤 뒤에 시도해 주세요.")
    page.get_by_role("radio", name="English").check()
    page.clock.run_for(89_000)
    expect(wait).to_be_hidden()
    assert len(refusals) == 1  # nobody asks again before the time
    page.unroute(BEGIN)
    problem.get_by_test_id("retry").click()
    finished(page)
    expect(problem).to_be_hidden()


def test_who_may_not_is_told_so_and_can_use_another_token(page: Page, upstream: Upstream) -> None:
    upstream.plays(*writing(WHOLE))
    give_token(page, token())
    expect(page.get_by_test_id("access-said")).to_contain_text("Access token accepted.")
    forbidden = {"code": "forbidden", "message": "", "retryable": False}
    page.route(BEGIN, lambda route: route.fulfill(status=403, json=forbidden))
    ask(page)
    problem = page.locator("#meeting").get_by_test_id("problem")
    expect(problem).to_contain_text("The server knows you, but does not let you do this.")
    expect(problem.get_by_test_id("retry")).to_be_hidden()
    page.unroute(BEGIN)
    page.get_by_test_id("access-change").click()
    give_token(page, KEY)
    expect(page.get_by_test_id("access-said")).to_contain_text("Access token accepted.")
    with page.expect_request(BEGIN) as sent:
        page.get_by_test_id("fill").click()
    assert sent.value.all_headers()["authorization"] == f"Bearer {KEY}"
    finished(page)


# -- the module --------------------------------------------------------------------------------------------------------


CREDENTIALS = """async ([script]) => {
    const { credentials, heldToken, holdToken, UNAUTHENTICATED } = await import('/page/token.js');
    const asked = [], shown = [];
    const life = new AbortController();
    const headers = credentials({ signal: life.signal, onAsked: (now) => asked.push(now) });
    const refusals = { unauthenticated: { code: UNAUTHENTICATED }, http: { code: 'http' } };
    for (const [act, ...args] of script) {
        if (act === 'hold') holdToken(...args);
        else if (act === 'leave') life.abort();
        else {
            const answer = headers({ url: args[0], refused: refusals[args[1]] }).then(
                ({ authorization = 'nothing' }) => shown.push(authorization.replace('Bearer ', '')),
                () => shown.push('no more'));
            if (act === 'show') await answer;
        }
    }
    for (let turn = 0; turn < 9; turn += 1) await null;
    return [shown, asked, heldToken()];
}"""
BEGINS, READS = "/meeting-info/runs", "/runs/1/events"


@pytest.mark.parametrize(
    ("script", "shown", "asked", "held"),
    [
        pytest.param(
            [("hold", "A"), ("show", BEGINS), ("show", READS), ("show", READS, "unauthenticated")],
            ["A", "nothing", "A"], [], "A",
            id="a run has a cookie, and where that does not do, the token",
        ),
        pytest.param(
            [("hold", "A"), ("show", BEGINS), ("hold", "B"), ("show", BEGINS, "unauthenticated")],
            ["A", "B"], [], "B",
            id="what was given meanwhile is shown, and not dropped",
        ),
        pytest.param(
            [("hold", "A"), ("show", BEGINS), ("wait", BEGINS, "unauthenticated"), ("hold", "B")],
            ["A", "B"], [True, False], "B",
            id="one that is over is dropped, and the next one waited for",
        ),
        pytest.param(
            [("show", BEGINS), ("wait", BEGINS, "unauthenticated"), ("leave",), ("hold", "B")],
            ["nothing", "no more"], [True], "B",
            id="who has left waits for none",
        ),
        pytest.param(
            [("hold", "A"), ("show", BEGINS), ("show", BEGINS, "http")],
            ["A", "A"], [], "A",
            id="a gateway's refusal says nothing of the token",
        ),
    ],
)  # fmt: skip
def test_each_request_shows_what_lets_it_in(bare: Page, script: Any, shown: Any, asked: Any, held: str) -> None:
    assert bare.evaluate(CREDENTIALS, [script]) == [shown, asked, held]
