"""LangServe's client for JavaScript, of the last line of LangChain.js that has it."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.foreign.cases import CASES, UNSAID, Case, config, indented, repaired, said_twice
from tests.foreign.program import Program, seen_by
from tests.server.configs import CHAT_INPUT, MEETING, MEETING_INPUT, text
from tests.server.process import ServerProcess
from tests.server.reading import PATIENCE_S
from tests.upstream import Upstream, answer, cut, gate, says, stall, stream, whole


@pytest.fixture(scope="module")
def server(shared: Callable[[str], ServerProcess], upstream: Upstream) -> ServerProcess:
    return shared(config(upstream.base_url))


def remote(server: ServerProcess, chain: str, way: str, wanted: Any, **task: Any) -> list[dict[str, Any]]:
    return seen_by("remote_runnable", url=f"{server.url}/{chain}", way=way, input=wanted, **task)


def in_words(raised: str) -> Any:
    """What its error says, but for the words that the client puts before it."""
    return json.loads(raised[raised.index("{") :])


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
class TestWhole:
    def test_invoked_it_is_the_object(self, server: ServerProcess, upstream: Upstream, case: Case) -> None:
        upstream.plays(*case.answer)
        assert remote(server, case.chain, "invoke", case.wanted) == [{"value": case.result}]

    def test_streamed_it_adds_up_to_the_object(self, server: ServerProcess, upstream: Upstream, case: Case) -> None:
        """By LangChain.js' own addition, which replaces lists, and adds numbers to numbers."""
        upstream.plays(*case.answer)
        *_, last = remote(server, case.chain, "stream", case.wanted)
        assert last == {"value": case.result}


def test_blanks_before_a_text_stay_in_its_chunks(server: ServerProcess, upstream: Upstream) -> None:
    """They have been sent when it turns out that they are trimmed."""
    upstream.plays(*indented())
    *_, last = remote(server, "chatbot", "stream", CHAT_INPUT)
    assert last == {"value": {"reply": "  네", "options": [], "recommendation": None}}


def test_a_batch(server: ServerProcess, upstream: Upstream) -> None:
    upstream.plays(*whole(text(MEETING)))
    assert remote(server, "meeting-info", "batch", [MEETING_INPUT] * 2) == [{"value": [MEETING] * 2}]


def test_its_events(server: ServerProcess, upstream: Upstream) -> None:
    upstream.plays(*whole(text(MEETING)))
    events = remote(server, "meeting-info", "events", MEETING_INPUT)
    assert [events[0]["event"], events[-1]["event"]] == ["on_chain_start", "on_chain_end"]
    assert events[-1]["data"]["output"] == MEETING


def test_chunks_come_while_the_model_writes(server: ServerProcess, upstream: Upstream) -> None:
    script = upstream.plays(*stream(says('{"name": "첫'), gate, says(' 걸음", '), stall))
    with Program("remote_runnable", url=f"{server.url}/meeting-info", way="stream", input=MEETING_INPUT) as program:
        assert program.until("chunk") == {"chunk": {"name": "첫"}}
        script.next_call().permit()
        assert program.until("chunk") == {"chunk": {"name": " 걸음"}}
        program.stop()
        assert program.until("raised")


class TestFailure:
    def test_a_wrong_input(self, server: ServerProcess) -> None:
        [seen] = remote(server, "meeting-info", "stream", {"goal": ""})
        assert seen["raised"].endswith("status code 422: The request breaks the rules for /goal.")
        [seen] = remote(server, "meeting-info", "invoke", {"goal": ""})
        assert in_words(seen["raised"])["code"] == "invalid_request"

    def test_a_model_that_is_busy(self, server: ServerProcess, upstream: Upstream) -> None:
        upstream.plays(answer(429))
        [seen] = remote(server, "chatbot", "stream", CHAT_INPUT)
        assert "status code 503: " in seen["raised"]

    def test_a_model_that_breaks_off(self, server: ServerProcess, upstream: Upstream) -> None:
        """It throws away what is on its way when an error comes: so that comes when the chunk has been seen."""
        script = upstream.plays(*stream(says('{"name": "첫'), gate, cut))
        with Program("remote_runnable", url=f"{server.url}/meeting-info", way="stream", input=MEETING_INPUT) as program:
            assert program.until("chunk") == {"chunk": {"name": "첫"}}
            script.next_call().permit()
            [end] = program
        assert in_words(end["raised"])["code"] == "upstream_cut"


def test_leaving_stops_the_model(server: ServerProcess, upstream: Upstream) -> None:
    script = upstream.plays(*stream(says('{"reply": "안녕'), stall))
    with Program("remote_runnable", url=f"{server.url}/chatbot", way="stream", input=CHAT_INPUT) as program:
        assert program.until("chunk") == {"chunk": {"reply": "안녕"}}
        call = script.next_call()
        program.stop()
        assert call.left.wait(PATIENCE_S)


class TestRepair:
    """A model that broke a rule is asked again."""

    def test_it_is_not_seen_where_nothing_is_void(self, server: ServerProcess, upstream: Upstream) -> None:
        upstream.plays(*repaired())
        *_, last = remote(server, "meeting-info", "stream", MEETING_INPUT)
        assert last == {"value": MEETING}

    def test_it_is_an_error_where_what_was_sent_is_void(self, server: ServerProcess, upstream: Upstream) -> None:
        script = upstream.plays(*said_twice())
        with Program("remote_runnable", url=f"{server.url}/chatbot", way="stream", input=CHAT_INPUT) as program:
            while program.until("chunk") != {"chunk": {"reply": UNSAID}}:
                pass
            script.next_call().permit()
            [end] = program
        assert in_words(end["raised"])["code"] == "truncated"
