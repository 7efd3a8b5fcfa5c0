"""Whatever a handler raises is told as the envelope, and nothing that only we should know is told at all."""

import logging
from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI, Query
from starlette.exceptions import HTTPException
from starlette.responses import StreamingResponse

from schemas import MEANING, Breach, Code, StreamError
from server.errors import Faults, add_error_handlers
from tests.server.endpoints import refusal

CANARY = "canary-words"


async def get(app: FastAPI, path: str = "/") -> httpx.Response:
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        return await client.get(path)


def raising(error: Exception) -> FastAPI:
    app = FastAPI()
    add_error_handlers(app)
    app.add_middleware(Faults)

    @app.get("/")
    async def breaks() -> None:
        raise error

    return app


@pytest.mark.parametrize("code", Code)
async def test_every_code_has_its_status(code: Code) -> None:
    response = await get(raising(StreamError("Some words.", code=code)))
    envelope = refusal(response, MEANING[code].status, code)
    assert (envelope.message, envelope.retryable) == ("Some words.", MEANING[code].retryable)
    assert response.headers["cache-control"] == "no-store"
    assert "retry-after" not in response.headers


@pytest.mark.parametrize(("wait_ms", "told"), [(1, "1"), (1000, "1"), (1001, "2"), (60_000, "60")])
async def test_retry_after_is_whole_seconds_and_never_too_early(wait_ms: int, told: str) -> None:
    error = StreamError("Busy.", code=Code.TOO_BUSY, retry_after_ms=wait_ms)
    assert (await get(raising(error))).headers["retry-after"] == told


async def test_what_is_not_there_is_not_sent() -> None:
    bare = (await get(raising(StreamError("Words.")))).json()
    assert set(bare) == {"code", "message", "retryable"}
    breach = Breach(path="/a", rule="r", message="m")
    assert (await get(raising(StreamError("Words.", details=(breach,))))).json()["details"] == [breach.model_dump()]


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (400, Code.INVALID_JSON),
        (404, Code.NOT_FOUND),
        (405, Code.METHOD_NOT_ALLOWED),
        (413, Code.REQUEST_TOO_LARGE),
        (415, Code.UNSUPPORTED_MEDIA_TYPE),
        (418, Code.INVALID_REQUEST),
        (422, Code.INVALID_REQUEST),
    ],
)
async def test_what_others_raise_is_an_envelope_too(status: int, code: Code) -> None:
    response = await get(raising(HTTPException(status, "Words.", {"x-own": "kept"})))
    assert refusal(response, MEANING[code].status, code).message == "Words."
    assert response.headers["x-own"] == "kept"


async def test_a_query_that_breaks_a_rule_names_its_place() -> None:
    app = raising(LookupError())

    @app.get("/number")
    async def number(n: int = Query()) -> int:
        return n

    envelope = refusal(await get(app, f"/number?n={CANARY}"), 422, "invalid_request")
    assert [breach.path for breach in envelope.details or ()] == ["/query/n"]
    assert CANARY not in envelope.model_dump_json()


class TestFaults:
    async def test_an_unforeseen_one_is_told_and_logged_without_its_words(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        response = await get(raising(LookupError(CANARY)))
        refusal(response, 500, "internal")
        assert CANARY not in response.text + caplog.text
        assert "LookupError" in caplog.text

    async def test_in_the_middle_of_a_body_it_breaks_the_connection(self, caplog: pytest.LogCaptureFixture) -> None:
        """Ending the body properly would make half an answer look whole."""
        sent = await messages(streaming(LookupError(CANARY)))
        assert sent[-1]["more_body"] is True
        assert [record.levelno for record in caplog.records] == [logging.ERROR]
        assert CANARY not in caplog.text

    async def test_one_that_langserve_has_told_ends_the_body_and_is_no_fault_of_ours(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        sent = await messages(streaming(StreamError("Cut.", code=Code.UPSTREAM_CUT)))
        assert not sent[-1].get("more_body")
        assert caplog.records == []


def streaming(error: Exception) -> FastAPI:
    """An app that fails within its response's body."""
    app = raising(error)

    async def body() -> AsyncIterator[bytes]:
        yield b"half"
        raise error

    @app.get("/stream")
    async def stream() -> StreamingResponse:
        return StreamingResponse(body())

    return app


async def messages(app: FastAPI) -> list[dict[str, object]]:
    """What the app sends to a server for `GET /stream`."""
    sent: list[dict[str, object]] = []
    scope = {"type": "http", "method": "GET", "path": "/stream", "query_string": b"", "headers": [],
             "http_version": "1.1", "scheme": "http", "server": ("test", 80), "client": ("test", 1),
             "asgi": {"version": "3.0", "spec_version": "2.4"}}  # fmt: skip

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: object) -> None:
        assert isinstance(message, dict)
        sent.append(message)

    await app(scope, receive, send)
    return sent
