"""The Vercel AI SDK's `useChat`, in React, in a browser, from another origin than the server's."""

import json
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import httpx
import pytest

from tests.foreign.cases import CASES, SAID, UNSAID, Case, config, indented, repaired, said_twice
from tests.foreign.hooks import Hook, Show
from tests.server.configs import CHAT, MEETING, MEETING_INPUT, text
from tests.server.pages.line import Line
from tests.server.process import ServerProcess
from tests.server.reading import PATIENCE_S
from tests.upstream import Upstream, answer, cut, gate, says, stall, stream, whole

pytestmark = pytest.mark.browser

QUESTION = "모임 추천해줘"
HALF = '{"reply": "안녕하세요!'
REST = ' 반가워요.", "options": []}'


@pytest.fixture(scope="module")
def server(shared: Callable[[str], ServerProcess], upstream: Upstream, origin: str) -> ServerProcess:
    return shared(config(upstream.base_url, cors={"origins": [origin]}))


def ask(show: Show, server: str, chain: str = "chatbot", query: str = "", **options: Any) -> Hook:
    """The hook, asked one question."""
    hook = show("chat", api=f"{server}/{chain}/stream/ai-sdk{query}", **options)
    hook.press("sendMessage", {"text": QUESTION})
    return hook


def said(state: dict[str, Any]) -> str:
    """What the assistant's bubble shows."""
    last = state["messages"][-1]
    return "".join(part["text"] for part in last["parts"] if part["type"] == "text")


def value(state: dict[str, Any]) -> Any:
    """The object that stands beside it."""
    [part] = [part for part in state["messages"][-1]["parts"] if part["type"] == "data-object"]
    return part["data"]["value"]


def until_said(hook: Hook, words: str) -> dict[str, Any]:
    return hook.until(f"state.messages?.at(-1)?.parts.some((part) => part.text === {json.dumps(words)})")


def until_over(hook: Hook, times: int = 1) -> dict[str, Any]:
    """The state that it rests in when it has been asked so many times."""
    hook.page.wait_for_function(f"seen.filter((state) => 'finished' in state).length === {times}")
    hook.page.wait_for_function("['ready', 'error'].includes(seen.at(-1).status)")
    return hook.seen[-1]


class TestWhole:
    @pytest.mark.parametrize("case", CASES.values(), ids=CASES)
    def test_it_ends_with_the_object(self, show: Show, server: ServerProcess, upstream: Upstream, case: Case) -> None:
        upstream.plays(*case.answer)
        end = until_over(hook := ask(show, server.url, case.chain, body={"input": case.wanted}))
        assert (end["status"], end["error"], value(end)) == ("ready", None, case.result)
        assert said(end) == case.result.get("reply", "")
        [finished] = [seen for seen in hook.seen if "finished" in seen]
        assert finished == {"finished": "stop", "isAbort": False, "isDisconnect": False, "isError": False}

    def test_blanks_before_a_reply_stay_in_its_bubble(
        self, show: Show, server: ServerProcess, upstream: Upstream
    ) -> None:
        """They have been said when it turns out that they are trimmed: in the object they are."""
        upstream.plays(*indented())
        end = until_over(ask(show, server.url))
        assert (said(end), value(end)["reply"]) == ("  네", "네")

    def test_the_conversation_is_the_input(self, show: Show, server: ServerProcess, upstream: Upstream) -> None:
        """Nobody has to write anything for it: it is asked as the SDK asks whatever it is given the address of."""
        script = upstream.plays(*whole(text(CHAT)))
        hook = ask(show, server.url)
        until_over(hook)
        assert script.next_call().body["messages"][-1] == {"role": "user", "content": QUESTION}
        hook.press("sendMessage", {"text": "더 알려줘"})
        end = until_over(hook, times=2)
        assert [message["role"] for message in end["messages"]] == ["user", "assistant"] * 2
        assert script.next_call().body["messages"][-3:] == [
            {"role": "user", "content": QUESTION},
            {"role": "assistant", "content": CHAT["reply"]},
            {"role": "user", "content": "더 알려줘"},
        ]

    def test_an_answer_is_asked_for_again(self, show: Show, server: ServerProcess, upstream: Upstream) -> None:
        script = upstream.plays(*whole(text(CHAT)))
        hook = ask(show, server.url)
        first = until_over(hook)
        hook.press("regenerate")
        second = until_over(hook, times=2)
        assert script.count == 2
        assert [message["role"] for message in second["messages"]] == ["user", "assistant"]
        assert second["messages"][-1]["id"] != first["messages"][-1]["id"]


def test_it_is_shown_as_it_is_written(show: Show, server: ServerProcess, upstream: Upstream) -> None:
    script = upstream.plays(*stream(says(HALF), gate, says(REST)))
    hook = ask(show, server.url)
    until_said(hook, "안녕하세요!")
    script.next_call().permit()
    end = until_over(hook)
    assert said(end) == "안녕하세요! 반가워요."
    shown = [said(state) for state in hook.seen if "status" in state and len(state["messages"]) == 2]
    assert all(later.startswith(earlier) for earlier, later in pairwise(shown))


def test_fields_are_told_as_they_settle(show: Show, server: ServerProcess, upstream: Upstream) -> None:
    upstream.plays(*whole(text(MEETING)))
    hook = ask(show, server.url, "meeting-info", body={"input": MEETING_INPUT})
    until_over(hook)
    told = [seen["data"] for seen in hook.seen if seen.get("told") == "data-field"]
    assert {
        field["path"].removeprefix("/"): field["value"] for field in told if field["path"].count("/") == 1
    } == MEETING


class TestFailure:
    def test_a_wrong_input(self, show: Show, server: ServerProcess) -> None:
        end = until_over(ask(show, server.url, "meeting-info", body={"input": {"goal": ""}}))
        assert (end["status"], end["error"]["status"]) == ("error", 422)
        assert json.loads(end["error"]["message"])["code"] == "invalid_request"

    def test_a_model_that_is_busy(self, show: Show, server: ServerProcess, upstream: Upstream) -> None:
        upstream.plays(answer(429))
        end = until_over(ask(show, server.url))
        assert (end["status"], end["error"]["status"]) == ("error", 503)
        assert json.loads(end["error"]["message"])["code"] == "upstream_busy"

    def test_a_model_that_breaks_off(self, show: Show, server: ServerProcess, upstream: Upstream) -> None:
        upstream.plays(*stream(says(HALF), cut))
        end = until_over(hook := ask(show, server.url))
        [failed] = [seen["data"] for seen in hook.seen if seen.get("told") == "data-failed"]
        assert (end["status"], said(end)) == ("error", "안녕하세요!")
        assert (failed["code"], failed["message"]) == ("upstream_cut", end["error"]["message"])

    def test_it_is_asked_again_after_that(self, show: Show, server: ServerProcess, upstream: Upstream) -> None:
        upstream.plays_in_turn(stream(says(HALF), cut), whole(text(CHAT)))
        hook = ask(show, server.url)
        until_over(hook)
        hook.press("regenerate")
        end = until_over(hook, times=2)
        assert (end["status"], said(end)) == ("ready", CHAT["reply"])


class TestStop:
    def test_it_stops_the_model(self, show: Show, server: ServerProcess, upstream: Upstream) -> None:
        script = upstream.plays(*stream(says(HALF), stall))
        hook = ask(show, server.url)
        until_said(hook, "안녕하세요!")
        hook.press("stop")
        assert script.next_call().left.wait(PATIENCE_S)
        end = until_over(hook)
        assert (end["status"], end["error"], said(end)) == ("ready", None, "안녕하세요!")

    def test_somebody_else_cancels(self, show: Show, server: ServerProcess, upstream: Upstream) -> None:
        upstream.plays(*stream(says(HALF), stall))
        hook = ask(show, server.url, query="?detach=true")
        run_id = until_said(hook, "안녕하세요!")["messages"][-1]["metadata"]["run_id"]
        httpx.delete(f"{server.url}/runs/{run_id}").raise_for_status()
        end = until_over(hook)
        assert (end["status"], said(end)) == ("error", "안녕하세요!")
        assert "data-cancelled" in [seen.get("told") for seen in hook.seen]


class TestRepair:
    def test_a_field_is_mended(self, show: Show, server: ServerProcess, upstream: Upstream) -> None:
        upstream.plays(*repaired())
        end = until_over(hook := ask(show, server.url, "meeting-info", body={"input": MEETING_INPUT}))
        assert (end["status"], value(end)) == ("ready", MEETING)
        told = [seen["told"] for seen in hook.seen if seen.get("transient")]
        assert told.index("data-invalid") < told.index("data-reset")

    def test_what_was_said_is_taken_back(self, show: Show, server: ServerProcess, upstream: Upstream) -> None:
        script = upstream.plays(*said_twice())
        hook = ask(show, server.url)
        until_said(hook, UNSAID)
        script.next_call().permit()
        end = until_over(hook)
        assert (end["status"], said(end)) == ("ready", SAID)
        assert value(end) == {"reply": SAID, "options": ["등산"], "recommendation": None}
        shown = {said(state) for state in hook.seen if "status" in state and len(state["messages"]) == 2}
        assert not any(words.startswith(UNSAID + SAID[0]) for words in shown)


class TestResume:
    """The run goes on. Its reader comes back to it, by the id that is in the message, and is told all of it again."""

    def test_after_a_reload(self, show: Show, server: ServerProcess, upstream: Upstream) -> None:
        script = upstream.plays(*stream(says(HALF), gate, says(REST)))
        before = ask(show, server.url, query="?detach=true")
        kept = until_said(before, "안녕하세요!")["messages"]
        before.page.close()
        again = show("chat", messages=kept, resume=True, runs=f"{server.url}/runs")
        again.until("state.status === 'streaming'")
        script.next_call().permit()
        assert_whole(until_over(again))

    def test_after_the_network_was_cut(self, show: Show, server: ServerProcess, upstream: Upstream) -> None:
        script = upstream.plays(*stream(says(HALF), gate, says(REST)))
        with Line(server.port) as line:
            hook = ask(show, line.url, query="?detach=true", runs=f"{line.url}/runs")
            until_said(hook, "안녕하세요!")
            line.cut()
            end = until_over(hook)
            assert (end["status"], end["error"]["message"], said(end)) == ("error", "network error", "안녕하세요!")
            assert [seen["isDisconnect"] for seen in hook.seen if "finished" in seen] == [True]
            hook.press("resumeStream")
            script.next_call().permit()
            assert_whole(until_over(hook, times=2))
            assert script.count == 1

    def test_of_a_run_that_is_over(self, show: Show, server: ServerProcess, upstream: Upstream) -> None:
        upstream.plays(*whole(HALF + REST))
        kept = until_over(ask(show, server.url, query="?detach=true"))["messages"]
        assert_whole(until_over(show("chat", messages=kept, resume=True, runs=f"{server.url}/runs")))


def assert_whole(end: dict[str, Any]) -> None:
    """All of the answer is there, and once."""
    assert (end["status"], said(end)) == ("ready", "안녕하세요! 반가워요.")
    assert [message["role"] for message in end["messages"]] == ["user", "assistant"]
    assert value(end) == {"reply": "안녕하세요! 반가워요.", "options": [], "recommendation": None}
