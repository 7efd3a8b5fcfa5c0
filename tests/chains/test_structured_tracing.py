"""A run shows to whoever listens to LangChain's callbacks: the chain, and below it the prompt and the model."""

from typing import Any
from uuid import UUID

import pytest
from langchain_core.callbacks import AsyncCallbackHandler
from langchain_core.runnables import RunnableConfig

from chains import meeting_info
from chains.structured import StructuredChain
from schemas import Code, Start, StreamError
from tests.chains.answers import GOAL, MEETING, model_saying, text

NOT_JSON = "I would rather not."


class Listener(AsyncCallbackHandler):
    """Keeps who began below whom, and how the chain's runs ended."""

    def __init__(self) -> None:
        self.began: list[tuple[str, UUID, UUID | None]] = []
        self.outputs: dict[UUID, Any] = {}
        self.errors: dict[UUID, BaseException] = {}
        self.seen: list[dict[str, Any]] = []

    async def on_chain_start(self, serialized: Any, inputs: Any, *, run_id: UUID, **about: Any) -> None:
        self.began.append((about["name"], run_id, about["parent_run_id"]))
        self.seen.append({"inputs": inputs, "tags": about["tags"], "metadata": about["metadata"]})

    async def on_chat_model_start(self, serialized: Any, messages: Any, *, run_id: UUID, **about: Any) -> None:
        self.began.append((serialized["name"], run_id, about["parent_run_id"]))

    async def on_chain_end(self, outputs: Any, *, run_id: UUID, **about: Any) -> None:
        self.outputs[run_id] = outputs

    async def on_chain_error(self, error: BaseException, *, run_id: UUID, **about: Any) -> None:
        self.errors[run_id] = error


async def read(chain: StructuredChain, way: str, input: Any, config: RunnableConfig) -> None:
    match way:
        case "typed":
            async for _ in chain.astream_typed(input, config):
                pass
        case "astream":
            async for _ in chain.astream(input, config):
                pass
        case _:
            await chain.ainvoke(input, config)


each_way = pytest.mark.parametrize("way", ["typed", "astream", "ainvoke"])


@each_way
async def test_the_chain_is_the_parent_of_its_prompt_and_its_model(way: str) -> None:
    listener, chain = Listener(), meeting_info.build(model_saying(text(MEETING)))
    await read(chain, way, GOAL, {"callbacks": [listener]})
    [(_, root, _), *_] = listener.began
    assert [(name, parent) for name, _, parent in listener.began] == [
        ("meeting_info", None),
        ("ChatPromptTemplate", root),
        ("ScriptedChatModel", root),
    ]
    assert listener.outputs[root] == MEETING
    assert not listener.errors


@each_way
async def test_a_run_goes_by_the_config_it_was_given(way: str) -> None:
    run_id = UUID("019a0000-0000-7000-8000-00000000002a")
    listener, chain = Listener(), meeting_info.build(model_saying(text(MEETING)))
    config: RunnableConfig = {
        "callbacks": [listener],
        "run_id": run_id,
        "run_name": "form",
        "tags": ["mine"],
        "metadata": {"user": "u1"},
    }
    await read(chain, way, GOAL, config)
    assert listener.began[0] == ("form", run_id, None)
    assert "mine" in listener.seen[0]["tags"]
    assert listener.seen[0]["metadata"]["user"] == "u1"
    assert config["run_id"] == run_id  # the caller's config is the caller's


async def test_a_config_bound_to_the_chain_is_taken() -> None:
    listener = Listener()
    chain = meeting_info.build(model_saying(text(MEETING))).with_config({"callbacks": [listener], "run_name": "form"})
    assert await chain.ainvoke(GOAL) == MEETING
    assert [value async for value in chain.astream(GOAL)][-1] == MEETING
    assert [name for name, *_ in listener.began] == ["form", "ChatPromptTemplate", "ScriptedChatModel"] * 2


@each_way
async def test_a_failed_run_ends_in_an_error(way: str) -> None:
    listener, chain = Listener(), meeting_info.build(model_saying(NOT_JSON))
    if way == "typed":
        await read(chain, way, GOAL, {"callbacks": [listener]})
    else:
        with pytest.raises(StreamError):
            await read(chain, way, GOAL, {"callbacks": [listener]})
    root = listener.began[0][1]
    assert root not in listener.outputs
    error = listener.errors[root]
    assert isinstance(error, StreamError)
    assert error.code is Code.NOT_JSON


@each_way
@pytest.mark.parametrize("input", [{"goal": ""}, {"goal": "x", "colour": "red"}, "not an object", None])
async def test_a_bad_request_is_raised_and_shows_as_an_error(way: str, input: Any) -> None:
    listener, chain = Listener(), meeting_info.build(model_saying(text(MEETING)))
    with pytest.raises(StreamError) as caught:
        await read(chain, way, input, {"callbacks": [listener]})
    assert caught.value.code is Code.INVALID_REQUEST
    assert [name for name, *_ in listener.began] == ["meeting_info"]
    assert list(listener.errors.values()) == [caught.value]


async def test_a_run_that_is_left_does_not_stay_open() -> None:
    listener, chain = Listener(), meeting_info.build(model_saying(text(MEETING)))
    events = chain.astream_typed(GOAL, {"callbacks": [listener]})
    assert isinstance(await anext(events), Start)
    await events.aclose()
    root = listener.began[0][1]
    assert root in listener.errors


# -- astream_events ----------------------------------------------------------------------------------------------------


async def test_astream_events_shows_the_run_from_outside() -> None:
    chain = meeting_info.build(model_saying(text(MEETING)))
    events = [event async for event in chain.astream_events(GOAL, version="v2")]
    [root] = {event["run_id"] for event in events if event["name"] == "meeting_info"}
    parents = {event["name"]: event["parent_ids"] for event in events}
    assert parents == {"meeting_info": [], "ChatPromptTemplate": [root], "ScriptedChatModel": [root]}
    assert events[0]["event"] == "on_chain_start"
    assert events[0]["data"]["input"] == GOAL
    assert events[-1]["event"] == "on_chain_end"
    assert events[-1]["data"]["output"] == MEETING
    values = [event["data"]["chunk"] for event in events if event["event"] == "on_chain_stream"]
    assert values[-1] == MEETING
    assert "".join(event["data"]["chunk"].text for event in events if event["event"] == "on_chat_model_stream") == text(
        MEETING
    )


async def test_astream_events_raises_what_the_run_raises() -> None:
    chain = meeting_info.build(model_saying(NOT_JSON))
    with pytest.raises(StreamError) as caught:
        async for _ in chain.astream_events(GOAL, version="v2"):
            pass
    assert caught.value.code is Code.NOT_JSON
