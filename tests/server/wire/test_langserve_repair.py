"""LangServe's own client while the model is asked again: what it has of a stream cannot be taken back."""

import json
from collections.abc import Callable
from functools import reduce
from operator import add
from typing import Any

import httpx
import pytest
from langserve import RemoteRunnable

from tests.server.configs import MEETING, MEETING_INPUT, openai, text
from tests.server.process import ServerProcess
from tests.server.reading import PATIENCE_S
from tests.server.turns import in_turn
from tests.upstream import Script, Step, Upstream, says, stall, stream, whole

WANTED = {**MEETING_INPUT, "include_plan": True}
RESULT = {**MEETING, "plan": [{"step": 1, "title": "첫 만남 🐶", "details": ["인사하기"]}]}
SENT = text({"name": MEETING["name"], "tags": MEETING["tags"]})[:-1]

# How the first answer begins until it is given up. What had been sent of it by then ...
KEPT = {
    "nothing had been sent": '{"max_members": 1000, ',
    "all that was sent has settled": SENT + ', "category": "none", ',
    "what was broken had not been sent": SENT + ', "plan": [{"title": "Half a title\\n',
}
VOID = {
    "half a text": SENT + ', "summary": "Half a summa\\',
    "a text": SENT + ', "summary": "Two\\nlines", ',
    "a text that is too long": SENT + f', "summary": "{"long " * 20}", ',
    "items of a list": '{"max_members": 12, "tags": ["하나", "둘", "둘이 서", ',
    "a list": '{"max_members": 12, "tags": ["하나", "둘"], ',
}
DISAGREES = says("\n")  # a control character: no JSON string goes on with it


@pytest.fixture(scope="module")
def server(shared: Callable[[str], ServerProcess], upstream: Upstream) -> ServerProcess:
    return shared(openai(upstream.base_url))


def remote_of(server: ServerProcess) -> RemoteRunnable[Any, Any]:
    """A client of the test's own: it closes its connections when it is forgotten, which needs the test's event loop."""
    return RemoteRunnable(f"{server.url}/meeting-info")


def play(upstream: Upstream, begins: str, *then: Step) -> Script:
    """A first answer that nobody hears the end of, and another one."""
    return upstream.plays(in_turn(stream(says(begins), DISAGREES, stall), then))


@pytest.mark.parametrize("case", KEPT)
async def test_what_is_kept_and_what_comes_again_add_up(server: ServerProcess, upstream: Upstream, case: str) -> None:
    remote = remote_of(server)
    play(upstream, KEPT[case], *whole(text(RESULT)))
    assert reduce(add, remote.stream(WANTED)) == RESULT
    play(upstream, KEPT[case], *whole(text(RESULT)))
    assert reduce(add, [chunk async for chunk in remote.astream(WANTED)]) == RESULT


@pytest.mark.parametrize("case", [*KEPT, *VOID])
async def test_who_waits_for_the_whole_sees_nothing_of_it(server: ServerProcess, upstream: Upstream, case: str) -> None:
    remote, begins = remote_of(server), {**KEPT, **VOID}[case]
    play(upstream, begins, *whole(text(RESULT)))
    assert remote.invoke(WANTED) == RESULT
    play(upstream, begins, *whole(text(RESULT)))
    assert await remote.abatch([WANTED]) == [RESULT]


@pytest.mark.parametrize("case", VOID)
async def test_what_is_void_is_an_error_and_stops_the_model(
    server: ServerProcess, upstream: Upstream, case: str
) -> None:
    remote = remote_of(server)
    script = play(upstream, VOID[case], *stream(says("{"), stall))
    with pytest.raises(httpx.HTTPStatusError, match="already sent") as raised:
        [chunk async for chunk in remote.astream(WANTED)]
    assert raised.value.response.status_code == 502
    assert script.next_call().left.wait(PATIENCE_S)
    upstream.plays(*whole(text(RESULT)))
    assert remote.invoke(WANTED) == RESULT


@pytest.mark.parametrize(("case", "code"), [("half a text", "not_json"), ("a text", "invalid_output")])
def test_the_error_says_what_was_wrong(server: ServerProcess, upstream: Upstream, case: str, code: str) -> None:
    """And the server ends the response, whether the client has understood or not."""
    play(upstream, VOID[case], stall)
    body = {"input": WANTED, "config": {}, "kwargs": {}}
    response = httpx.post(f"{server.url}/meeting-info/stream", json=body, timeout=PATIENCE_S)
    name, _, data = response.text.removesuffix("\n\n").rpartition("event: ")[2].partition("\ndata: ")
    assert (name, json.loads(data)["code"]) == ("error", code)
