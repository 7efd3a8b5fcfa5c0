"""`?protocol=`: who asks in another protocol's way is understood, answered in it, and told what is wrong."""

import json
import socket
from collections.abc import AsyncIterator, Callable
from typing import Any
from uuid import uuid4

import httpx
import pytest

from chains.chatbot import ask
from schemas import ChatRequest
from server.wire.protocols import FOREIGN
from tests.server.configs import CHAT, CHAT_INPUT, MEETING, MEETING_INPUT, both, scripted, text
from tests.server.endpoints import refusal
from tests.server.inprocess import client_of
from tests.server.process import ServerProcess, Start
from tests.server.reading import PATIENCE_S, events_of, terminal
from tests.server.requests import post_bytes
from tests.server.wire.readers import Agent, Langserve, UIMessage, data_of

REPLY = {**CHAT, "recommendation": None}
BOTH = pytest.mark.parametrize("protocol", ["ai-sdk", "ag-ui"])
EACH = pytest.mark.parametrize("protocol", FOREIGN)


def ui_message(role: str, *parts: Any) -> dict[str, Any]:
    return {"id": "1", "role": role, "parts": [{"type": "step-start"}, *parts]}


def said(words: str) -> dict[str, Any]:
    return {"type": "text", "text": words}


USER = ui_message("user", said("모임 "), said("추천해줘"))
USE_CHAT = {"id": "a chat", "trigger": "submit-message", "messages": [USER]}
AGENT = {
    "threadId": "t", "runId": "r", "tools": [], "context": [], "state": {}, "forwardedProps": {},
    "messages": [{"id": "1", "role": "user", "content": "모임 추천해줘"}],
}  # fmt: skip


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(both()) as client:
        yield client


async def test_a_message_for_use_chat(client: httpx.AsyncClient) -> None:
    response = await client.post("/chatbot/stream/ai-sdk", json=USE_CHAT)
    assert response.headers["x-vercel-ai-ui-message-stream"] == "v1"
    assert response.headers["content-type"] == "text/event-stream; charset=utf-8"
    message = UIMessage(data_of([response.content]))
    assert (message.texts, message.object, message.end) == ([CHAT["reply"]], REPLY, "finish")
    assert message.settled == ["/reply", "/options", "/recommendation"]


async def test_a_form_for_use_object(client: httpx.AsyncClient) -> None:
    response = await client.post("/meeting-info/stream?protocol=ai-sdk-object", json={"input": MEETING_INPUT})
    assert response.headers["content-type"] == "text/plain; charset=utf-8"
    assert response.json() == MEETING


async def test_a_run_of_an_agent(client: httpx.AsyncClient) -> None:
    response = await client.post("/chatbot/stream?protocol=ag-ui", json=AGENT)
    agent = Agent(data_of([response.content]))
    assert (list(agent.messages.values()), agent.state, agent.outcome) == ([CHAT["reply"]], REPLY, "success")


async def test_a_form_has_no_message(client: httpx.AsyncClient) -> None:
    asked = {**AGENT, "forwardedProps": {"input": MEETING_INPUT}}
    agent = Agent(data_of([(await client.post("/meeting-info/stream/ag-ui", json=asked)).content]))
    assert (agent.messages, agent.state) == ({}, MEETING)


@pytest.mark.parametrize(
    ("config", "joined"), [({}, True), ({"recursionLimit": 25}, False)], ids=["Python", "JavaScript"]
)
async def test_langserves_clients_are_known_by_what_they_send(
    client: httpx.AsyncClient, config: dict[str, Any], joined: bool
) -> None:
    asked = {"input": MEETING_INPUT, "config": config, "kwargs": {}}
    chunks = Langserve([(await client.post("/meeting-info/stream", json=asked)).content], lists_join=joined)
    assert (chunks.value, chunks.end) == (MEETING, "end")


# -- what is asked -----------------------------------------------------------------------------------------------------


async def asked_of(bodies: Callable[..., Any], *messages: Any, known: Any = None) -> list[tuple[str, str]]:
    """The conversation that reaches the chain: who said what."""
    value = bodies(known, list(messages))
    variables = ask(ChatRequest.model_validate(value)).variables
    return [(message.type, message.text) for message in variables["messages"]]


@pytest.fixture(params=["ai-sdk", "ag-ui"])
def body(request: pytest.FixtureRequest) -> Callable[..., Any]:
    """The chain's input, out of what one of them sends."""

    def of(known: Any, messages: Any) -> Any:
        beside = {} if known is None else {"input": known}
        sent = {"messages": messages, **(beside if request.param == "ai-sdk" else {"forwardedProps": beside})}
        return FOREIGN[request.param].asked(sent, ChatRequest)

    return of


def in_parts(role: str, words: str) -> dict[str, Any]:
    return ui_message(role, said(words), {"type": "data-object", "data": {"value": "x"}})


def in_content(role: str, words: str) -> dict[str, Any]:
    return {"id": "1", "role": role, "content": words}


@pytest.mark.parametrize("message", [in_parts, in_content])
class TestTheConversation:
    async def test_is_what_was_said(self, body: Callable[..., Any], message: Callable[..., Any]) -> None:
        conversation = [message("user", "안녕"), message("assistant", " 네"), message("user", "등산")]
        assert await asked_of(body, *conversation) == [("human", "안녕"), ("ai", " 네"), ("human", "등산")]

    async def test_holds_no_answer_that_failed_before_its_first_word(
        self, body: Callable[..., Any], message: Callable[..., Any]
    ) -> None:
        conversation = [message("user", "안녕"), message("assistant", ""), message("user", "등산")]
        assert await asked_of(body, *conversation) == [("human", "안녕"), ("human", "등산")]

    async def test_is_no_longer_than_the_chain_takes(
        self, body: Callable[..., Any], message: Callable[..., Any]
    ) -> None:
        conversation = [message("user" if index % 2 == 0 else "assistant", str(index)) for index in range(77)]
        assert [words for _, words in await asked_of(body, *conversation)] == [str(index) for index in range(27, 77)]

    async def test_stands_beside_what_else_the_chain_is_asked(
        self, body: Callable[..., Any], message: Callable[..., Any]
    ) -> None:
        given = {"want": "question", "language": "ko"}
        assert body(given, [message("user", "안녕")]) == {
            **given, "messages": [{"role": "user", "content": "안녕"}],
        }  # fmt: skip

    async def test_is_the_inputs_own_where_it_has_one(
        self, body: Callable[..., Any], message: Callable[..., Any]
    ) -> None:
        assert body(CHAT_INPUT, [message("user", "안녕")]) == CHAT_INPUT


@pytest.mark.parametrize(
    ("messages", "at"),
    [
        (None, "/messages"),
        ("안녕", "/messages"),
        ([USER, "안녕"], "/messages/1"),
        ([{"id": "1", "role": "system", "content": "Obey."}], "/messages/0/role"),
        ([{"id": "1", "role": "tool", "content": "{}"}, USER], "/messages/0/role"),
        ([{"id": "1", "content": "안녕"}], "/messages/0/role"),
        ([], "/messages"),
        ([ui_message("user")], "/messages/0"),
        ([USER, ui_message("user", {"type": "file", "url": "data:,"})], "/messages/1"),
        ([USER, ui_message("assistant", said("네"))], "/messages"),
        ([{"role": "user", "content": {"text": "안녕"}}], "/messages/0"),
        ([{"role": "user", "content": "가" * 2001}], "/messages/0/content"),
    ],
)
@BOTH
async def test_no_conversation_is_refused_in_words(
    client: httpx.AsyncClient, protocol: str, messages: Any, at: str
) -> None:
    body = {key: value for key, value in {"messages": messages}.items() if value is not None}
    response = await client.post(f"/chatbot/stream/{protocol}", json=body)
    assert refusal(response, 422, "invalid_request").model_dump()["details"][0]["path"] == at


@BOTH
@pytest.mark.parametrize("known", ["등산", ["등산"], 7, True])
async def test_an_input_that_is_no_object_is_refused(client: httpx.AsyncClient, protocol: str, known: Any) -> None:
    body = {"messages": [USER], "input": known, "forwardedProps": {"input": known}}
    for chain in ("chatbot", "meeting-info"):
        refusal(await client.post(f"/{chain}/stream/{protocol}", json=body), 422, "invalid_request")


@BOTH
async def test_a_form_needs_its_input(client: httpx.AsyncClient, protocol: str) -> None:
    response = await client.post(f"/meeting-info/stream/{protocol}", json={"messages": [USER]})
    assert refusal(response, 422, "invalid_request").model_dump()["details"][0]["path"] == "/input"


async def test_a_protocol_that_nobody_knows_is_refused(client: httpx.AsyncClient) -> None:
    asked = {"input": CHAT_INPUT}
    refusal(await client.post("/chatbot/stream?protocol=ws", json=asked), 422, "invalid_request")
    refusal(await client.post("/chatbot/stream/ws", json=asked), 422, "invalid_request")


# -- runs that outlive their readers -----------------------------------------------------------------------------------


@pytest.fixture
def kept(shared: Callable[[str], ServerProcess]) -> str:
    return shared(both()).url


@pytest.mark.parametrize("position", ["1", "3", "999", "2~", "no number"])
@EACH
def test_a_run_is_read_from_its_beginning_again_and_again(kept: str, protocol: str, position: str) -> None:
    """Also behind its end, and wherever its reader says that it was: other protocols have no word for that."""
    run_id = httpx.post(f"{kept}/chatbot/runs", json={"input": CHAT_INPUT}).json()["run_id"]
    url, query = f"{kept}/runs/{run_id}/events", {"protocol": protocol}
    first = httpx.get(url, params=query)
    assert first.status_code == 200
    assert httpx.get(url, params=query, headers={"last-event-id": position}).content == first.content
    match protocol:
        case "langserve":
            assert Langserve([first.content]).value == REPLY
        case "ai-sdk":
            assert UIMessage(data_of([first.content])).texts == [CHAT["reply"]]
        case "ag-ui":
            assert list(Agent(data_of([first.content])).messages.items()) == [(run_id, CHAT["reply"])]
        case _:
            assert first.json() == REPLY


@EACH
def test_a_run_that_is_not_there_is_refused(kept: str, protocol: str) -> None:
    response = httpx.get(f"{kept}/runs/{uuid4()}/events", params={"protocol": protocol})
    refusal(response, 404, "not_found")


def test_a_detached_stream_that_is_repeated_is_the_first_ones_run(kept: str) -> None:
    """Whoever was cut before the first event cannot know the run, and asks again."""
    url, key = f"{kept}/chatbot/stream", {"idempotency-key": str(uuid4())}
    first, second = (
        httpx.post(url, params={"detach": "true"}, json={"input": CHAT_INPUT}, headers=key) for _ in range(2)
    )
    assert terminal(events_of(first.text)).type == "complete"
    assert events_of(second.text) == events_of(first.text)
    other = {"messages": [{"role": "user", "content": "다른 질문"}]}
    again = httpx.post(url, params={"detach": "true"}, json={"input": other}, headers=key)
    refusal(again, 422, "invalid_request")


# -- bad ends ----------------------------------------------------------------------------------------------------------

HALF = text(MEETING)[:150]


@pytest.fixture
def failing(shared: Callable[[str], ServerProcess]) -> ServerProcess:
    return shared(scripted({"text": HALF, "failure": "cut"}, limits={"repairs": 0}))


def collect(response: httpx.Response, read: bytearray) -> None:
    """All that comes of it."""
    for piece in response.iter_bytes():
        read += piece


def test_half_an_object_breaks_off(failing: ServerProcess) -> None:
    """Its client would take an end for a good one. And nobody finds a fault in the log."""
    asked, read = {"input": MEETING_INPUT}, bytearray()
    url = f"{failing.url}/meeting-info/stream/ai-sdk-object"
    with httpx.stream("POST", url, json=asked) as response, pytest.raises(httpx.RemoteProtocolError):
        collect(response, read)
    with pytest.raises(ValueError, match="delimiter"):
        json.loads(bytes(read))
    assert "without completing" not in failing.log
    assert httpx.get(f"{failing.url}/health").status_code == 200


@pytest.mark.parametrize("protocol", ["ai-sdk", "ag-ui", "langserve"])
def test_others_have_a_word_for_it(failing: ServerProcess, protocol: str) -> None:
    asked = {"input": MEETING_INPUT, "forwardedProps": {"input": MEETING_INPUT}}
    content = httpx.post(f"{failing.url}/meeting-info/stream/{protocol}", json=asked).content
    match protocol:
        case "ai-sdk":
            *_, aside, last = data_of([content])
            assert (last["type"], aside["type"], aside["data"]["code"]) == ("error", "data-failed", "upstream_cut")
        case "ag-ui":
            *_, aside, last = data_of([content])
            assert (last["type"], last["code"], aside["name"]) == ("RUN_ERROR", "upstream_cut", "failed")
        case _:
            assert Langserve([content]).end == "error"


def test_one_that_is_cut_holds_no_place_whatever_was_asked_behind_it(start: Start) -> None:
    """uvicorn tells only the last of several requests on a connection that its client is gone."""
    two = {"limits": {"repairs": 0, "requests": 2}}
    server = start(scripted({"text": HALF, "failure": "cut"}, text(CHAT), **two))
    cut = post_bytes("/meeting-info/stream/ai-sdk-object", {"input": MEETING_INPUT}).replace(
        b"host: test", b"host: localhost"
    )
    for _ in range(3):
        with socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE_S) as connection:
            connection.sendall(cut + cut)
            while connection.recv(65536):
                pass
        assert httpx.post(f"{server.url}/chatbot/invoke", json={"input": CHAT_INPUT}).status_code == 200
