"""A server that begins anew, and keeps its runs, costs a client what was half done and nothing else."""

import asyncio
from pathlib import Path

from schemas import Code
from tests.clients.drivers import Driver, rest, up_to
from tests.clients.test_served import writing
from tests.server.configs import MEETING, MEETING_INPUT, openai, text
from tests.server.replicas.cluster import cluster
from tests.upstream import Upstream, gate

NAME, _, REST = text(MEETING).partition(", ")
HALF = f'{NAME}, "category": "반려동물", "summary": "강아지와 '


async def test_a_run_is_read_on_where_another_process_goes_on_with_it(
    driver: Driver, upstream: Upstream, tmp_path: Path
) -> None:
    config = openai(upstream.base_url, stream={"retry_ms": 200}, runs={"store": "redis", "lease_s": 1})
    with cluster(config, tmp_path, count=1) as (replicas, _):
        upstream.plays(*writing(HALF, gate))
        reader = driver.stream(f"{replicas.urls[0]}/meeting-info", MEETING_INPUT)
        events = await up_to(reader, "field")
        while "/summary" not in {getattr(event, "path", "") for event in events}:
            event = await reader.next()
            assert event is not None
            events.append(event)
        assert reader.run.value["summary"] == "강아지와 "
        upstream.plays(*writing("{" + REST))
        following = asyncio.create_task(rest(reader))
        await asyncio.to_thread(replicas.kill, 0)
        await asyncio.to_thread(replicas.replace, 0)
        events += await following
    [again] = [event for event in events if event.type == "reset"]
    assert again.reason == Code.WORKER_LOST
    assert "/name" in again.keep
    assert [event.seq for event in events] == sorted({event.seq for event in events})
    assert await reader.result() == reader.run.value == MEETING
