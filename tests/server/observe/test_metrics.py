"""The metrics: labels from lists, a registry for each app, text that Prometheus reads."""

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import Counter, Gauge, Histogram

from schemas import Code
from server.observe.metrics import ENDS, OTHER, RESUMES, STREAMS, Labelled, Metrics
from server.settings import LimitSettings
from tests.server.observe.watching import FIELDS, samples

words = st.text(max_size=20) | st.sampled_from([*Code, *ENDS, *FIELDS, "demo", "GET", "2xx", "reply"])


def labelled(metrics: Metrics) -> dict[str, Labelled[Any]]:
    """All metrics with labels, by the attribute."""
    return {name: value for name, value in vars(metrics).items() if isinstance(value, Labelled)}


def names_of(metric: Labelled[Any]) -> tuple[str, ...]:
    inner: Counter | Gauge | Histogram = metric._metric
    return tuple(inner._labelnames)


def series(metrics: Metrics) -> set[str]:
    return {str(sorted(sample.labels.items())) for family in metrics.registry.collect() for sample in family.samples}


@given(st.data())
def test_no_label_takes_what_is_on_no_list(data: st.DataObject) -> None:
    metrics = Metrics(FIELDS, ["demo"])
    fixed = {*Code, *ENDS, *FIELDS, *STREAMS, *RESUMES, *LimitSettings.model_fields, "demo", "input", "output", ""}
    fixed |= {field for fields in FIELDS.values() for field in fields} | {OTHER}
    for attribute, metric in labelled(metrics).items():
        if not attribute.startswith(("request", "prompt")):  # whose routes and prompts no client names
            metric(*(data.draw(words) for _ in names_of(metric)))
    for family in metrics.registry.collect():
        for sample in family.samples:
            labels = {name: value for name, value in sample.labels.items() if name not in ("le", "version")}
            assert set(labels.values()) <= fixed, family.name


def test_however_much_is_told_the_series_are_bounded() -> None:
    metrics = Metrics(FIELDS, ["demo"])
    bound = 1500  # about what two chains have when everything has happened
    for number in range(5000):
        for attribute, metric in labelled(metrics).items():
            labels = names_of(metric)
            metric(*("/x" if label in ("route", "prompt") else f"{attribute}-{number}" for label in labels))
    assert len(series(metrics)) < bound


def test_two_apps_count_apart() -> None:
    one, other = Metrics(FIELDS, ["demo"]), Metrics(FIELDS, ["demo"])
    one.readers_cut.inc()
    assert samples(one)["moim_readers_cut_total"] == 1
    assert "moim_readers_cut_total" not in samples(other)


def test_small_ones_are_there_before_anything_happens() -> None:
    text = Metrics(FIELDS, ["demo"]).exposition()[0].decode()
    for line in (
        'moim_resumes_total{how="missed"} 0.0',
        'moim_takeovers_total{reason="worker_lost"} 0.0',
        'moim_limits_hit_total{kind="readers"} 0.0',
        'moim_upstream_errors_total{code="upstream_auth",model="demo"} 0.0',
        'moim_streams_open{kind="reader"} 0.0',
        'moim_runs_active{chain="chatbot"} 0.0',
    ):
        assert line in text
    assert "_created" not in text


def test_what_is_true_until_somebody_finds_otherwise() -> None:
    found = samples(Metrics(FIELDS, ["demo"], "1.2.3"))
    assert found['moim_model_up{model="demo"}'] == found["moim_store_up"] == 1
    assert found['moim_build_info{version="1.2.3"}'] == 1


def test_the_type_says_which_text_it_is() -> None:
    assert Metrics(FIELDS, []).exposition()[1].startswith("text/plain; version=0.0.4")


async def test_it_can_be_rendered_elsewhere_while_counting_goes_on() -> None:
    metrics = Metrics(FIELDS, ["demo"])
    rendering = [asyncio.create_task(asyncio.to_thread(metrics.exposition)) for _ in range(20)]
    for number in range(2000):
        metrics.requests(f"/{number}", "GET", "2xx").inc()
    assert all(b"moim_requests_total" in text for text, _ in await asyncio.gather(*rendering))


@pytest.mark.parametrize("code", Code)
def test_every_code_can_be_counted(code: Code) -> None:
    metrics = Metrics(FIELDS, ["demo"])
    metrics.refused(code).inc()
    metrics.runs("chatbot", "failed", code).inc()
    found = samples(metrics)
    assert found[f'moim_refused_total{{code="{code}"}}'] == 1
    assert found[f'moim_runs_total{{chain="chatbot",code="{code}",end="failed"}}'] == 1
