"""A run is told of once, at its end, whatever end that is; on the way it costs next to nothing."""

import time
from typing import Any

import pytest

from chains import meeting_info
from schemas import (
    Cancelled,
    Code,
    Complete,
    Event,
    Failed,
    FieldSettled,
    Pinned,
    PromptRef,
    RequestError,
    Reset,
    Start,
    Token,
    UpstreamError,
)
from schemas.events import SchemaRef, Timings, Usage
from server.observe import runs
from server.observe.runs import Observer, RunWatch
from tests import figures
from tests.chains.answers import GOAL, MEETING, model_saying, text
from tests.server.observe.conftest import untraced
from tests.server.observe.watching import Lines, samples

USAGE = Usage(input_tokens=30, output_tokens=40, total_tokens=70)
TIMINGS = Timings(first_token_ms=250, fields={"/reply": 700, "/options": 900}, total_ms=1200)


class Clock:
    """Says what time it is, and how often it was asked."""

    def __init__(self) -> None:
        self.now = 0.0
        self.asked = 0

    def monotonic(self) -> float:
        self.asked += 1
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(runs, "time", clock)
    return clock


@pytest.fixture
def watch(clock: Clock, observer: Observer, lines: Lines) -> RunWatch:
    return observer.run("run-1", "chatbot", "u-1", "demo")


def start() -> Start:
    schema = SchemaRef(name="Reply", hash="0")
    return Start(seq=1, run_id="run-1", chain="chatbot", model="m", attempt=1, schema_=schema, fields=(), notes=())


def start_with(prompt: PromptRef) -> Start:
    return start().model_copy(update={"prompt": prompt})


def field(path: str, ms: int, source: Any = "model") -> FieldSettled:
    return FieldSettled(seq=5, path=path, value="x", source=source, ms=ms)


def complete(**changed: Any) -> Complete:
    whole = {"value": {"reply": "x"}, "finish_reason": "stop", "usage": USAGE, "timings": TIMINGS}
    return Complete(seq=9, **{**whole, "attempts": 1, "repaired": False, **changed})


def failed(code: Code) -> Failed:
    return Failed.by(UpstreamError("It broke.", code=code), seq=9, partial={})


def tell(watch: RunWatch, *events: Event) -> None:
    for event in events:
        watch.told(event)


TOKEN = Token(seq=2, path="/reply", text="hi")


def test_a_run_that_completes(watch: RunWatch, observer: Observer, lines: Lines) -> None:
    tell(watch, start(), TOKEN, field("/reply", 700), field("/options/0", 800), field("/options", 900), complete())
    [line] = lines.of("run")
    assert line.pop("time")
    assert line == {
        "severity": "INFO",
        "logger": "server.run",
        "message": "run",
        "run_id": "run-1",
        "user": "u-1",
        "chain": "chatbot",
        "end": "complete",
        "attempts": 1,
        "repaired": False,
        "first_token_ms": 250,
        "field_ms": {"reply": 700, "options": 900},
        "total_ms": 1200,
        "tokens": {"input": 30, "output": 40},
    }
    found = samples(observer.metrics)
    assert found['moim_runs_total{chain="chatbot",end="complete"}'] == 1
    assert found['moim_first_token_seconds_sum{chain="chatbot"}'] == 0.25
    assert found['moim_field_seconds_sum{chain="chatbot",field="reply"}'] == 0.7
    assert found['moim_field_seconds_count{chain="chatbot",field="options"}'] == 1
    assert found['moim_run_seconds_sum{chain="chatbot"}'] == 1.2
    assert found['moim_tokens_total{chain="chatbot",kind="input"}'] == 30
    assert found['moim_tokens_total{chain="chatbot",kind="output"}'] == 40
    assert 'moim_runs_active{chain="chatbot"}' not in found


def test_it_is_told_by_which_prompt(watch: RunWatch, observer: Observer, lines: Lines) -> None:
    reset = Reset(seq=4, attempt=2, keep=(), reason=Code.INVALID_OUTPUT)
    tell(watch, start_with(PromptRef(name="en_warm", version=2, hash="8f21ab03c4d1")), TOKEN, reset, complete())
    [line] = lines.of("run")
    assert line["prompt"] == "en_warm@8f21ab03c4d1"
    found = samples(observer.metrics)
    assert found['moim_prompt_runs_total{chain="chatbot",end="complete",prompt="en_warm@8f21ab03c4d1"}'] == 1
    assert found['moim_prompt_repairs_total{chain="chatbot",prompt="en_warm@8f21ab03c4d1"}'] == 1


def test_who_goes_on_with_a_run_may_have_another_prompt(watch: RunWatch, observer: Observer, lines: Lines) -> None:
    later = PromptRef(name="en", version=3, hash="000000000000")
    reset = Reset(seq=4, attempt=2, keep=(), reason=Code.WORKER_LOST, prompt=later)
    tell(watch, reset, TOKEN, complete())
    [line] = lines.of("run")
    assert line["prompt"] == later.reference
    found = samples(observer.metrics)
    assert found[f'moim_prompt_runs_total{{chain="chatbot",end="complete",prompt="{later.reference}"}}'] == 1


def test_a_prompts_series_are_there_before_its_first_failure(watch: RunWatch, observer: Observer) -> None:
    tell(watch, start_with(PromptRef(name="en_warm", version=2, hash="8f21ab03c4d1")))
    text = observer.metrics.exposition()[0].decode()
    assert 'moim_prompt_runs_total{chain="chatbot",end="failed",prompt="en_warm@8f21ab03c4d1"} 0.0' in text
    assert 'moim_prompt_repairs_total{chain="chatbot",prompt="en_warm@8f21ab03c4d1"} 0.0' in text


def test_a_run_without_a_prompt_of_a_file_counts_for_none(watch: RunWatch, observer: Observer, lines: Lines) -> None:
    tell(watch, start(), complete())
    assert "prompt" not in lines.of("run")[0]
    assert not [name for name in samples(observer.metrics) if name.startswith("moim_prompt")]


def test_a_run_that_fails_half_way(watch: RunWatch, observer: Observer, lines: Lines, clock: Clock) -> None:
    tell(watch, start())
    clock.now = 0.4
    tell(watch, TOKEN, field("/reply", 450))
    clock.now = 3.0
    tell(watch, failed(Code.UPSTREAM_CUT))
    [line] = lines.of("run")
    assert (line["severity"], line["end"], line["code"]) == ("WARNING", "failed", "upstream_cut")
    assert (line["first_token_ms"], line["total_ms"], line["field_ms"]) == (400, 3000, {"reply": 450})
    found = samples(observer.metrics)
    assert found['moim_runs_total{chain="chatbot",code="upstream_cut",end="failed"}'] == 1
    assert found['moim_upstream_errors_total{code="upstream_cut",model="demo"}'] == 1
    assert found['moim_first_token_seconds_sum{chain="chatbot"}'] == 0.4
    assert 'moim_run_seconds_count{chain="chatbot"}' not in found  # how long a failure took says nothing of answers


def test_a_failure_of_this_servers_is_not_the_models(watch: RunWatch, observer: Observer) -> None:
    tell(watch, start(), failed(Code.INTERNAL))
    assert not [name for name in samples(observer.metrics) if name.startswith("moim_upstream_errors")]


def test_a_run_that_is_stopped(watch: RunWatch, observer: Observer, lines: Lines) -> None:
    tell(watch, start(), Cancelled(seq=2, reason="words of somebody", partial={}))
    [line] = lines.of("run")
    assert line["end"] == "cancelled"
    assert "first_token_ms" not in line
    assert "words of somebody" not in lines.text
    assert samples(observer.metrics)['moim_runs_total{chain="chatbot",end="cancelled"}'] == 1


@pytest.mark.parametrize(
    ("end", "told", "code"),
    [
        (RequestError("no"), "refused", Code.INVALID_REQUEST),
        (UpstreamError("no", code=Code.UPSTREAM_BUSY), "failed", Code.UPSTREAM_BUSY),
        ("its reader is gone", "cancelled", None),
    ],
    ids=["refused", "failed", "cancelled"],
)
def test_a_run_that_ends_before_its_first_event(
    watch: RunWatch, observer: Observer, lines: Lines, end: Any, told: str, code: Code | None
) -> None:
    watch.ended(end)
    [line] = lines.of("run")
    assert (line["end"], line.get("code")) == (told, code)
    found = samples(observer.metrics)
    assert 'moim_runs_active{chain="chatbot"}' not in found
    assert ('moim_upstream_errors_total{code="upstream_busy",model="demo"}' in found) is (code is Code.UPSTREAM_BUSY)


def test_a_run_that_goes_on_elsewhere(watch: RunWatch, observer: Observer, lines: Lines) -> None:
    tell(watch, start(), TOKEN)
    assert samples(observer.metrics)['moim_runs_active{chain="chatbot"}'] == 1
    watch.gone()
    assert [line["end"] for line in lines.of("run")] == ["moved"]
    assert 'moim_runs_active{chain="chatbot"}' not in samples(observer.metrics)


def test_there_is_one_end(watch: RunWatch, observer: Observer, lines: Lines) -> None:
    tell(watch, start(), complete(), complete(), failed(Code.INTERNAL))
    watch.ended("late")
    watch.gone()
    assert len(lines.of("run")) == 1
    ended = {name: value for name, value in samples(observer.metrics).items() if name.startswith("moim_runs_total")}
    assert ended == {'moim_runs_total{chain="chatbot",end="complete"}': 1}


def test_what_a_repair_voids_was_not_told_in_time(watch: RunWatch, observer: Observer, lines: Lines) -> None:
    reset = Reset(seq=6, attempt=2, keep=("/reply",), reason=Code.INVALID_OUTPUT)
    tell(watch, start(), field("/reply", 700), field("/options", 900), reset, field("/options", 1500))
    tell(watch, complete(attempts=2, repaired=True))
    [line] = lines.of("run")
    assert (line["attempts"], line["repaired"], line["field_ms"]) == (2, True, {"reply": 700, "options": 1500})
    found = samples(observer.metrics)
    assert found['moim_repairs_total{chain="chatbot"}'] == 1
    assert found['moim_field_seconds_sum{chain="chatbot",field="options"}'] == 1.5
    assert not [name for name in found if name.startswith("moim_takeovers")]


def test_what_a_repair_voids_and_nobody_writes_again_was_never_told(watch: RunWatch, lines: Lines) -> None:
    reset = Reset(seq=6, attempt=2, keep=(), reason=Code.INVALID_OUTPUT)
    tell(watch, start(), field("/reply", 700), reset, failed(Code.UPSTREAM_CUT))
    assert lines.of("run")[0]["field_ms"] == {}


def test_only_what_the_model_wrote_has_a_time(watch: RunWatch, lines: Lines) -> None:
    tell(watch, start(), field("/reply", 0, "given"), field("/options", 900, "default"))
    tell(watch, Pinned(seq=7, path="/recommendation", value="x"), complete())
    assert lines.of("run")[0]["field_ms"] == {}


@pytest.mark.parametrize("reason", [Code.WORKER_LOST, Code.SHUTTING_DOWN])
def test_a_run_that_is_taken_over(
    watch: RunWatch, observer: Observer, lines: Lines, clock: Clock, reason: Code
) -> None:
    tell(watch, Reset(seq=6, attempt=2, keep=("/reply",), reason=reason))
    clock.now = 0.2
    tell(watch, TOKEN)
    tell(watch, failed(Code.TIME_LIMIT))
    found = samples(observer.metrics)
    assert found[f'moim_takeovers_total{{reason="{reason}"}}'] == 1
    assert 'moim_repairs_total{chain="chatbot"}' not in found
    assert "first_token_ms" not in lines.of("run")[0]  # its first token was told elsewhere


def test_times_of_a_run_that_was_taken_over_count_from_its_beginning(watch: RunWatch, lines: Lines) -> None:
    tell(watch, Reset(seq=6, attempt=2, keep=(), reason=Code.WORKER_LOST), TOKEN, complete(attempts=2))
    line = lines.of("run")[0]
    assert (line["first_token_ms"], line["total_ms"], line["attempts"]) == (250, 1200, 2)


def test_models_that_do_not_count(watch: RunWatch, observer: Observer, lines: Lines) -> None:
    tell(watch, start(), complete(usage=None))
    assert "tokens" not in lines.of("run")[0]
    assert not [name for name in samples(observer.metrics) if name.startswith("moim_tokens")]


def test_after_the_first_a_token_costs_nothing(watch: RunWatch, clock: Clock) -> None:
    tell(watch, start(), TOKEN)
    asked, before = clock.asked, vars(watch).copy()
    tell(watch, *[TOKEN] * 1000)
    assert clock.asked == asked
    assert vars(watch) == before


def test_how_little_that_is(observer: Observer) -> None:
    watch = observer.run("run-1", "chatbot", "u-1", "demo")
    watch.told(TOKEN)
    told, clock, count = watch.told, time.perf_counter, 100_000
    begun = clock()
    for _ in range(count):
        told(TOKEN)
    each = (clock() - begun) / count * 1e6
    figures.measured.append(f"a token costs its run's watch {each:.3f} µs")
    assert each < 5  # a busy machine included; it is 0.05
    watch.gone()


async def test_a_real_run(observer: Observer, lines: Lines) -> None:
    watch = observer.run("run-1", "meeting-info", "u-1", "demo")
    chain = meeting_info.build(model_saying(text(MEETING)))
    told = []
    async for event in chain.astream_typed(GOAL, {"callbacks": watch.callbacks}):
        watch.told(event)
        told.append(event)
    end = told[-1]
    assert isinstance(end, Complete)
    [line] = lines.of("run")
    assert line["first_token_ms"] == end.timings.first_token_ms
    assert line["field_ms"] == {path[1:]: ms for path, ms in end.timings.fields.items() if path[1:] in MEETING}
    assert "user" in line


@pytest.mark.parametrize("content", [True, False])
def test_words_are_in_the_line_only_if_they_are_wanted(lines: Lines, content: bool) -> None:
    watch = untraced(content=content).run("run-1", "chatbot", "u-1", "demo", asked={"goal": "canary-asked"})
    tell(watch, start(), complete(value={"reply": "canary-answered"}))
    assert ("canary-asked" in lines.text) is content
    assert ("canary-answered" in lines.text) is content


def test_streams_are_open_as_long_as_they_are_sent(observer: Observer) -> None:
    def breaks() -> None:
        with observer.streaming("reader"):
            assert samples(observer.metrics)['moim_streams_open{kind="reader"}'] == 1
            raise LookupError

    with pytest.raises(LookupError):
        breaks()
    assert 'moim_streams_open{kind="reader"}' not in samples(observer.metrics)


def test_what_else_is_told(observer: Observer) -> None:
    observer.resumed("snapshot")
    observer.limited("user_starts")
    observer.refused(Code.UNAUTHENTICATED)
    observer.cut()
    observer.left()
    observer.store_reachable(False)
    observer.model_alive("demo", False)
    found = samples(observer.metrics)
    assert found['moim_resumes_total{how="snapshot"}'] == 1
    assert found['moim_limits_hit_total{kind="user_starts"}'] == 1
    assert found['moim_refused_total{code="unauthenticated"}'] == 1
    assert found["moim_readers_cut_total"] == found["moim_readers_left_total"] == 1
    assert "moim_store_up" not in found
    assert 'moim_model_up{model="demo"}' not in found
