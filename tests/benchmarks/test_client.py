"""The load client, against the simulator and against servers that do not keep their word."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from benchmarks import answers
from benchmarks.client import Load, Received, run
from benchmarks.contenders import OURS, RAW, SIMULATOR, brings, said
from benchmarks.delays import direct
from benchmarks.simulator import Script


def load(upstream: str, script: Script, *, streams: int = 1, at_once: int = 1, first: int = 0) -> Load:
    return SIMULATOR.load(upstream, script, streams=streams, at_once=at_once, first=first)


async def collected(upstream: str, *loads: Load) -> list[list[Received]]:
    return [list(received) for received in (await asyncio.to_thread(run, upstream, loads)).loads]


async def test_every_stream_comes_whole_with_what_was_sent(upstream: str) -> None:
    script = Script(2048, 0)
    (received,) = await collected(upstream, load(upstream, script, streams=20, at_once=8))
    assert sorted(one.stream for one in received) == list(range(20))
    assert all(brings(SIMULATOR, one, script) for one in received)


async def test_loads_beside_one_another_keep_their_scripts(upstream: str) -> None:
    scripts = [Script(800, 1000), Script(400, 0), Script(1200, 4000, 4)]
    loads = [load(upstream, script, first=number) for number, script in enumerate(scripts)]
    received = await collected(upstream, *loads)
    assert [said(one) for (one,) in received] == [answers.text(script.size) for script in scripts]


async def test_what_was_read_is_joined_to_what_was_sent(upstream: str) -> None:
    script = Script(800, 2000)
    ((one,),) = await collected(upstream, load(upstream, script, first=5))
    reader, writer = await asyncio.open_connection(*upstream.removeprefix("http://").split(":"))
    writer.write(b"GET /records HTTP/1.1\r\nconnection: close\r\n\r\n")
    record = json.loads((await reader.read()).partition(b"\r\n\r\n")[2])["5"]
    writer.close()
    late = direct(record, one.frames)
    assert len(late) == 200
    assert min(late) > 0
    assert one.began < record[0] < record[-1] < one.ended


@asynccontextmanager
async def answering(answer: bytes) -> AsyncIterator[str]:
    """A server that answers everything with these bytes and closes."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


HEAD = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    ("answer", "whole"),
    [
        (HEAD + b"3\r\nabc\r\n0\r\n\r\n", True),
        (HEAD + b"3\r\nabc\r\n", False),
        (HEAD + b"3\r\nabc\r\n0\r\n", False),
        (HEAD.replace(b"200 OK", b"503 Busy") + b"3\r\nabc\r\n0\r\n\r\n", False),
        (b"", False),
    ],
    ids=["whole", "cut", "cut in its end", "refused", "nothing"],
)
async def test_a_stream_is_whole_only_with_its_end(answer: bytes, whole: bool) -> None:
    async with answering(answer) as url:
        ((received,),) = await collected(url, Load(url, "{}", Script(400, 0)))
    assert received.whole is whole
    assert not brings(SIMULATOR, received, Script(400, 0))


def body(*events: str) -> Callable[[], Received]:
    content = "".join(f"{event}\n\n" for event in events).encode()
    return lambda: Received(0, 0, [(1, HEAD + b"%x\r\n%s\r\n0\r\n\r\n" % (len(content), content))], whole=True)


VALUE = answers.value(400)
COMPLETE = f"event: complete\ndata: {json.dumps({'type': 'complete', 'value': VALUE})}"
TITLE = [f'event: token\ndata: {{"path": "/title", "text": {json.dumps(text)}}}' for text in (VALUE["title"], "!")]


@pytest.mark.parametrize(
    ("events", "right"),
    [
        ([COMPLETE], True),
        ([TITLE[0], COMPLETE], True),
        ([*TITLE, COMPLETE], False),
        ([COMPLETE, TITLE[0]], False),
        ([TITLE[0]], False),
        ([COMPLETE.replace("hiking", "sleeping")], False),
        ([COMPLETE.replace("complete", "failed", 1)], False),
    ],
    ids=["its value", "and tokens", "a token too many", "no end", "no value", "another value", "failed"],
)
def test_a_typed_stream_is_right_by_its_value_and_by_its_tokens(events: list[str], right: bool) -> None:
    assert brings(OURS, body(*events)(), Script(400, 0)) is right


def test_a_stream_that_was_cut_is_not_right_whatever_it_held() -> None:
    received = body(COMPLETE)()
    received.whole = False
    assert not brings(OURS, received, Script(400, 0))


def test_the_body_is_compared_as_the_contender_sends_it() -> None:
    assert not brings(RAW, body(COMPLETE)(), Script(400, 0))
