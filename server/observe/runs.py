"""What is seen of runs, and the one thing through which the rest of the server tells what operators should see."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from langchain_core.callbacks import BaseCallbackHandler
from structlog.stdlib import BoundLogger

from chains.ask import names
from chains.structured import StructuredChain
from schemas import (
    MEANING,
    Cancelled,
    Code,
    Complete,
    Event,
    Failed,
    FieldSettled,
    PromptRef,
    Reset,
    Start,
    StreamError,
    Token,
    from_pointer,
)
from schemas.progress import TAKEOVERS
from server.observe.logs import field_log
from server.observe.metrics import Metrics
from server.observe.traces import Traces
from server.settings import Settings


class Observer:
    """Told of what happens, it counts, and logs one line for each run.

    - `content`: whether the lines hold what users asked and what models answered
    """

    def __init__(
        self, metrics: Metrics, traces: Traces, log: BoundLogger | None = None, *, content: bool = False
    ) -> None:
        self.metrics = metrics
        self.traces = traces
        self.log = log or field_log("server.run")
        self.content = content

    def run(
        self,
        run_id: str,
        chain: str,
        user: str,
        model: str,
        *,
        traceparent: str | None = None,
        asked: Any = None,
    ) -> "RunWatch":
        """A run begins here, or goes on here behind what another worker has told.

        - `chain`, `model`: as the settings name them; `user`: the pseudonym
        - `traceparent`: the request's header; `asked`: the input
        """
        about = {"run_id": run_id, "user": user, "chain": chain}
        if self.content:
            about["asked"] = asked
        return RunWatch(self, {key: value for key, value in about.items() if value}, chain, model, traceparent)

    @contextmanager
    def streaming(self, kind: str) -> Iterator[None]:
        """An event stream is sent, as long as the block lasts: `attached` to its run, or of a `reader`."""
        gauge = self.metrics.streams_open(kind)
        gauge.inc()
        try:
            yield
        finally:
            gauge.dec()

    def resumed(self, how: str) -> None:
        """A reader came again: what it missed was there (`hit`), or as a `snapshot`, or its run was not (`missed`)."""
        self.metrics.resumes(how).inc()

    def limited(self, kind: str) -> None:
        """A request met a limit; `kind` is its key in the settings."""
        self.metrics.limits_hit(kind).inc()

    def refused(self, code: str) -> None:
        """A request was answered by an error."""
        self.metrics.refused(code).inc()

    def cut(self) -> None:
        """A reader was cut that took nothing of what was sent."""
        self.metrics.readers_cut.inc()

    def left(self) -> None:
        """A reader left before the end of its stream. `server.observe.requests` tells it."""
        self.metrics.readers_left.inc()

    def store_reachable(self, reachable: bool) -> None:
        """What the last look at the store has found."""
        self.metrics.store_up.set(reachable)

    def model_alive(self, model: str, alive: bool) -> None:
        """What the last look at a model has found."""
        self.metrics.model_up(model).set(alive)


def observer_of(settings: Settings, chains: Mapping[str, StructuredChain], version: str = "") -> Observer:
    """The observer of an app that serves these chains."""
    models = {settings.model_name(chain) for chain in chains}
    metrics = Metrics({name: names(chain.result) for name, chain in chains.items()}, models, version)
    content = settings.log.content
    traces = Traces(settings.traces, lost=metrics.spans_lost.inc, content=content, version=version)
    return Observer(metrics, traces, content=content)


class RunWatch:
    """Watches one run, or what goes on of it in this process, to its end, and tells of it then, once.

    `callbacks` are to be given to the chain.
    """

    def __init__(
        self, observer: Observer, about: dict[str, Any], chain: str, model: str, traceparent: str | None
    ) -> None:
        self.callbacks: list[BaseCallbackHandler] = observer.traces.callbacks(traceparent)
        self._observer = observer
        self._metrics = observer.metrics
        self._about = about
        self._chain = chain
        self._model = model
        self._began_at = time.monotonic()
        self._began = False  # here, and not in another worker
        self._first_token_ms: int | None = None
        self._field_ms: dict[str, int] = {}  # by pointer, of the fields that the model wrote and that still stand
        self._attempt = 1
        self._prompt = ""  # as `start` tells it, or the `reset` of whoever goes on with a run
        self._over = False
        self._metrics.runs_active(chain).inc()

    def told(self, event: Event) -> None:
        """The next event of the run. Of tokens only the first one says anything."""
        if type(event) is Token:
            if self._first_token_ms is None:
                self._first_token_ms = self._ms()
            return
        match event:
            case Start(attempt=attempt, prompt=prompt):
                self._began, self._attempt = True, attempt
                self._asked_by(prompt)
            case FieldSettled(path=pointer, source="model", ms=ms) if len(from_pointer(pointer)) == 1:
                self._field_ms[pointer] = ms
            case Reset():
                self._reset(event)
            case Complete():
                self._end("complete", whole=event)
            case Failed(code=code):
                self._end("failed", code)
            case Cancelled():
                self._end("cancelled")

    def ended(self, end: StreamError | str) -> None:
        """The run ended before its first event: by an error, or because somebody stopped it."""
        if isinstance(end, str):
            self._end("cancelled")
        else:
            self._end("refused" if end.phase == "request" else "failed", end.code)

    def gone(self) -> None:
        """This process has nothing more to do with the run. If it has not ended, another worker goes on with it."""
        self._end("moved")

    def _asked_by(self, prompt: PromptRef | None) -> None:
        if prompt:
            self._prompt = prompt.reference
            self._metrics.begin_prompt(self._chain, self._prompt)

    def _reset(self, event: Reset) -> None:
        self._attempt = event.attempt
        self._asked_by(event.prompt)
        self._field_ms = {pointer: ms for pointer, ms in self._field_ms.items() if pointer in event.keep}
        if event.reason in TAKEOVERS:
            self._metrics.takeovers(event.reason).inc()
        else:
            self._metrics.repairs(self._chain).inc()
            if self._prompt:
                self._metrics.prompt_repairs(self._chain, self._prompt).inc()

    def _end(self, end: str, code: Code | None = None, whole: Complete | None = None) -> None:
        """`whole` has times of its own, which count from where the run began, wherever that was."""
        if self._over:
            return
        self._over = True
        first, total = self._first_token_ms if self._began else None, self._ms()
        if whole:
            first, total = whole.timings.first_token_ms, whole.timings.total_ms
        self._measure(end, code, first, whole)
        line = {
            "end": end,
            "code": code and str(code),
            "prompt": self._prompt or None,
            "attempts": self._attempt,
            "repaired": whole and whole.repaired,
            "first_token_ms": first,
            "field_ms": {str(from_pointer(pointer)[0]): ms for pointer, ms in self._field_ms.items()},
            "total_ms": total,
            "tokens": _tokens(whole),
            "trace_id": next((getattr(each, "trace_id", None) for each in self.callbacks), None),
            "answered": whole.value if whole and self._observer.content else None,
        }
        write = self._observer.log.warning if end == "failed" else self._observer.log.info
        write("run", **self._about, **{key: value for key, value in line.items() if value is not None})

    def _measure(self, end: str, code: Code | None, first_ms: int | None, whole: Complete | None) -> None:
        metrics, chain = self._metrics, self._chain
        metrics.runs_active(chain).dec()
        metrics.runs(chain, end, code or "").inc()
        if self._prompt:
            metrics.prompt_runs(chain, self._prompt, end).inc()
        if code and MEANING[code].phase == "upstream":
            metrics.upstream_errors(self._model, code).inc()
        if first_ms is not None:
            metrics.first_token(chain).observe(first_ms / 1000)
        for pointer, ms in self._field_ms.items():
            metrics.field(chain, str(from_pointer(pointer)[0])).observe(ms / 1000)
        if whole:
            metrics.whole(chain).observe(whole.timings.total_ms / 1000)
        for kind, count in (_tokens(whole) or {}).items():
            metrics.tokens(chain, kind).inc(count)

    def _ms(self) -> int:
        return int((time.monotonic() - self._began_at) * 1000)


def _tokens(whole: Complete | None) -> dict[str, int] | None:
    usage = whole and whole.usage
    return {"input": usage.input_tokens, "output": usage.output_tokens} if usage else None
