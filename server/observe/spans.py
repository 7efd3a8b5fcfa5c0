"""Spans of runs, by the semantic conventions for generative AI (`gen_ai.*`): one for each run, one for each model call.

They come from LangChain's callbacks and leave in a thread of their own. A collector that is away costs nobody anything:
what does not fit the queue, or is not taken, is counted and gone.
"""

import json
import logging
import random
import threading
from asyncio import CancelledError
from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import LLMResult
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.sampling import ALWAYS_ON
from opentelemetry.trace import Span, SpanKind, Status, StatusCode, Tracer, get_current_span, set_span_in_context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from schemas import StreamError

_log = logging.getLogger(__name__)

WAITING = 2048
"""Spans that wait for the collector at most."""

EXPORT_S = 1.5
"""Seconds that a collector has for one batch."""

FINISH_REASONS = frozenset({"stop", "length", "content_filter", "tool_calls", "function_call"})


class Spans:
    """Traces a `share` of the runs whose callers have not decided themselves."""

    def __init__(
        self,
        exporter: SpanExporter,
        share: float,
        lost: Callable[[int], None],
        *,
        content: bool = False,
        version: str = "",
    ) -> None:
        self._share = share
        self._content = content
        resource = Resource.create({"service.name": "moim-stream", "service.version": version or "unknown"})
        self._provider = TracerProvider(sampler=ALWAYS_ON, resource=resource, shutdown_on_exit=False)
        self._provider.add_span_processor(_Queue(exporter, lost))
        self._tracer = self._provider.get_tracer("server.observe")

    def callbacks(self, traceparent: str | None) -> list[BaseCallbackHandler]:
        """A handler for one run, or none if it is not traced."""
        parent = TraceContextTextMapPropagator().extract({"traceparent": traceparent} if traceparent else {}, Context())
        caller = get_current_span(parent).get_span_context()
        traced = caller.trace_flags.sampled if caller.is_valid else random.random() < self._share  # noqa: S311
        return [RunTracer(self._tracer, parent, content=self._content)] if traced else []

    def close(self) -> None:
        """Sends what is left, for as long as that takes."""
        self._provider.shutdown()


class RunTracer(BaseCallbackHandler):
    """Makes the spans of one run. Not one word of its prompt or answer is in them, unless `content` is wanted."""

    run_inline = True  # else LangChain has a thread do it, for every token

    def __init__(self, tracer: Tracer, parent: Context, *, content: bool) -> None:
        self.trace_id: str | None = None
        """By which the run's log line and its spans find one another, once it has begun."""
        self._tracer = tracer
        self._parent = parent
        self._content = content
        self._run_id: UUID | None = None
        self._open: dict[UUID, Span] = {}

    def on_chain_start(self, serialized: Any, inputs: Any, *, run_id: UUID, **about: Any) -> None:
        """Only the run itself has a span, not the prompt's template and whatever else is a chain to LangChain."""
        if self._run_id is None:
            self._run_id, name = run_id, about.get("name") or "chain"
            attributes = {"gen_ai.operation.name": "invoke_workflow", "gen_ai.workflow.name": name}
            span = self._tracer.start_span(f"invoke_workflow {name}", self._parent, attributes=attributes)
            self.trace_id = f"{span.get_span_context().trace_id:032x}"
            self._open[run_id] = span
            self._parent = set_span_in_context(span, self._parent)

    def on_chain_end(self, outputs: Any, *, run_id: UUID, **about: Any) -> None:
        """The run completed."""
        if run_id == self._run_id:
            self._end(run_id)

    def on_chain_error(self, error: BaseException, *, run_id: UUID, **about: Any) -> None:
        """The run failed, or was left."""
        if run_id == self._run_id:
            self._end(run_id, error)

    def on_chat_model_start(
        self, serialized: Any, messages: list[list[BaseMessage]], *, run_id: UUID, **about: Any
    ) -> None:
        """The model is asked."""
        known = about.get("metadata") or {}
        model = known.get("ls_model_name") or "unknown"
        attributes = {
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": known.get("ls_provider") or "unknown",
            "gen_ai.request.model": model,
            "gen_ai.request.stream": True,
            "gen_ai.request.temperature": known.get("ls_temperature"),
            "gen_ai.request.max_tokens": known.get("ls_max_tokens"),
            "gen_ai.output.type": "json",
        }
        if self._content:
            attributes["gen_ai.input.messages"] = _as_json(messages[0])
        self._open[run_id] = self._tracer.start_span(
            f"chat {model}",
            self._parent,
            kind=SpanKind.CLIENT,
            attributes={key: value for key, value in attributes.items() if value is not None},
        )

    def on_llm_new_token(self, token: Any, **about: Any) -> None:
        """Nothing: of tokens only their sum is told."""

    def on_llm_end(self, response: LLMResult, *, run_id: UUID, **about: Any) -> None:
        """The model has answered."""
        message = getattr(response.generations[0][0], "message", None)
        if (span := self._open.get(run_id)) and isinstance(message, AIMessage):
            reason = message.response_metadata.get("finish_reason")
            if reason:  # the server's word, which might be anything
                span.set_attribute("gen_ai.response.finish_reasons", [reason if reason in FINISH_REASONS else "_OTHER"])
            if usage := message.usage_metadata:
                span.set_attribute("gen_ai.usage.input_tokens", usage["input_tokens"])
                span.set_attribute("gen_ai.usage.output_tokens", usage["output_tokens"])
            if self._content:
                span.set_attribute("gen_ai.output.messages", _as_json([message], finish_reason=str(reason)))
        self._end(run_id)

    def on_llm_error(self, error: BaseException, *, run_id: UUID, **about: Any) -> None:
        """The model could not be asked to the end."""
        self._end(run_id, error)

    def _end(self, run_id: UUID, error: BaseException | None = None) -> None:
        """Ends a span. Errors are told by their type or code only."""
        if not (span := self._open.pop(run_id, None)):
            return
        if error:
            span.set_attribute("error.type", _type_of(error))
            if not isinstance(error, CancelledError | GeneratorExit):  # these have been asked for
                span.set_status(Status(StatusCode.ERROR))
        span.end()


def _type_of(error: BaseException) -> str:
    if isinstance(error, CancelledError | GeneratorExit):
        return "cancelled"
    return str(error.code) if isinstance(error, StreamError) else type(error).__name__


def _as_json(messages: Sequence[BaseMessage], **about: str) -> str:
    roles = {"human": "user", "ai": "assistant"}
    told = [
        {"role": roles.get(message.type, message.type), "parts": [{"type": "text", "content": message.text}], **about}
        for message in messages
    ]
    return json.dumps(told, ensure_ascii=False)


def collector(address: str) -> SpanExporter:
    """Sends spans to an OTLP collector over HTTP. Its headers, which may hold a key, are in the environment."""
    path = "" if address.endswith("/v1/traces") else "/v1/traces"
    return OTLPSpanExporter(address.rstrip("/") + path, timeout=EXPORT_S)


class _Queue(BatchSpanProcessor):
    """The library's queue and thread, which counts what is lost, and drops what is new rather than what is old."""

    def __init__(self, exporter: SpanExporter, lost: Callable[[int], None]) -> None:
        self._room = threading.Semaphore(WAITING)
        self._lost = lost
        super().__init__(_Counted(exporter, self._room, lost), max_queue_size=WAITING + 1)

    def on_end(self, span: ReadableSpan) -> None:
        """Never waits."""
        if self._room.acquire(blocking=False):
            super().on_end(span)
        else:
            self._lost(1)


class _Counted(SpanExporter):
    """Makes room for what has been sent, or counts it as lost. Says so when it begins and when it is over."""

    def __init__(self, exporter: SpanExporter, room: threading.Semaphore, lost: Callable[[int], None]) -> None:
        self._exporter = exporter
        self._room = room
        self._lost = lost
        self._away = False

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """In the library's own thread."""
        result = self._exporter.export(spans)
        self._room.release(len(spans))
        away = result is not SpanExportResult.SUCCESS
        if away:
            self._lost(len(spans))
        if away != self._away:
            _log.warning("the collector of traces %s", "does not answer" if away else "answers again")
        self._away = away
        return result

    def shutdown(self) -> None:
        """At the end."""
        self._exporter.shutdown()
