"""`/metrics` is there for those who may read it, and for nobody else."""

from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from server.errors import add_error_handlers
from server.observe.metrics import Metrics
from server.routes.metrics import metrics_routes
from server.settings import MetricsSettings
from tests.server.observe.watching import FIELDS


def app(*readers: str) -> FastAPI:
    app = FastAPI()
    add_error_handlers(app)
    settings = MetricsSettings(readers=list(readers)) if readers else MetricsSettings()
    app.include_router(metrics_routes(Metrics(FIELDS, ["demo"]), settings))
    return app


async def ask(app: FastAPI, client: Any, method: str = "GET", path: str = "/metrics", **headers: str) -> httpx.Response:
    transport = httpx.ASGITransport(app=app, client=client)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as asking:
        return await asking.request(method, path, headers=headers)


@pytest.mark.parametrize("address", ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"])
async def test_this_machine_may_read(address: str) -> None:
    response = await ask(app(), (address, 1))
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert "moim_streams_open" in response.text


async def test_a_network_that_is_named_may_read() -> None:
    named = app("10.4.0.0/16")
    assert (await ask(named, ("10.4.3.2", 1))).status_code == 200
    assert (await ask(named, ("10.5.0.1", 1))).status_code == 404
    assert (await ask(named, ("127.0.0.1", 1))).status_code == 404


@pytest.mark.parametrize("client", [("10.0.0.1", 1), ("2001:db8::1", 1), ("::ffff:10.0.0.1", 1), ("", 0), None])
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE", "OPTIONS", "PUT", "PATCH"])
async def test_for_everybody_else_it_is_not_there(client: Any, method: str) -> None:
    nothing = await ask(app(), client, method, "/nothing")
    response = await ask(app(), client, method)
    assert response.status_code == nothing.status_code == 404
    assert response.content == nothing.content
    assert response.headers == nothing.headers


@pytest.mark.parametrize("header", ["x-forwarded-for", "forwarded"])
async def test_what_a_neighbouring_proxy_passes_on_comes_from_outside(header: str) -> None:
    assert (await ask(app(), ("127.0.0.1", 1), **{header: "for=127.0.0.1"})).status_code == 404


async def test_it_is_only_read() -> None:
    assert (await ask(app(), ("127.0.0.1", 1), "HEAD")).status_code == 200
    refused = await ask(app(), ("127.0.0.1", 1), "POST")
    assert (refused.status_code, refused.headers["allow"]) == (405, "GET, HEAD")


async def test_no_document_tells_of_it() -> None:
    assert "/metrics" not in (await ask(app(), ("127.0.0.1", 1), path="/openapi.json")).text
