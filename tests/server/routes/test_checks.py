"""A chain that checks what it is given and what it says, over HTTP: nothing that was not checked leaves, by any way."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest

from schemas import Code, Complete, Failed
from tests.server.checked import REASON, WORD
from tests.server.configs import MEETING, MEETING_INPUT, openai, scripted, text
from tests.server.endpoints import PATHS, body_of, refusal
from tests.server.inprocess import client_of
from tests.server.process import ServerProcess
from tests.server.reading import events_of, terminal
from tests.server.user import reading
from tests.upstream import DONE, Upstream, ends, gate, says, stream

CHAINS = {"meeting-info": {"runnable": "tests.server.checked:build", "path": "/meeting-info"}}
SHOWN = [path for path in PATHS if path.startswith("/meeting-info/") and "stream_" not in path]
WATCHED = [path for path in PATHS if path.startswith("/meeting-info/stream_")]


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    said = text({**MEETING, "summary": f"a {WORD} sings"})
    async with client_of(scripted(said, chains=CHAINS)) as client:
        yield client


@pytest.mark.parametrize("path", SHOWN)
async def test_a_request_that_does_not_pass_is_a_status(client: httpx.AsyncClient, path: str) -> None:
    response = await client.post(path, json=body_of(path, {**MEETING_INPUT, "goal": f"a {WORD}"}))
    assert refusal(response, 422, "refused").message == REASON


@pytest.mark.parametrize("path", [path for path in SHOWN if not path.endswith("/stream")])
async def test_an_answer_that_does_not_pass_is_a_status_to_who_waits(client: httpx.AsyncClient, path: str) -> None:
    response = await client.post(path, json=body_of(path, MEETING_INPUT))
    assert refusal(response, 422, "refused").message == REASON
    assert WORD not in response.text


@pytest.mark.parametrize("protocol", ["events", "langserve"])
async def test_an_answer_that_does_not_pass_ends_the_stream(client: httpx.AsyncClient, protocol: str) -> None:
    query = {"protocol": protocol}
    response = await client.post("/meeting-info/stream", json={"input": MEETING_INPUT}, params=query)
    assert WORD not in response.text
    assert REASON in response.text
    if protocol == "events":
        end = terminal(events_of(response.text))
        assert isinstance(end, Failed)
        assert (end.code, end.message) == (Code.REFUSED, REASON)
        assert end.partial["name"] == MEETING["name"]


@pytest.mark.parametrize("path", WATCHED)
async def test_nobody_watches_the_model_itself(client: httpx.AsyncClient, path: str) -> None:
    refusal(await client.post(path, json=body_of(path, MEETING_INPUT)), 404, "not_found")


async def test_nor_by_a_page(client: httpx.AsyncClient) -> None:
    refusal(await client.get("/meeting-info/playground/"), 404, "not_found")


def test_a_pin_that_does_not_pass_leaves_the_field_to_the_model(
    shared: Callable[[str], ServerProcess], upstream: Upstream
) -> None:
    server = shared(openai(upstream.base_url, chains=CHAINS))
    script = upstream.plays(*stream(says(text(MEETING)[:30]), gate, says(text(MEETING)[30:]), ends(), DONE))
    with reading(server.url, "meeting-info", MEETING_INPUT) as user:
        assert refusal(user.pin("/summary", f"my {WORD}"), 422, "refused").message == REASON
        assert user.pin("/tags", ["하나", "둘", "셋"]).status_code == 200
        script.next_call().permit()
        end: Any = user.read_to_end()
    assert isinstance(end, Complete)
    assert end.value == {**MEETING, "tags": ["하나", "둘", "셋"]}
