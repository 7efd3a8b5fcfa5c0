"""A run is read to its end, each event once, through whatever connections do."""

import json
from typing import Any

import httpx
import pytest

from moim_client import ConnectionLost, UnexpectedAnswer
from schemas import Code, Event, MeetingRequest, RequestError, ServerError, StreamError, to_frame
from tests.clients.conftest import Serves
from tests.clients.drivers import Reader, rest
from tests.clients.scripted import (
    CUT,
    NOBODY,
    STALL,
    URL,
    complete,
    marked,
    refused,
    snapshot,
    start,
    stream,
    word,
)

INPUT = {"goal": "강아지와 산책"}
WHOLE = (start(), word(2, "안녕"), word(3), complete(4))


async def told(reader: Reader) -> list[tuple[str, int]]:
    return [(event.type, event.seq) for event in await rest(reader)]


TOLD = [("start", 1), ("token", 2), ("token", 3), ("complete", 4)]


class TestAsking:
    async def test_a_run_begins_detached_under_a_key_of_its_own(self, serves: Serves) -> None:
        server, driver = serves(stream(*WHOLE), stream(*WHOLE))
        assert await told(driver.stream(URL, INPUT)) == TOLD
        assert await told(driver.stream(URL + "/", INPUT)) == TOLD
        [first, second] = server.asked
        assert (first.method, str(first.url)) == (
            "POST",
            f"{URL}/stream?detach=true&events=token%2Cfield%2Cinvalid",
        )
        assert json.loads(first.content) == {"input": INPUT}
        assert first.headers["accept"] == "text/event-stream"
        assert first.headers["accept-encoding"] == "identity"
        assert len(first.headers["idempotency-key"]) == 32
        assert second.url == first.url
        assert first.headers["idempotency-key"] != second.headers["idempotency-key"]

    async def test_what_is_wanted_is_asked_for(self, serves: Serves) -> None:
        server, driver = serves(stream(*WHOLE[:1]), stream(*WHOLE[1:]))
        options = {"events": ["partial"], "runs": "http://other/r/", "idempotency_key": "k"}
        await rest(driver.stream(URL, MeetingRequest(goal="산책", max_members=5), **options))
        [first, second] = server.asked
        assert first.headers["idempotency-key"] == "k"
        assert json.loads(first.content) == {"input": {"goal": "산책", "max_members": 5}}
        assert first.url.params["events"] == second.url.params["events"] == "partial"
        assert str(second.url).startswith("http://other/r/r%201/events?")

    async def test_nothing_is_asked_before_somebody_reads(self, serves: Serves) -> None:
        server, driver = serves()
        reader = driver.stream(URL, INPUT)
        await reader.leave()
        assert server.asked == []
        with pytest.raises(LookupError):
            await reader.cancel()
        with pytest.raises(LookupError):
            await reader.pin("/name", "x")

    async def test_whatever_a_run_is_called_it_is_one_part_of_an_address(self, serves: Serves) -> None:
        server, driver = serves(stream(*WHOLE))
        await rest(driver.resume(URL, "../a/b?c#d"))
        assert server.lines == ["GET /ai/runs/..%2Fa%2Fb%3Fc%23d/events"]

    @pytest.mark.parametrize("url", ["http://host", "http://host/", "http://host/chat?x=1", "http://host/chat#x"])
    def test_a_url_that_is_no_chains_is_refused_at_once(self, serves: Serves, url: str) -> None:
        _, driver = serves()
        with pytest.raises(ValueError, match="not a chain's URL"):
            driver.stream(url, INPUT)

    async def test_headers_are_asked_for_at_every_request_and_do_not_replace_the_clients_own(
        self, serves: Serves
    ) -> None:
        server, driver = serves(stream(start()), stream(*WHOLE[1:]))
        tokens = iter(["one", "two"])

        def headers() -> dict[str, str]:
            return {"authorization": next(tokens), "Accept": "text/html", "Last-Event-ID": "99"}

        assert await told(driver.stream(URL, INPUT, headers=headers)) == TOLD
        assert [request.headers["authorization"] for request in server.asked] == ["one", "two"]
        assert {request.headers["accept"] for request in server.asked} == {"text/event-stream"}
        assert server.asked[1].headers.get_list("last-event-id") == ["1"]


class TestCuts:
    async def test_a_cut_run_goes_on_behind_the_last_event(self, serves: Serves) -> None:
        half = to_frame(word(3)).encode()
        server, driver = serves(
            stream(start(), word(2)),
            stream(fault=STALL),
            NOBODY,
            stream(half[: half.index(b"data")], fault=None),
            stream(half[:-1]),  # without its blank line a frame counts for nothing
            stream(word(3), complete(4)),
        )
        assert await told(driver.stream(URL, INPUT)) == TOLD
        assert server.lines == ["POST /ai/meeting-info/stream", *["GET /ai/runs/r%201/events 2"] * 5]

    async def test_cut_before_its_start_a_run_is_joined(self, serves: Serves) -> None:
        server, driver = serves(NOBODY, stream(fault=STALL), stream(b"retry: 10\nid:1\n"), stream(*WHOLE))
        assert await told(driver.stream(URL, INPUT)) == TOLD
        assert server.lines == ["POST /ai/meeting-info/stream"] * 4
        assert len({request.headers["idempotency-key"] for request in server.asked}) == 1
        assert len({request.content for request in server.asked}) == 1

    async def test_what_is_told_again_is_told_once(self, serves: Serves) -> None:
        _, driver = serves(stream(*WHOLE[:2]), stream(*WHOLE))
        reader = driver.stream(URL, INPUT)
        assert await told(reader) == TOLD
        assert reader.run.value == {"reply": "whole"}

    @pytest.mark.parametrize("anew", [snapshot(1, "so far"), start()], ids=["partial", "start"])
    async def test_a_mark_is_given_back_and_the_run_may_go_on_from_before(self, serves: Serves, anew: Event) -> None:
        server, driver = serves(stream(start(), word(2), marked(word(3))), stream(anew, word(2), complete(3)))
        reader = driver.stream(URL, INPUT)
        assert [seq for _, seq in await told(reader)] == [1, 2, 3, 1, 2, 3]
        assert server.lines[1] == "GET /ai/runs/r%201/events 3~"

    async def test_the_value_goes_back_with_it(self, serves: Serves) -> None:
        _, driver = serves(stream(start(), marked(word(2, "lost"))), stream(snapshot(1, "so "), word(2, "far")))
        reader = driver.stream(URL, INPUT)
        values = []
        for _ in range(4):
            await reader.next()
            values.append(reader.run.value)
        assert values == [{}, {"reply": "lost"}, {"reply": "so "}, {"reply": "so far"}]
        await reader.leave()

    async def test_a_start_told_again_behind_a_sure_id_is_no_news(self, serves: Serves) -> None:
        _, driver = serves(stream(start(), word(2)), stream(start(), *WHOLE[2:]))
        assert await told(driver.stream(URL, INPUT)) == TOLD

    async def test_behind_the_end_there_is_nothing(self, serves: Serves) -> None:
        server, driver = serves(httpx.Response(204))
        reader = driver.resume(URL, "r 1", after="4", keep=False)
        assert await told(reader) == []
        await reader.leave()
        assert server.lines == ["GET /ai/runs/r%201/events 4"]
        with pytest.raises(LookupError):
            await reader.result()

    async def test_a_known_run_is_read_from_where_its_reader_was(self, serves: Serves) -> None:
        server, driver = serves(stream(word(2), marked(word(3))), stream(snapshot(3, "so far"), complete(4)))
        reader = driver.resume(URL, "r 1", after="2~")
        assert await told(reader) == [("token", 3), ("partial", 3), ("complete", 4)]
        assert server.lines == [f"GET /ai/runs/r%201/events {after}" for after in ("2~", "3~")]
        assert (reader.run.id, reader.run.last_id) == ("r 1", "4")


class TestPatience:
    async def test_it_comes_again_when_the_server_wants_it_to_and_ever_later(self, serves: Serves) -> None:
        server, driver = serves(
            stream(b"retry: 3000\n", start()),
            stream(),
            NOBODY,
            refused(503, "store_unavailable", after="12"),
            refused(502, after="13"),  # a gateway in between
            refused(429, "rate_limited", after="14"),
            NOBODY,
            stream(word(2)),
            stream(*WHOLE[2:]),
        )
        assert await told(driver.stream(URL, INPUT, patience_s=200)) == TOLD
        for pause, least in zip(server.pauses, [3, 6, 8, 12, 13, 14, 8, 3], strict=True):  # news makes it patient
            assert least <= pause < least * 1.5

    async def test_no_two_wait_as_long(self, serves: Serves) -> None:
        server, driver = serves(*[stream(event) for event in WHOLE])
        assert await told(driver.stream(URL, INPUT)) == TOLD
        assert len(set(server.pauses)) == 3

    @pytest.mark.parametrize(("starts", "cuts"), [(0, 0), (1, 0), (1, 40)])
    async def test_after_a_minute_in_vain_it_is_lost(self, serves: Serves, starts: int, cuts: int) -> None:
        server, driver = serves(*[stream(start()) for _ in range(starts)], *[stream() for _ in range(cuts)])
        with pytest.raises(ConnectionLost) as lost:
            await rest(driver.stream(URL, INPUT))
        assert 45 < sum(server.pauses) <= 60
        assert lost.value.__cause__ in {NOBODY, CUT}

    async def test_a_refusal_that_does_not_pass_is_what_it_is_lost_by(self, serves: Serves) -> None:
        _, driver = serves(stream(start()), *[refused(503, "too_busy") for _ in range(40)])
        with pytest.raises(ServerError) as raised:
            await rest(driver.stream(URL, INPUT, patience_s=20))
        assert raised.value.code == Code.TOO_BUSY

    @pytest.mark.parametrize("after", ["61", "9" * 400, "Fri, 31 Dec 2999 23:59:59 GMT"])
    async def test_whoever_is_told_to_come_back_much_later_is_not_kept_waiting(
        self, serves: Serves, after: str
    ) -> None:
        server, driver = serves(refused(503, "too_busy", after=after))
        with pytest.raises(ServerError) as raised:
            await rest(driver.stream(URL, INPUT))
        assert (raised.value.retry_after_ms or 0) >= 61_000
        assert server.pauses == []

    @pytest.mark.parametrize("after", ["-1", "soon", "1e9", "Fri, 31 Dec 1999 23:59:59 GMT", "Fri, 31 Dec 2999"])
    async def test_a_time_that_is_none_or_over_is_not_waited_for(self, serves: Serves, after: str) -> None:
        server, driver = serves(refused(503, "too_busy", after=after), stream(*WHOLE))
        assert await told(driver.stream(URL, INPUT)) == TOLD
        assert server.pauses[0] < 3

    @pytest.mark.parametrize("retry", [b"0", b"-5", b"1" + b"0" * 400, b"soon", b""])
    async def test_no_word_of_a_server_makes_it_hammer_or_hang(self, serves: Serves, retry: bytes) -> None:
        server, driver = serves(stream(b"retry: " + retry + b"\n", start()), stream(*WHOLE[1:]))
        assert await told(driver.stream(URL, INPUT)) == TOLD
        assert 0.25 <= server.pauses[0] <= 60


class TestRefusals:
    async def test_what_the_server_refuses_is_raised_in_its_words(self, serves: Serves) -> None:
        breach = {"path": "/goal", "rule": "missing", "message": "Field required"}
        server, driver = serves(refused(422, "invalid_request", details=[breach], newer="key"))
        reader = driver.stream(URL, INPUT)
        with pytest.raises(RequestError) as raised:
            await rest(reader)
        error = raised.value
        assert (error.code, error.message, error.status) == (Code.INVALID_REQUEST, "it is invalid_request", 422)
        assert [detail.model_dump() for detail in error.details] == [breach]
        await reader.leave()
        assert server.lines == ["POST /ai/meeting-info/stream"]  # there is nothing to be stopped

    @pytest.mark.parametrize(("status", "code"), [(401, "unauthenticated"), (429, "rate_limited"), (500, "internal")])
    async def test_and_what_will_not_pass_by_itself_at_once(self, serves: Serves, status: int, code: str) -> None:
        server, driver = serves(refused(status, code, after="7"))
        with pytest.raises(StreamError) as raised:
            await rest(driver.stream(URL, INPUT))
        assert (raised.value.code, raised.value.retry_after_ms, len(server.asked)) == (code, 7000, 1)

    async def test_a_gateway_is_not_what_the_server_says(self, serves: Serves) -> None:
        server, driver = serves(refused(502, "upstream_auth"), stream(*WHOLE))
        with pytest.raises(StreamError, match="it is upstream_auth"):
            await rest(driver.stream(URL, INPUT))
        assert server.pauses == []

    @pytest.mark.parametrize(("status", "code"), [(404, "not_found"), (410, "gone"), (401, "unauthenticated")])
    async def test_a_run_that_is_gone_is_not_waited_for(self, serves: Serves, status: int, code: str) -> None:
        server, driver = serves(stream(start()), refused(status, code))
        with pytest.raises(RequestError) as raised:
            await rest(driver.stream(URL, INPUT))
        assert (raised.value.code, len(server.asked)) == (code, 2)

    @pytest.mark.parametrize(
        ("status", "more"),
        [
            (404, {"html": "<h1>Nothing here</h1>"}),
            (200, {"json": {"output": {}}}),
            (200, {"html": "<p>Sign in</p>"}),
            (200, {"headers": {"content-type": "text/event-streams"}}),
            (307, {"headers": {"location": "/elsewhere"}}),
            (500, {"json": {"code": "of_somebody_else"}}),
            (500, {"headers": {"content-type": "text/event-stream"}}),
        ],
    )
    async def test_somebody_else_answers(self, serves: Serves, status: int, more: dict[str, Any]) -> None:
        server, driver = serves(httpx.Response(status, **more))
        with pytest.raises(UnexpectedAnswer) as raised:
            await rest(driver.stream(URL, INPUT))
        assert (raised.value.status, len(server.asked)) == (status, 1)

    async def test_a_stream_of_something_else(self, serves: Serves) -> None:
        _, driver = serves(stream(b'data: {"choices": []}\n\n'))
        with pytest.raises(UnexpectedAnswer):
            await rest(driver.stream(URL, INPUT))

    @pytest.mark.parametrize("fault", [httpx.UnsupportedProtocol("x"), httpx.LocalProtocolError("x")])
    async def test_what_no_other_try_would_mend_is_raised_at_once(self, serves: Serves, fault: httpx.HTTPError) -> None:
        server, driver = serves(fault)
        with pytest.raises(type(fault)):
            await rest(driver.stream(URL, INPUT))
        assert len(server.asked) == 1


class TestFrames:
    async def test_pings_and_what_a_newer_server_may_say_are_passed_over(self, serves: Serves) -> None:
        newer = to_frame(complete(4)).replace('"type"', '"newer":1,"type"', 1)
        said = [
            b": ping\n\n",
            to_frame(start()).encode(),
            b'event: ping\ndata: {"type":"ping"}\n\n',
            b'id:2\nevent: mood\ndata: {"type":"mood","seq":2}\n\n',
            b": ping\n\n",
            newer.encode(),
        ]
        _, driver = serves(stream(*said))
        assert await told(driver.stream(URL, INPUT)) == [("start", 1), ("complete", 4)]

    async def test_lines_end_where_the_standard_says(self, serves: Serves) -> None:
        """And nowhere else, as they do in httpx's own `iter_lines`."""
        text = "한\u2028글\u2029 \x85\x0b\x0c\x1c😀"
        raw = (
            to_frame(word(2, text)).replace("\\u2028", "\u2028").replace("\\u2029", "\u2029").replace("\\u0085", "\x85")
        )
        _, driver = serves(stream(start(), raw.encode(), complete(3)))
        assert [event.text for event in await rest(driver.stream(URL, INPUT)) if event.type == "token"] == [text]

    async def test_what_relays_do_to_a_stream_does_not_matter(self, serves: Serves) -> None:
        """Other line ends, a mark of the byte order, a character set that is not so, lines that are dropped."""
        lines = "".join(to_frame(event) for event in WHOLE[:2]).split("\n")
        kept = [line for line in lines if not line.startswith(("id:", "event:"))]
        relayed = ("\ufeff" + "\r\n".join(kept)).encode()
        server, driver = serves(
            stream(relayed, content_type="Text/Event-Stream;charset=iso-8859-1"), stream(*WHOLE[2:])
        )
        assert await rest(driver.stream(URL, INPUT)) == list(WHOLE)
        assert server.lines[1] == "GET /ai/runs/r%201/events 2"  # by the number in the event itself

    async def test_cut_at_any_byte_the_run_is_the_run_that_was_not_cut(self, serves: Serves) -> None:
        events = (start(), word(2, "안\u2028녕 😀"), word(3), complete(4, "안녕 😀"))
        frames = [to_frame(event).encode() for event in events]
        whole = b"retry: 1000\n" + b"".join(frames)

        def behind(request: httpx.Request) -> httpx.Response:
            after = int(request.headers.get("last-event-id", 0))
            return stream(*frames[after:], fault=None)

        for cut in range(len(whole)):
            server, driver = serves(stream(whole[:cut]), behind)
            reader = driver.stream(URL, INPUT)
            assert await rest(reader) == list(events), cut
            assert len(server.asked) == (1 if cut == len(whole) else 2)

    async def test_however_its_bytes_come(self, serves: Serves) -> None:
        whole = b"".join(to_frame(event).encode() for event in (start(), word(2, "안녕 😀"), complete(3)))
        _, driver = serves(stream(*[whole[at : at + 1] for at in range(len(whole))]))
        assert [event.seq for event in await rest(driver.stream(URL, INPUT))] == [1, 2, 3]
