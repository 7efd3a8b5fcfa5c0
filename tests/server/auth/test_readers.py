"""How a reader stays let in: by a token until that runs out, by a ticket once, by the cookie that follows it."""

import asyncio
import time
from pathlib import Path

import httpx
import pytest

from tests.server.auth.callers import KEY, SECRET, auth, token_of
from tests.server.auth.test_owners import KIM, begin, halves
from tests.server.configs import MEETING_INPUT, openai
from tests.server.endpoints import refusal
from tests.server.process import ServerProcess, Start
from tests.server.reading import PATIENCE_S
from tests.server.replicas.reader import Journal, Refused, post, read, read_to_end, until, until_had
from tests.upstream import Upstream


@pytest.fixture
def server(start: Start, upstream: Upstream, tmp_path: Path) -> ServerProcess:
    return start(openai(upstream.base_url, auth=auth(tmp_path, ticket_s=2)), SERVICE_KEY=KEY, SERVER_SECRET=SECRET)


async def test_a_token_that_runs_out_ends_its_connection_and_not_the_run(
    server: ServerProcess, upstream: Upstream
) -> None:
    script = halves(upstream)
    run = f"{server.url}{await begin(server.url, KIM)}/events"
    journal = Journal()
    short = token_of("kim", exp=int(time.time()) + 6)
    reading = asyncio.create_task(read(run, journal, shown=short))
    await until_had(journal, "field")
    had = journal.joined
    await asyncio.wait_for(reading, 20)
    assert journal.joined == had  # nothing was said
    with pytest.raises(Refused) as refused:
        await read(run, journal, shown=short)
    assert refused.value.status == 401
    model = script.next_call()
    assert not model.left.is_set()
    reading = asyncio.create_task(read(run, journal, shown=token_of("kim")))
    model.permit()
    await reading
    assert journal.ended
    assert journal.joined == (await read_to_end(run, shown=KIM)).joined


async def test_a_token_that_runs_out_lets_a_stream_end(server: ServerProcess, upstream: Upstream) -> None:
    """Who asked once, and reads the answer, is not interrupted."""
    script = halves(upstream)
    until_s = int(time.time()) + 2
    async with (
        httpx.AsyncClient(timeout=PATIENCE_S) as client,
        client.stream(
            "POST",
            f"{server.url}/meeting-info/stream",
            json={"input": MEETING_INPUT},
            headers=token_of("kim", exp=until_s),
        ) as response,
    ):
        assert response.status_code == 200
        await until(lambda: time.time() > until_s + 1)
        script.next_call().permit()
        assert "event: complete" in (await response.aread()).decode()


async def begun(server: ServerProcess, upstream: Upstream) -> tuple[str, str]:
    """Where a run's events are, and the ticket for them."""
    script = halves(upstream)
    _, receipt = await post(f"{server.url}/meeting-info/runs", {"input": MEETING_INPUT}, **KIM)
    script.next_call().permit()
    return f"{server.url}{receipt['events_url']}", receipt["ticket"]


async def test_a_ticket_lets_in_and_its_cookie_again(server: ServerProcess, upstream: Upstream) -> None:
    events, ticket = await begun(server, upstream)
    async with httpx.AsyncClient(timeout=PATIENCE_S) as client:
        first = await client.get(events, params={"ticket": ticket})
        assert "event: complete" in first.text
        said = first.headers["set-cookie"]
        assert all(rule in said for rule in ("HttpOnly", "SameSite=Strict", f"Path={httpx.URL(events).path[:-7]};"))
        assert "Secure" not in said  # there is no TLS here
        kept_s = int(said.partition("Max-Age=")[2].partition(";")[0])
        assert kept_s >= 600  # as long as the run can be read, at the least

        await until(lambda: httpx.get(events, params={"ticket": ticket}).status_code == 401)  # a stranger's, too late
        again = await client.get(events, params={"ticket": ticket})
        assert (again.status_code, again.text.partition("id:")[2]) == (200, first.text.partition("id:")[2])
        assert "set-cookie" in again.headers
        run = events.removesuffix("/events")
        assert (await client.get(run)).json()["state"] == "complete"
        refusal(await client.post(f"{run}/pins", json={"path": "/name", "value": "늦었다"}), 409, "conflict")
        refusal(await client.post(f"{server.url}/meeting-info/invoke", json={}), 401, "unauthenticated")


async def test_a_ticket_opens_one_run_and_a_stranger_with_its_cookie_no_other(
    server: ServerProcess, upstream: Upstream
) -> None:
    events, ticket = await begun(server, upstream)
    other, _ = await begun(server, upstream)
    run = events.removesuffix("/events")
    async with httpx.AsyncClient(timeout=PATIENCE_S, params={"ticket": ticket}) as client:
        refusal(await client.get(other), 401, "unauthenticated")
        refusal(await client.delete(run), 401, "unauthenticated")
        refusal(await client.post(f"{run}/pins", json={"path": "/name", "value": "x"}), 401, "unauthenticated")
        refusal(await client.post(f"{run}/tickets", json={}), 401, "unauthenticated")
        assert (await client.get(events, params={"ticket": ticket})).status_code == 200
        cookies = {cookie.name: cookie.value or "" for cookie in client.cookies.jar}
    async with httpx.AsyncClient(timeout=PATIENCE_S, cookies=cookies) as thief:
        refusal(await thief.get(other), 401, "unauthenticated")


async def test_a_fresh_ticket_goes_on_where_cookies_cannot(server: ServerProcess, upstream: Upstream) -> None:
    events, _ = await begun(server, upstream)
    async with httpx.AsyncClient(timeout=PATIENCE_S) as client:
        receipt = (await client.post(f"{events.removesuffix('/events')}/tickets", headers=KIM)).json()
        assert receipt["expires_s"] == 2
    whole = await read_to_end(events, shown=KIM)
    had = whole.frames[3].partition(b"\n")[0].removeprefix(b"id:").decode()
    rest = Journal()
    await read(f"{events}?ticket={receipt['ticket']}&last_event_id={had}", rest)
    assert rest.frames == whole.frames[4:]


async def test_what_a_request_shows_in_its_header_decides_alone(server: ServerProcess, upstream: Upstream) -> None:
    """A token that has run out is not made good by a cookie, nor by a ticket."""
    events, ticket = await begun(server, upstream)
    async with httpx.AsyncClient(timeout=PATIENCE_S) as client:
        assert (await client.get(events, params={"ticket": ticket})).status_code == 200
        over = token_of("kim", exp=1)
        refusal(await client.get(events, params={"ticket": ticket}, headers=over), 401, "unauthenticated")
        refusal(await client.get(events, headers=token_of("lee")), 404, "not_found")


@pytest.mark.parametrize(
    "beside",
    [
        "{}; ok=1",
        'prefs={{"a":1}}; {}',
        "flag; {}",
        "a@b=1; {}",
        "run=forged; {}",
        "{}; run=forged",
        "run=; {}",
        ";;{};;",
    ],
)
async def test_other_cookies_do_not_stand_in_its_way(server: ServerProcess, upstream: Upstream, beside: str) -> None:
    """Nor does one of its name, which whoever has a neighbouring name can add."""
    events, ticket = await begun(server, upstream)
    async with httpx.AsyncClient(timeout=PATIENCE_S) as client:
        said = (await client.get(events, params={"ticket": ticket})).headers["set-cookie"]
    async with httpx.AsyncClient(timeout=PATIENCE_S) as client:
        cookie = beside.format(said.partition(";")[0])
        assert (await client.get(events, headers={"cookie": cookie})).status_code == 200
        twice = [("cookie", "run=forged"), ("cookie", cookie)]
        assert (await client.get(events, headers=twice)).status_code == 200
