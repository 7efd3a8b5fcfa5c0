"""Neither a user's words nor a model's nor a key reaches the log, whatever goes wrong."""

import json
import logging
import re
from typing import Any

import httpx
import pytest

from chains.faults import log_fault
from tests.server.configs import CHAT_INPUT, openai
from tests.server.endpoints import JSON, PATHS, body_of
from tests.server.inprocess import client_of
from tests.server.process import Start
from tests.server.reading import PATIENCE_S
from tests.upstream import DONE, Step, Upstream, answer, calls_tool, chunk, cut, ends, reset, says, sse, stream, whole

ASKED, WRITTEN, KEY, ECHOED = "canary-asked", "canary-written", "sk-canary-key", "canary-echoed"
CANARIES = (ASKED, WRITTEN, KEY, ECHOED)
INPUTS: dict[str, Any] = {
    "chatbot": {
        "messages": [{"role": "user", "content": ASKED}],
        "candidates": [{"id": "g1", "name": ASKED, "summary": ASKED}],
        "want": "recommendation",
    },
    "meeting-info": {"goal": ASKED, "name": ASKED, "location": ASKED},
}
ECHO = {"error": {"message": f"no: {ECHOED} {KEY} {ASKED}", "type": "x", "param": None, "code": "x"}}
HALF = says('{"reply": "' + WRITTEN)


def recommends(group: str) -> str:
    return json.dumps({"reply": WRITTEN, "options": [], "recommendation": {"group_id": group, "reason": WRITTEN}})


REPLIES: dict[str, tuple[Step, ...]] = {
    "whole": whole(recommends("g1")),
    **{str(status): (answer(status, ECHO),) for status in (400, 401, 403, 404, 429, 500)},
    "an error in the stream": stream(HALF, sse(ECHO)),
    "cut": stream(HALF, cut),
    "reset": stream(HALF, reset),
    "truncated": stream(HALF, ends("length"), DONE),
    "refused": stream(chunk({"refusal": WRITTEN}), ends(), DONE),
    "filtered": stream(HALF, ends("content_filter"), DONE),
    "not JSON": stream(says(WRITTEN), ends(), DONE),
    "broken JSON": stream(HALF, says('" ' + WRITTEN), ends(), DONE),
    "an unknown id": whole(recommends(WRITTEN)),
    "a key twice": whole(f'{{"reply": "{WRITTEN}", "reply": "{WRITTEN}"}}'),
    "junk": stream(HALF, f"data: {WRITTEN}\n\n".encode()),
    "a string for choices": stream(HALF, sse({"choices": WRITTEN})),
    "a delta of text": stream(HALF, sse({"choices": [{"index": 0, "delta": WRITTEN}]})),
    "content that is a list": stream(HALF, chunk({"content": [WRITTEN]}), ends(), DONE),
    "content that is an object": stream(HALF, chunk({"content": {"text": WRITTEN}}), ends(), DONE),
    "a tool nobody offered": stream(calls_tool(WRITTEN, name=WRITTEN), ends("tool_calls"), DONE),
}


def test_no_canary_in_the_log(start: Start, upstream: Upstream) -> None:
    server = start(openai(upstream.base_url), OPENAI_API_KEY=KEY)
    with httpx.Client(base_url=server.url, timeout=PATIENCE_S) as client:
        for steps in REPLIES.values():
            script = upstream.plays(*steps)
            for path in PATHS:
                value = INPUTS[path.split("/")[1]]
                response = client.post(path, json=body_of(path, value))
                if not path.endswith("/stream_log"):  # the playground's, for developers: it shows a run's insides
                    assert not {KEY, ECHOED} & set(re.findall(r"[\w-]+", response.text))
            assert script.next_call().headers["authorization"] == f"Bearer {KEY}"
    assert server.log
    assert [line for line in server.log.splitlines() if any(canary in line for canary in CANARIES)] == []


async def test_no_canary_at_any_level(caplog: pytest.LogCaptureFixture, upstream: Upstream) -> None:
    """Some libraries log each chunk at DEBUG: an application that logs at that level must not inherit it."""
    caplog.set_level(logging.DEBUG)
    upstream.plays(*REPLIES["whole"])
    async with client_of(openai(upstream.base_url)) as client:
        for path in PATHS:
            await client.post(path, json=body_of(path, INPUTS[path.split("/")[1]]))
    assert [record.name for record in caplog.records if any(canary in record.getMessage() for canary in CANARIES)] == []


def test_no_canary_of_a_refused_request(start: Start, upstream: Upstream) -> None:
    server = start(openai(upstream.base_url), OPENAI_API_KEY=KEY)
    bodies: list[Any] = [
        {"input": ASKED},
        {"input": {"goal": ASKED, ASKED: ASKED}},
        {"input": {"messages": [{"role": ASKED, "content": ASKED}]}},
        {"inputs": [ASKED], "config": {"configurable": {ASKED: ASKED}}},
        {"input": CHAT_INPUT, "kwargs": {ASKED: ASKED}},
        {ASKED: ASKED},
    ]
    with httpx.Client(base_url=server.url, timeout=PATIENCE_S) as client:
        for path in PATHS:
            for body in bodies:
                client.post(path, json=body)
            client.post(path, content=ASKED, headers=JSON)
            client.post(path, content=ASKED)
    assert ASKED not in server.log


def test_an_unforeseen_fault_is_logged_by_type_and_place(caplog: pytest.LogCaptureFixture) -> None:
    def breaks() -> None:
        raise LookupError(WRITTEN)

    with pytest.raises(LookupError) as raised:
        breaks()
    log_fault(logging.getLogger("test"), "a test broke", raised.value)
    assert "a test broke: LookupError" in caplog.text
    assert "in breaks" in caplog.text
    assert WRITTEN not in caplog.text
