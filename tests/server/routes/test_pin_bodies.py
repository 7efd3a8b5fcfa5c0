"""What `POST /runs/{id}/pins` takes for a pin, and for a run: anything else is refused in the envelope."""

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import jsonschema
import pytest

from schemas import ErrorEnvelope
from server.routes.refusals import OF_PINS
from tests.server.configs import both
from tests.server.endpoints import JSON, refusal
from tests.server.inprocess import client_of

LIMIT = 50_000
URL = "/runs/0198c0de-0000-7000-8000-000000000000/pins"
PIN = {"path": "/summary", "value": "mine"}
FRIEND = "https://app.example.com"


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(both(limits={"body_bytes": LIMIT}, cors={"origins": [FRIEND]})) as client:
        yield client


class TestBody:
    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"{",
            b'{"path": "/a", "value": NaN}',
            b'{"path": "/a", "value": -Infinity}',
            b'{"path": "/a", "value": 1e999}',
            b'{"path": "/a", "value": -1e999}',
            b'{"path": "/a", "value": ' + b"9" * 5000 + b"}",
            b'{"path": "/a", "value": ' + b"[" * 40_000,
            b'\xff{"path": "/a", "value": 1}',
            b'{"path": "/\\ud83d", "value": 1}',
            b'{"path": "/a", "value": "half a pair \\ud83d"}',
            b'{"path": "/a", "value": [{"\\udc00": 1}]}',
            b'{"path": "/a", "value": 1, "value": 2}',
            b'{"path": "/a", "value": 9223372036854775808}',
            '{"path": "/a", "value": "é"}'.encode("latin-1"),
        ],
        ids=lambda body: repr(body[:34]),
    )
    async def test_refuses_what_is_not_json(self, client: httpx.AsyncClient, body: bytes) -> None:
        refusal(await client.post(URL, content=body, headers=JSON), 400, "invalid_json")

    @pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "application/jsonp", ""])
    async def test_refuses_what_a_form_of_another_site_could_send(self, client: httpx.AsyncClient, kind: str) -> None:
        response = await client.post(URL, content=json.dumps(PIN), headers={"content-type": kind})
        refusal(response, 415, "unsupported_media_type")

    @pytest.mark.parametrize("body", [None, True, 0, "text", [], [PIN]])
    async def test_refuses_json_that_is_no_object(self, client: httpx.AsyncClient, body: Any) -> None:
        refusal(await client.post(URL, content=json.dumps(body), headers=JSON), 422, "invalid_request")

    @pytest.mark.parametrize(
        ("body", "path"),
        [
            ({}, "/path"),
            ({"path": "/summary"}, "/value"),
            ({"value": 1}, "/path"),
            ({**PIN, "seq": 1}, "/seq"),
            ({**PIN, "input": {}}, "/input"),
            ({**PIN, "path": None}, "/path"),
            ({**PIN, "path": 1}, "/path"),
            ({**PIN, "path": ["summary"]}, "/path"),
            ({**PIN, "path": "summary"}, "/path"),
            ({**PIN, "path": "#/summary"}, "/path"),
            ({**PIN, "path": "$.summary"}, "/path"),
            ({**PIN, "path": "/a~"}, "/path"),
            ({**PIN, "path": "/a~2b"}, "/path"),
        ],
        ids=repr,
    )
    async def test_names_the_place_that_is_wrong(self, client: httpx.AsyncClient, body: Any, path: str) -> None:
        response = await client.post(URL, content=json.dumps(body), headers=JSON)
        details = refusal(response, 422, "invalid_request").details
        assert details
        assert path in [breach.path for breach in details]

    @pytest.mark.parametrize("depth", [31, 199, 230, 300, 700, 850, 900, 950, 980, 990, 1000, 5000])
    @pytest.mark.parametrize("opened", ["[", '{"a":'])
    async def test_refuses_nesting_without_end(self, client: httpx.AsyncClient, depth: int, opened: str) -> None:
        """Whoever reads it on its way, and however deep that may be."""
        closed = "]" if opened == "[" else "}"
        body = f'{{"path": "/summary", "value": {opened * depth}1{closed * depth}}}'
        response = await client.post(URL, content=body, headers=JSON)
        assert response.status_code == (404 if depth < 32 else 400), response.text

    async def test_does_not_repeat_what_the_user_wrote(self, client: httpx.AsyncClient) -> None:
        response = await client.post(URL, json={"path": "canary", "value": "canary"})
        refusal(response, 422, "invalid_request")
        assert "canary" not in response.text

    async def test_stops_reading_at_the_limit(self, client: httpx.AsyncClient) -> None:
        read = 0

        async def body() -> AsyncIterator[bytes]:
            nonlocal read
            while read < 100 * LIMIT:
                read += 10_000
                yield b" " * 10_000

        refusal(await client.post(URL, content=body(), headers=JSON), 413, "request_too_large")
        assert read <= LIMIT + 10_000


class TestUnknownRuns:
    @pytest.mark.parametrize(
        "value", ["mine", None, 1.5, 2**63 - 1, [], {"a": [{}]}, "가" * (LIMIT // 7)], ids=range(7)
    )
    async def test_a_sound_pin_of_no_run(self, client: httpx.AsyncClient, value: Any) -> None:
        body = json.dumps({"path": "/summary", "value": value})
        refusal(await client.post(URL, content=body, headers=JSON), 404, "not_found")

    @pytest.mark.parametrize("path", ["", "/", "/a~0b~1c", "/plan/0/title", "/0", "/%20", "/가", "//", "/ \n"])
    async def test_every_json_pointer_is_one(self, client: httpx.AsyncClient, path: str) -> None:
        refusal(await client.post(URL, json={**PIN, "path": path}), 404, "not_found")

    @pytest.mark.parametrize("run_id", ["x", "*", "%00", "%F0%9F%98%80", "%ff%fe", "..", "a b", "-1", "' or 1=1",
                                        "y" * 9000, "a/b", "a%2Fb", ""])  # fmt: skip
    async def test_a_run_that_cannot_be(self, client: httpx.AsyncClient, run_id: str) -> None:
        refusal(await client.post(f"/runs/{run_id}/pins", json=PIN), 404, "not_found")

    @pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH"])
    async def test_another_method(self, client: httpx.AsyncClient, method: str) -> None:
        response = await client.request(method, URL)
        refusal(response, 405, "method_not_allowed")
        assert response.headers["allow"] == "POST"


class TestOtherOrigins:
    async def test_a_friend_may_pin_and_read_what_went_wrong(self, client: httpx.AsyncClient) -> None:
        asks = {"access-control-request-method": "POST", "access-control-request-headers": "content-type"}
        assert (await client.options(URL, headers={"origin": FRIEND, **asks})).status_code == 200
        response = await client.post(URL, json=PIN, headers={"origin": FRIEND})
        refusal(response, 404, "not_found")
        assert response.headers["access-control-allow-origin"] == FRIEND

    async def test_a_stranger_may_not(self, client: httpx.AsyncClient) -> None:
        response = await client.post(URL, json=PIN, headers={"origin": "https://evil.example.com"})
        assert "access-control-allow-origin" not in response.headers


class TestDocumented:
    async def operation(self, client: httpx.AsyncClient) -> tuple[dict[str, Any], dict[str, Any]]:
        document: dict[str, Any] = (await client.get("/openapi.json")).json()
        return document["paths"]["/runs/{run_id}/pins"]["post"], document["components"]["schemas"]

    async def test_what_is_sent(self, client: httpx.AsyncClient) -> None:
        operation, _ = await self.operation(client)
        body = operation["requestBody"]
        assert body["required"] is True
        schema = body["content"]["application/json"]["schema"]
        for sound in (PIN, {**PIN, "value": None}):
            jsonschema.validate(sound, schema)
        for wrong in ({"path": "/summary"}, {**PIN, "more": 1}, {**PIN, "path": "summary"}):
            with pytest.raises(jsonschema.ValidationError):
                jsonschema.validate(wrong, schema)

    async def test_what_is_answered(self, client: httpx.AsyncClient) -> None:
        operation, schemas = await self.operation(client)
        answers = operation["responses"]
        assert set(answers) == set(map(str, OF_PINS)) | {"200"}
        named = {status: answer["content"]["application/json"]["schema"] for status, answer in answers.items()}
        receipt = schemas[named.pop("200")["$ref"].rpartition("/")[2]]
        assert receipt["required"] == ["seq"]
        assert receipt["properties"]["seq"]["type"] == "integer"
        assert {schema["$ref"].rpartition("/")[2] for schema in named.values()} == {ErrorEnvelope.__name__}
