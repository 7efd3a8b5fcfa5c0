"""An answer read by ourselves against the same answer read by OpenAI's SDK: they must come to the same."""

import asyncio
import gzip
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import aclosing
from functools import lru_cache
from typing import Any
from uuid import UUID

import httpx2
import openai
import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.callbacks import AsyncCallbackHandler
from langchain_core.messages import AIMessageChunk, BaseMessageChunk, HumanMessage
from langchain_core.outputs import LLMResult
from langchain_core.runnables import RunnableConfig
from pydantic import SecretStr, model_validator

from chains.models.openai_compatible import StreamingChatOpenAI
from chains.models.transport import AiohttpTransport
from chains.reading import Reading, stream_error
from schemas import Code
from tests.chains.test_upstream_vectors import RECORDINGS, answers_of, at_awkward_places
from tests.upstream import (
    DONE,
    Step,
    Upstream,
    answer,
    calls_tool,
    chunk,
    cut,
    ends,
    forever,
    gate,
    reset,
    says,
    sse,
    stall,
    stream,
    usage,
    whole,
)

pytestmark = pytest.mark.filterwarnings("ignore:Pydantic serializer warnings:UserWarning")  # the SDK's, of odd types

ROLE = chunk({"role": "assistant", "content": ""})
END = [ends(), usage(11, 7), DONE]


# -- asking, in both ways ----------------------------------------------------------------------------------------------


class ReadBySDK(StreamingChatOpenAI):
    """The same model, but the SDK reads what it has asked for."""

    @model_validator(mode="after")
    def _read_by_the_sdk(self) -> "ReadBySDK":
        self.async_client = self.root_async_client.chat.completions
        return self


class Played(httpx2.AsyncBaseTransport, httpx2.AsyncByteStream):
    """Answers every request with these pieces, one a read; with `apart`, others get their turn between two reads."""

    def __init__(self) -> None:
        self.pieces: Iterable[bytes] = []
        self.apart = False
        self.headers = {"content-type": "text/event-stream"}

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(200, headers=self.headers, stream=self)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self.pieces:
            for _ in range(50 if self.apart else 0):
                await asyncio.sleep(0)
            yield piece


def model(cls: type[StreamingChatOpenAI] = StreamingChatOpenAI, **parameters: Any) -> StreamingChatOpenAI:
    usual: dict[str, Any] = {"model": "m", "api_key": SecretStr("none"), "max_retries": 0, "stream_usage": True}
    return cls(**usual | parameters)


@lru_cache
def on_played(cls: type[StreamingChatOpenAI]) -> tuple[StreamingChatOpenAI, Played]:
    played = Played()
    return model(cls, base_url="http://m/v1", http_async_client=httpx2.AsyncClient(transport=played)), played


class Outcome(AsyncCallbackHandler):
    """What came of an answer: its chunks and their sum, what callbacks were told, and how it failed."""

    def __init__(self) -> None:
        self.chunks: list[BaseMessageChunk] = []
        self.facts: dict[str, Any] = {"told": ""}

    @property
    def unwatched(self) -> dict[str, Any]:
        """The facts that nobody has to watch for, without the run's id."""
        facts = {name: fact for name, fact in self.facts.items() if name not in ("told", "generation")}
        return {**facts, "sum": {**facts["sum"], "id": None}}

    async def on_llm_new_token(self, token: Any, **_: Any) -> None:
        self.facts["told"] += str(token)

    async def on_llm_end(self, response: LLMResult, **_: Any) -> None:
        self.facts["generation"] = response.generations[0][0].model_dump()

    def ends(self, error: Exception | None) -> None:
        first, *others = self.chunks or [AIMessageChunk(content="")]
        self.facts["sum"] = (first + others if others else first).model_dump()
        reading = Reading()
        self.facts["read"] = "".join(reading.take(message) for message in self.chunks)
        self.facts["reading"] = reading.finish_reason, reading.usage, reading.refusal
        if error:
            self.facts["code"] = stream_error(error, begun=bool(self.chunks)).code
            if isinstance(error, openai.APIError):
                self.facts["error"] = type(error), str(error), error.body, error.request.url


async def ask(asked: StreamingChatOpenAI, *, watched: bool = True) -> Outcome:
    """Asks and reads to the end; with a callback, if it is watched."""
    outcome = Outcome()
    error = None
    config: RunnableConfig = {"callbacks": [outcome], "run_id": UUID(int=1)} if watched else {}
    chunks = asked.astream([HumanMessage("hi")], config)
    try:
        async for message in chunks:
            outcome.chunks.append(message)
    except Exception as raised:  # noqa: BLE001
        error = raised
    outcome.ends(error)
    return outcome


async def read(
    pieces: Sequence[bytes], cls: type[StreamingChatOpenAI], *, apart: bool = False, watched: bool = True
) -> Outcome:
    asked, played = on_played(cls)
    played.pieces, played.apart = pieces, apart
    return await ask(asked, watched=watched)


async def check(pieces: Sequence[bytes]) -> None:
    """That it comes to the same, whether the pieces come together or one by one, and whether anybody watches."""
    expected = await read(pieces, ReadBySDK)
    assert (await read(pieces, StreamingChatOpenAI)).facts == expected.facts
    assert (await read(pieces, StreamingChatOpenAI, apart=True)).facts == expected.facts
    assert (await read(pieces, StreamingChatOpenAI, watched=False)).unwatched == expected.unwatched


# -- whatever was sent, it comes to the same ---------------------------------------------------------------------------


@pytest.mark.parametrize("recording", RECORDINGS)
async def test_recordings(recording: str) -> None:
    for recorded in answers_of(recording):
        expected = await read([recorded], ReadBySDK)
        assert (await read([recorded], StreamingChatOpenAI)).facts == expected.facts
        assert (await read(at_awkward_places(recorded), StreamingChatOpenAI, apart=True)).facts == expected.facts


def raw(delta: str, **choice: str) -> bytes:
    """A frame of which every character counts."""
    others = "".join(f', "{key}": {value}' for key, value in choice.items())
    return f'data: {{"id": "c", "model": "m", "choices": [{{"index": 0, "delta": {delta}{others}}}]}}\n\n'.encode()


def call(index: Any = 0, arguments: Any = "", **names: Any) -> dict[str, Any]:
    """A part of a tool call; `id` and `name` are what only its first part should have."""
    named = {"name": names.pop("name")} if "name" in names else {}
    return {"index": index, "function": {"arguments": arguments} | named} | names


def calls(*parts: dict[str, Any], **delta: Any) -> bytes:
    return chunk({"tool_calls": [*parts], **delta})


FRAMES: dict[str, bytes] = {
    "text": says("a"),
    "blanks": says(" \n "),
    "no text": says(""),
    "text beyond ASCII": says("모임 🐢\x00\u2028"),
    "half a character": raw(r'{"content": "\ud83d"}'),
    "its other half": raw(r'{"content": "\udc22"}'),
    "text that is a list": chunk({"content": [{"type": "text", "text": "a"}]}),
    "text that is a number": raw('{"content": 5}'),
    "a role": ROLE,
    "a role and text": chunk({"role": "assistant", "content": "a"}),
    "a refusal": chunk({"refusal": "no"}),
    "a refusal beside text": chunk({"content": "a", "refusal": "no"}),
    "reasoning": chunk({"content": None, "reasoning_content": "hm", "reasoning": "hm"}),
    "an empty delta": chunk({}),
    "no delta": raw("null"),
    "two choices": sse({"choices": [{"index": at, "delta": {"content": "ab"[at]}} for at in (0, 1)]}),
    "another choice": sse({"choices": [{"index": 1, "delta": {"content": "b"}}]}),
    "no choices": sse({"id": "c", "choices": []}),
    "not even that": sse({"id": "c"}),
    "choices that are null": sse({"id": "c", "choices": None}),
    "a call's name": calls(call(id="c1", type="function", name="f")),
    "a call's name and arguments": calls(call(0, '{"a', id="c1", type="function", name="f")),
    "another call's name": calls(call(1, "", id="c2", name="g")),
    "a name at an index that is taken": calls(call(0, '{"b', id="c3", name="h")),
    "a piece": calls(call(0, '": 1')),
    "a piece of JSON": calls(call(0, "{}")),
    "a piece of another call": calls(call(1, "}")),
    "pieces of two calls": calls(call(1, "x"), call(0, "y")),
    "a piece beside text": calls(call(0, "z"), content="a"),
    "a piece with its id": calls(call(0, "t", id="c1")),
    "a piece with another id": calls(call(0, "s", id="c4")),
    "a piece with a name": calls(call(0, "r", name="f")),
    "a piece with an empty name": calls(call(0, "w", id="", name="")),
    "a piece without an index": calls({"function": {"arguments": "v"}}),
    "a piece whose index is null": calls(call(None, "u")),
    "a piece without arguments": calls(call(0, None)),
    "no calls": calls(),
    "a call of old": chunk({"function_call": {"name": "f", "arguments": "{"}}),
    "more of a call of old": chunk({"function_call": {"arguments": "}"}}),
    "log-probabilities": raw('{"content": "a"}', logprobs='{"content": [{"token": "a", "logprob": -1.5}]}'),
    "a reason": ends(),
    "a reason beside text": chunk({"content": "a"}, "length", system_fingerprint="fp", service_tier="flex"),
    "an empty reason": chunk({"content": "a"}, ""),
    "usage": usage(11, 7),
    "usage in detail": chunk({"content": "a"}, service_tier="priority", usage={
        "prompt_tokens": 9, "completion_tokens": 5, "total_tokens": 14,
        "prompt_tokens_details": {"cached_tokens": 4}, "completion_tokens_details": {"reasoning_tokens": 2}}),
    "usage of nothing": chunk({"content": "a"}, usage={}),
    "what nobody reads": chunk({"content": "a", "audio": {}}, timings={"n": 1}, obfuscation="xyz", service_tier="flex"),
    "a chunk in a chunk": sse({"chunk": {"choices": [{"delta": {"content": "a"}}]}}),
    "an event of the SDK's": chunk({"content": "a"}, type="content.delta"),
    "an error that is none": chunk({"content": "a"}, error=None),
    "a comment before text": b": still here\n\n" + says("a"),
    "numbers that are none": chunk({"content": "a"}, avg=float("nan")),
    "keys twice": raw('{"content": "a", "content": "b"}'),
}  # fmt: skip
"""Frames from which an answer goes on, somehow."""

CARRY_ON = ["text", "text beyond ASCII", "keys twice", "a role and text", "a refusal beside text", "reasoning"]
CARRY_ON += ["an empty delta", "an empty reason", "no calls", "another choice", "what nobody reads"]
"""Those of them that cost next to nothing."""

LAST: dict[str, bytes] = {
    "the end": DONE,
    "the end, with words": b"data: [DONE] bye\n\n",
    "an error": sse({"error": {"message": "unwell", "type": "server_error", "code": 500}}),
    "an error beside text": chunk({"content": "a"}, error={"message": "unwell"}),
    "an error that is a word": sse({"error": "unwell"}),
    "an error without words": sse({"error": {"message": None, "code": 5}}),
    "an error whose words are a number": sse({"error": {"message": 5}}),
    "an error by name": b"event: error\n" + sse({"error": {"message": "This model exceeds the context window"}}),
    "junk": b"data: junk\n\n",
    "half a frame": b'data: {"choices": [{"delta": {"content": "a"\n\n',
    "two frames at once": b"data: {}{}\n\n",
    "no data": b"data:\n\n",
    "a list": b"data: []\n\n",
    "a number": b"data: 5\n\n",
    "null": b"data: null\n\n",
    "no characters": b'data: {"choices": [{"delta": {"content": "\xff"}}]}\n\n',
    "a control character": raw('{"content": "a\tb"}'),
    "a call without a function": calls({"index": 0}),
    "depth": b"data: " + b"[" * 100_000 + b"\n\n",
    "deep in what nobody reads": b'data: {"choices": [], "deep": ' + b"[" * 100_000 + b"\n\n",
}
"""Frames at which an answer ends, or fails."""


@pytest.mark.parametrize("name", FRAMES | LAST)
async def test_frames(name: str) -> None:
    """Each alone, as the first, within text, within a tool call, and as the last."""
    frame = (FRAMES | LAST)[name]
    piece = FRAMES["a piece"]
    await check([frame])
    await check([frame, *END])
    await check([ROLE, says("a"), says("b"), frame, says("c"), says("d"), *END])
    await check([FRAMES["a call's name"], piece, piece, frame, piece, piece, *END])


answers = st.builds(
    lambda frames, last, end: b"".join(frames).replace(b"\n", end) + last,
    st.lists(st.sampled_from([*FRAMES.values()]), max_size=12),
    st.sampled_from([b"", *LAST.values()]),
    st.sampled_from([b"\n", b"\r\n", b"\r"]),
)


@given(data=st.data(), sent=answers)
async def test_frames_in_any_order(data: st.DataObject, sent: bytes) -> None:
    places = sorted(data.draw(st.sets(st.integers(0, len(sent)), max_size=8)))
    await check([sent[start:end] for start, end in zip([0, *places], [*places, len(sent)], strict=True)])


async def test_what_is_encoded() -> None:
    _, played = on_played(StreamingChatOpenAI)
    played.headers["content-encoding"] = "gzip"
    try:
        sent = gzip.compress(b"".join([ROLE, says("a"), says("b"), *END]))
        outcome = await read([sent[:40], sent[40:]], StreamingChatOpenAI)
    finally:
        del played.headers["content-encoding"]
    assert outcome.facts["told"] == "ab"


async def test_who_wants_the_headers_gets_what_the_sdk_reads(upstream: Upstream) -> None:
    upstream.plays(*whole("abc", size=1))
    place: dict[str, Any] = {"base_url": upstream.base_url, "include_response_headers": True}
    ours, theirs = await ask(model(**place)), await ask(model(ReadBySDK, **place))
    assert ours.facts == theirs.facts
    assert ours.facts["sum"]["response_metadata"]["headers"]["content-type"] == "text/event-stream"


# -- through a real connection -----------------------------------------------------------------------------------------


def on(upstream: Upstream, **parameters: Any) -> StreamingChatOpenAI:
    return model(base_url=upstream.base_url, http_async_client=over_aiohttp(), **parameters)


def over_aiohttp() -> httpx2.AsyncClient:
    return httpx2.AsyncClient(transport=AiohttpTransport())


class TestReads:
    """One chunk for what one read brought: its cost is what is read, not into how many frames it was cut."""

    async def said(self, upstream: Upstream, *steps: Step) -> list[Any]:
        """The texts of the chunks, each of which lets the upstream pass one gate."""
        script = upstream.plays(*stream(*steps))
        said: list[Any] = []
        call = None
        async for message in on(upstream).astream("hi"):
            call = call or script.next_call()
            call.permit()
            said.append(message.content or [part["args"] or "" for part in message.tool_call_chunks])
        return said

    async def test_frames_in_one_write(self, upstream: Upstream) -> None:
        steps = b"".join([ROLE, says("a"), says("b")]), gate, says("c") * 20, gate, b"".join(END)
        first, second, *rest = await self.said(upstream, *steps)
        assert (first, second) == ("ab", "c" * 20)
        assert len(rest) == 3  # the reason, the usage, LangChain's own

    async def test_http_chunks_in_one_write(self, upstream: Upstream) -> None:
        """Servers write each frame as an HTTP chunk of its own; a network read brings many."""
        head, *chunks, last = stream(ROLE, *[says("a")] * 40, *END)
        script = upstream.plays(head, b"".join(step for step in [*chunks, last] if isinstance(step, bytes)))
        first, *rest = [message.text async for message in on(upstream).astream("hi")]
        assert (first, len(rest), script.count) == ("a" * 40, 3, 1)

    @pytest.mark.parametrize("name", CARRY_ON)
    async def test_frames_that_only_carry_on(self, name: str) -> None:
        outcome = await read([FRAMES[name] * 5 + says("x"), DONE], StreamingChatOpenAI)
        assert len(outcome.chunks) == 2  # the second is LangChain's own

    async def test_a_text_that_comes_in_pieces_of_a_frame(self, upstream: Upstream) -> None:
        frame = says("abc")
        assert (await self.said(upstream, frame[:-9], frame[-9:], gate, *END))[0] == "abc"

    async def test_pieces_of_a_call(self, upstream: Upstream) -> None:
        named = calls(call(id="c1", name="f"))
        steps = ROLE + named, gate, gate, calls_tool('{"a"') + calls_tool(": 1") + calls_tool("}"), gate, b"".join(END)
        assert (await self.said(upstream, *steps))[:3] == [[], [""], ['{"a": 1}']]

    async def test_pieces_of_a_call_are_not_parsed_one_by_one(self) -> None:
        """They are no JSON, and finding that out takes time by the square of their length."""
        pieces = [FRAMES["a call's name"], calls_tool('{"a": "'), calls_tool('b"c": 1}'), *END]
        outcome = await read(pieces, StreamingChatOpenAI, apart=True)
        messages = [message for message in outcome.chunks if isinstance(message, AIMessageChunk)]
        assert [part["args"] for part in messages[2].tool_call_chunks] == ['b"c": 1}']
        assert [message.invalid_tool_calls for message in messages] == [[]] * len(messages)

    async def test_a_comment_is_a_sign_of_life(self, upstream: Upstream) -> None:
        beat = b": queued\n\n"
        steps = beat, gate, beat, gate, ROLE + beat, gate, says("a") + beat, gate, b"".join(END)
        assert (await self.said(upstream, *steps))[:4] == [[], [], [], "a"]

    async def test_nothing_but_comments_is_no_answer(self, upstream: Upstream) -> None:
        with pytest.raises(ValueError, match="nothing but comments"):
            await self.said(upstream, b": queued\n\n", gate, DONE)

    async def test_a_reader_that_is_slow_makes_the_server_wait(self) -> None:
        """Nothing is read ahead of it, and all of it arrives."""
        asked, played = on_played(StreamingChatOpenAI)
        sent = 0

        def pieces() -> Iterator[bytes]:
            nonlocal sent
            for sent in range(1, 1001):  # noqa: B007
                yield says("a")

        played.pieces, played.apart = pieces(), True
        read = 0
        async for message in asked.astream("hi"):
            for _ in range(3000):
                await asyncio.sleep(0)
            read += len(message.content)
            assert sent <= read + 1
        assert read == 1000


class TestEnds:
    async def test_leaving_stops_the_server(self, upstream: Upstream) -> None:
        script = upstream.plays(*stream(ROLE, says("a"), forever(says("b"))))
        async with aclosing(on(upstream).astream("hi")) as chunks:  # type: ignore[type-var]
            async for message in chunks:
                if "b" in message.content:
                    break
        assert await asyncio.to_thread(script.next_call().left.wait, 10)

    async def test_so_does_leaving_a_silent_one(self, upstream: Upstream) -> None:
        script = upstream.plays(*stream(ROLE, stall))
        heard = asyncio.Event()

        async def read() -> None:
            async for _ in on(upstream).astream("hi"):
                heard.set()

        others = asyncio.all_tasks()
        reading = asyncio.create_task(read())
        await heard.wait()
        reading.cancel()
        await asyncio.wait({reading})
        assert reading.cancelled()
        assert asyncio.all_tasks() == others
        assert script.next_call().left.wait(10)

    async def test_a_server_that_goes_on_behind_its_end_is_not_heard(self, upstream: Upstream) -> None:
        script = upstream.plays(*stream(says("a"), DONE, forever(says("b"))))
        assert [message.content async for message in on(upstream).astream("hi")] == ["a", ""]
        assert script.next_call().left.wait(10)

    async def test_the_response_is_read_to_its_end(self) -> None:
        """Otherwise its connection could not be used again."""
        asked, played = on_played(StreamingChatOpenAI)
        read: list[bytes] = []

        def pieces() -> Iterator[bytes]:
            for piece in (says("a"), DONE, b"\n", b"\n"):
                read.append(piece)
                yield piece

        played.pieces, played.apart = pieces(), True
        assert [message.content async for message in asked.astream("hi")] == ["a", ""]
        assert len(read) == 4

    async def test_it_is_asked_again_before_the_first_chunk(self, upstream: Upstream) -> None:
        script = upstream.plays_in_turn(
            [answer(503, retry_after_ms="1")], [answer(429, retry_after_ms="1")], whole("abc")
        )
        chunks = [message.text async for message in on(upstream, max_retries=2).astream("hi")]
        assert ("".join(chunks), script.count) == ("abc", 3)

    @pytest.mark.parametrize("steps", [[], [says("a")], [says("a"), says("b")[:-1]]])
    @pytest.mark.parametrize(("fate", "code"), [(cut, Code.UPSTREAM_CUT), (stall, Code.UPSTREAM_TIMEOUT)])
    async def test_how_it_breaks(self, upstream: Upstream, steps: list[bytes], fate: Step, code: Code) -> None:
        """As the SDK tells it, behind everything that came before."""
        upstream.plays(*stream(*steps, fate))
        place: dict[str, Any] = {"base_url": upstream.base_url, "timeout": openai.Timeout(10, read=0.2)}
        ours, theirs = (
            await ask(model(http_async_client=over_aiohttp(), **place)),
            await ask(model(ReadBySDK, **place)),
        )
        assert ours.facts == theirs.facts
        begun = fate is stall or steps
        assert ours.facts["code"] == (code if begun else Code.UPSTREAM_UNAVAILABLE)

    async def test_a_reset_behind_what_was_read(self, upstream: Upstream) -> None:
        script = upstream.plays(*stream(says("a"), gate, reset))
        asked = on(upstream).astream("hi")
        assert (await anext(asked)).text == "a"
        script.next_call().permit()
        with pytest.raises(openai.APIConnectionError) as raised:
            await anext(asked)
        assert stream_error(raised.value, begun=True).code is Code.UPSTREAM_CUT

    async def test_an_event_without_end(self) -> None:
        outcome = await read([says("a"), b"data: ", *[b"x" * 65536] * 80], StreamingChatOpenAI)
        assert (outcome.facts["told"], outcome.facts["code"]) == ("a", Code.UPSTREAM_GARBLED)

    async def test_a_gap_between_chunks_may_be_limited(self, upstream: Upstream) -> None:
        script = upstream.plays(*stream(says("a"), stall))
        asked = on(upstream, stream_chunk_timeout=0.1)
        with pytest.raises(TimeoutError, match="stream_chunk_timeout"):
            [message async for message in asked.astream("hi")]
        assert script.next_call().left.wait(10)
