"""Whatever a client sends, it is told what is wrong with it: 4xx with the envelope, on every endpoint."""

import gzip
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from starlette.requests import Request

from schemas import Complete
from server.guard.ijson import read_ijson
from tests.server.configs import CHAT, CHAT_INPUT, both
from tests.server.endpoints import JSON, PATHS, body_of, refusal, sound
from tests.server.inprocess import client_of
from tests.server.reading import events_of

LIMIT = 200_000
CONFIG = both(limits={"body_bytes": LIMIT, "batch_items": 3})


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(CONFIG) as client:
        yield client


@pytest.mark.parametrize("path", PATHS)
class TestEveryEndpoint:
    async def test_accepts_what_is_sound(self, client: httpx.AsyncClient, path: str) -> None:
        response = await client.post(path, json=sound(path))
        assert response.status_code == 200

    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"{",
            b"nonsense",
            b'{"input": NaN}',
            b'{"input": {"goal": "x", "max_members": -Infinity}}',
            b'\xff\xfe{"input": {}}',
            b"\xef\xbb\xbf{}",
            '{"input": {"goal": "é"}}'.encode("latin-1"),
            '{"input": {}}'.encode("utf-16"),
            b'{"input": ' + b"9" * 5000 + b"}",
            b'{"input": 1' + b"0" * 20 + b"}",
            b'{"input": {}, "input": {}}',
            b'{"input": {"g": 1, "g": 2}}',
            b'{"input": {"goal": "\\ud83d"}}',
            b'{"input": {"\\ud83d": 1}}',
            b'{"input": ' + b"[" * 33 + b"]" * 33 + b"}",
            b"[" * 100_000,
            b'{"input":' * 20_000,
        ],
        ids=lambda body: repr(body[:24]),
    )
    async def test_refuses_what_is_not_json(self, client: httpx.AsyncClient, path: str, body: bytes) -> None:
        refusal(await client.post(path, content=body, headers=JSON), 400, "invalid_json")

    @pytest.mark.parametrize(
        "kind",
        [
            "text/plain",
            "application/x-www-form-urlencoded",
            "multipart/form-data",
            "application/jsonp",
            "application/ld+json",
            "text/json",
            "text/plain; application/json",
            "application/json, text/plain",
            "*/*",
            "",
        ],
    )
    async def test_refuses_what_a_form_of_another_site_could_send(
        self, client: httpx.AsyncClient, path: str, kind: str
    ) -> None:
        body = json.dumps(sound(path))
        response = await client.post(path, content=body, headers={"content-type": kind})
        refusal(response, 415, "unsupported_media_type")

    async def test_refuses_a_body_of_no_kind_or_two(self, client: httpx.AsyncClient, path: str) -> None:
        body = json.dumps(sound(path)).encode()
        for headers in ([], [("content-type", "application/json")] * 2):
            refusal(await client.post(path, content=body, headers=headers), 415, "unsupported_media_type")

    @pytest.mark.parametrize("charset", ["latin-1", "utf-16", "euc-kr", '"utf-7"', "utf-8 ; charset=utf-16", ""])
    async def test_refuses_another_encoding(self, client: httpx.AsyncClient, path: str, charset: str) -> None:
        headers = {"content-type": f"application/json; charset={charset}"}
        response = await client.post(path, content=json.dumps(sound(path)), headers=headers)
        refusal(response, 415, "unsupported_media_type")

    @pytest.mark.parametrize("coding", ["gzip", "br", "identity, gzip", "GZIP"])
    async def test_refuses_what_is_compressed(self, client: httpx.AsyncClient, path: str, coding: str) -> None:
        body = gzip.compress(json.dumps(sound(path)).encode())
        for header, value in (("content-encoding", coding), ("transfer-encoding", f"{coding}, chunked")):
            response = await client.post(path, content=body, headers=JSON | {header: value})
            refusal(response, 415, "unsupported_media_type")

    @pytest.mark.parametrize(
        "kind", ["application/json; charset=utf-8", 'application/json;Charset="UTF-8"', "Application/JSON"]
    )
    async def test_takes_json_by_any_spelling(self, client: httpx.AsyncClient, path: str, kind: str) -> None:
        response = await client.post(path, content=json.dumps(sound(path)), headers={"content-type": kind})
        assert response.status_code == 200

    @pytest.mark.parametrize("body", [None, True, 0, 1.5, "text", [], [{}], {}, {"Input": {}}])
    async def test_refuses_json_that_is_no_envelope(self, client: httpx.AsyncClient, path: str, body: Any) -> None:
        refusal(await client.post(path, content=json.dumps(body), headers=JSON), 422, "invalid_request")

    @pytest.mark.parametrize("value", [None, True, 7, 1e300, "text", [], {}, {"": {"": []}}])
    async def test_refuses_inputs_of_odd_types(self, client: httpx.AsyncClient, path: str, value: Any) -> None:
        response = await client.post(path, content=json.dumps(body_of(path, value)), headers=JSON)
        refusal(response, 422, "invalid_request")

    @pytest.mark.parametrize("config", ["text", 1, True, [1], {"configurable": {"model": "other"}}])
    async def test_refuses_odd_and_configuring_configs(self, client: httpx.AsyncClient, path: str, config: Any) -> None:
        refusal(await client.post(path, json={**sound(path), "config": config}), 422, "invalid_request")

    async def test_refuses_keyword_arguments(self, client: httpx.AsyncClient, path: str) -> None:
        body = {**sound(path), "kwargs": {"stop": ["x"]}}
        envelope = refusal(await client.post(path, json=body), 422, "invalid_request")
        assert envelope.details
        assert envelope.details[0].path == "/kwargs"

    async def test_names_the_field_that_breaks_a_rule(self, client: httpx.AsyncClient, path: str) -> None:
        field, value = ("goal", "") if path.startswith("/meeting") else ("messages", [])
        envelope = refusal(await client.post(path, json=body_of(path, {field: value})), 422, "invalid_request")
        where = "/inputs/0" if path.endswith("/batch") else ""
        assert envelope.details
        assert [breach.path for breach in envelope.details] == [f"{where}/{field}"]

    async def test_does_not_repeat_what_the_user_wrote(self, client: httpx.AsyncClient, path: str) -> None:
        wanted = {"goal": "canary" * 50, "messages": [{"role": "canary", "content": "canary"}], "canary": "canary"}
        response = await client.post(path, json=body_of(path, wanted))
        refusal(response, 422, "invalid_request")
        assert "canary" not in response.text.replace("/canary", "")  # an unknown key has to be named

    @pytest.mark.parametrize("announced", [True, False], ids=["content-length", "chunked"])
    async def test_stops_reading_at_the_limit(self, client: httpx.AsyncClient, path: str, announced: bool) -> None:
        read = 0

        async def body() -> AsyncIterator[bytes]:
            nonlocal read
            while read < 100 * LIMIT:
                read += 10_000
                yield b" " * 10_000

        headers = JSON | ({"content-length": str(100 * LIMIT)} if announced else {})
        refusal(await client.post(path, content=body(), headers=headers), 413, "request_too_large")
        assert read <= LIMIT + 10_000


@pytest.mark.parametrize("path", PATHS)
async def test_langserve_is_given_what_was_checked(
    client: httpx.AsyncClient, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not the bytes again: in them it could find something else."""
    given, checked = [], []
    read = Request.json

    async def asked(request: Request) -> Any:
        given.append(value := await read(request))
        return value

    def noted(*known: Any) -> Any:
        checked.append(value := read_ijson(*known))
        return value

    monkeypatch.setattr(Request, "json", asked)
    monkeypatch.setattr("server.guard.body.read_ijson", noted)
    assert (await client.post(path, json=sound(path))).status_code == 200
    assert len(checked) == 1
    assert all(value is checked[0] for value in given)
    assert bool(given) != path.endswith("/stream"), "LangServe has no part in our own"


async def test_a_nul_in_a_text_goes_all_the_way(client: httpx.AsyncClient) -> None:
    value = {"goal": "a\0b", "name": "Name\0"}
    response = await client.post("/meeting-info/stream", json={"input": value})
    events = events_of(response.text)
    assert isinstance(end := events[-1], Complete)
    assert end.value["name"] == "Name\0"
    assert "\0" not in response.text


class TestBatch:
    async def test_takes_as_many_as_allowed(self, client: httpx.AsyncClient) -> None:
        response = await client.post("/chatbot/batch", json={"inputs": [CHAT_INPUT] * 3})
        assert [output["reply"] for output in response.json()["output"]] == [CHAT["reply"]] * 3

    async def test_refuses_more(self, client: httpx.AsyncClient) -> None:
        response = await client.post("/chatbot/batch", json={"inputs": [CHAT_INPUT] * 4})
        assert "3" in refusal(response, 422, "invalid_request").message

    @pytest.mark.parametrize("config", [[], [{}], [{}, {}], [{"configurable": {"a": 1}}, {}, {}], ["text"], [[]]])
    async def test_a_list_of_configs_must_fit_the_inputs(self, client: httpx.AsyncClient, config: Any) -> None:
        response = await client.post("/chatbot/batch", json={"inputs": [CHAT_INPUT] * 3, "config": config})
        refusal(response, 422, "invalid_request")

    async def test_an_empty_batch(self, client: httpx.AsyncClient) -> None:
        response = await client.post("/chatbot/batch", json={"inputs": []})
        assert response.json()["output"] == []
