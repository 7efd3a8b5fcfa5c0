"""Requests beyond the limit may wait for a place: so many, and so long."""

import asyncio

import pytest
from starlette.types import Receive, Scope, Send

from server.guard.capacity import Capacity
from tests.server.guard.asgi import Answer, answering, call
from tests.server.runs.script import turns

LONG_S = 60.0


class Busy:
    """An app whose requests last until they may end. `begun` counts them."""

    def __init__(self) -> None:
        self.begun = 0
        self.may_end = asyncio.Semaphore(0)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.begun += 1
        await self.may_end.acquire()
        await answering()(scope, receive, send)


@pytest.fixture
def busy() -> Busy:
    return Busy()


async def asked(app: Capacity, times: int, path: str = "/chatbot/stream") -> list[asyncio.Task[Answer]]:
    tasks = [asyncio.create_task(call(app, path, method="POST")) for _ in range(times)]
    await turns(20)
    return tasks


async def test_without_a_queue_nobody_waits(busy: Busy) -> None:
    tasks = await asked(Capacity(busy, 2), 3)
    assert tasks[2].result().status == 503
    assert b"retry-after" in tasks[2].result().headers
    assert busy.begun == 2
    for task in tasks[:2]:
        busy.may_end.release()
        assert (await task).status == 200


async def test_who_waits_is_next_in_the_order_of_coming(busy: Busy) -> None:
    app = Capacity(busy, 2, queue_s=LONG_S)
    tasks = await asked(app, 4)
    assert busy.begun == 2
    assert not any(task.done() for task in tasks)
    for number in range(4):
        busy.may_end.release()
        await turns(20)
        assert [task.done() for task in tasks] == [place <= number for place in range(4)]
    assert {task.result().status for task in tasks} == {200}


async def test_no_more_wait_than_there_are_places(busy: Busy) -> None:
    tasks = await asked(Capacity(busy, 2, queue_s=LONG_S), 7)
    assert [task.done() for task in tasks] == [False] * 4 + [True] * 3
    assert {task.result().status for task in tasks[4:]} == {503}
    for task in tasks[:4]:
        busy.may_end.release()
        await task


async def test_nobody_waits_longer_than_that(busy: Busy) -> None:
    tasks = await asked(Capacity(busy, 1, queue_s=0.01), 2)
    assert (await tasks[1]).status == 503
    busy.may_end.release()
    assert (await tasks[0]).status == 200


async def test_who_leaves_the_queue_or_a_place_takes_nothing_along(busy: Busy) -> None:
    app = Capacity(busy, 1, queue_s=LONG_S)
    (first,), (leaving,) = await asked(app, 1), await asked(app, 1)
    leaving.cancel()
    await turns(5)
    (last,) = await asked(app, 1)
    first.cancel()
    await turns(20)
    assert busy.begun == 2
    busy.may_end.release()
    assert (await last).status == 200


async def test_requests_about_runs_wait_elsewhere(busy: Busy) -> None:
    app = Capacity(busy, 1, queue_s=LONG_S)
    stream = await asked(app, 1)
    pin = await asked(app, 1, "/runs/a/pins")
    assert busy.begun == 2
    for task in (*stream, *pin):
        busy.may_end.release()
        assert (await task).status == 200
