"""The simulated upstream, read by OpenAI's own SDK and by hand."""

import asyncio
import json
from itertools import pairwise
from time import monotonic_ns
from typing import Any

import httpx2
import pytest
from openai import AsyncOpenAI
from openai.types.chat import ChatCompletionChunk

from benchmarks import answers
from benchmarks.simulator import Script, frame, phase, render


async def tell(upstream: str, script: Script) -> None:
    async with httpx2.AsyncClient() as client:
        (await client.post(f"{upstream}/script", json=script._asdict())).raise_for_status()


async def records(upstream: str) -> dict[int, list[int]]:
    async with httpx2.AsyncClient() as client:
        told: dict[str, Any] = (await client.get(f"{upstream}/records")).json()
    return {int(stream): times for stream, times in told.items()}


async def ask(client: AsyncOpenAI, stream: int) -> list[ChatCompletionChunk]:
    chunks = await client.chat.completions.create(
        model="any", messages=[{"role": "user", "content": f"This is stream-{stream}, please."}], stream=True
    )
    return [chunk async for chunk in chunks]


def content(chunks: list[ChatCompletionChunk]) -> str:
    return "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)


SCRIPTS = [Script(2048, 0), Script(2048, 50_000), Script(2050, 50_000, 4)]


@pytest.mark.parametrize("script", SCRIPTS, ids=["burst", "paced", "in fours"])
async def test_openais_sdk_reads_the_object(upstream: str, script: Script) -> None:
    await tell(upstream, script)
    async with AsyncOpenAI(base_url=f"{upstream}/v1", api_key="none") as client:
        chunks = await ask(client, 1)
    assert content(chunks) == answers.text(script.size)
    assert chunks[0].choices[0].delta.role == "assistant"
    assert [chunk.choices[0].finish_reason for chunk in chunks[1:-1]] == [None] * (len(chunks) - 3) + ["stop"]
    assert chunks[-1].choices == []
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.completion_tokens == len(answers.tokens(script.size)) == len(chunks) - 3


async def test_a_burst_larger_than_any_buffer_arrives_whole(upstream: str) -> None:
    await tell(upstream, Script(131_072, 0))
    received = b""
    async with httpx2.AsyncClient() as client, client.stream("POST", f"{upstream}/v1/chat/completions") as response:
        async for piece in response.aiter_raw():
            received += piece
    assert received.count(b'"content"') == len(answers.tokens(131_072)) + 1  # and the first, which has the role
    assert received.endswith(b"data: [DONE]\n\n")


async def test_streams_keep_their_own_numbers_and_scripts(upstream: str) -> None:
    async with AsyncOpenAI(base_url=f"{upstream}/v1", api_key="none") as client:
        await tell(upstream, Script(800, 2000))
        first = client.chat.completions.create(
            model="any", messages=[{"role": "user", "content": "stream-7"}], stream=True
        )
        running = await first  # it has begun, and is not over, when the next script is told
        await tell(upstream, Script(600, 0))
        assert content(await ask(client, 8)) == answers.text(600)
        assert content([chunk async for chunk in running]) == answers.text(800)
    told = await records(upstream)
    assert set(told) == {7, 8}
    assert len(told[7]) == 200


async def test_every_write_is_on_record_when_it_was_made(upstream: str) -> None:
    await tell(upstream, Script(400, 400, 4))
    async with AsyncOpenAI(base_url=f"{upstream}/v1", api_key="none") as client:
        await ask(client, 0)
        began = monotonic_ns()
        await asyncio.gather(*(ask(client, stream) for stream in (0, 1)))
    told = await records(upstream)
    assert {stream: len(times) for stream, times in told.items()} == {0: 25, 1: 25}
    for times in told.values():
        assert all(earlier < later for earlier, later in pairwise(times))
        assert times[-1] - began >= 0.235e9  # no sooner than its pace: 10 ms between two of 25 writes
    async with httpx2.AsyncClient() as client:
        await client.post(f"{upstream}/forget")
    assert await records(upstream) == {}


async def test_a_stream_waits_for_its_phase(upstream: str) -> None:
    await tell(upstream, Script(400, 400, 100))  # all of it in one write, a quarter of a second being the interval
    async with AsyncOpenAI(base_url=f"{upstream}/v1", api_key="none") as client:
        await ask(client, 0)
        began = monotonic_ns()
        await ask(client, 1)
    (left,) = (await records(upstream))[1]
    assert left - began >= 0.24e9 * phase(1)


def test_streams_that_begin_together_tick_apart() -> None:
    taken = sorted(phase(stream) for stream in range(1000))
    gaps = [later - earlier for earlier, later in pairwise([*taken, 1.0])]
    assert taken[0] == 0.0
    assert max(gaps) < 3 / 1000


async def test_an_unknown_route_is_told_so(upstream: str) -> None:
    async with httpx2.AsyncClient() as client:
        assert (await client.get(f"{upstream}/v1/models")).status_code == 404


def test_a_frame_has_what_openais_have() -> None:
    chunk = json.loads(frame("lege").removeprefix(b"data: "))
    assert list(chunk) == [
        "id",
        "object",
        "created",
        "model",
        "service_tier",
        "system_fingerprint",
        "choices",
        "usage",
        "obfuscation",
    ]
    assert chunk["choices"] == [
        {"index": 0, "delta": {"content": "lege"}, "logprobs": None, "finish_reason": None},
    ]


def test_a_group_of_tokens_is_one_write() -> None:
    rendered = render(Script(2048, 100, 4))
    assert len(rendered.writes) == 128
    assert all(write.count(b"data: ") == 4 for write in rendered.writes)
    assert rendered.interval == 0.04
