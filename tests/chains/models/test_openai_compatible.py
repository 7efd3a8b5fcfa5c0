"""A model over OpenAI's protocol: what is asked of it, and that its answer is read whatever shape it comes in."""

import json
from typing import Any

import pytest

from chains import meeting_info
from chains.models.spec import OpenAISpec
from chains.structured import StructuredChain
from schemas import Code, Complete, Event, Failed, UpstreamError, Usage
from tests.upstream import (
    DONE,
    Script,
    Step,
    Upstream,
    answer,
    calls_tool,
    chunk,
    cut,
    ends,
    says,
    sse,
    stream,
    usage,
    whole,
)

MEETING: dict[str, Any] = {
    "name": "토요일 등산 ⛰️",
    "category": "스포츠",
    "summary": "처음이어도 괜찮은 산길",
    "description": "낮은 산부터 함께 걸어요.\n천천히 🐢, 끝까지 👨‍👩‍👧.",
    "tags": ["등산", "주말", "초보"],
    "period": "3~6개월",
    "max_members": 15,
}
TEXT = json.dumps(MEETING, ensure_ascii=False)
GOAL = {"goal": "초보 등산"}
ROLE = chunk({"role": "assistant", "content": ""})


def chain_on(upstream: Upstream, **spec: Any) -> StructuredChain:
    described = {"provider": "openai", "base_url": upstream.base_url, "name": "test-model", "max_retries": 0, **spec}
    return meeting_info.build(OpenAISpec.model_validate(described).load())


@pytest.fixture(scope="module")
def chain(upstream: Upstream) -> StructuredChain:
    return chain_on(upstream)


async def events_of(chain: StructuredChain) -> list[Event]:
    return [event async for event in chain.astream_typed(GOAL)]


class TestRequest:
    """What travels, for each way in which a model can be held to a schema."""

    async def asked(self, upstream: Upstream, **spec: Any) -> tuple[dict[str, Any], dict[str, str]]:
        script: Script = upstream.plays(*whole(TEXT))
        await chain_on(upstream, **spec).ainvoke(GOAL)
        call = script.next_call()
        return call.body, call.headers

    async def test_a_response_format_travels_in_the_body(self, upstream: Upstream) -> None:
        body, _ = await self.asked(upstream)
        named = body["response_format"]["json_schema"]
        assert body["response_format"]["type"] == "json_schema"
        assert named["name"] == "MeetingInfo"
        assert named["schema"]["required"] == list(MEETING)
        assert named["schema"]["properties"]["name"]["maxLength"] == 64
        assert "tools" not in body

    async def test_beside_what_the_settings_add_to_the_body(self, upstream: Upstream) -> None:
        body, _ = await self.asked(upstream, extra_body={"min_p": 0.1}, parameters={"temperature": 0.2})
        assert (body["min_p"], body["temperature"]) == (0.1, 0.2)
        assert body["response_format"]["type"] == "json_schema"

    async def test_openais_own_dialect(self, upstream: Upstream) -> None:
        body, _ = await self.asked(upstream, dialect="strict")
        named = body["response_format"]["json_schema"]
        assert named["strict"] is True
        assert named["schema"]["additionalProperties"] is False
        assert not {"minLength", "maxLength", "uniqueItems"} & set(json.dumps(named["schema"]).split('"'))

    async def test_a_tool_that_must_be_called(self, upstream: Upstream) -> None:
        body, _ = await self.asked(upstream, structured_output="tools")
        assert [tool["function"]["name"] for tool in body["tools"]] == ["MeetingInfo"]
        assert body["tools"][0]["function"]["parameters"]["required"] == list(MEETING)
        assert body["tool_choice"] == {"type": "function", "function": {"name": "MeetingInfo"}}
        assert "response_format" not in body

    async def test_any_json_object(self, upstream: Upstream) -> None:
        body, _ = await self.asked(upstream, structured_output="json_object")
        assert body["response_format"] == {"type": "json_object"}
        assert "max_members" in body["messages"][0]["content"]

    async def test_nothing_but_the_prompt(self, upstream: Upstream) -> None:
        body, _ = await self.asked(upstream, structured_output="prompt")
        assert not {"response_format", "tools"} & body.keys()
        assert '"maximum": 100' in body["messages"][0]["content"]

    async def test_the_model_its_limits_and_the_key(self, upstream: Upstream, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("OTHER_KEY", "sk-test")
        body, headers = await self.asked(upstream, api_key_env="OTHER_KEY", max_tokens=777)
        assert (body["model"], body["stream"], body["max_completion_tokens"]) == ("test-model", True, 777)
        assert body["stream_options"] == {"include_usage": True}
        assert headers["authorization"] == "Bearer sk-test"


def _split(data: bytes, size: int) -> list[bytes]:
    return [data[at : at + size] for at in range(0, len(data), size)]


PLAIN = b"".join([ROLE, *[says(TEXT[at : at + 5]) for at in range(0, len(TEXT), 5)], ends(), usage(11, 7), DONE])
FRAMINGS: dict[str, tuple[Step, ...]] = {
    "token by token": whole(TEXT, size=1),
    "in one frame": whole(TEXT, size=len(TEXT)),
    "in one write": stream(PLAIN),
    "byte by byte": stream(*_split(PLAIN, 1)),
    "CRLF": stream(PLAIN.replace(b"\n", b"\r\n")),
    "CRLF, byte by byte": stream(*_split(PLAIN.replace(b"\n", b"\r\n"), 1)),
    "with comments": stream(b": hello\n\n", PLAIN.replace(b"data: {", b": still here\ndata: {")),
    "with names and ids": stream(PLAIN.replace(b"data: {", b"event: message\nid: 1\nretry: 5\ndata: {")),
    "without a blank": stream(PLAIN.replace(b"data: ", b"data:")),
    "usage beside the reason": stream(says(TEXT), chunk({}, "stop", usage={
        "prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18}), DONE),
    "without a role": stream(says(TEXT), ends(), usage(11, 7), DONE),
    "reason beside the text": stream(ROLE, chunk({"content": TEXT}, "stop"), usage(11, 7), DONE),
    "with fields of others": stream(
        chunk({"role": "assistant", "content": None, "reasoning_content": "hm"}),
        chunk({"content": TEXT, "logprobs": None}), chunk({"content": None}, "stop"), usage(11, 7), DONE),
    "without an end": stream(says(TEXT), ends(), usage(11, 7)),
}  # fmt: skip


@pytest.mark.parametrize("framing", FRAMINGS)
async def test_an_answer_is_read_however_it_is_framed(upstream: Upstream, chain: StructuredChain, framing: str) -> None:
    upstream.plays(*FRAMINGS[framing])
    end = (await events_of(chain))[-1]
    assert isinstance(end, Complete)
    assert end.value == MEETING
    assert end.finish_reason == "stop"
    assert end.usage
    assert end.usage.input_tokens == 11


@pytest.mark.parametrize("size", [1, 5, 1000])
async def test_the_arguments_of_a_tool_call_are_the_object(upstream: Upstream, size: int) -> None:
    pieces = [TEXT[at : at + size] for at in range(0, len(TEXT), size)]
    named = calls_tool("", name="MeetingInfo")
    upstream.plays(*stream(ROLE, named, *map(calls_tool, pieces), ends("tool_calls"), usage(11, 7), DONE))
    events = await events_of(chain_on(upstream, structured_output="tools"))
    end = events[-1]
    assert isinstance(end, Complete)
    assert (end.value, end.finish_reason) == (MEETING, "tool_calls")
    assert end.usage == Usage(input_tokens=11, output_tokens=7, total_tokens=18)
    description = "".join(event.text for event in events if event.type == "token" and event.path == "/description")
    assert description == MEETING["description"]


class TestEnds:
    """The same ends by every way of asking: typed events, `ainvoke`, `invoke` and `stream`."""

    async def failure(self, upstream: Upstream, chain: StructuredChain, *steps: Step) -> Failed:
        upstream.plays(*stream(*steps))
        end = (await events_of(chain))[-1]
        assert isinstance(end, Failed)
        return end

    @pytest.mark.parametrize(
        ("delta", "told"),
        [
            ([{"role": "assistant", "refusal": "I "}, {"refusal": "won't."}], "I won't."),
            ([{"refusal": "I won't."}], "I won't."),
            ([{"role": "assistant", "content": ""}, {"content": None, "refusal": "I won't."}], "I won't."),
        ],
    )
    async def test_a_refusal_keeps_its_words(
        self, upstream: Upstream, chain: StructuredChain, delta: list[dict[str, Any]], told: str
    ) -> None:
        end = await self.failure(upstream, chain, *map(chunk, delta), ends(), DONE)
        assert (end.code, end.phase, end.retryable) == (Code.REFUSED, "upstream", False)
        assert told in end.message

    async def test_its_token_limit_within_the_object(self, upstream: Upstream, chain: StructuredChain) -> None:
        end = await self.failure(upstream, chain, says(TEXT[:40]), ends("length"), DONE)
        assert (end.code, end.partial["name"]) == (Code.TRUNCATED, MEETING["name"])

    async def test_its_token_limit_behind_the_object(self, upstream: Upstream, chain: StructuredChain) -> None:
        upstream.plays(*stream(says(TEXT + "\n" * 50), ends("length"), usage(1, 1), DONE))
        end = (await events_of(chain))[-1]
        assert isinstance(end, Complete)
        assert (end.value, end.finish_reason) == (MEETING, "length")

    async def test_a_filter(self, upstream: Upstream, chain: StructuredChain) -> None:
        end = await self.failure(upstream, chain, says(TEXT[:40]), ends("content_filter"), DONE)
        assert (end.code, end.partial["name"]) == (Code.CONTENT_FILTER, MEETING["name"])

    @pytest.mark.parametrize(
        ("steps", "code"),
        [
            ((answer(401),), Code.UPSTREAM_AUTH),
            (stream(sse({"error": {"message": "unwell", "code": 500}})), Code.UPSTREAM_UNAVAILABLE),
            (stream(says(TEXT[:40]), cut), Code.UPSTREAM_CUT),
            (stream(says(TEXT[:40]), b"data: junk\n\n"), Code.UPSTREAM_GARBLED),
        ],
    )
    async def test_without_events_it_is_raised(
        self, upstream: Upstream, chain: StructuredChain, steps: tuple[Step, ...], code: Code
    ) -> None:
        upstream.plays(*steps)
        with pytest.raises(UpstreamError) as by_await:
            await chain.ainvoke(GOAL)
        with pytest.raises(UpstreamError) as by_thread:
            chain.invoke(GOAL)
        with pytest.raises(UpstreamError) as by_stream:
            list(chain.stream(GOAL))
        assert {by_await.value.code, by_thread.value.code, by_stream.value.code} == {code}
