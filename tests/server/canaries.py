"""Values to be found again wherever they do not belong, and a user who carries them through every door of a server."""

import base64
import json
import socket
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import httpx
import httpx_sse

from tests.server.configs import openai
from tests.server.endpoints import PATHS, body_of
from tests.server.reading import PATIENCE_S
from tests.upstream import (
    DONE,
    Step,
    Upstream,
    answer,
    calls_tool,
    chunk,
    cut,
    ends,
    reset,
    says,
    sse,
    stall,
    stream,
    whole,
)

KEY = "sk-canary-of-the-model-0123456789"
IN_URL = "canary-in-the-base-url"
REDIS = "canary-of-redis"
SERVICE = "canary-of-the-service-key-0123456789abcdef"
SIGNING = "canary-of-the-server-secret-0123456789abcdef"
SECRETS = (KEY, IN_URL, REDIS, SERVICE, SIGNING)
"""What only the server and those it calls may know."""

ASKED = "canary-asked"
WRITTEN = "canary-written"
ECHOED = "canary-echoed"
TRIED = "canary-tried"
NAMED = "canary-named"
USER = "canary-user"
CONTENT = (ASKED, WRITTEN, ECHOED, TRIED, NAMED, USER)
"""Users' words and the model's, what an upstream says of its trouble, what somebody tried, the names of what is not to
be had (which a refusal may say), and who they are.
"""

INPUTS: dict[str, dict[str, Any]] = {
    "chatbot": {
        "messages": [{"role": "user", "content": ASKED}],
        "candidates": [{"id": "g1", "name": ASKED, "summary": ASKED, "tags": [ASKED]}],
        "want": "recommendation",
    },
    "meeting-info": {"goal": ASKED, "name": ASKED, "location": ASKED},
}
ECHO = {"error": {"message": f"no: {ECHOED} {KEY} {IN_URL} {ASKED}", "type": ECHOED, "param": ASKED, "code": ECHOED}}
HALF = says('{"reply": "' + WRITTEN)


def _recommends(group: str) -> str:
    return json.dumps({"reply": WRITTEN, "options": [], "recommendation": {"group_id": group, "reason": WRITTEN}})


ANSWERS: dict[str, tuple[Step, ...]] = {
    "whole": whole(_recommends("g1"), size=10_000),
    **{str(status): (answer(status, ECHO, x_request_id=ECHOED),) for status in (400, 401, 403, 404, 429, 500, 503)},
    "not HTTP": (f"{ECHOED} {KEY}\r\n".encode(),),
    "another place": (answer(302, ECHO, location=f"/{ECHOED}?{KEY}"),),
    "an error in the stream": stream(HALF, sse(ECHO)),
    "cut": stream(HALF, cut),
    "reset": stream(HALF, reset),
    "truncated": stream(HALF, ends("length"), DONE),
    "refused": stream(chunk({"refusal": WRITTEN}), ends(), DONE),
    "filtered": stream(HALF, ends("content_filter"), DONE),
    "ended for a reason of its own": stream(HALF, ends(WRITTEN), DONE),
    "not JSON": stream(says(WRITTEN), ends(), DONE),
    "an unknown id": whole(_recommends(WRITTEN), size=10_000),
    "an unknown key": whole(json.dumps({WRITTEN: WRITTEN}), size=10_000),
    "a key twice": whole(f'{{"reply": "{WRITTEN}", "reply": "{WRITTEN}"}}', size=10_000),
    "junk": stream(HALF, f"data: {WRITTEN}\n\n".encode()),
    "choices of text": stream(HALF, sse({"choices": WRITTEN})),
    "content that is an object": stream(HALF, chunk({"content": {"text": WRITTEN}}), ends(), DONE),
    "a tool nobody offered": stream(calls_tool(WRITTEN, name=WRITTEN), ends("tool_calls"), DONE),
}
THOROUGH = {"whole", "401", "an error in the stream", "cut", "an unknown id"}
"""The answers that are asked for at every endpoint: one of each way in which a run can end."""

SOME_PATHS = ("/chatbot/invoke", "/chatbot/stream", "/meeting-info/batch")
SERVICE_PATHS = ("/health", "/ready", "/metrics", "/openapi.json", "/schemas.json", "/", "/page/main.js")


def config(upstream: Upstream, *, level: str, content: bool = False, **sections: Any) -> str:
    """Both chains behind a key, on an upstream whose address holds a secret. Nothing is limited that is not tested."""
    return openai(
        f"{upstream.base_url}?key={IN_URL}",
        auth={"key_env": "SERVICE_KEY", "user_header": "x-user-id"},
        log={"level": level, "content": content},
        limits={"user_starts": None, "user_tokens": None, "drain_s": 0.2, "idle_s": 5},
        runs={"store": "redis"},
        **sections,
    )


def found(text: str, canaries: tuple[str, ...]) -> list[str]:
    """The lines in which one of these is, as it is or in the alphabet of `Authorization: Basic`."""
    encoded = [base64.b64encode(canary.encode()).decode().rstrip("=")[:-1] for canary in canaries]
    return [line[:300] for line in text.splitlines() if any(canary in line for canary in (*canaries, *encoded))]


@dataclass
class Driven:
    """What came of it: `answers` to chains and runs, what the server `told` of itself, `issued` tickets and cookies."""

    answers: dict[str, str] = field(default_factory=dict)
    told: dict[str, str] = field(default_factory=dict)
    issued: set[str] = field(default_factory=set)
    statuses: set[int] = field(default_factory=set)


class Visitor:
    """Goes through every door, with canaries in every hand."""

    def __init__(self, url: str, upstream: Upstream) -> None:
        self.driven = Driven()
        self._upstream = upstream
        self._address = httpx.URL(url)
        headers = {"authorization": f"Bearer {SERVICE}", "x-user-id": USER}
        self._client = httpx.Client(base_url=url, timeout=PATIENCE_S, headers=headers)

    def visit(self) -> Driven:
        with self._client:
            for step in (self._ask, self._read_a_run, self._leave, self._ask_badly, self._come_as_nobody, self._look):
                step()
        return self.driven

    def _keep(self, name: str, response: httpx.Response) -> httpx.Response:
        self.driven.statuses.add(response.status_code)
        self.driven.issued |= {
            cookie.split("=", 1)[1].split(";")[0] for cookie in response.headers.get_list("set-cookie")
        }
        said = "\n".join(f"{key}: {value}" for key, value in response.headers.items() if key != "set-cookie")
        self.driven.answers[name] = f"{said}\n{response.text}"
        return response

    def _ask(self) -> None:
        """With every answer of the model's server."""
        for name, steps in ANSWERS.items():
            self._upstream.plays(*steps)
            for path in PATHS if name in THOROUGH else SOME_PATHS:
                value = INPUTS[path.split("/")[1]]
                self._keep(f"{name} at {path}", self._client.post(path, json=body_of(path, value)))
            wrapped = {"input": INPUTS["chatbot"], "config": {"tags": [TRIED]}, "kwargs": {}}
            self._keep(f"{name} to LangServe's client", self._client.post("/chatbot/stream", json=wrapped))
            self._keep(f"{name}, kept", self._follow(self._begin(name)))

    def _begin(self, key: str) -> dict[str, str]:
        headers = {"idempotency-key": f"{TRIED}-{key}"}
        response = self._client.post("/chatbot/runs", json={"input": INPUTS["chatbot"]}, headers=headers)
        receipt: dict[str, str] = self._keep("a receipt", response).json()
        if receipt.get("ticket"):
            self.driven.issued.add(receipt["ticket"])
        return receipt

    def _follow(self, receipt: dict[str, str]) -> httpx.Response:
        """Reads a run as an EventSource does, which has a ticket in its address and no header."""
        query = {"ticket": receipt["ticket"]} if receipt.get("ticket") else {}
        with httpx.Client(base_url=self._address, timeout=PATIENCE_S) as client:
            return client.get(receipt["events_url"], params=query)

    def _read_a_run(self) -> None:
        """Joined, looked at, pinned well and badly, and cancelled."""
        self._upstream.plays(*stream(HALF, stall))
        receipt = self._begin("a run")
        run = f"/runs/{receipt['run_id']}"
        with httpx_sse.connect_sse(self._client, "GET", receipt["events_url"]) as source:
            for frame in source.iter_sse():
                if frame.event == "token":
                    self._keep("a look", self._client.get(run))
                    self._keep("a pin", self._client.post(f"{run}/pins", json={"path": "/reply", "value": ASKED}))
                    for path, value in (("/options", ASKED), (f"/{NAMED}", 1), (TRIED, TRIED)):
                        self._keep(
                            f"a bad pin {path}", self._client.post(f"{run}/pins", json={"path": path, "value": value})
                        )
                    self._keep("a cancel", self._client.delete(run))
        self._keep("a late pin", self._client.post(f"{run}/pins", json={"path": "/reply", "value": ASKED}))
        self._keep("a late look", self._client.get(run))
        self._keep("an odd place", self._client.get(receipt["events_url"], headers={"last-event-id": TRIED}))

    def _leave(self) -> None:
        """Goes in the middle of an answer, and in the middle of a request."""
        self._upstream.plays(*stream(HALF, stall))
        with self._client.stream("POST", "/chatbot/stream", json={"input": INPUTS["chatbot"]}) as response:
            next(response.iter_bytes())
        for sent in (
            f"{TRIED}\r\n\r\n",
            f"GET /{TRIED} HTTP/9.9\r\n\r\n",
            f"POST /chatbot/stream HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: 99\r\n\r\n{TRIED}",
            f"GET / HTTP/1.1\r\nhost: 127.0.0.1\r\nx: \0{TRIED}\r\n\r\n",
        ):
            with socket.create_connection((self._address.host, self._address.port or 80), timeout=PATIENCE_S) as line:
                line.sendall(sent.encode())
                line.shutdown(socket.SHUT_WR)
                with suppress(ConnectionError):
                    line.recv(1 << 16)

    def _ask_badly(self) -> None:
        """What is refused before any model is asked."""
        bodies: list[Any] = [
            {"input": TRIED},
            {"input": {"goal": ASKED, NAMED: TRIED}},
            {"input": {"messages": [{"role": TRIED, "content": ASKED}]}},
            {"inputs": [TRIED], "config": {"configurable": {NAMED: TRIED}}},
            {"input": INPUTS["chatbot"], "kwargs": {NAMED: TRIED}},
            {NAMED: TRIED},
        ]
        sent: dict[str, Callable[[str], httpx.Response]] = {
            **{f"body {number}": self._posting(json=body) for number, body in enumerate(bodies)},
            "no JSON": self._posting(content='{"input": "' + TRIED, headers={"content-type": "application/json"}),
            "no UTF-8": self._posting(content=TRIED.encode() + b"\xff", headers={"content-type": "application/json"}),
            "a form": self._posting(data={TRIED: TRIED}),
            "too much": self._posting(json={"input": TRIED * 100_000}),
            "a query": self._posting(json={"input": INPUTS["chatbot"]}, params={"events": NAMED, TRIED: TRIED}),
        }
        for name, send in sent.items():
            for path in (*SOME_PATHS, "/chatbot/runs", f"/runs/{TRIED}/pins"):
                self._keep(f"{name} at {path}", send(path))
        for method, path in (
            ("GET", f"/{TRIED}"),
            ("POST", f"/{TRIED}/stream"),
            ("GET", f"/chatbot/{TRIED}?{TRIED}={TRIED}"),
            ("POST", f"/chatbot/c/{TRIED}/invoke"),
            ("GET", f"/runs/{TRIED}"),
            ("GET", f"/runs/{TRIED}/events?last_event_id={TRIED}"),
            ("DELETE", f"/runs/{TRIED}"),
            ("PUT", f"/chatbot/stream?{TRIED}"),
            ("GET", f"/page/../{TRIED}"),
        ):
            self._keep(f"{method} {path}", self._client.request(method, path))

    def _posting(self, **sent: Any) -> Callable[[str], httpx.Response]:
        return lambda path: self._client.post(path, **sent)

    def _come_as_nobody(self) -> None:
        """With what lets nobody in."""
        for name, headers in {
            "another key": {"authorization": f"Bearer {TRIED}"},
            "nearly the key": {"authorization": f"Bearer {SERVICE}x"},
            "a password": {"authorization": "Basic " + base64.b64encode(f"{TRIED}:{SERVICE}".encode()).decode()},
            "a token": {"authorization": f"Bearer eyJhbGciOiJub25lIn0.{TRIED}.{TRIED}"},
            "a cookie": {"cookie": f"run={TRIED}", "authorization": ""},
            "an origin": {"origin": f"https://{TRIED}.example"},
            "a host": {"host": f"{TRIED}.example"},
            "a forwarder": {"x-forwarded-for": TRIED, "forwarded": f"for={TRIED}", "traceparent": TRIED},
        }.items():
            body = {"input": INPUTS["chatbot"]}
            self._keep(f"{name} at a chain", self._client.post("/chatbot/invoke", json=body, headers=headers))
            self._keep(f"{name} at a run", self._client.get(f"/runs/x/events?ticket={TRIED}", headers=headers))

    def _look(self) -> None:
        """What the server tells of itself, after all that."""
        for path in SERVICE_PATHS:
            response = self._client.get(path)
            self.driven.told[path] = f"{response.headers}\n{response.text}"
