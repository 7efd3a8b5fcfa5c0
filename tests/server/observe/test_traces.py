"""Traces: a span for a run and one for each call of its model, in the caller's trace; and no harm from a collector."""

import http.server
import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import aclosing, contextmanager
from typing import Any

import pytest
from langchain_core.callbacks import BaseCallbackHandler
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from chains import meeting_info
from chains.models.spec import OpenAISpec
from chains.structured import StructuredChain
from schemas import Start, StreamError
from server.observe import spans
from server.observe.spans import RunTracer, Spans
from server.observe.traces import Traces
from server.settings import TraceSettings
from tests.chains.answers import GOAL, MEETING, model_saying, text
from tests.upstream import Upstream, whole

TRACE, CALLER = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


def traceparent(flags: str = "01") -> str:
    return f"00-{TRACE}-{CALLER}-{flags}"


class Traced:
    """Traces kept in memory."""

    def __init__(self, share: float = 1.0, **options: Any) -> None:
        self.exporter = InMemorySpanExporter()
        self.lost: list[int] = []
        self.spans = Spans(self.exporter, share, self.lost.append, **options)

    def close(self) -> list[ReadableSpan]:
        """The spans, in the order in which they ended."""
        self.spans.close()
        return list(self.exporter.get_finished_spans())


async def run(chain: StructuredChain, callbacks: list[BaseCallbackHandler]) -> None:
    try:
        async for _ in chain.astream_typed(GOAL, {"callbacks": callbacks}):
            pass
    except StreamError:
        pass


def meeting(*replies: Any) -> StructuredChain:
    return meeting_info.build(model_saying(*(replies or [text(MEETING)])))


async def test_a_run_and_its_call() -> None:
    traced = Traced()
    await run(meeting(), traced.spans.callbacks(traceparent()))
    call, whole = traced.close()
    assert (whole.name, whole.kind) == ("invoke_workflow meeting_info", SpanKind.INTERNAL)
    assert dict(whole.attributes or {}) == {
        "gen_ai.operation.name": "invoke_workflow",
        "gen_ai.workflow.name": "meeting_info",
    }
    assert call.kind is SpanKind.CLIENT
    attributes = dict(call.attributes or {})
    assert call.name == f"chat {attributes['gen_ai.request.model']}"
    assert attributes["gen_ai.operation.name"] == "chat"
    assert attributes["gen_ai.provider.name"]
    assert attributes["gen_ai.response.finish_reasons"] == ("stop",)
    assert whole.context
    assert call.parent
    assert call.parent.span_id == whole.context.span_id
    assert whole.parent
    assert (f"{whole.context.trace_id:032x}", f"{whole.parent.span_id:016x}") == (TRACE, CALLER)
    assert {whole.status.status_code, call.status.status_code} == {StatusCode.UNSET}


async def test_the_models_server_says_what_it_is_and_what_it_counted() -> None:
    traced = Traced()
    with Upstream() as upstream:
        upstream.plays(*whole(text(MEETING)))
        parameters = {"temperature": 0.25}
        spec = OpenAISpec(
            provider="openai", base_url=upstream.base_url, name="test-model", max_tokens=500, parameters=parameters
        )
        await run(meeting_info.build(spec.load()), traced.spans.callbacks(None))
    call, _ = traced.close()
    attributes = dict(call.attributes or {})
    assert call.name == "chat test-model"
    assert attributes.pop("gen_ai.usage.output_tokens")
    assert attributes == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "test-model",
        "gen_ai.request.stream": True,
        "gen_ai.request.temperature": 0.25,
        "gen_ai.request.max_tokens": 500,
        "gen_ai.output.type": "json",
        "gen_ai.response.finish_reasons": ("stop",),
        "gen_ai.usage.input_tokens": 11,
    }


async def test_a_word_for_the_end_that_nobody_knows_is_not_repeated() -> None:
    traced = Traced()
    await run(meeting({"text": text(MEETING), "finish_reason": "canary"}), traced.spans.callbacks(None))
    assert (traced.close()[0].attributes or {})["gen_ai.response.finish_reasons"] == ("_OTHER",)


async def test_each_attempt_has_a_call_of_its_own() -> None:
    traced = Traced()
    await run(
        meeting(text({**MEETING, "period": "no"}), text({"period": MEETING["period"]})), traced.spans.callbacks(None)
    )
    *calls, whole = traced.close()
    assert len(calls) == 2
    assert whole.context
    assert {call.parent.span_id for call in calls if call.parent} == {whole.context.span_id}


async def test_a_run_that_fails_is_told_by_its_code() -> None:
    traced = Traced()
    await run(meeting({"text": '{"name": "canary', "failure": "cut"}), traced.spans.callbacks(None))
    call, whole = traced.close()
    assert (whole.attributes or {})["error.type"] == "upstream_cut"
    assert (call.attributes or {})["error.type"]
    for span in (call, whole):
        assert span.status.status_code is StatusCode.ERROR
        assert span.status.description is None
        assert span.events == ()  # no exception with its words


async def test_a_run_that_is_left_is_no_error() -> None:
    traced = Traced()
    async with aclosing(meeting().astream_typed(GOAL, {"callbacks": traced.spans.callbacks(None)}, hold=0)) as events:
        assert isinstance(await anext(events), Start)
        await anext(events)
    told = traced.close()
    assert told[-1].name.startswith("invoke_workflow")
    for span in told:
        assert (span.attributes or {})["error.type"] == "cancelled"
        assert span.status.status_code is StatusCode.UNSET


async def test_no_thread_is_asked_to_look_at_tokens(monkeypatch: pytest.MonkeyPatch) -> None:
    threads = []

    def look(tracer: RunTracer, token: Any, **about: Any) -> None:
        threads.append(threading.current_thread())

    monkeypatch.setattr(RunTracer, "on_llm_new_token", look)
    traced = Traced()
    await run(meeting(), traced.spans.callbacks(None))
    traced.close()
    assert set(threads) == {threading.current_thread()}


async def test_by_langchains_own_ways_too() -> None:
    traced = Traced()
    await meeting().ainvoke(GOAL, {"callbacks": traced.spans.callbacks(None)})
    assert [span.name.split()[0] for span in traced.close()] == ["chat", "invoke_workflow"]


# -- which runs are traced ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("share", "traced"), [(0.0, 0), (1.0, 1)])
@pytest.mark.parametrize(
    "header", [None, "", "nonsense", "00-0-0-01", f"ff-{TRACE}-{CALLER}-01", f"00-{'0' * 32}-{CALLER}-01"]
)
def test_a_share_of_those_that_nobody_has_decided_upon(share: float, traced: int, header: str | None) -> None:
    some = Traced(share)
    assert len(some.spans.callbacks(header)) == traced
    some.close()


@pytest.mark.parametrize("share", [0.0, 1.0])
@pytest.mark.parametrize(("flags", "traced"), [("00", 0), ("01", 1)])
def test_a_caller_that_traces_decides(share: float, flags: str, traced: int) -> None:
    some = Traced(share)
    assert len(some.spans.callbacks(traceparent(flags))) == traced
    some.close()


def test_about_a_tenth_is_about_a_tenth() -> None:
    some = Traced(0.1)
    assert 20 < sum(len(some.spans.callbacks(None)) for _ in range(1000)) < 300
    some.close()


def test_off_means_that_nothing_is_loaded() -> None:
    code = """
import sys
from server.observe.runs import Observer
from server.observe.traces import Traces
from server.settings import TraceSettings
traces = Traces(TraceSettings(), lost=print)
assert traces.callbacks("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01") == []
traces.close()
print([name for name in sys.modules if name.startswith(("opentelemetry.exporter", "server.observe.spans"))])
"""  # its API and parts of its SDK are loaded by others: LangChain looks whether they are there
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)  # noqa: S603
    assert done.stdout == "[]\n"


# -- words -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("content", [False, True])
async def test_words_are_in_spans_only_if_they_are_wanted(content: bool) -> None:
    traced = Traced(content=content)
    await run(meeting(), traced.spans.callbacks(None))
    told = traced.close()
    said = " ".join(str(value) for span in told for value in (span.attributes or {}).values())
    assert (GOAL["goal"] in said) is content
    assert (MEETING["name"] in said) is content
    attributes = dict(told[0].attributes or {})
    assert ("gen_ai.input.messages" in attributes) is content
    assert ("gen_ai.output.messages" in attributes) is content
    if content:
        [answered] = json.loads(str(attributes["gen_ai.output.messages"]))
        assert json.loads(answered["parts"][0]["content"]) == MEETING
        asked = json.loads(str(attributes["gen_ai.input.messages"]))
        assert {message["role"] for message in asked} == {"system", "user"}


# -- collectors --------------------------------------------------------------------------------------------------------


class Collector(http.server.BaseHTTPRequestHandler):
    """Takes spans, and keeps them."""

    taken: list[ExportTraceServiceRequest]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.taken.append(ExportTraceServiceRequest.FromString(body))
        assert self.path == "/v1/traces"
        self.send_response(200)
        self.end_headers()

    def log_message(self, *words: Any) -> None:
        """Says nothing."""


@contextmanager
def collecting() -> Iterator[tuple[str, list[ExportTraceServiceRequest]]]:
    taken: list[ExportTraceServiceRequest] = []
    handler = type("Handler", (Collector,), {"taken": taken})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", taken
        server.shutdown()
        thread.join()


async def test_what_is_left_is_sent_at_the_end() -> None:
    lost: list[int] = []
    with collecting() as (address, taken):
        traces = Traces(TraceSettings(otlp=address), lost=lost.append, version="1.2.3")
        await run(meeting(), traces.callbacks())
        traces.close()
    [request] = taken
    [told] = request.resource_spans
    about = {each.key: each.value.string_value for each in told.resource.attributes}
    assert (about["service.name"], about["service.version"]) == ("moim-stream", "1.2.3")
    assert [span.name.split()[0] for span in told.scope_spans[0].spans] == ["chat", "invoke_workflow"]
    assert lost == []


async def test_a_collector_that_is_away_costs_nobody_anything(caplog: pytest.LogCaptureFixture) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        lost: list[int] = []
        traces = Traces(TraceSettings(otlp=f"http://127.0.0.1:{taken.getsockname()[1]}"), lost=lost.append)
        await run(meeting(), traces.callbacks())
        traces.close()
    assert sum(lost) == 2
    assert [record.message for record in caplog.records if record.name.startswith("server")] == [
        "the collector of traces does not answer"
    ]


async def test_a_collector_that_hangs_is_given_up() -> None:
    lost: list[int] = []
    with socket.create_server(("127.0.0.1", 0)) as hanging:
        traces = Traces(TraceSettings(otlp=f"http://127.0.0.1:{hanging.getsockname()[1]}"), lost=lost.append)
        await run(meeting(), traces.callbacks())
        traces.close()
        for thread in threading.enumerate():
            if thread.name in ("traces-close", "OtelBatchSpanRecordProcessor"):
                thread.join()
    assert sum(lost) == 2


class Stuck(SpanExporter):
    """A collector that takes nothing until it may."""

    def __init__(self) -> None:
        self.may = threading.Event()
        self.sent = 0

    def export(self, spans: Any) -> SpanExportResult:
        self.may.wait()
        self.sent += len(spans)
        return SpanExportResult.SUCCESS

    def shutdown(self) -> None:
        pass


def test_the_end_waits_no_longer_than_it_may(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.observe.traces.CLOSE_S", 0.05)
    stuck, traces = Stuck(), Traces(TraceSettings(), lost=lambda spans: None)
    traces._spans = Spans(stuck, 1.0, lambda spans: None)
    traces._spans._tracer.start_span("x").end()
    traces.close()
    [closing] = [thread for thread in threading.enumerate() if thread.name == "traces-close"]  # which goes on
    stuck.may.set()
    closing.join()
    assert stuck.sent == 1


def test_a_queue_that_is_full_drops_and_counts() -> None:
    stuck, lost = Stuck(), list[int]()
    some = Spans(stuck, 1.0, lost.append)
    tracer = some._tracer
    begun = time.monotonic()
    for _ in range(spans.WAITING + 500):
        tracer.start_span("x").end()
    assert time.monotonic() - begun < 10  # nobody waited for the collector, who never answers
    stuck.may.set()
    some.close()
    assert (stuck.sent, sum(lost)) == (spans.WAITING, 500)


def test_there_is_room_again_when_something_was_sent() -> None:
    traced = Traced()
    for _ in range(3):
        for _ in range(spans.WAITING):
            traced.spans._tracer.start_span("x").end()
        traced.spans._provider.force_flush()
    assert len(traced.close()) == 3 * spans.WAITING
    assert traced.lost == []
