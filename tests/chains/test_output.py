"""How a model is held to a schema: four ways, two dialects, and never more than the model should read."""

from collections.abc import Iterator
from typing import Annotated, Any, Literal

import pytest
from langchain_core.callbacks import AsyncCallbackManagerForLLMRun
from langchain_core.messages import AIMessageChunk, BaseMessage
from langchain_core.messages.tool import tool_call_chunk
from langchain_core.outputs import ChatGenerationChunk
from pydantic import BaseModel, Field

from chains import chatbot, meeting_info
from chains.ask import Ask
from chains.chatbot import ask as ask_chat
from chains.limits import Limits
from chains.meeting_info import ask as ask_meeting
from chains.models.model import Model
from chains.models.scripted import Reply, ScriptedChatModel
from chains.output import Way, call_arguments, instructions, plain, strict
from chains.shape import shape_of
from schemas import ChatRequest, MeetingRequest, Stream
from tests.chains.answers import CHAT, CHOOSING, GOAL, MEETING, REPLY, model_saying, script_of, text

ASKS: dict[str, Ask] = {
    "meeting": ask_meeting(MeetingRequest.model_validate(GOAL)),
    "meeting with a plan": ask_meeting(MeetingRequest.model_validate(GOAL | {"include_plan": True})),
    "chat": ask_chat(ChatRequest.model_validate(CHAT)),
    "chat with candidates": ask_chat(ChatRequest.model_validate(CHOOSING)),
}

each_ask = pytest.mark.parametrize("ask", ASKS.values(), ids=ASKS)


def levels(schema: Any) -> Iterator[dict[str, Any]]:
    """A JSON Schema and every schema inside it."""
    yield schema
    for by_name in ("properties", "$defs"):
        for inner in schema.get(by_name, {}).values():
            yield from levels(inner)
    for listed in ("anyOf", "oneOf", "allOf", "prefixItems"):
        for inner in schema.get(listed, []):
            yield from levels(inner)
    for nested in ("items", "additionalProperties"):
        if isinstance(schema.get(nested), dict):
            yield from levels(schema[nested])


# -- dialects ----------------------------------------------------------------------------------------------------------


@each_ask
def test_strict_closes_every_object_and_requires_every_key(ask: Ask) -> None:
    for level in levels(strict(shape_of(ask.wanted).schema)):
        if "properties" in level:
            assert level["additionalProperties"] is False
            assert level["required"] == list(level["properties"])


@each_ask
def test_strict_leaves_out_what_openai_refuses(ask: Ask) -> None:
    refused = {"minLength", "maxLength", "uniqueItems", "default", "oneOf", "allOf", "not", "if", "patternProperties"}
    for level in levels(strict(shape_of(ask.wanted).schema)):
        assert not refused & level.keys()


def test_strict_says_in_words_what_it_leaves_out() -> None:
    properties = strict(shape_of(ASKS["meeting"].wanted).schema)["properties"]
    assert properties["name"]["description"] == "The group's name (at least 1 characters, at most 64 characters)"
    assert "no two alike" in properties["tags"]["description"]
    assert properties["max_members"]["maximum"] == 100


@each_ask
def test_plain_keeps_every_limit_and_nothing_that_only_we_read(ask: Ask) -> None:
    schema = shape_of(ask.wanted).schema
    before, after = list(levels(schema)), list(levels(plain(schema)))
    assert len(before) == len(after)
    for full, sent in zip(before, after, strict=True):
        assert sent.keys() == full.keys() - {"title", "default", "x-stream", "x-trim"}


class Tricky(BaseModel):
    """Property names and values that look like keywords of JSON Schema."""

    title: str
    default: Literal["title", "minLength"]
    properties: Annotated[str, Stream("settled")]
    required: list[str] = Field(default_factory=list, json_schema_extra={"examples": [{"title": "kept"}]})


@pytest.mark.parametrize("dialect", [plain, strict])
def test_names_and_values_that_look_like_keywords_are_left_alone(dialect: Any) -> None:
    schema = dialect(shape_of(Tricky).schema)
    assert list(schema["properties"]) == ["title", "default", "properties", "required"]
    assert schema["properties"]["default"]["enum"] == ["title", "minLength"]
    assert schema["properties"]["required"]["examples"] == [{"title": "kept"}]
    assert "x-stream" not in schema["properties"]["properties"]


def test_the_dialects_leave_the_schema_itself_as_it_is() -> None:
    shape = shape_of(ASKS["chat with candidates"].wanted)
    before = text(shape.schema)
    strict(shape.schema)
    plain(shape.schema)
    assert text(shape.schema) == before


# -- ways --------------------------------------------------------------------------------------------------------------

SHAPE = shape_of(ASKS["meeting"].wanted)


@pytest.mark.parametrize(("dialect", "is_strict"), [("plain", False), ("strict", True)])
def test_json_schema_is_a_response_format(dialect: Any, is_strict: bool) -> None:
    schema = strict(SHAPE.schema) if is_strict else plain(SHAPE.schema)
    named = {"name": "MeetingInfo", "schema": schema, "strict": is_strict}
    assert call_arguments("json_schema", dialect, SHAPE) == {
        "response_format": {"type": "json_schema", "json_schema": named}
    }


def test_tools_is_one_tool_that_must_be_called() -> None:
    arguments = call_arguments("tools", "strict", SHAPE)
    [tool] = arguments["tools"]
    assert tool["function"]["name"] == arguments["tool_choice"]["function"]["name"] == "MeetingInfo"
    assert tool["function"]["parameters"] == strict(SHAPE.schema)
    assert tool["function"]["strict"] is True
    assert "strict" not in call_arguments("tools", "plain", SHAPE)["tools"][0]["function"]


def test_the_other_ways_put_the_schema_into_the_prompt() -> None:
    assert call_arguments("json_object", "plain", SHAPE) == {"response_format": {"type": "json_object"}}
    assert call_arguments("prompt", "plain", SHAPE) == {}
    for way in ("json_object", "prompt"):
        assert text(plain(SHAPE.schema)) in instructions(way, SHAPE)
    assert instructions("json_schema", SHAPE) == instructions("tools", SHAPE) == ""


@pytest.mark.parametrize("way", ["json_schema", "tools", "json_object", "prompt"])
def test_whichever_way_the_answer_is_the_same(way: Way) -> None:
    chain = meeting_info.build(model_saying(text(MEETING), way=way))
    assert chain.invoke(GOAL) == MEETING
    [(messages, arguments)] = script_of(chain.model).calls
    assert set(arguments) == set(call_arguments(way, "plain", SHAPE))
    assert ("JSON Schema" in messages[0].text) == (way in ("json_object", "prompt"))
    assert [message.type for message in messages].count("system") == 1


class ToolCaller(ScriptedChatModel):
    """Says its text as the arguments of a tool call, as servers send it: in pieces, the name in the first only."""

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Any:
        first = True
        async for chunk in super()._astream(messages, stop, run_manager, **kwargs):
            said, message = chunk.message.text, chunk.message
            if said:
                call = tool_call_chunk(args=said, index=0, id="c1" if first else None, name="answer" if first else None)
                message, first = AIMessageChunk(content="", tool_call_chunks=[call]), False
            yield ChatGenerationChunk(message=message, generation_info=chunk.generation_info)


async def test_the_arguments_of_a_tool_call_stream_like_any_text() -> None:
    async def told(kind: type[ScriptedChatModel]) -> list[tuple[str, Any]]:
        model = Model(kind(replies=[Reply(text=text(REPLY))]), name="scripted", way="tools")
        events = [event async for event in chatbot.build(model, Limits(snapshot=0)).astream_typed(CHAT)]
        return [(event.type, getattr(event, "text", getattr(event, "value", None))) for event in events]

    by_tool = await told(ToolCaller)
    assert by_tool == await told(ScriptedChatModel)
    assert "".join(said for kind, said in by_tool if kind == "token") == REPLY["reply"]
