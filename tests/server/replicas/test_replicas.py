"""A run begun on one replica is read, pinned and cancelled on another, and goes on when its own is lost."""

import asyncio
import signal
from typing import Any

from schemas import MeetingInfo, from_json
from tests.chains import contract
from tests.server.configs import MEETING, MEETING_INPUT, openai, text
from tests.server.replicas.cluster import Cluster
from tests.server.replicas.conftest import Replicas
from tests.server.replicas.reader import Journal, call, post, read, read_to_end, until_had
from tests.upstream import DONE, Upstream, ends, forever, gate, says, stream, usage

LEASE_S = 1.0
ENDLESS = stream(says('{"name": "a'), forever(says(" ")))


def config(upstream: Upstream, **runs: Any) -> str:
    return openai(upstream.base_url, runs={"store": "redis", "lease_s": LEASE_S, **runs}, limits={"drain_s": 5})


def halves(upstream: Upstream) -> Any:
    """The first answer stops in the middle, until it is permitted to go on; further ones are whole."""
    whole = text(MEETING)
    first = stream(says(whole[:60]), gate, says(whole[60:]), ends(), usage(1, 1), DONE)
    return upstream.plays_in_turn(first, stream(says(whole), ends(), usage(1, 1), DONE))


async def begin(url: str, **headers: str) -> str:
    status, receipt = await post(f"{url}/meeting-info/runs", {"input": MEETING_INPUT}, **headers)
    assert status == 201, receipt
    return str(receipt["events_url"])


def sound(journal: Journal) -> list[dict[str, Any]]:
    """The events of a whole log that keeps the contract."""
    contract.check([from_json(frame.rpartition(b"\ndata: ")[2]) for frame in journal.frames], MeetingInfo)
    return journal.events


async def read_through_a_kill(cluster: Cluster) -> tuple[str, Journal]:
    """A run whose replica dies when a field has settled, and what a reader of another one had of it, to its end."""
    path = await begin(cluster.urls[0])
    journal = Journal()
    reading = asyncio.create_task(read_to_end(f"{cluster.urls[1]}{path}", journal))
    await until_had(journal, "field")
    cluster.kill(0)
    await asyncio.wait_for(reading, 10 * LEASE_S)
    return path, journal


async def test_begun_here_read_there_pinned_and_cancelled_elsewhere(replicas: Replicas, upstream: Upstream) -> None:
    (one, other, third), _ = replicas(config(upstream))[0].urls, None
    script = upstream.plays(*ENDLESS)
    path = await begin(one)
    journals = [Journal(), Journal()]
    reading = [
        asyncio.create_task(read(f"{url}{path}", journal)) for url, journal in zip((one, other), journals, strict=True)
    ]
    for journal in journals:
        await until_had(journal, "token")
    run = path.removesuffix("/events")
    status, receipt = await post(f"{other}{run}/pins", {"path": "/summary", "value": "함께 걸어요"})
    assert status == 200
    status, refusal = await post(f"{third}{run}/pins", {"path": "/max_members", "value": 1000})
    assert (status, refusal["details"][0]["path"]) == (422, "/max_members")
    assert await call("DELETE", f"{third}{run}") == (204, {})
    assert script.next_call().left.wait(1)
    await asyncio.gather(*reading)
    assert journals[0].joined == journals[1].joined
    events = sound(journals[1])
    assert events[receipt["seq"] - 1] == {
        "type": "pinned",
        "seq": receipt["seq"],
        "path": "/summary",
        "value": "함께 걸어요",
    }
    assert (events[-1]["type"], events[-1]["partial"]["summary"]) == ("cancelled", "함께 걸어요")
    for url in (one, other, third):
        status, view = await call("GET", f"{url}{run}")
        assert (status, view["state"], view["end"]) == (200, "cancelled", events[-1])
        assert (await post(f"{url}{run}/pins", {"path": "/summary", "value": "늦었다"}))[0] == 409


async def test_one_whose_replica_dies_is_taken_over(replicas: Replicas, upstream: Upstream) -> None:
    cluster, _ = replicas(config(upstream))
    script = halves(upstream)
    path, journal = await read_through_a_kill(cluster)
    events = sound(journal)
    (reset,) = [event for event in events if event["type"] == "reset"]
    assert reset["reason"] == "worker_lost"
    assert set(reset["keep"]) >= {event["path"] for event in events[: reset["seq"]] if event["type"] == "field"}
    assert (events[-1]["type"], events[-1]["value"]) == ("complete", MEETING)
    assert script.count == 2
    for url in cluster.urls[1:]:
        assert (await read_to_end(f"{url}{path}")).joined == journal.joined


async def test_its_own_readers_come_again_and_have_missed_nothing(replicas: Replicas, upstream: Upstream) -> None:
    cluster, _ = replicas(config(upstream))
    halves(upstream)
    path = await begin(cluster.urls[0])
    journal = Journal()
    reading = asyncio.create_task(read(f"{cluster.urls[0]}{path}", journal))
    await until_had(journal, "field")
    cluster.kill(0)
    await asyncio.wait({reading})
    assert reading.exception() is None or isinstance(reading.exception(), OSError)
    assert not journal.ended
    await asyncio.wait_for(read_to_end(f"{cluster.urls[2]}{path}", journal), 10 * LEASE_S)
    assert sound(journal)[-1]["type"] == "complete"
    assert (await read_to_end(f"{cluster.urls[1]}{path}")).joined == journal.joined


async def test_without_takeovers_it_fails(replicas: Replicas, upstream: Upstream) -> None:
    cluster, _ = replicas(config(upstream, takeovers=0))
    script = halves(upstream)
    _, journal = await read_through_a_kill(cluster)
    end = sound(journal)[-1]
    assert (end["type"], end["code"], end["retryable"]) == ("failed", "worker_lost", True)
    assert end["partial"]["name"] == MEETING["name"]
    assert script.count == 1


async def test_an_owner_that_was_paused_writes_nothing_more(replicas: Replicas, upstream: Upstream) -> None:
    cluster, _ = replicas(config(upstream))
    script = halves(upstream)
    path = await begin(cluster.urls[0])
    here, there = Journal(), Journal()
    reading = [
        asyncio.create_task(read_to_end(f"{cluster.urls[index]}{path}", journal))
        for index, journal in ((0, here), (1, there))
    ]
    await until_had(there, "field")
    await until_had(here, "field")
    cluster.signal(0, signal.SIGSTOP)
    await asyncio.wait_for(reading[1], 10 * LEASE_S)
    first = script.next_call()
    cluster.signal(0, signal.SIGCONT)
    await asyncio.wait_for(reading[0], 10 * LEASE_S)
    assert here.joined == there.joined
    assert sound(there)[-1]["type"] == "complete"
    assert first.left.wait(5)  # its model has been stopped
    assert (await read_to_end(f"{cluster.urls[2]}{path}")).joined == there.joined


async def test_a_repeated_request_joins_wherever_it_arrives(replicas: Replicas, upstream: Upstream) -> None:
    cluster, _ = replicas(config(upstream))
    script = halves(upstream)
    urls = [cluster.urls[number % 3] for number in range(1000)]
    paths = await asyncio.gather(*(begin(url, idempotency_key="once") for url in urls))
    assert len(set(paths)) == 1
    script.next_call().permit()
    await read_to_end(f"{urls[0]}{paths[0]}")
    assert script.count == 1
    status, refusal = await post(
        f"{urls[1]}/meeting-info/runs", {"input": {**MEETING_INPUT, "goal": "다른 것"}}, idempotency_key="once"
    )
    assert (status, refusal["code"]) == (422, "invalid_request")
