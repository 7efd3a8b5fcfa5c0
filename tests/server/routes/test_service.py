"""The server's own routes, and what it says of those it has not."""

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import jsonschema
import pytest

from chains.prompts import load_prompts
from schemas import to_json
from tests.server.configs import CHAT, CHAT_INPUT, MEETING, MEETING_INPUT, both, chains_with, scripted
from tests.server.endpoints import PATHS, refusal, sound
from tests.server.inprocess import client_of
from tests.server.reading import events_of


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(both()) as client:
        yield client


async def test_health_says_no_more_than_that_it_lives(client: httpx.AsyncClient) -> None:
    assert (await client.get("/health")).json() == {"status": "alive"}


@pytest.mark.parametrize("path", ["/health", "/ready"])
async def test_a_balancer_may_ask_for_the_head_alone(client: httpx.AsyncClient, path: str) -> None:
    response = await client.head(path)
    assert (response.status_code, response.content) == (200, b"")


def named(chain: str) -> dict[str, str]:
    return {language: prompt.reference for language, prompt in load_prompts(chain).items()}


async def test_ready_says_what_is_served_by_which_model_with_which_prompts() -> None:
    model = {"languages": ["en"], "about": "A fake."}
    async with client_of(scripted("{}", model=model)) as client:
        ready = (await client.get("/ready")).json()
    assert ready["status"] == "ready"
    served = {"model": "scripted", "languages": ["en"], "about": "A fake."}
    assert ready["chains"] == {
        "chatbot": {"path": "/chatbot", **served, "prompts": named("chatbot")},
        "meeting-info": {"path": "/meeting-info", **served, "prompts": named("meeting_info")},
    }


class TestSchemas:
    async def document(self, client: httpx.AsyncClient) -> dict[str, Any]:
        document: dict[str, Any] = (await client.get("/schemas.json")).json()
        jsonschema.Draft202012Validator.check_schema(document)
        return document

    async def check(self, client: httpx.AsyncClient, value: Any, name: str) -> None:
        definitions = (await self.document(client))["$defs"]
        schema = {"$ref": f"#/$defs/{name}", "$defs": definitions}
        jsonschema.validate(value, schema, jsonschema.Draft202012Validator)

    async def test_what_is_sent_and_received_meets_them(self, client: httpx.AsyncClient) -> None:
        await self.check(client, CHAT_INPUT, "ChatRequest")
        await self.check(client, MEETING_INPUT, "MeetingRequest")
        for path, name in (("/chatbot/invoke", "ChatReply"), ("/meeting-info/invoke", "MeetingInfo")):
            await self.check(client, (await client.post(path, json=sound(path))).json()["output"], name)
        await self.check(client, (await client.post("/chatbot/invoke", json={})).json(), "ErrorEnvelope")

    async def test_every_event_meets_them(self, client: httpx.AsyncClient) -> None:
        body = (await client.post("/meeting-info/stream", json={"input": MEETING_INPUT})).text
        first_of_each = {event.type: json.loads(to_json(event)) for event in reversed(events_of(body))}
        assert set(first_of_each) == {"start", "token", "field", "partial", "complete"}
        for event in first_of_each.values():
            await self.check(client, event, "Event")

    @pytest.mark.parametrize("path", ["/chatbot", "/meeting-info"])
    async def test_each_chain_has_its_own(self, client: httpx.AsyncClient, path: str) -> None:
        wanted, result = (CHAT_INPUT, CHAT) if path == "/chatbot" else (MEETING_INPUT, MEETING)
        jsonschema.validate(wanted, (await client.get(f"{path}/input_schema")).json())
        jsonschema.validate(result, (await client.get(f"{path}/output_schema")).json())


async def test_openapi_lists_the_endpoints(client: httpx.AsyncClient) -> None:
    paths = (await client.get("/openapi.json")).json()["paths"]
    assert {path for path in PATHS if not path.endswith("stream_log")} <= set(paths)
    assert {"/health", "/ready", "/schemas.json"} <= set(paths)
    assert "post" in paths["/chatbot/stream"]


async def test_the_page_and_its_modules(client: httpx.AsyncClient) -> None:
    page = await client.get("/")
    assert page.headers["content-type"].startswith("text/html")
    module = await client.get("/page/main.js")
    assert "javascript" in module.headers["content-type"]


@pytest.mark.parametrize("path", ["/nothing", "/chatbot", "/chatbot/", "/chatbot/nothing", "/page/nothing.js",
                                  "/page/../app.py", "/page/%2e%2e/app.py", "/docs", "/redoc"])  # fmt: skip
async def test_what_is_not_there_is_said_in_the_envelope(client: httpx.AsyncClient, path: str) -> None:
    refusal(await client.get(path), 404, "not_found")


@pytest.mark.parametrize(("method", "path"), [("GET", path) for path in PATHS] + [("POST", "/health"), ("DELETE", "/")])
async def test_another_method_is_refused_with_those_there_are(
    client: httpx.AsyncClient, method: str, path: str
) -> None:
    response = await client.request(method, path)
    refusal(response, 405, "method_not_allowed")
    assert response.headers["allow"]


@pytest.mark.parametrize("path", ["/chatbot/c/N4XyA/invoke", "/chatbot/feedback", "/chatbot/token_feedback",
                                  "/chatbot/config_schema", "/chatbot/public_trace_link"])  # fmt: skip
async def test_langserves_other_endpoints_are_off(client: httpx.AsyncClient, path: str) -> None:
    refusal(await client.get(path), 404, "not_found")
    refusal(await client.post(path, json=sound("/chatbot/invoke")), 404, "not_found")


class TestModes:
    async def statuses(self, config: str) -> dict[str, int]:
        asked = [("GET", f"{chain}/playground/") for chain in ("/chatbot", "/meeting-info")]
        asked += [("POST", path) for path in PATHS]
        async with client_of(config) as client:
            return {
                path: (await client.request(method, path, json=sound(path) if method == "POST" else None)).status_code
                for method, path in asked
            }

    async def test_development_has_a_playground_and_what_it_needs(self) -> None:
        assert set((await self.statuses(both())).values()) == {200}

    async def test_production_has_neither(self) -> None:
        statuses = await self.statuses(both(mode="production"))
        off = {path for path, status in statuses.items() if status == 404}
        assert off == {path for path in statuses if path.endswith(("playground/", "stream_log"))}
        assert {status for path, status in statuses.items() if path not in off} == {200}

    async def test_an_endpoint_that_is_not_listed_is_off(self) -> None:
        statuses = await self.statuses(scripted("{}", chains=chains_with(["stream"])))
        on = {path for path, status in statuses.items() if status != 404}
        assert on == {"/chatbot/stream", "/meeting-info/stream"}
