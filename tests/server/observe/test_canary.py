"""What users and models say, keys, tokens, tickets, ids of runs: none of it is in a log, a metric or a span."""

import json
import logging
from typing import Any

import httpx
import pytest
from fastapi import FastAPI, Request
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from starlette.responses import Response

from chains import chatbot
from chains.models.spec import OpenAISpec
from schemas import Code, StreamError
from server.auth.user import User, enter
from server.errors import Faults, add_error_handlers, respond
from server.observe.metrics import Metrics
from server.observe.requests import Requests
from server.observe.runs import Observer
from server.observe.spans import Spans
from server.observe.traces import Traces
from server.settings import TraceSettings
from tests.server.observe.watching import FIELDS, Lines, samples
from tests.server.reading import PATIENCE_S
from tests.upstream import Step, Upstream, answer, cut, ends, says, sse, stream, whole

RUN = "019a0000-0000-7000-8000-00000000002a"
WORDS = {
    "asked": "canary-asked",
    "written": "canary-written",
    "key": "sk-canary-key",
    "echoed": "canary-echoed",
    "token": "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJjYW5hcnkifQ.c2ln",
    "ticket": "canary-ticket",
    "user": "canary-user@example.com",
}
ECHO = {"error": {"message": f"no: {WORDS['echoed']} {WORDS['key']} {WORDS['asked']}", "type": "x", "code": "x"}}
HALF = says('{"reply": "' + WORDS["written"])
ANSWERS: dict[str, tuple[Step, ...]] = {
    "whole": whole(json.dumps({"reply": WORDS["written"], "options": [WORDS["written"]]})),
    "refused by the model's server": (answer(401, ECHO),),
    "an error in the stream": stream(HALF, sse(ECHO)),
    "cut": stream(HALF, cut),
    "an end that nobody knows": stream(HALF, ends(WORDS["echoed"])),
    "not JSON": stream(says(WORDS["written"]), ends()),
    "a key twice": whole(f'{{"reply": "{WORDS["written"]}", "reply": "{WORDS["written"]}"}}'),
}


class Watched:
    """A server in small, seen by everything that this room has."""

    def __init__(self, upstream: Upstream) -> None:
        self.exporter = InMemorySpanExporter()
        self.metrics = Metrics(FIELDS, ["demo"])
        traces = Traces(TraceSettings(), lost=self.metrics.spans_lost.inc)
        self.spans = traces._spans = Spans(self.exporter, 1.0, self.metrics.spans_lost.inc)
        self.observer = Observer(self.metrics, traces)
        spec = OpenAISpec(provider="openai", base_url=upstream.base_url, name="test-model", max_retries=0)
        self._chain = chatbot.build(spec.load())
        app = FastAPI()
        add_error_handlers(app)
        app.add_middleware(Faults)
        app.add_api_route("/runs/{run_id}/{what}", self._run, methods=["POST"])
        self.app = Requests(app, self.observer)

    async def _run(self, request: Request, run_id: str, what: str) -> Response:
        enter(request.scope, User(id=WORDS["user"], key="u-1"))
        body = await request.json()
        if what == "break":
            raise LookupError(body)
        watch = self.observer.run(run_id, "chatbot", "u-1", "demo", traceparent=None, asked=body)
        try:
            async for event in self._chain.astream_typed(body, {"callbacks": watch.callbacks}, hold=PATIENCE_S):
                watch.told(event)
        except StreamError as error:
            watch.ended(error)
            return respond(error)
        return Response()

    def seen(self) -> str:
        """All that metrics and spans show."""
        self.spans.close()
        spans = " ".join(span.to_json() for span in self.exporter.get_finished_spans())
        return f"{samples(self.metrics)} {self.metrics.exposition()[0].decode()} {spans}"


async def ask(watched: Watched, what: str, body: Any) -> None:
    headers = {"authorization": f"Bearer {WORDS['token']}", "x-user-id": WORDS["user"], "idempotency-key": WORDS["key"]}
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=watched.app), base_url="http://test") as client:
        await client.post(
            f"/runs/{RUN}/{what}?ticket={WORDS['ticket']}&goal={WORDS['asked']}", json=body, headers=headers
        )
        await client.post(f"/{WORDS['ticket']}/{RUN}?{WORDS['token']}", json=body, headers=headers)


@pytest.mark.parametrize("level", [logging.DEBUG, logging.INFO])
async def test_no_canary_is_seen(lines: Lines, upstream: Upstream, monkeypatch: pytest.MonkeyPatch, level: int) -> None:
    logging.getLogger().setLevel(level)
    monkeypatch.setenv("OPENAI_API_KEY", WORDS["key"])
    watched = Watched(upstream)
    body = {"messages": [{"role": "user", "content": WORDS["asked"]}]}
    for steps in ANSWERS.values():
        upstream.plays(*steps)
        await ask(watched, "stream", body)
    await ask(watched, "stream", {WORDS["asked"]: WORDS["asked"]})
    await ask(watched, "break", body)
    seen = watched.seen()
    assert "chat test-model" in seen
    traces = {f"{span.context.trace_id:032x}" for span in watched.exporter.get_finished_spans() if span.context}
    runs = lines.of("run")
    assert len(runs) == len(ANSWERS) + 1
    assert {line["run_id"] for line in runs} == {RUN}
    assert {line["trace_id"] for line in runs} == traces  # by which one finds the other
    assert {line["end"] for line in runs} == {"complete", "failed", "refused"}
    assert any("LookupError" in line["message"] for line in map(json.loads, lines.text.splitlines()))
    said = lines.text.replace(f'"run_id": "{RUN}"', "")
    for name, word in {**WORDS, "run": RUN}.items():
        assert word not in seen, name
        assert word not in said, name
        assert word not in said.encode().decode("unicode_escape"), name


async def test_what_is_seen_instead(lines: Lines, upstream: Upstream) -> None:
    watched = Watched(upstream)
    upstream.plays(*ANSWERS["refused by the model's server"])
    await ask(watched, "stream", {"messages": [{"role": "user", "content": WORDS["asked"]}]})
    found = samples(watched.metrics)
    assert found[f'moim_runs_total{{chain="chatbot",code="{Code.UPSTREAM_AUTH}",end="failed"}}'] == 1
    assert found[f'moim_refused_total{{code="{Code.UPSTREAM_AUTH}"}}'] == 1
    assert found['moim_requests_total{method="POST",route="/runs/{run_id}/{what}",status="5xx"}'] == 1
    assert found['moim_requests_total{method="POST",route="other",status="4xx"}'] == 1
    assert [line["user"] for line in lines.of("request") if "user" in line] == ["u-1"]
    assert "upstream_auth" in watched.seen()
