"""Who leaves stops the model, and nothing stays behind: no task, no open call."""

import asyncio
from typing import Any

import pytest
from langchain_core.callbacks import AsyncCallbackHandler
from langchain_core.runnables import RunnableConfig

from chains import meeting_info
from chains.structured import StructuredChain
from schemas import StreamError
from tests.chains.answers import GOAL, MEETING, QUICK, model_saying, script_of, text

HALF = text(MEETING)[: len(text(MEETING)) // 2]


class Bell(AsyncCallbackHandler):
    """Rings when the model has begun to speak."""

    def __init__(self) -> None:
        self.rung = asyncio.Event()

    async def on_llm_new_token(self, token: Any, **about: Any) -> None:
        self.rung.set()


def form(*replies: str | dict[str, Any], **model: Any) -> StructuredChain:
    return meeting_info.build(model_saying(*replies, **model), QUICK)


async def to_end(chain: StructuredChain) -> None:
    async for _ in chain.astream_typed(GOAL):
        pass


async def left_over(before: set[asyncio.Task[Any]]) -> set[asyncio.Task[Any]]:
    """The tasks that are still there after the loop had its chance to finish them."""
    for _ in range(5):
        await asyncio.sleep(0)
    return asyncio.all_tasks() - before


@pytest.mark.parametrize("reads", [1, 3, 10])
async def test_leaving_the_events_stops_the_model(reads: int) -> None:
    before = asyncio.all_tasks()
    chain = form(text(MEETING), chunk_size=1, pace_ms=5)
    events = chain.astream_typed(GOAL)
    for _ in range(reads):
        await anext(events)
    await events.aclose()
    [sent] = script_of(chain.model).stopped_after
    assert sent < len(text(MEETING)) / 2
    assert not await left_over(before)


@pytest.mark.parametrize("way", ["astream", "ainvoke", "abatch", "astream_events"])
async def test_a_cancelled_reader_stops_the_model(way: str) -> None:
    before, bell = asyncio.all_tasks(), Bell()
    chain = form(text(MEETING), chunk_size=1, pace_ms=5)
    config: RunnableConfig = {"callbacks": [bell]}

    async def read() -> None:
        match way:
            case "ainvoke":
                await chain.ainvoke(GOAL, config)
            case "abatch":
                await chain.abatch([GOAL], config)
            case "astream":
                async for _ in chain.astream(GOAL, config):
                    pass
            case _:
                async for _ in chain.astream_events(GOAL, config, version="v2"):
                    pass

    reading = asyncio.create_task(read())
    await asyncio.wait_for(bell.rung.wait(), timeout=5)
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    assert not await left_over(before)
    [sent] = script_of(chain.model).stopped_after
    assert sent < len(text(MEETING)) / 2


async def test_a_run_to_its_end_leaves_nothing_behind() -> None:
    before = asyncio.all_tasks()
    chains = [form(text(MEETING)), form({"text": HALF, "failure": "cut"}), form({"text": HALF, "failure": "stall"})]
    for chain in chains:
        await to_end(chain)
    with pytest.raises(StreamError):
        await to_end(form({"failure": "busy"}))
    assert not await left_over(before)
