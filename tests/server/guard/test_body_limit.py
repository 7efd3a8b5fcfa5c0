"""How much of a body is read, and what becomes of the connection that still has more of it."""

import pytest
from starlette.types import ASGIApp

from schemas import Code, ErrorEnvelope, RequestError
from server.guard.body import BodyLimit
from tests.server.guard.asgi import Answer, Headers, answering, call, reading

LIMIT = 100
CHUNKED = [(b"transfer-encoding", b"chunked")]


def length(value: object) -> Headers:
    return [(b"content-length", str(value).encode())]


async def post(app: ASGIApp, headers: Headers, *pieces: bytes, method: str = "POST") -> Answer:
    return await call(BodyLimit(app, LIMIT), method=method, headers=headers, body=pieces or (b"",))


def closes(answer: Answer) -> bool:
    return answer.headers.get(b"connection") == b"close"


@pytest.mark.parametrize("method", ["POST", "PUT", "GET", "DELETE"])
@pytest.mark.parametrize("announced", [LIMIT + 1, 1 << 30, 10**17])
async def test_what_is_announced_too_large_is_refused_unread(method: str, announced: int) -> None:
    answer = await post(reading, length(announced), b"x", method=method)
    assert (answer.status, answer.asked) == (413, 0)
    assert ErrorEnvelope.model_validate_json(answer.body).code is Code.REQUEST_TOO_LARGE
    assert closes(answer)


@pytest.mark.parametrize("headers", [length(LIMIT), CHUNKED], ids=["announced", "chunked"])
async def test_the_limit_itself_is_allowed(headers: Headers) -> None:
    answer = await post(reading, headers, b"x" * (LIMIT - 1), b"x")
    assert (answer.status, answer.asked) == (200, 2)
    assert not closes(answer)


@pytest.mark.parametrize("headers", [CHUNKED, length("9" * 30), length("-1"), length("1e9"), length("٣")])
async def test_what_turns_out_too_large_is_cut_at_the_limit(headers: Headers) -> None:
    pieces = [b"x" * 60] * 1000
    with pytest.raises(RequestError) as refused:
        await post(reading, headers, *pieces)
    assert refused.value.code is Code.REQUEST_TOO_LARGE


async def test_what_is_left_of_a_body_without_end_ends_the_connection() -> None:
    answer = await post(answering(), CHUNKED, b"x", b"x")
    assert (answer.status, answer.asked) == (200, 0)
    assert closes(answer)


async def test_what_is_left_of_a_bounded_body_does_not() -> None:
    """It is passed over, and the next request comes on the same connection."""
    assert not closes(await post(answering(), length(LIMIT), b"x", b"x"))


@pytest.mark.parametrize("method", ["GET", "HEAD", "DELETE"])
@pytest.mark.parametrize("headers", [length(1), CHUNKED, [*length(0), *CHUNKED]])
async def test_a_body_that_nobody_asked_for_is_refused_unread(method: str, headers: Headers) -> None:
    answer = await post(answering(), headers, b"x", method=method)
    assert (answer.status, answer.asked) == (422, 0)
    assert ErrorEnvelope.model_validate_json(answer.body).code is Code.INVALID_REQUEST
    assert closes(answer)


@pytest.mark.parametrize("method", ["GET", "HEAD", "DELETE", "POST", "OPTIONS"])
@pytest.mark.parametrize("headers", [[], length(0)])
async def test_none_at_all_is_no_body(method: str, headers: Headers) -> None:
    answer = await post(answering(), headers, method=method)
    assert answer.status == 200
    assert not closes(answer)
