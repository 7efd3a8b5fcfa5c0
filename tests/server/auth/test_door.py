"""Nobody comes in without showing who they are: on any route, by any method, before anything else is done."""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from starlette.routing import Mount, Route

from schemas import Code
from server.app import create_app
from server.auth.user import Unauthenticated
from server.settings import SettingsError, parse_settings
from tests.server.auth.callers import ENVIRONMENT, KEY, SECRET, auth, backend, bearer, token_of
from tests.server.auth.issuer import claims
from tests.server.auth.letting import RSA, STRANGER
from tests.server.configs import CHAT, CHAT_INPUT, scripted, text
from tests.server.endpoints import refusal

OPEN = {"/", "/page/main.js", "/health", "/ready", "/schemas.json", "/openapi.json", "/metrics"}
BODY = {"input": CHAT_INPUT}


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def app(environment: None, tmp_path: Path) -> FastAPI:
    return create_app(parse_settings(scripted(text(CHAT), auth=auth(tmp_path)), "the test's settings"))


@pytest.fixture
def client(app: FastAPI) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://127.0.0.1")


def paths(app: FastAPI) -> Iterator[tuple[str, str]]:
    """Every method and path that the app answers, the parts of a path filled in."""
    for found in iter_route_contexts(app.routes):
        route = getattr(found, "route", found)
        if isinstance(route, Mount):
            yield "GET", f"{route.path}/main.js"
        elif isinstance(route, Route):
            for method in route.methods or ():
                yield method, re.sub(r"\{[^}]+\}", "x", route.path)


async def test_every_route_is_closed_but_those_that_are_named(app: FastAPI, client: httpx.AsyncClient) -> None:
    asked = set(paths(app))
    assert len(asked) > 30
    for method, path in asked:
        response = await client.request(method, path)
        if path in OPEN:
            assert response.status_code not in (401, 403), path
        elif method == "HEAD":
            assert response.status_code == 401
        else:
            refusal(response, 401, Code.UNAUTHENTICATED)
            assert response.headers["www-authenticate"] == "Bearer"


def encoded(headers: dict[str, str]) -> dict[bytes, bytes]:
    return {name.encode(): value.encode("utf-8", "surrogateescape") for name, value in headers.items()}


SHOWN: dict[str, dict[str, str]] = {
    "nothing": {},
    "an empty header": {"authorization": ""},
    "no credential": {"authorization": "Bearer"},
    "an empty credential": {"authorization": "Bearer "},
    "another scheme": {"authorization": f"Basic {KEY}"},
    "no scheme": {"authorization": KEY},
    "another key": bearer(KEY[:-1] + "x"),
    "a part of the key": bearer(KEY[:-1]),
    "the key and more": bearer(KEY + "x"),
    "the secret": bearer(SECRET),
    "words": bearer("let me in"),
    "letters outside ASCII": {"authorization": "Bearer \xe4\xf6\xfc"},
    "a token of somebody else's": bearer(STRANGER.token()),
    "a token that has run out": token_of("kim", exp=1),
    "a token for others": token_of("kim", aud="others"),
    "the backend's name of no user": {**backend(), "x-user-id": ""},
    "too long a name": {**backend(), "x-user-id": "x" * 256},
    "a name that is not UTF-8": {**backend(), "x-user-id": "\udcff"},
    "a name with control characters": {**backend(), "x-user-id": "a\tb"},
}


@pytest.mark.parametrize("shown", SHOWN)
async def test_what_does_not_let_in_is_told_in_one_way(client: httpx.AsyncClient, shown: str) -> None:
    headers = SHOWN[shown]
    response = await client.post("/chatbot/invoke", json=BODY, headers=encoded(headers))
    refusal(response, 401, Code.UNAUTHENTICATED)
    assert response.json() == Unauthenticated().envelope()


async def test_two_credentials_are_none(client: httpx.AsyncClient) -> None:
    headers = [("authorization", f"Bearer {KEY}"), ("authorization", f"Bearer {RSA.token(claims())}")]
    refusal(await client.post("/chatbot/invoke", json=BODY, headers=headers), 401, Code.UNAUTHENTICATED)


async def test_two_names_of_users_are_none(client: httpx.AsyncClient) -> None:
    headers = [("authorization", f"Bearer {KEY}"), ("x-user-id", "kim"), ("x-user-id", "lee")]
    refusal(await client.post("/chatbot/invoke", json=BODY, headers=headers), 401, Code.UNAUTHENTICATED)


@pytest.mark.parametrize("headers", [token_of("kim"), backend(), backend("kim"), backend("한국어")])
async def test_who_is_known_is_let_in(client: httpx.AsyncClient, headers: dict[str, str]) -> None:
    response = await client.post("/chatbot/invoke", json=BODY, headers=encoded(headers))
    assert response.json()["output"]["reply"] == CHAT["reply"]


async def test_a_scope_that_is_lacking_is_forbidden(environment: None, tmp_path: Path) -> None:
    settings = auth(tmp_path)
    settings["jwt"]["scope"] = "moim.stream"
    app = create_app(parse_settings(scripted(text(CHAT), auth=settings), "the test's settings"))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://127.0.0.1") as client:
        refusal(await client.post("/chatbot/invoke", json=BODY, headers=token_of("kim")), 403, Code.FORBIDDEN)
        headers = token_of("kim", scope="other moim.stream")
        assert (await client.post("/chatbot/invoke", json=BODY, headers=headers)).status_code == 200


async def test_not_a_byte_of_a_body_is_read_for_a_stranger_and_no_place_is_taken(
    environment: None, tmp_path: Path
) -> None:
    """Who may come in is told that all places are taken; who may not is not even looked for one."""
    config = scripted(text(CHAT), auth=auth(tmp_path), limits={"requests": 1})
    app = create_app(parse_settings(config, "the test's settings"))
    body_is_read, answered = asyncio.Event(), asyncio.Event()

    async def body() -> AsyncIterator[bytes]:
        body_is_read.set()
        await answered.wait()
        yield b"{}"

    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://127.0.0.1") as client:
        headers = {"content-type": "application/json"} | backend()
        taking = asyncio.create_task(client.post("/chatbot/invoke", content=body(), headers=headers))
        await body_is_read.wait()
        refusal(await client.post("/chatbot/invoke", json=BODY, headers=backend()), 503, Code.TOO_BUSY)
        await stranger(app)
        answered.set()
        await taking


async def stranger(app: FastAPI) -> None:
    """Asks without any credentials. Nobody reads on."""
    scope = {
        "type": "http", "method": "POST", "path": "/chatbot/invoke", "raw_path": b"/chatbot/invoke", "scheme": "http",
        "query_string": b"", "headers": [(b"host", b"127.0.0.1"), (b"content-type", b"application/json")],
        "http_version": "1.1", "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 80),
    }  # fmt: skip
    sent: list[Any] = []

    async def receive() -> Any:
        raise AssertionError("somebody reads the body")

    async def send(message: Any) -> None:
        sent.append(message)

    await app(scope, receive, send)
    assert sent[0]["status"] == 401


@pytest.mark.parametrize(
    ("settings", "environment", "named"),
    [
        ({"key_env": "SERVICE_KEY"}, {}, "SERVICE_KEY"),
        ({"key_env": "SERVICE_KEY"}, {"SERVICE_KEY": "short"}, "SERVICE_KEY"),
        ({"key_env": "SERVICE_KEY"}, {"SERVICE_KEY": KEY, "SERVER_SECRET": "short"}, "SERVER_SECRET"),
    ],
)
def test_what_could_be_guessed_is_refused_at_the_start(
    monkeypatch: pytest.MonkeyPatch, settings: dict[str, Any], environment: dict[str, str], named: str
) -> None:
    for name in ENVIRONMENT:
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=named):
        create_app(parse_settings(scripted(text(CHAT), auth=settings), "the test's settings"))


@pytest.mark.parametrize("shared", [{"workers": 2}, {"runs": {"store": "redis"}}])
def test_processes_that_share_need_a_secret_of_their_own(
    monkeypatch: pytest.MonkeyPatch, shared: dict[str, Any]
) -> None:
    monkeypatch.setenv("SERVICE_KEY", KEY)
    monkeypatch.setenv("REDIS_URL", "redis://127.0.0.1:9/0")
    monkeypatch.delenv("SERVER_SECRET", raising=False)
    config = scripted(text(CHAT), auth={"key_env": "SERVICE_KEY"}, **shared)
    with pytest.raises(SettingsError, match="SERVER_SECRET"):
        create_app(parse_settings(config, "the test's settings"))


async def test_another_origin_may_show_who_asks_if_it_is_named(environment: None, tmp_path: Path) -> None:
    """Also a refusal is for it to read; and cookies come along for nobody else."""
    friend, stranger = "https://app.example.com", "https://evil.example.com"
    config = scripted(text(CHAT), auth=auth(tmp_path), cors={"origins": [friend]})
    app = create_app(parse_settings(config, "the test's settings"))
    asks = {"access-control-request-method": "POST", "access-control-request-headers": "authorization,content-type"}
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://127.0.0.1") as client:
        allowed = await client.options("/chatbot/runs", headers={"origin": friend, **asks})
        assert allowed.status_code == 200
        refused = await client.post("/chatbot/runs", json=BODY, headers={"origin": friend})
        refusal(refused, 401, Code.UNAUTHENTICATED)
        for response in (allowed, refused):
            assert response.headers["access-control-allow-origin"] == friend
            assert response.headers["access-control-allow-credentials"] == "true"
        assert (await client.options("/chatbot/runs", headers={"origin": stranger, **asks})).status_code == 400
        unread = await client.post("/chatbot/runs", json=BODY, headers={"origin": stranger})
        assert "access-control-allow-origin" not in unread.headers
