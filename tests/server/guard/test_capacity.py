"""More requests than the server takes: the others are told to come back, and cost nothing. Pins go on meanwhile."""

import socket
from contextlib import ExitStack

import httpx

from tests.server.configs import MEETING_INPUT, openai
from tests.server.endpoints import PATHS, refusal, sound
from tests.server.process import Start
from tests.server.reading import PATIENCE_S
from tests.server.requests import post_bytes
from tests.server.user import reading
from tests.upstream import Upstream, says, stall, stream, whole


def test_beyond_the_limit_it_is_busy_until_somebody_leaves(start: Start, upstream: Upstream) -> None:
    server = start(openai(upstream.base_url, limits={"requests": 2, "repairs": 0}))
    script = upstream.plays(*stream(says("{"), stall))
    with ExitStack() as clients, httpx.Client(base_url=server.url, timeout=PATIENCE_S) as client:
        for _ in range(2):
            waiting = clients.enter_context(socket.create_connection(("127.0.0.1", server.port)))
            waiting.sendall(post_bytes("/meeting-info/stream", {"input": MEETING_INPUT}))
        calls = [script.next_call() for _ in range(2)]

        for path in PATHS:
            response = client.post(path, json=sound(path))
            assert refusal(response, 503, "too_busy").retryable
            assert int(response.headers["retry-after"]) > 0
        assert client.get("/health").status_code == 200
        assert client.get("/").status_code == 200
        assert script.count == 2

        clients.close()
        assert all(call.left.wait(PATIENCE_S) for call in calls)
        upstream.plays(*whole("{}"))
        while (response := client.post("/meeting-info/invoke", json={"input": MEETING_INPUT})).status_code == 503:
            pass  # the model is stopped first, the place is free a moment later
        refusal(response, 502, "invalid_output")


def test_whose_run_has_a_place_may_go_on_typing(start: Start, upstream: Upstream) -> None:
    server = start(openai(upstream.base_url, limits={"requests": 1}))
    upstream.plays(*stream(says('{"name": "'), stall))
    with reading(server.url, "meeting-info", MEETING_INPUT) as user:
        path = "/meeting-info/stream"
        refusal(httpx.post(server.url + path, json=sound(path), timeout=PATIENCE_S), 503, "too_busy")
        for number in range(3):
            assert user.pin("/max_members", 2 + number).status_code == 200


def test_pins_have_a_limit_too(start: Start, upstream: Upstream) -> None:
    server = start(openai(upstream.base_url, limits={"requests": 2}))
    pin = {"path": "/name", "value": "mine"}
    with ExitStack() as clients, httpx.Client(base_url=server.url, timeout=PATIENCE_S) as client:
        for _ in range(2):
            slow = clients.enter_context(socket.create_connection(("127.0.0.1", server.port)))
            slow.sendall(post_bytes("/runs/x/pins", pin)[:-1])
        while (response := client.post("/runs/x/pins", json=pin)).status_code == 404:
            pass  # the two have not been read yet
        refusal(response, 503, "too_busy")
        upstream.plays(*whole("{}"))
        assert client.post("/meeting-info/stream", json={"input": MEETING_INPUT}).status_code == 200
        clients.close()
        while (response := client.post("/runs/x/pins", json=pin)).status_code == 503:
            pass
        refusal(response, 404, "not_found")
