"""AG-UI's `HttpAgent`: its state is the object, its messages the conversation."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import httpx
import pytest

from tests.foreign.cases import CASES, SAID, UNSAID, Case, config, indented, repaired, said_twice
from tests.foreign.program import Program, seen_by
from tests.server.configs import CHAT, MEETING, MEETING_INPUT, text
from tests.server.process import ServerProcess
from tests.server.reading import PATIENCE_S
from tests.upstream import Upstream, answer, cut, gate, says, stall, stream, whole

QUESTION = {"id": "message-1", "role": "user", "content": "모임 추천해줘"}
HALF = '{"reply": "안녕하세요!'
REST = ' 반가워요.", "options": []}'


@pytest.fixture(scope="module")
def server(shared: Callable[[str], ServerProcess], upstream: Upstream) -> ServerProcess:
    return shared(config(upstream.base_url))


def chatting(server: ServerProcess, query: str = "", **task: Any) -> dict[str, Any]:
    """The task of an agent that is the chat: it is asked as AG-UI asks whatever it is given the address of."""
    return {"url": f"{server.url}/chatbot/stream/ag-ui{query}", "messages": [QUESTION], **task}


def filling(server: ServerProcess, chain: str, wanted: Any, **task: Any) -> dict[str, Any]:
    """The task of an agent that fills a form in."""
    return {"url": f"{server.url}/{chain}/stream/ag-ui", "run": {"forwardedProps": {"input": wanted}}, **task}


def states(seen: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [one["state"] for one in seen if set(one) == {"state"}]


def bubbles(seen: list[dict[str, Any]]) -> list[str]:
    """What the assistant's message has been, one after another."""
    last = [one["messages"][-1] for one in seen if "messages" in one]
    return [message["content"] for message in last if message["role"] == "assistant"]


def faultless(seen: list[dict[str, Any]]) -> bool:
    """Whether it could use all that it was sent. It says so only on its console."""
    return not any("warn" in one or "error" in one for one in seen)


class TestWhole:
    @pytest.mark.parametrize("case", CASES.values(), ids=CASES)
    def test_it_ends_with_the_object(self, server: ServerProcess, upstream: Upstream, case: Case) -> None:
        upstream.plays(*case.answer)
        *seen, end = seen_by("ag_ui", **filling(server, case.chain, case.wanted))
        assert faultless(seen)
        assert (end["resolved"], end["result"], end["state"]) == (True, case.result, case.result)
        assert [one["outcome"] for one in seen if "outcome" in one] == ["success"]

    def test_blanks_before_a_reply_stay_in_its_message(self, server: ServerProcess, upstream: Upstream) -> None:
        """They have been said when it turns out that they are trimmed: in the state they are."""
        upstream.plays(*indented())
        *_, end = seen_by("ag_ui", **chatting(server))
        assert (end["newMessages"][0]["content"], end["state"]["reply"]) == ("  네", "네")

    def test_the_conversation_is_the_input(self, server: ServerProcess, upstream: Upstream) -> None:
        script = upstream.plays(*whole(text(CHAT)))
        *seen, end = seen_by("ag_ui", **chatting(server))
        assert script.next_call().body["messages"][-1] == {"role": "user", "content": QUESTION["content"]}
        [message] = end["newMessages"]
        assert (message["role"], message["content"]) == ("assistant", CHAT["reply"])
        assert faultless(seen)

    def test_a_further_question(self, server: ServerProcess, upstream: Upstream) -> None:
        """With the state of the one before, which is not taken for a part of the next."""
        script = upstream.plays(*whole(text(CHAT)))
        before = [QUESTION, {"id": "message-2", "role": "assistant", "content": "네"}, {**QUESTION, "id": "message-3"}]
        *seen, end = seen_by("ag_ui", **chatting(server, messages=before, state={"reply": "네", "stale": True}))
        assert [message["content"] for message in script.next_call().body["messages"][-2:]] == [
            "네",
            QUESTION["content"],
        ]
        assert end["state"] == {**CHAT, "recommendation": None}
        assert all("stale" not in state for state in states(seen))


def test_it_is_shown_as_it_is_written(server: ServerProcess, upstream: Upstream) -> None:
    script = upstream.plays(*stream(says(HALF), gate, says(REST)))
    seen: list[dict[str, Any]] = []
    with Program("ag_ui", **chatting(server)) as program:
        for one in program:
            seen.append(one)
            if bubbles([one]) == ["안녕하세요!"] and len(bubbles(seen)) == 2:  # the first is empty
                script.next_call().permit()
    assert bubbles(seen)[-1] == "안녕하세요! 반가워요."
    assert all(later.startswith(earlier) for earlier, later in pairwise(bubbles(seen)))


def test_fields_are_told_as_they_settle(server: ServerProcess, upstream: Upstream) -> None:
    upstream.plays(*whole(text(MEETING)))
    seen = seen_by("ag_ui", **filling(server, "meeting-info", MEETING_INPUT))
    told = [one["value"] for one in seen if one.get("custom") == "field"]
    assert {
        field["path"].removeprefix("/"): field["value"] for field in told if field["path"].count("/") == 1
    } == MEETING


class TestFailure:
    def test_a_wrong_input(self, server: ServerProcess) -> None:
        seen = seen_by("ag_ui", **filling(server, "meeting-info", {"goal": ""}))
        [raised] = [one for one in seen if "raised" in one]
        assert (raised["status"], raised["payload"]["code"]) == (422, "invalid_request")
        assert seen[-1]["resolved"] is False

    def test_a_model_that_is_busy(self, server: ServerProcess, upstream: Upstream) -> None:
        upstream.plays(answer(429))
        [raised] = [one for one in seen_by("ag_ui", **chatting(server)) if "raised" in one]
        assert (raised["status"], raised["payload"]["code"]) == (503, "upstream_busy")

    def test_a_model_that_breaks_off(self, server: ServerProcess, upstream: Upstream) -> None:
        upstream.plays(*stream(says(HALF), cut))
        seen = seen_by("ag_ui", **chatting(server))
        assert [one["code"] for one in seen if "failure" in one] == ["upstream_cut"]
        assert bubbles(seen)[-1] == "안녕하세요!"
        assert not any("outcome" in one for one in seen)
        assert faultless(seen)


class TestStop:
    def test_it_stops_the_model(self, server: ServerProcess, upstream: Upstream) -> None:
        script = upstream.plays(*stream(says(HALF), stall))
        with Program("ag_ui", **chatting(server)) as program:
            program.until("messages")
            program.stop()
            assert script.next_call().left.wait(PATIENCE_S)

    def test_somebody_else_cancels(self, server: ServerProcess, upstream: Upstream) -> None:
        upstream.plays(*stream(says(HALF), stall))
        with Program("ag_ui", **chatting(server, "?detach=true")) as program:
            run_id = program.until("started")["started"]["metadata"]["run_id"]
            program.until("messages")
            httpx.delete(f"{server.url}/runs/{run_id}").raise_for_status()
            seen = list(program)
        assert [one["outcome"] for one in seen if "outcome" in one] == ["cancelled"]
        assert bubbles(seen)[-1] == "안녕하세요!"
        assert faultless(seen)


class TestRepair:
    def test_a_field_is_mended(self, server: ServerProcess, upstream: Upstream) -> None:
        upstream.plays(*repaired())
        *seen, end = seen_by("ag_ui", **filling(server, "meeting-info", MEETING_INPUT))
        assert (end["result"], end["state"]) == (MEETING, MEETING)
        assert [one["custom"] for one in seen if one.get("custom") in ("invalid", "reset")] == ["invalid", "reset"]
        assert faultless(seen)

    def test_what_was_said_is_taken_back(self, server: ServerProcess, upstream: Upstream) -> None:
        script = upstream.plays(*said_twice())
        seen: list[dict[str, Any]] = []
        with Program("ag_ui", **chatting(server)) as program:
            for one in program:
                seen.append(one)
                if UNSAID in bubbles([one]):
                    script.next_call().permit()
        end = seen[-1]
        assert end["result"] == end["state"] == {"reply": SAID, "options": ["등산"], "recommendation": None}
        assert [message["content"] for message in end["newMessages"]] == [SAID]
        assert all(UNSAID.startswith(bubble) or SAID.startswith(bubble) for bubble in bubbles(seen))
        assert faultless(seen)


def test_a_run_is_read_again(server: ServerProcess, upstream: Upstream) -> None:
    """AG-UI has no word for it. What its makers give, a `fetch` of one's own, is enough."""
    script = upstream.plays(*stream(says(HALF), gate, says(REST)))
    with Program("ag_ui", **chatting(server, "?detach=true")) as program:
        run_id = program.until("started")["started"]["metadata"]["run_id"]
        program.until("messages")
        program.stop()
    again = {"url": f"{server.url}/runs/{run_id}/events?protocol=ag-ui", "messages": [QUESTION], "rereads": True}
    with Program("ag_ui", **again) as program:
        program.until("started")  # its message comes whole, at the end
        script.next_call().permit()
        *seen, end = program
    assert end["state"] == end["result"] == {"reply": "안녕하세요! 반가워요.", "options": [], "recommendation": None}
    assert [message["content"] for message in end["newMessages"]] == ["안녕하세요! 반가워요."]
    assert faultless(seen)
