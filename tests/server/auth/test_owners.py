"""A run belongs to its user: nobody else reads it, looks at it, types into it or stops it, wherever it goes on."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.server.auth.callers import ENVIRONMENT, KEY, SECRET, auth, backend, token_of
from tests.server.configs import MEETING, MEETING_INPUT, both, openai, text
from tests.server.process import Start
from tests.server.replicas.conftest import Replicas
from tests.server.replicas.conftest import replicas as replicas  # noqa: PLC0414  # a fixture
from tests.server.replicas.reader import Journal, Refused, call, post, read, read_to_end, until_had
from tests.server.replicas.test_replicas import begin as begin_run
from tests.upstream import DONE, Script, Upstream, ends, gate, says, stream, usage

KIM, LEE, BACKEND = token_of("kim"), token_of("lee"), backend()


def halves(upstream: Upstream) -> Script:
    """A model that stops in the middle until it is permitted to go on."""
    whole = text(MEETING)
    return upstream.plays(*stream(says(whole[:60]), gate, says(whole[60:]), ends(), usage(1, 1), DONE))


async def begin(url: str, user: dict[str, str], **headers: str) -> str:
    return (await begin_run(url, **user, **headers)).removesuffix("/events")


async def steady(*urls: str) -> None:
    """Returns when nobody is told any more that the store may not know every run yet."""
    for url in urls:
        while (await call("GET", f"{url}/runs/unknown", **LEE))[0] != 404:  # noqa: ASYNC110  # nobody tells
            await asyncio.sleep(0.05)


async def attempts(run: str, user: dict[str, str]) -> list[tuple[int, dict[str, Any]]]:
    """How each thing that can be done with a run is answered."""
    try:
        await read(f"{run}/events", Journal(), at_most=1, shown=user)
        reading: tuple[int, dict[str, Any]] = (200, {})
    except Refused as refused:
        reading = (refused.status, refused.envelope)
    return [
        reading,
        await call("GET", run, **user),
        await post(f"{run}/pins", {"path": "/summary", "value": "남의 손"}, **user),
        await post(f"{run}/tickets", {}, **user),
        await call("DELETE", run, **user),
    ]


async def not_theirs(run: str) -> None:
    """To everybody else it is as if there were none, whatever they show."""
    unknown = await attempts(f"{run[:-36]}{'0' * 8}{run[-28:]}", LEE)
    for user in (LEE, BACKEND, backend("lee")):
        answers = await attempts(run, user)
        assert answers == unknown
        assert {(status, envelope["code"]) for status, envelope in answers} == {(404, "not_found")}
    for status, envelope in await attempts(run, {}):
        assert (status, envelope["code"]) == (401, "unauthenticated")


async def test_a_kept_run_in_one_process(start: Start, upstream: Upstream, tmp_path: Path) -> None:
    server = start(openai(upstream.base_url, auth=auth(tmp_path)), SERVICE_KEY=KEY, SERVER_SECRET=SECRET)
    script = halves(upstream)
    run = f"{server.url}{await begin(server.url, KIM)}"
    journal = Journal()
    reading = asyncio.create_task(read(f"{run}/events", journal, shown=KIM))
    await until_had(journal, "field")
    await not_theirs(run)
    model = script.next_call()
    assert not model.left.is_set()
    assert (await post(f"{run}/pins", {"path": "/summary", "value": "내 손"}, **KIM))[0] == 200
    model.permit()
    await reading
    assert journal.events[-1]["value"] == {**MEETING, "summary": "내 손"}
    await not_theirs(run)
    assert [status for status, _ in await attempts(run, backend("kim"))] == [200, 200, 409, 201, 204]


async def test_over_replicas(replicas: Replicas, upstream: Upstream, tmp_path: Path) -> None:
    """Also after another one has taken it over."""
    config = openai(upstream.base_url, auth=auth(tmp_path), runs={"store": "redis", "lease_s": 2})
    cluster, _ = replicas(config, 2, **ENVIRONMENT)
    halves(upstream)
    one, other = cluster.urls
    await steady(one, other)
    path = await begin(one, KIM)
    journal = Journal()
    reading = asyncio.create_task(read_to_end(f"{other}{path}/events", journal, shown=KIM))
    await until_had(journal, "field")
    for url in (one, other):
        await not_theirs(f"{url}{path}")
    assert (await post(f"{other}{path}/pins", {"path": "/summary", "value": "내 손"}, **KIM))[0] == 200

    script = halves(upstream)
    cluster.kill(0)
    await until_had(journal, "reset")
    await not_theirs(f"{other}{path}")
    script.next_call().permit()
    await reading
    assert journal.events[-1]["value"]["summary"] == "내 손"
    await not_theirs(f"{other}{path}")
    assert (await call("GET", f"{other}{path}", **KIM))[1]["state"] == "complete"


@asynccontextmanager
async def streaming(url: str, user: dict[str, str]) -> AsyncIterator[str]:
    """A run that lasts as long as its one connection: its path."""
    async with httpx.AsyncClient(timeout=30) as client:
        body = {"input": MEETING_INPUT}
        async with client.stream("POST", f"{url}/meeting-info/stream", json=body, headers=user) as response:
            async for line in response.aiter_lines():
                if line.startswith("data: "):
                    yield f"/runs/{json.loads(line[6:])['run_id']}"
                    break


@pytest.mark.parametrize("elsewhere", [False, True], ids=["where it goes on", "elsewhere"])
async def test_a_run_that_ends_with_its_connection(
    replicas: Replicas, upstream: Upstream, tmp_path: Path, elsewhere: bool
) -> None:
    config = openai(upstream.base_url, auth=auth(tmp_path), runs={"store": "redis", "lease_s": 1})
    cluster, _ = replicas(config, 2, **ENVIRONMENT)
    await steady(*cluster.urls)
    script = halves(upstream)
    async with streaming(cluster.urls[0], KIM) as path:
        run = f"{cluster.urls[elsewhere]}{path}"
        for user in (LEE, backend()):
            answers = await attempts(run, user)
            assert {(status, envelope["code"]) for status, envelope in answers} == {(404, "not_found")}
        assert not script.next_call().left.is_set()
        assert (await post(f"{run}/pins", {"path": "/summary", "value": "내 손"}, **KIM))[0] == 200


async def test_a_key_of_two_users_is_two_keys(start: Start, upstream: Upstream, tmp_path: Path) -> None:
    server = start(openai(upstream.base_url, auth=auth(tmp_path)), SERVICE_KEY=KEY, SERVER_SECRET=SECRET)
    halves(upstream)
    begun = [await begin(server.url, user, idempotency_key="k") for user in (KIM, LEE, KIM, backend("kim"), LEE)]
    assert begun[0] == begun[2] == begun[3] != begun[1] == begun[4]


@pytest.mark.parametrize("store", ["memory", "redis"])
async def test_one_that_is_over_is_over_to_its_user_only(
    start: Start, replicas: Replicas, upstream: Upstream, tmp_path: Path, store: str
) -> None:
    config = both(auth=auth(tmp_path), runs={"store": store, "ttl_s": 1, "lease_s": 1})
    if store == "redis":
        url = replicas(config, 1, **ENVIRONMENT)[0].urls[0]
        await steady(url)
    else:
        url = start(config, SERVICE_KEY=KEY, SERVER_SECRET=SECRET).url
    run = f"{url}{await begin(url, KIM)}"
    while (await call("GET", run, **KIM))[0] != 410:  # noqa: ASYNC110  # nobody tells
        await asyncio.sleep(0.05)
    assert {status for status, _ in await attempts(run, KIM)} == {410}
    await not_theirs(run)
