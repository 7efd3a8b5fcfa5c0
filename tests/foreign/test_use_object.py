"""The Vercel AI SDK's `useObject`, in React, in a browser, from another origin than the server's."""

import json
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import httpx
import pytest

from tests.foreign.cases import CASES, SAID, UNSAID, Case, config, indented, repaired, said_twice
from tests.foreign.hooks import Hook, Show
from tests.server.configs import CHAT_INPUT, MEETING, MEETING_INPUT, text
from tests.server.process import ServerProcess
from tests.server.reading import PATIENCE_S
from tests.upstream import Upstream, answer, cut, gate, pause, says, stall, stream

pytestmark = pytest.mark.browser

WHOLE = text(MEETING)
NAME_BEGUN = WHOLE.index(MEETING["name"]) + 2  # characters of it


@pytest.fixture(scope="module")
def server(shared: Callable[[str], ServerProcess], upstream: Upstream, origin: str) -> ServerProcess:
    return shared(config(upstream.base_url, cors={"origins": [origin]}))


def ask(show: Show, server: ServerProcess, chain: str, wanted: Any) -> Hook:
    """The hook, asked once. What it gets must be what the server itself says of the chain."""
    schema = httpx.get(f"{server.url}/{chain}/output_schema").json()
    hook = show("form", api=f"{server.url}/{chain}/stream/ai-sdk-object", schema=schema)
    hook.press("submit", {"input": wanted})
    return hook


def until_over(hook: Hook) -> dict[str, Any]:
    """The state that it rests in."""
    hook.page.wait_for_function("seen.some((state) => state.isLoading)")
    hook.page.wait_for_function("seen.at(-1).isLoading === false")
    return hook.seen[-1]


def objects(hook: Hook) -> list[dict[str, Any]]:
    """What the form has shown, one after another."""
    return [state["object"] for state in hook.seen if state.get("object")]


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_it_ends_with_the_object(show: Show, server: ServerProcess, upstream: Upstream, case: Case) -> None:
    upstream.plays(*case.answer)
    end = until_over(hook := ask(show, server, case.chain, case.wanted))
    assert end == {"object": case.result, "isLoading": False, "error": None}
    [finished] = [seen for seen in hook.seen if "finished" in seen]
    assert finished["invalid"] is None
    assert finished["finished"].items() >= case.result.items()  # its schema's defaults may have been added


def test_blanks_before_a_text_are_taken_back(show: Show, server: ServerProcess, upstream: Upstream) -> None:
    upstream.plays(*indented())
    assert until_over(ask(show, server, "chatbot", CHAT_INPUT))["object"]["reply"] == "네"


def test_texts_grow_and_the_rest_comes_whole(show: Show, server: ServerProcess, upstream: Upstream) -> None:
    upstream.plays(*stream(*[step for piece in text(MEETING) for step in (says(piece), pause(0.005))]))
    until_over(hook := ask(show, server, "meeting-info", MEETING_INPUT))
    shown = objects(hook)
    for earlier, later in pairwise(shown):
        assert all(
            later[name].startswith(earlier[name]) for name in ("name", "summary", "description") if name in earlier
        )
        assert later.get("tags", [])[: len(earlier.get("tags", []))] == earlier.get("tags", [])
    for name in ("category", "period", "max_members"):
        assert {value[name] for value in shown if name in value} == {MEETING[name]}
    assert len(shown) > 3


def test_it_is_shown_as_it_is_written(show: Show, server: ServerProcess, upstream: Upstream) -> None:
    script = upstream.plays(*stream(says(WHOLE[:NAME_BEGUN]), gate, says(WHOLE[NAME_BEGUN:])))
    hook = ask(show, server, "meeting-info", MEETING_INPUT)
    hook.until(f"state.object?.name === {json.dumps(MEETING['name'][:2])}")
    script.next_call().permit()
    assert until_over(hook)["object"] == MEETING


class TestFailure:
    def test_a_wrong_input(self, show: Show, server: ServerProcess) -> None:
        hook = ask(show, server, "meeting-info", {"goal": ""})
        end = until_over(hook)
        assert end["object"] is None
        assert json.loads(end["error"])["code"] == "invalid_request"

    def test_a_model_that_is_busy(self, show: Show, server: ServerProcess, upstream: Upstream) -> None:
        upstream.plays(answer(429))
        end = until_over(ask(show, server, "meeting-info", MEETING_INPUT))
        assert json.loads(end["error"])["code"] == "upstream_busy"

    def test_a_model_that_breaks_off(self, show: Show, server: ServerProcess, upstream: Upstream) -> None:
        """There is no word for it: the connection breaks off, or what had come would pass for all."""
        script = upstream.plays(*stream(says('{"name": "첫 걸음", "summary": "반'), gate, cut))
        hook = ask(show, server, "meeting-info", MEETING_INPUT)
        hook.until("state.object?.summary === '반'")
        script.next_call().permit()
        end = until_over(hook)
        assert end == {"object": {"name": "첫 걸음", "summary": "반"}, "isLoading": False, "error": "network error"}
        assert [seen for seen in hook.seen if "finished" in seen] == []

    def test_a_model_that_breaks_off_behind_a_whole_field(
        self, show: Show, server: ServerProcess, upstream: Upstream
    ) -> None:
        upstream.plays(*stream(says('{"reply": "안녕", "options": ["등산"'), cut))
        assert until_over(ask(show, server, "chatbot", CHAT_INPUT))["error"] == "network error"


def test_leaving_stops_the_model(show: Show, server: ServerProcess, upstream: Upstream) -> None:
    script = upstream.plays(*stream(says('{"reply": "안녕'), stall))
    hook = ask(show, server, "chatbot", CHAT_INPUT)
    hook.until("state.object?.reply === '안녕'")
    hook.press("stop")
    assert script.next_call().left.wait(PATIENCE_S)
    assert until_over(hook) == {"object": {"reply": "안녕"}, "isLoading": False, "error": None}


class TestRepair:
    def test_a_field_is_mended(self, show: Show, server: ServerProcess, upstream: Upstream) -> None:
        upstream.plays(*repaired())
        assert until_over(ask(show, server, "meeting-info", MEETING_INPUT))["object"] == MEETING

    def test_what_was_written_is_taken_back(self, show: Show, server: ServerProcess, upstream: Upstream) -> None:
        script = upstream.plays(*said_twice())
        hook = ask(show, server, "chatbot", CHAT_INPUT)
        hook.until(f"state.object?.reply === '{UNSAID}'")
        script.next_call().permit()
        assert until_over(hook)["object"] == {"reply": SAID, "options": ["등산"], "recommendation": None}
        replies = [value["reply"] for value in objects(hook) if "reply" in value]
        assert all(UNSAID.startswith(reply) or SAID.startswith(reply) for reply in replies)
