"""Whoever pays is told what each call of a model took, however it ended."""

from contextlib import aclosing
from typing import Any

import pytest
from langchain_core.messages import HumanMessage
from pydantic import TypeAdapter

from chains.meter import metered
from chains.models.model import Model
from chains.models.spec import ModelSpec
from schemas import StreamError

ASKED = [HumanMessage("x" * 350)]  # a hundred tokens, as they are estimated
WRITTEN = "y" * 35


def model(**reply: Any) -> Model:
    """Says one thing, in pieces of five characters."""
    spec: Any = TypeAdapter(ModelSpec).validate_python(
        {"provider": "scripted", "pace_ms": 0, "chunk_size": 5, "replies": [{"text": WRITTEN, **reply}]}
    )
    loaded: Model = spec.load()
    return loaded


async def spent(model: Model, chunks: int | None = None) -> list[int]:
    """What the meter is told of one call, which is left after so many chunks."""
    told: list[int] = []
    with metered(told.append):
        async with aclosing(model.astream(ASKED, {})) as stream:
            try:
                async for _ in stream:
                    assert told == []  # nobody knows before the end
                    if chunks is not None and (chunks := chunks - 1) == 0:
                        break
            except (StreamError, ConnectionError):
                pass
    return told


async def test_a_whole_answer_is_what_the_server_counted() -> None:
    (whole,) = await spent(model())
    chunks = [chunk async for chunk in model().astream(ASKED, {})]
    assert whole == max((chunk.usage_metadata or {"total_tokens": 0})["total_tokens"] for chunk in chunks) > 0  # type: ignore[attr-defined]


async def test_one_that_is_left_is_estimated() -> None:
    few, more = [await spent(model(), chunks) for chunks in (2, 6)]
    assert len(few) == len(more) == 1
    assert 100 < few[0] < more[0] < 125


async def test_one_that_breaks_off_has_cost_as_much() -> None:
    (broken,) = await spent(model(failure="cut"))
    assert broken > 100


async def test_without_a_meter_nothing_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Model, "count_tokens", None)
    assert [chunk.text async for chunk in model().astream(ASKED, {})]


async def test_a_meter_is_for_its_block() -> None:
    outer: list[int] = []
    inner: list[int] = []
    with metered(outer.append):
        with metered(inner.append):
            await spent_here()
        await spent_here()
        with metered(None):
            await spent_here()
    await spent_here()
    assert (len(outer), len(inner)) == (1, 1)


async def spent_here() -> None:
    async for _ in model().astream(ASKED, {}):
        pass
