"""Bytes that are no request, or two requests, or one that hides another: each gets 4xx, and the server serves."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.server.fuzz.raw import BODY, CHUNKS, get, line, post, serves
from tests.server.process import ServerProcess

LONG = b"a" * 60_000
SMUGGLED = get(b"/runs/smuggled")

NO_HTTP = {
    "words": b"nonsense\r\n\r\n",
    "no version": b"GET /\r\n\r\n",
    "no such version": b"GET / HTTP/9.9\r\n\r\n",
    "no such method": get(b"/", method=b"EVIL"),
    "no target": get(b""),
    "a target that is no path": get(b"health"),
    "a target that is a host": get(b"evil:80", method=b"CONNECT"),
    "a NUL in the path": get(b"/\0"),
    "raw UTF-8 in the path": get("/é".encode()),
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(32),
    "bare line feeds": get(b"/health").replace(b"\r\n", b"\n"),
    "bare carriage returns": get(b"/health").replace(b"\r\n", b"\r"),
    "a header without a name": get(b"/health", b": a"),
    "a header without a colon": get(b"/health", b"a"),
    "a blank before the colon": get(b"/health", b"x : a"),
    "a folded header": get(b"/health", b"x: a", b" b"),
    "a NUL in a header": get(b"/health", b"x: a\0b"),
    "a carriage return in a header": get(b"/health", b"x: a\rb: c"),
    "no number for a length": post(b"content-length: ten"),
    "a signed length": post(b"content-length: +22"),
    "a negative length": post(b"content-length: -1"),
    "a length beyond 64 bits": post(b"content-length: " + b"9" * 23),
    "an unknown transfer coding": post(b"transfer-encoding: xchunked"),
    "chunked, and then not": post(b"transfer-encoding: chunked, gzip"),
}
SMUGGLING = {
    "a length and chunks": post(b"content-length: 4", b"transfer-encoding: chunked", body=CHUNKS + SMUGGLED),
    "chunks and a length": post(b"transfer-encoding: chunked", b"content-length: 4", body=CHUNKS + SMUGGLED),
    "two lengths": post(b"content-length: 22", b"content-length: 0", body=BODY + SMUGGLED),
    "two equal lengths": post(b"content-length: 22", b"content-length: 22", body=BODY + SMUGGLED),
    "a chunk of too many digits": post(b"transfer-encoding: chunked", body=b"F" * 20 + b"\r\n" + SMUGGLED),
    "a chunk of no digits": post(b"transfer-encoding: chunked", body=b"xyz\r\n" + SMUGGLED),
    "a chunk that is longer than it says": post(b"transfer-encoding: chunked", body=b"1\r\n{}\r\n0\r\n\r\n" + SMUGGLED),
}
REFUSED = {
    "no such path": (get(b"/%00"), 404, "not_found"),
    "a way out of the runs": (get(b"/runs/%2e%2e%2fhealth"), 404, "not_found"),
    "a way out of the page's files": (get(b"/page/../../langserve.yaml"), 404, "not_found"),
    "the same, escaped": (get(b"/page/%2e%2e/%2e%2e/langserve.yaml"), 404, "not_found"),
    "the same, slashes too": (get(b"/page/..%2f..%2flangserve.yaml"), 404, "not_found"),
    "the same, from the root": (get(b"/page/%2fetc%2fpasswd"), 404, "not_found"),
    "a file with a NUL": (get(b"/page/index.html%00.js"), 404, "not_found"),
    "a file that is too long": (get(b"/page/" + b"a" * 5_000), 404, "not_found"),
    "no characters": (get(b"/page/%ff%fe"), 404, "not_found"),
    "a path twice": (get(b"//health"), 404, "not_found"),
    "the server itself": (get(b"*", method=b"OPTIONS"), 404, "not_found"),
    "a mirror": (get(b"/", method=b"TRACE"), 405, "method_not_allowed"),
    "a method of nobody": (get(b"/chatbot/invoke", method=b"PROPFIND"), 405, "method_not_allowed"),
    "an id of no event": (get(b"/runs/x/events", b"last-event-id: \xff\xfe"), 422, "invalid_request"),
    "another id of none": (get(b"/runs/x/events?last_event_id=%00"), 422, "invalid_request"),
    "a long path": (get(b"/" + LONG), 404, "not_found"),
    "a long query": (get(b"/runs/x/events?events=" + LONG), 422, "invalid_request"),
    "a long key": (post(b"idempotency-key: " + LONG, target=b"/meeting-info/runs"), 422, "invalid_request"),
    "two kinds": (post(b"content-type: text/plain"), 415, "unsupported_media_type"),
    "compressed on its way": (post(b"transfer-encoding: gzip, chunked", body=CHUNKS), 415, "unsupported_media_type"),
    "a body where none belongs": (get(b"/health", b"content-length: 3") + b"abc", 422, "invalid_request"),
    "a request as a body": (post(body=SMUGGLED), 400, "invalid_json"),
}


@pytest.mark.parametrize("case", NO_HTTP)
def test_what_is_no_request_ends_the_connection(server: ServerProcess, case: str) -> None:
    with line(server) as one:
        one.say(NO_HTTP[case] + SMUGGLED)
        assert one.statuses() == [400]
    assert serves(server)


@pytest.mark.parametrize("case", SMUGGLING)
def test_nothing_hides_behind_a_body_of_two_lengths(server: ServerProcess, case: str) -> None:
    with line(server) as one:
        one.say(SMUGGLING[case])
        assert one.statuses() == [400]
    assert serves(server)


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_refused_is_told_why(server: ServerProcess, case: str) -> None:
    request, status, code = REFUSED[case]
    with line(server) as one:
        one.say(request)
        reply = one.reply()
    assert (reply.status, reply.code) == (status, code)
    assert serves(server)


class TestBodies:
    def test_chunks_are_a_body(self, server: ServerProcess) -> None:
        with line(server) as one:
            one.say(post(b"transfer-encoding: chunked", body=CHUNKS))
            assert one.reply().status == 200

    def test_what_follows_a_body_is_the_next_request(self, server: ServerProcess) -> None:
        with line(server) as one:
            one.say(post() + get(b"/health") + get(b"/nowhere", b"connection: close") + get(b"/ready"))
            assert one.statuses() == [200, 200, 404]

    def test_a_length_that_is_too_short_makes_two_requests_of_it(self, server: ServerProcess) -> None:
        with line(server) as one:
            one.say(post(b"content-length: 21"))
            assert one.reply().status == 400

    def test_who_asks_first_is_told_to_go_on(self, server: ServerProcess) -> None:
        with line(server) as one:
            one.say(post(b"expect: 100-continue", b"content-length: 22", body=b""))
            assert one.hears(b"HTTP/1.1 100 Continue\r\n\r\n")
            one.say(BODY)
            assert one.reply().status == 200

    def test_who_asks_first_for_too_much_is_not(self, server: ServerProcess) -> None:
        with line(server) as one:
            one.say(post(b"expect: 100-continue", b"content-length: 1000000000", body=b""))
            assert one.rest().startswith(b"HTTP/1.1 413 ")


tokens = st.from_regex(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,12}", fullmatch=True)
names = tokens | st.sampled_from(
    [b"host", b"accept", b"connection", b"upgrade", b"origin", b"cookie", b"last-event-id", b"idempotency-key",
     b"content-type", b"content-encoding", b"expect", b"authorization", b"x-forwarded-for", b"traceparent"]
)  # fmt: skip
lines = st.tuples(names, st.binary(max_size=30)).map(b": ".join)
paths = st.sampled_from(
    [b"/", b"/health", b"/ready", b"/page/", b"/runs/x", b"/runs/x/events", b"/runs/x/pins", b"/metrics",
     b"/chatbot/stream", b"/chatbot/runs", b"/meeting-info/invoke", b"/meeting-info/batch", b"/openapi.json"]
)  # fmt: skip
tails = st.binary(max_size=12) | st.from_regex(rb"(/|\?|%[0-9a-f]{2}|\.\.|;|&|=|[a-z]){0,12}", fullmatch=True)
methods = st.sampled_from([b"GET", b"POST", b"DELETE", b"HEAD", b"OPTIONS", b"PUT"]) | tokens
bodies = st.binary(max_size=60) | st.sampled_from([b"", BODY, BODY[:-1], BODY + BODY])


@given(methods, st.tuples(paths, tails).map(b"".join), st.lists(lines, max_size=4), bodies)
def test_no_bytes_make_a_fault(
    server: ServerProcess, method: bytes, target: bytes, headers: list[bytes], body: bytes
) -> None:
    length = b"content-length: %d" % len(body)
    with line(server) as one:
        one.say(get(target, *headers, length, b"connection: close", method=method) + body)
        reply = one.reply(method)
    assert reply.status < 500
    if reply.status >= 400 and reply.body and reply.kind.startswith("application/json"):
        assert reply.code
    assert serves(server)
