"""What one user takes too much of, and what the others feel of that: nothing."""

import asyncio
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.server.auth.callers import ENVIRONMENT, KEY, SECRET, auth, backend, token_of
from tests.server.auth.test_owners import KIM, LEE, begin, halves, streaming
from tests.server.configs import CHAT_INPUT, MEETING_INPUT, both, openai
from tests.server.endpoints import refusal
from tests.server.inprocess import client_of
from tests.server.process import ServerProcess, Start
from tests.server.reading import PATIENCE_S
from tests.server.replicas.reader import Journal, Refused, read, until, until_had
from tests.upstream import Upstream

Serve = Any


@pytest.fixture
def serve(start: Start, upstream: Upstream, tmp_path: Path) -> Serve:
    """Starts a server with these limits, whose model stops in the middle."""
    return lambda **limits: start(
        openai(upstream.base_url, auth=auth(tmp_path), limits=limits), SERVICE_KEY=KEY, SERVER_SECRET=SECRET
    )


@pytest.fixture
def answering(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., httpx.AsyncClient]:
    """A client of an app with these limits, whose models answer at once."""
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    return lambda **limits: client_of(both(auth=auth(tmp_path), limits=limits))


async def test_streams_at_once(serve: Serve, upstream: Upstream) -> None:
    server: ServerProcess = serve(user_streams=2)
    halves(upstream)
    async with httpx.AsyncClient(base_url=server.url, timeout=PATIENCE_S) as client, AsyncExitStack() as streams:
        for _ in range(2):
            await streams.enter_async_context(streaming(server.url, KIM))
        for path in ("/meeting-info/stream", "/meeting-info/invoke"):
            refused = await client.post(path, json={"input": MEETING_INPUT}, headers=KIM)
            refusal(refused, 429, "rate_limited")
            assert int(refused.headers["retry-after"]) > 0
        for other in (LEE, *[backend()] * 3):
            await streams.enter_async_context(streaming(server.url, other))
        await streams.aclose()
        async with streaming(server.url, KIM):  # a place is free again
            pass


async def test_runs_at_once(serve: Serve, upstream: Upstream) -> None:
    server: ServerProcess = serve(user_streams=2)
    script = halves(upstream)
    async with httpx.AsyncClient(base_url=server.url, timeout=PATIENCE_S) as client:
        runs = [await begin(server.url, KIM) for _ in range(2)]
        refused = await client.post("/meeting-info/runs", json={"input": MEETING_INPUT}, headers=KIM)
        refusal(refused, 429, "rate_limited")
        for other in (LEE, *[backend()] * 3):
            await begin(server.url, other)
        assert (await client.delete(runs[0], headers=KIM)).status_code == 204
        await begin(server.url, KIM)
    assert script.count >= 6


async def test_starts_in_a_minute_on_every_endpoint(answering: Callable[..., httpx.AsyncClient]) -> None:
    one = {"input": CHAT_INPUT}
    async with answering(user_starts=4) as client:
        for user, starts in ((KIM, ["invoke", "stream", "runs", "stream_events"]), (LEE, ["batch"])):
            for endpoint in starts:
                body = {"inputs": [CHAT_INPUT] * 4} if endpoint == "batch" else one
                response = await client.post(f"/chatbot/{endpoint}", json=body, headers=user)
                assert response.status_code in (200, 201), response.text
            for endpoint in ("invoke", "stream", "runs", "stream_events"):
                refused = await client.post(f"/chatbot/{endpoint}", json=one, headers=user)
                refusal(refused, 429, "rate_limited")
        wrong = await client.post("/chatbot/invoke", json={"input": {}}, headers=token_of("park"))
        refusal(wrong, 422, "invalid_request")  # what is wrong costs nothing
        four = await client.post("/chatbot/batch", json={"inputs": [CHAT_INPUT] * 4}, headers=token_of("park"))
        assert four.status_code == 200
        assert (await client.post("/chatbot/invoke", json=one, headers=backend())).status_code == 200


@pytest.mark.parametrize("endpoint", ["invoke", "stream", "runs", "stream_events", "batch"])
async def test_tokens_of_a_day_on_every_endpoint(answering: Callable[..., httpx.AsyncClient], endpoint: str) -> None:
    """The scripted model counts what it says: some twenty tokens."""
    body = {"inputs": [CHAT_INPUT]} if endpoint == "batch" else {"input": CHAT_INPUT}
    async with answering(user_tokens=5) as client:
        assert (await client.post(f"/chatbot/{endpoint}", json=body, headers=KIM)).status_code in (200, 201)

        async def refused() -> bool:
            return (await client.post("/chatbot/invoke", json={"input": CHAT_INPUT}, headers=KIM)).status_code == 429

        async with asyncio.timeout(PATIENCE_S):
            while not await refused():  # noqa: ASYNC110  # a run that was begun spends in its own time
                await asyncio.sleep(0.02)
        assert (await client.post("/chatbot/invoke", json={"input": CHAT_INPUT}, headers=LEE)).status_code == 200


async def test_whoever_leaves_has_spent_all_the_same(serve: Serve, upstream: Upstream) -> None:
    server: ServerProcess = serve(user_tokens=5)
    halves(upstream)
    async with streaming(server.url, KIM):
        pass
    async with httpx.AsyncClient(base_url=server.url, timeout=PATIENCE_S) as client:

        async def status() -> int:
            stops = {"input": MEETING_INPUT}
            return (await client.post("/meeting-info/runs", json=stops, headers=KIM)).status_code

        async with asyncio.timeout(PATIENCE_S):
            while await status() != 429:  # noqa: ASYNC110  # it is the server that counts
                await asyncio.sleep(0.02)


async def test_a_thousand_reconnects_of_one_user_beside_another_ones_stream(serve: Serve, upstream: Upstream) -> None:
    server: ServerProcess = serve()
    script = halves(upstream)
    run = f"{server.url}{await begin(server.url, KIM)}/events"
    journal, answers = Journal(), list[int]()
    async with streaming(server.url, LEE):
        healthy = asyncio.create_task(read(f"{server.url}{await begin(server.url, LEE)}/events", journal, shown=LEE))
        await until_had(journal, "field")

        async def come_and_go(times: int) -> None:
            for _ in range(times):
                try:
                    await read(run, Journal(), at_most=1, shown=KIM)
                    answers.append(200)
                except Refused as refused:
                    answers.append(refused.status)

        began_s = time.monotonic()
        await asyncio.gather(*(come_and_go(50) for _ in range(20)))
        may_be = 600 * (
            1 + (time.monotonic() - began_s) / 60
        )  # so many requests in a minute, a few of which were others
        assert 500 <= answers.count(200) <= may_be
        assert answers.count(429) == 1000 - answers.count(200)
        model = script.next_call()
        for call in (model, script.next_call(), script.next_call()):
            call.permit()
        await asyncio.wait_for(healthy, PATIENCE_S)
    assert journal.ended


async def test_readings_are_streams_however_they_are_spelt(serve: Serve, upstream: Upstream) -> None:
    server: ServerProcess = serve(user_streams=2)
    halves(upstream)
    run = f"{server.url}{await begin(server.url, KIM)}/events"
    async with httpx.AsyncClient(timeout=PATIENCE_S) as client, AsyncExitStack() as readings:
        for _ in range(2):
            response = await readings.enter_async_context(client.stream("GET", run, headers=KIM))
            assert response.status_code == 200
        for spelt in ("", "?x", "#x"):
            refusal(await client.get(f"{run}{spelt}", headers=KIM), 429, "rate_limited")
        for end in ("%0A", "%0D", "%00", "%7F"):
            refusal(await client.get(f"{run}{end}", headers=KIM), 404, "not_found")
            body = {"inputs": [MEETING_INPUT]}
            path = f"{server.url}/meeting-info/batch{end}"
            refusal(await client.post(path, json=body, headers=KIM), 404, "not_found")


async def test_half_a_pin_takes_a_place_of_its_users_only(serve: Serve, upstream: Upstream) -> None:
    server: ServerProcess = serve(user_streams=3, requests=5)
    halves(upstream)
    run = await begin(server.url, KIM)
    pin = {"path": "/summary", "value": "mine"}
    async with httpx.AsyncClient(base_url=server.url, timeout=PATIENCE_S) as client, AsyncExitStack() as halfway:
        while (await client.post("/runs/x/pins", json=pin, headers=LEE)).status_code != 429:
            slow = await asyncio.open_connection("127.0.0.1", server.port)
            halfway.callback(slow[1].close)
            head = f"POST /runs/x/pins HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: {LEE['authorization']}\r\n"
            slow[1].write(f"{head}content-type: application/json\r\ncontent-length: 50\r\n\r\n{{".encode())
            await slow[1].drain()
        assert (await client.post(f"{run}/pins", json=pin, headers=KIM)).status_code == 200


async def test_a_repeated_request_gets_the_run_that_fills_the_share(serve: Serve, upstream: Upstream) -> None:
    server: ServerProcess = serve(user_streams=1)
    script = halves(upstream)
    begun = [await begin(server.url, KIM, idempotency_key="k") for _ in range(3)]
    assert len(set(begun)) == 1
    async with httpx.AsyncClient(base_url=server.url, timeout=PATIENCE_S) as client:
        other = {**KIM, "idempotency-key": "another"}
        for _ in range(2):
            refused = await client.post("/meeting-info/runs", json={"input": MEETING_INPUT}, headers=other)
            refusal(refused, 429, "rate_limited")
        assert (await client.delete(begun[0], headers=KIM)).status_code == 204
        assert (await begin(server.url, KIM, idempotency_key="another")) != begun[0]
    await until(lambda: script.count == 2)  # its model is asked behind the answer
