"""What ends a run, and what does not: leaving, freezing, silence, time, and somebody's word."""

import asyncio
import select
import socket
import time
from contextlib import closing

import httpx

from tests.server.configs import MEETING, MEETING_INPUT, openai, scripted, text
from tests.server.process import Start
from tests.server.reading import PATIENCE_S, follow
from tests.server.replicas.essay import ESSAY, essays
from tests.server.replicas.reader import Journal, call, post, read, read_to_end, until_had
from tests.server.replicas.test_replicas import ENDLESS, begin, sound
from tests.server.requests import post_bytes
from tests.upstream import Upstream, chunk, forever, says, stall, stream


async def test_leaving_a_run_does_not_stop_it(start: Start, upstream: Upstream) -> None:
    server = start(openai(upstream.base_url))
    script = upstream.plays(*ENDLESS)
    path = await begin(server.url)
    await read(f"{server.url}{path}", Journal(), at_most=1)
    journal = Journal()
    reading = asyncio.create_task(read(f"{server.url}{path}", journal))
    await until_had(journal, "token")
    model = script.next_call()
    assert not model.left.is_set()
    assert (await call("DELETE", f"{server.url}{path.removesuffix('/events')}"))[0] == 204
    await reading
    assert (journal.events[-1]["type"], journal.events[-1]["reason"]) == ("cancelled", "cancelled by request")
    assert model.left.wait(1)


def test_leaving_a_stream_stops_it_unless_it_is_detached(start: Start, upstream: Upstream) -> None:
    server = start(openai(upstream.base_url))
    for detached in (False, True):
        script = upstream.plays(*ENDLESS)
        query = {"detach": "true"} if detached else {}
        with httpx.Client(timeout=PATIENCE_S) as client:
            with closing(follow(client, f"{server.url}/meeting-info", MEETING_INPUT, **query)) as frames:
                while next(frames).event != "token":
                    pass
            model = script.next_call()
            assert model.left.wait(1) != detached


async def test_a_detached_stream_can_be_read_on(start: Start) -> None:
    server = start(scripted(text(MEETING), model={"pace_ms": 5}))
    journal = Journal()
    async with httpx.AsyncClient(timeout=PATIENCE_S) as client:
        url = f"{server.url}/meeting-info/stream?detach=true"
        async with client.stream("POST", url, json={"input": MEETING_INPUT}) as response:
            async for data in response.aiter_bytes():
                journal.take(data)
                if len(journal.frames) > 5:
                    break
    journal.cut()
    path = f"/runs/{journal.events[0]['run_id']}/events"
    await read_to_end(f"{server.url}{path}", journal)
    assert sound(journal)[-1]["value"] == MEETING
    assert (await read_to_end(f"{server.url}{path}")).joined == journal.joined


async def test_a_run_that_nobody_reads_is_given_up(start: Start, upstream: Upstream) -> None:
    """Asking after it counts as reading; only when that stops, the grace begins."""
    server = start(openai(upstream.base_url, runs={"grace_s": 1, "lease_s": 1}))
    script = upstream.plays(*ENDLESS)
    run = (await begin(server.url)).removesuffix("/events")
    model = script.next_call()
    until_s = time.monotonic() + 3
    while time.monotonic() < until_s:
        assert (await call("GET", f"{server.url}{run}"))[1]["state"] == "running"
        await asyncio.sleep(0.2)  # as somebody who asks again and again
    assert await asyncio.to_thread(model.left.wait, 5)
    end = (await read_to_end(f"{server.url}{run}/events")).events[-1]
    assert (end["type"], end["reason"]) == ("cancelled", "nobody reads it")


async def test_a_silent_model_and_a_long_one_are_given_up(start: Start, upstream: Upstream) -> None:
    server = start(openai(upstream.base_url, limits={"idle_s": 0.5, "total_s": 2}))
    for said, code in (
        (stream(chunk({"role": "assistant"}), stall), "upstream_timeout"),
        (stream(says('{"name": "a'), forever(says("b"), pause=0.2)), "time_limit"),
    ):
        script = upstream.plays(*said)
        journal = await read_to_end(f"{server.url}{await begin(server.url)}")
        assert (sound(journal)[-1]["type"], journal.events[-1]["code"]) == ("failed", code)
        assert script.next_call().left.wait(1)


async def test_a_reader_that_takes_nothing_is_cut_and_others_feel_nothing(start: Start) -> None:
    """It has asked for ten megabytes and takes none of them. Its run, which nobody else can read, ends with it."""
    server = start(essays(limits={"reader_s": 1}))
    with socket.socket() as frozen:
        frozen.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        frozen.connect(("127.0.0.1", server.port))
        frozen.sendall(post_bytes("/essay/stream", {"input": {}}))
        frozen.settimeout(PATIENCE_S)
        await asyncio.to_thread(frozen.recv, 1)
        status, receipt = await post(f"{server.url}/essay/runs", {"input": {}})
        assert status == 201
        journal = await read_to_end(f"{server.url}{receipt['events_url']}")
        assert journal.events[-1]["value"]["text"] == ESSAY
        assert await asyncio.to_thread(is_cut, frozen)


async def test_a_reader_that_is_slow_is_not_cut(start: Start) -> None:
    """Half a megabyte a second: never all that waits for it within its limit, but always something."""
    server = start(essays(limits={"reader_s": 2}))
    with socket.socket() as slow:
        slow.connect(("127.0.0.1", server.port))
        slow.sendall(post_bytes("/essay/stream", {"input": {}}))
        slow.settimeout(PATIENCE_S)
        began = time.monotonic()
        while time.monotonic() < began + 6:
            assert await asyncio.to_thread(slow.recv, 16_384)
            await asyncio.sleep(0.03)


def is_cut(client: socket.socket) -> bool:
    """Waits until the other end of a connection is gone, without taking anything from it."""
    poll = select.poll()
    poll.register(client, select.POLLERR | select.POLLHUP)
    return bool(poll.poll(PATIENCE_S * 1000))


async def test_begun_runs_are_bounded(start: Start, upstream: Upstream) -> None:
    server = start(openai(upstream.base_url, limits={"runs": 3}))
    upstream.plays(*ENDLESS)
    answers = await asyncio.gather(
        *(post(f"{server.url}/meeting-info/runs", {"input": MEETING_INPUT}) for _ in range(10))
    )
    assert sorted(status for status, _ in answers) == [201] * 3 + [503] * 7
    assert {body["code"] for status, body in answers if status == 503} == {"too_busy"}


async def test_readers_are_bounded(start: Start, upstream: Upstream) -> None:
    server = start(openai(upstream.base_url, limits={"readers": 2}))
    upstream.plays(*ENDLESS)
    path = await begin(server.url)
    journals = [Journal(), Journal()]
    reading = [asyncio.create_task(read(f"{server.url}{path}", journal)) for journal in journals]
    for journal in journals:
        await until_had(journal, "token")
    status, refusal = await call("GET", f"{server.url}{path}")
    assert (status, refusal["code"]) == (503, "too_busy")
    await call("DELETE", f"{server.url}{path.removesuffix('/events')}")
    await asyncio.gather(*reading)
    async with asyncio.timeout(PATIENCE_S):  # a place is free again, as soon as the server is through with one of them
        while (status := (await call("GET", f"{server.url}{path}"))[0]) == 503:
            pass
    assert status == 200


async def test_a_run_whose_time_is_over_is_gone(start: Start) -> None:
    """It is told from one that never was: whoever comes too late need not wonder."""
    server = start(scripted(text(MEETING), runs={"ttl_s": 1}))
    path = await begin(server.url)
    await read_to_end(f"{server.url}{path}")
    answers: list[tuple[int, str]] = []
    while not answers or answers[-1][0] != 410:
        status, refusal = await call("GET", f"{server.url}{path}?last_event_id=1000000")
        answers.append((status, refusal.get("code", "")))
    assert answers[-1] == (410, "gone")
    run = path.removesuffix("/events")
    assert (await call("GET", f"{server.url}{run}"))[0] == 410
    assert (await call("DELETE", f"{server.url}{run}"))[0] == 410
    assert (await post(f"{server.url}{run}/pins", {"path": "/name", "value": "늦었다"}))[0] == 410


async def test_a_refused_input_begins_nothing(start: Start, upstream: Upstream) -> None:
    server = start(openai(upstream.base_url))
    script = upstream.plays(*ENDLESS)
    for key in ({}, {"idempotency_key": "k"}):
        for value in ({}, {"goal": ""}, {**MEETING_INPUT, "max_members": "many"}):
            status, refusal = await post(f"{server.url}/meeting-info/runs", {"input": value}, **key)
            assert (status, refusal["code"]) == (422, "invalid_request")
    assert script.count == 0


def test_the_first_byte_of_a_run_never_waits_for_the_model(start: Start, upstream: Upstream) -> None:
    server = start(openai(upstream.base_url, stream={"hold_ms": 10_000}))
    upstream.plays(stall)  # not even a status
    status, receipt = asyncio.run(post(f"{server.url}/meeting-info/runs", {"input": MEETING_INPUT}))
    assert status == 201
    with socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE_S) as client:
        client.sendall(f"GET {receipt['events_url']} HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n".encode())
        said = b""
        while b"event: start" not in said:
            said += client.recv(4096)
