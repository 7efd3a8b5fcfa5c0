"""A run that nobody reads is cancelled, but not before its time."""

import pytest

from server.runs.owner import Bounds
from tests.chains.clock import Clock
from tests.server.runs.workers import Workers, end_of

BOUNDS = Bounds(grace_s=10.0)


async def test_one_that_nobody_reads_is_cancelled(stalling: Workers, clock: Clock) -> None:
    worker = await stalling.hire("a", BOUNDS)
    run_id = await worker.begin("meeting-info")
    clock.now += 9
    await worker.runs.owner.end_unread()
    assert worker.runs.owner.owned[run_id].running
    clock.now += 2
    await worker.runs.owner.end_unread()
    assert end_of(await worker.read(run_id)).type == "cancelled"


async def test_one_that_is_read_here_goes_on_and_has_its_time_again_afterwards(stalling: Workers, clock: Clock) -> None:
    worker = await stalling.hire("a", BOUNDS)
    run_id = await worker.begin("meeting-info")
    async with worker.runs.reader(run_id):
        clock.now += 100
        await worker.runs.owner.end_unread()
    clock.now += 9
    await worker.runs.owner.end_unread()
    assert worker.runs.owner.owned[run_id].running
    clock.now += 2
    await worker.runs.owner.end_unread()
    assert end_of(await worker.read(run_id)).type == "cancelled"


@pytest.mark.parametrize("asks", ["reads", "looks"])
async def test_one_that_is_wanted_elsewhere_goes_on(stalling: Workers, clock: Clock, asks: str) -> None:
    one, other = await stalling.hire("a", BOUNDS), await stalling.hire("b", BOUNDS)
    run_id = await one.begin("meeting-info")
    if asks == "reads":
        async with other.runs.reader(run_id):
            await other.store.note_readers(other.runs.read_elsewhere, 10.0)
    else:
        await other.runs.view(run_id)
    for _ in range(2):  # its time is not only put off until the next look
        clock.now += 6
        await one.runs.owner.end_unread()
    assert one.runs.owner.owned[run_id].running
    stalling.now += 11
    clock.now += 5
    await one.runs.owner.end_unread()
    assert one.runs.owner.owned[run_id].running  # until six seconds ago it was wanted
    clock.now += 6
    await one.runs.owner.end_unread()
    assert end_of(await one.read(run_id)).type == "cancelled"


async def test_one_that_is_looked_at_here_goes_on(stalling: Workers, clock: Clock) -> None:
    worker = await stalling.hire("a", BOUNDS)
    run_id = await worker.begin("meeting-info")
    clock.now += 11
    await worker.runs.view(run_id)
    await worker.runs.owner.end_unread()
    assert worker.runs.owner.owned[run_id].running
