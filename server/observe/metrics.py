"""What is counted and measured, for Prometheus. docs/operations.md says what each metric means and when to worry.

Every label has values from a list that is known at the start; anything else becomes `other`. A label that a client can
fill would let it make time series without end. Routes and prompts are the code's own names.
"""

from collections.abc import Collection, Mapping
from itertools import product
from math import prod
from typing import Generic, Literal, TypeVar

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from schemas import MEANING, Code
from schemas.progress import TAKEOVERS
from server.observe.workers import begin_worker, of_all_workers
from server.settings.sections import LimitSettings

STREAMS = ("attached", "reader")
ENDS = ("complete", "failed", "cancelled", "refused", "moved")
RESUMES = ("hit", "missed", "snapshot")
METHODS = ("GET", "POST", "DELETE", "HEAD", "OPTIONS")
STATUSES = ("1xx", "2xx", "3xx", "4xx", "5xx", "none")
OTHER = "other"

_CODES = (*Code, "")
_UPSTREAM = tuple(code for code in Code if MEANING[code].phase == "upstream")
_FIRST_S = (0.1, 0.2, 0.35, 0.5, 0.75, 1, 1.5, 2, 3, 5, 10, 30)
_WHOLE_S = (0.25, 0.5, 1, 2, 3, 5, 8, 13, 20, 30, 60, 120, 300)
_REQUEST_S = (0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)
_SHOWN_AT_ZERO = 40

Mode = Literal["livesum", "livemin", "livemax"]
"""How the gauges of several workers are one; only of those that live."""

M = TypeVar("M", Counter, Gauge, Histogram)

disable_created_metrics()  # type: ignore[no-untyped-call]  # a second series for each, which says only when it began


class Labelled(Generic[M]):
    """A metric whose labels take known values only; None stands for a label that no client can fill.

    Small ones are shown from the start: a series that appears with its first count hides that count from `rate()`.
    """

    def __init__(self, metric: M, *known: Collection[str] | None) -> None:
        self._metric: M = metric
        self._known = known
        lists = [values for values in known if values is not None]
        if len(lists) == len(known) and prod(map(len, lists)) <= _SHOWN_AT_ZERO:
            for values in product(*lists):
                self(*values)

    def __call__(self, *values: str) -> M:
        """The series with these labels."""
        pairs = zip(values, self._known, strict=True)
        series: M = self._metric.labels(
            *(value if known is None or value in known else OTHER for value, known in pairs)
        )
        return series


class Metrics:
    """The metrics of one app. `chains` says which top-level fields the answers of each chain have."""

    def __init__(self, chains: Mapping[str, Collection[str]], models: Collection[str], version: str = "") -> None:
        begin_worker()
        self.registry = CollectorRegistry()
        fields = {field for names in chains.values() for field in names}
        self._add_runs(chains, fields, models)
        self._add_readers()
        self._add_requests()
        self.store_up = self._gauge("store_up", "Whether the store of runs answers", mode="livemin")
        self.store_up.set(1)  # until somebody finds otherwise
        about = "Whether what a model runs on is there"
        self.model_up = Labelled(self._gauge("model_up", about, "model", mode="livemin"), models)
        for model in models:
            self.model_up(model).set(1)
        self.spans_lost = self._counter("spans_lost", "Spans that no collector took")
        self._gauge("build_info", "The version that runs", "version", mode="livemax").labels(version or "unknown").set(
            1
        )

    def _add_runs(self, chains: Collection[str], fields: Collection[str], models: Collection[str]) -> None:
        self.runs_active = Labelled(self._gauge("runs_active", "Runs that go on", "chain"), chains)
        self.runs = Labelled(self._counter("runs", "Runs that ended", "chain", "end", "code"), chains, ENDS, _CODES)
        self.first_token = Labelled(
            self._histogram("first_token_seconds", "From a run's beginning to its first text", _FIRST_S, "chain"),
            chains,
        )
        self.field = Labelled(
            self._histogram("field_seconds", "To when a field that a model wrote was told", _WHOLE_S, "chain", "field"),
            chains,
            fields,
        )
        self.whole = Labelled(
            self._histogram("run_seconds", "To the end of a run that completed", _WHOLE_S, "chain"), chains
        )
        about = "Tokens of runs that completed, as models counted them"
        self.tokens = Labelled(self._counter("tokens", about, "chain", "kind"), chains, ("input", "output"))
        about = "Runs that a model's server failed"
        self.upstream_errors = Labelled(self._counter("upstream_errors", about, "model", "code"), models, _UPSTREAM)
        self.repairs = Labelled(self._counter("repairs", "Attempts to mend an answer", "chain"), chains)
        # No client can fill the label: these are the prompts that are served, one after another in development.
        about = "Runs that ended, by the prompt they began with"
        self.prompt_runs = Labelled(self._counter("prompt_runs", about, "chain", "prompt", "end"), chains, None, ENDS)
        about = "Attempts to mend an answer, by the prompt it was written by"
        self.prompt_repairs = Labelled(self._counter("prompt_repairs", about, "chain", "prompt"), chains, None)
        about = "Runs that went on here behind what another worker had told"
        self.takeovers = Labelled(self._counter("takeovers", about, "reason"), TAKEOVERS)

    def begin_prompt(self, chain: str, prompt: str) -> None:
        """Shows all series of a prompt, at zero: else its first failure would be hidden from `rate()`."""
        for end in ENDS:
            self.prompt_runs(chain, prompt, end)
        self.prompt_repairs(chain, prompt)

    def _add_readers(self) -> None:
        self.streams_open = Labelled(self._gauge("streams_open", "Event streams that are being sent", "kind"), STREAMS)
        about = "Readers that came again, by whether what they missed was there"
        self.resumes = Labelled(self._counter("resumes", about, "how"), RESUMES)
        self.readers_cut = self._counter("readers_cut", "Readers cut because they took nothing")
        self.readers_left = self._counter("readers_left", "Event streams whose reader left before the end")

    def _add_requests(self) -> None:
        about = "Requests that met a limit, by its key under `limits`"
        self.limits_hit = Labelled(self._counter("limits_hit", about, "kind"), LimitSettings.model_fields)
        self.refused = Labelled(self._counter("refused", "Requests answered by an error", "code"), tuple(Code))
        self.requests = Labelled(
            self._counter("requests", "Requests, by the route's template", "route", "method", "status"),
            None,
            METHODS,
            STATUSES,
        )
        about = "How long requests took, streams to their end"
        self.request_seconds = Labelled(
            self._histogram("request_seconds", about, _REQUEST_S, "route", "method"), None, METHODS
        )

    def exposition(self) -> tuple[bytes, str]:
        """All of it in Prometheus' text format, and that format's name. May be called in another thread."""
        return generate_latest(of_all_workers() or self.registry), CONTENT_TYPE_PLAIN_0_0_4

    def _counter(self, name: str, about: str, *labels: str) -> Counter:
        return Counter(name, about, labels, namespace="moim", registry=self.registry)

    def _gauge(self, name: str, about: str, *labels: str, mode: Mode = "livesum") -> Gauge:
        return Gauge(name, about, labels, namespace="moim", registry=self.registry, multiprocess_mode=mode)

    def _histogram(self, name: str, about: str, buckets: tuple[float, ...], *labels: str) -> Histogram:
        return Histogram(name, about, labels, namespace="moim", registry=self.registry, buckets=buckets)
