"""One line and one count for each request, whatever becomes of it; a path, a query or an id is never in them."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from fastapi import APIRouter, FastAPI, Request
from hypothesis import given
from hypothesis import strategies as st
from sse_starlette import EventSourceResponse
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from server.auth.user import User, enter
from server.observe.requests import Requests
from server.observe.runs import Observer
from tests.server.observe.conftest import untraced
from tests.server.observe.watching import Lines, samples


async def _stream() -> AsyncIterator[bytes]:
    yield b"data: 1\n\n"
    yield b"data: 2\n\n"


def app() -> FastAPI:
    """An app with routes of each kind."""
    app, router = FastAPI(), APIRouter(prefix="/runs/{run_id}")

    @router.get("")
    async def look(run_id: str) -> Response:
        return PlainTextResponse("12345")

    @router.get("/events")
    async def events(run_id: str) -> EventSourceResponse:
        return EventSourceResponse(_stream(), sep="\n")

    @app.get("/health")
    async def health() -> Response:
        return PlainTextResponse("")

    @app.get("/breaks")
    async def breaks() -> Response:
        raise LookupError

    @app.get("/busy")
    async def busy() -> Response:
        return JSONResponse({}, 503)

    @app.get("/mine")
    async def mine(request: Request) -> Response:
        enter(request.scope, User(id="somebody", key="u-1"))
        return PlainTextResponse("")

    page = Route("/{file}", lambda _: PlainTextResponse("page"))
    router.routes.append(Mount("/files", routes=[page]))
    app.include_router(router)
    app.router.routes.append(Mount("/page", routes=[page]))
    return app


def asking(inner: ASGIApp, observer: Observer) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app=Requests(inner, observer), raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://test")


@pytest.mark.parametrize(
    ("method", "path", "told"),
    [
        ("GET", "/runs/0123", {"route": "/runs/{run_id}", "status": 200, "bytes": 5, "end": "sent"}),
        ("GET", "/runs/0123?ticket=t", {"route": "/runs/{run_id}", "status": 200, "bytes": 5, "end": "sent"}),
        ("GET", "/runs/0123/events", {"route": "/runs/{run_id}/events", "status": 200, "bytes": 18, "end": "sent"}),
        ("DELETE", "/runs/0123", {"route": "/runs/{run_id}", "status": 405, "bytes": 31, "end": "sent"}),
        ("GET", "/page/main.js", {"route": "/page/{file}", "status": 200, "bytes": 4, "end": "sent"}),
        ("GET", "/page/no/thing", {"route": "/page", "status": 404, "end": "sent"}),
        ("GET", "/0123/4567", {"route": "other", "status": 404, "bytes": 22, "end": "sent"}),
        ("BREW", "/runs/0123", {"method": "other", "route": "/runs/{run_id}", "status": 405}),
        ("GET", "/mine", {"route": "/mine", "user": "u-1"}),
    ],
)
async def test_a_request_is_told(
    observer: Observer, lines: Lines, method: str, path: str, told: dict[str, Any]
) -> None:
    async with asking(app(), observer) as client:
        await client.request(method, path)
    [line] = lines.of("request")
    told = {"method": method, **told}
    assert {key: line[key] for key in told} == told
    assert line["ms"] >= 0
    assert "0123" not in lines.text
    assert "ticket" not in lines.text
    found = samples(observer.metrics)
    labels = f'method="{told["method"]}",route="{told["route"]}"'
    assert found[f'moim_requests_total{{{labels},status="{line["status"] // 100}xx"}}'] == 1
    assert found[f"moim_request_seconds_count{{{labels}}}"] == 1


def scope(kind: str = "http", path: str = "/runs/0123/events") -> Scope:
    return {"type": kind, "method": "GET", "path": path, "headers": [], "query_string": b""}


class Leaving:
    """A client that is gone when it has had so many messages."""

    def __init__(self, after: int) -> None:
        self._after = after
        self._gone = asyncio.Event()

    async def receive(self) -> Message:
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        self._after -= 1
        if self._after <= 0:
            self._gone.set()


APP, SEEING = app(), untraced()
TEMPLATES = {"other", "/runs/{run_id}", "/runs/{run_id}/events", "/page", "/page/{file}", "/health"}


@given(path=st.from_regex(r"/(runs|page|health)?/?\w*(/events)?.{0,9}", fullmatch=True))
async def test_no_path_makes_a_label(path: str) -> None:
    client = Leaving(after=99)
    await Requests(APP, SEEING)(scope(path=path), client.receive, client.send)
    told = [sample.labels for family in SEEING.metrics.registry.collect() for sample in family.samples]
    assert {labels["route"] for labels in told if "route" in labels} <= TEMPLATES


async def test_machines_that_ask_all_the_time_are_not_in_the_way(observer: Observer, lines: Lines) -> None:
    async with asking(app(), observer) as client:
        await client.get("/health")
        await client.get("/busy")
    assert [line["severity"] for line in lines.of("request")] == ["DEBUG", "WARNING"]


async def test_what_breaks_is_told_and_raised(observer: Observer, lines: Lines) -> None:
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def breaks(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise LookupError

    with pytest.raises(LookupError):
        await Requests(breaks, observer)(scope(), asyncio.Event().wait, send)  # type: ignore[arg-type]
    [line] = lines.of("request")
    assert (line["severity"], line["end"], line["status"], line["route"]) == ("WARNING", "broken", 200, "other")


@pytest.mark.parametrize(("kind", "counted"), [(b"text/event-stream; charset=utf-8", 1), (b"application/json", None)])
async def test_a_client_that_leaves(observer: Observer, lines: Lines, kind: bytes, counted: int | None) -> None:
    async def endless(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"Content-Type", kind)]})
        await send({"type": "http.response.body", "body": b"data: 1\n\n", "more_body": True})
        await receive()  # as whoever streams listens for its client's leaving

    client = Leaving(after=2)
    await Requests(endless, observer)(scope(), client.receive, client.send)
    [line] = lines.of("request")
    assert (line["end"], line["bytes"]) == ("left", 9)
    assert samples(observer.metrics).get("moim_readers_left_total") == counted


async def test_a_client_that_leaves_before_any_answer(observer: Observer, lines: Lines) -> None:
    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()

    client = Leaving(after=0)
    client._gone.set()
    await Requests(slow, observer)(scope(), client.receive, client.send)
    [line] = lines.of("request")
    assert (line["end"], line["status"]) == ("left", None)
    assert 'moim_requests_total{method="GET",route="other",status="none"}' in samples(observer.metrics)


async def test_a_client_that_leaves_when_it_has_everything_has_not_left(observer: Observer, lines: Lines) -> None:
    async def answers(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/event-stream")]})
        await send({"type": "http.response.body", "body": b"data: 1\n\n"})
        await receive()

    client = Leaving(after=2)
    await Requests(answers, observer)(scope(), client.receive, client.send)
    assert [line["end"] for line in lines.of("request")] == ["sent"]
    assert "moim_readers_left_total" not in samples(observer.metrics)


async def test_what_is_no_request_passes(observer: Observer, lines: Lines) -> None:
    seen = []

    async def inner(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(scope["type"])

    client = Leaving(after=0)
    await Requests(inner, observer)(scope("lifespan"), client.receive, client.send)
    assert seen == ["lifespan"]
    assert lines.of("request") == []
