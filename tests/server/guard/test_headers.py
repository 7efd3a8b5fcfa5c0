"""What every response tells browsers."""

import pytest
from starlette.types import Message, Receive, Scope, Send

from server.guard.headers import PAGE_POLICY, SecurityHeaders
from tests.server.guard.asgi import answering, call

TEXT, JSON, PAGE, STREAM = b"text/plain", b"application/json", b"text/html; charset=utf-8", b"text/event-stream"


async def headers_of(*own: tuple[bytes, bytes], scheme: str = "http") -> dict[bytes, bytes]:
    return (await call(SecurityHeaders(answering(*own)), scheme=scheme)).headers


@pytest.mark.parametrize("kind", [TEXT, JSON, PAGE, STREAM, None])
async def test_every_response_has_them(kind: bytes | None) -> None:
    headers = await headers_of(*([(b"content-type", kind)] if kind else []), (b"x-own", b"kept"))
    assert headers[b"x-content-type-options"] == b"nosniff"
    assert headers[b"referrer-policy"] == b"no-referrer"
    assert headers[b"cross-origin-resource-policy"] == b"same-origin"
    assert headers[b"x-own"] == b"kept"
    assert headers.get(b"content-type") == kind


async def test_https_stays_https_and_http_says_nothing_of_it() -> None:
    assert b"strict-transport-security" not in await headers_of()
    seconds = (await headers_of(scheme="https"))[b"strict-transport-security"]
    assert int(seconds.removeprefix(b"max-age=")) >= 180 * 24 * 3600


@pytest.mark.parametrize("kind", [JSON, b"Application/JSON; charset=utf-8", JSON + b";x"])
async def test_json_is_not_kept(kind: bytes) -> None:
    assert (await headers_of((b"content-type", kind)))[b"cache-control"] == b"no-store"


@pytest.mark.parametrize("kind", [STREAM, PAGE, TEXT, b"application/javascript", b"application/jsonp"])
async def test_nothing_else_is_told_so(kind: bytes) -> None:
    assert b"cache-control" not in await headers_of((b"content-type", kind))


@pytest.mark.parametrize("kind", [PAGE, b"TEXT/HTML"])
async def test_a_page_has_its_policy(kind: bytes) -> None:
    assert (await headers_of((b"content-type", kind)))[b"content-security-policy"] == PAGE_POLICY.encode()


def test_the_policy_runs_nothing_that_came_as_text() -> None:
    policy = dict(part.split(" ", 1) for part in PAGE_POLICY.split("; "))
    assert policy["default-src"] == policy["base-uri"] == policy["form-action"] == policy["frame-ancestors"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
    assert not {"unsafe-inline", "unsafe-eval", "*", "http:", "https:"} & set(PAGE_POLICY.replace("'", " ").split())


async def test_what_a_route_says_of_itself_stands() -> None:
    own = {b"Cache-Control": b"max-age=60", b"Content-Security-Policy": b"sandbox", b"Referrer-Policy": b"origin"}
    for kind in (JSON, PAGE):
        headers = await headers_of((b"content-type", kind), *own.items())
        assert {name: headers[name.lower()] for name in own} == own


async def test_a_stream_passes_untouched() -> None:
    """Not one object of it is made anew: nothing is spent on each piece."""
    passed: list[Message] = []
    sent: list[Message] = [{"type": "http.response.start", "status": 200, "headers": [(b"content-type", STREAM)]}]
    sent += [{"type": "http.response.body", "body": b"data", "more_body": more} for more in (True, True, False)]

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        for message in sent:
            await send(message)

    async def receive() -> Message:
        raise AssertionError("nobody needs the request")

    async def send(message: Message) -> None:
        passed.append(message)

    await SecurityHeaders(app)({"type": "http", "scheme": "http"}, receive, send)
    assert all(one is other for one, other in zip(passed[1:], sent[1:], strict=True))
    assert sent[0]["headers"] == [(b"content-type", STREAM)], "what the app keeps of its own message is its own"


async def test_what_is_no_response_goes_through() -> None:
    answer = await call(SecurityHeaders(answering()), type="websocket")
    assert answer.headers == {}
