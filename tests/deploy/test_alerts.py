"""The dashboard and the alerts look at what the server measures, all of it, and each alert fires when it should."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client.metrics_core import Metric

from chains.ask import names
from schemas import ChatReply, MeetingInfo
from server.observe.metrics import Metrics

ROOT = Path(__file__).parents[2]
ALERTS, ALERTS_TEST = ROOT / "deploy/prometheus/alerts.yaml", ROOT / "deploy/prometheus/alerts_test.yaml"
DASHBOARD = json.loads((ROOT / "deploy/grafana/dashboard.json").read_text())
PAGE = (ROOT / "docs/operations.md").read_text()
RULES: list[dict[str, Any]] = [
    rule for group in yaml.safe_load(ALERTS.read_text())["groups"] for rule in group["rules"]
]
SUFFIXES = {"counter": ("_total",), "gauge": ("",), "histogram": ("_bucket", "_sum", "_count")}


METRICS = Metrics({"chatbot": names(ChatReply), "meeting-info": names(MeetingInfo)}, ["demo"])


@cache
def measured() -> dict[str, Metric]:
    """Each metric, by its name in the exposition, without a histogram's parts."""
    return {f"{metric.name}{'_total' * (metric.type == 'counter')}": metric for metric in METRICS.registry.collect()}


@cache
def labels() -> dict[str, set[str]]:
    """The labels of each metric."""
    every = [getattr(metric, "_metric", metric) for metric in vars(METRICS).values()]
    return {metric._name: set(metric._labelnames) for metric in every if hasattr(metric, "_labelnames")}


def panels() -> Iterator[dict[str, Any]]:
    return (panel for panel in DASHBOARD["panels"] if panel["type"] != "row")


def expressions() -> list[str]:
    """Whatever is asked of Prometheus."""
    asked = [target["expr"] for panel in panels() for target in panel["targets"]]
    asked += [variable["query"]["query"] for variable in DASHBOARD["templating"]["list"] if variable["type"] == "query"]
    return asked + [rule["expr"] for rule in RULES]


def metric_of(series: str) -> str | None:
    """The metric to which a series belongs."""
    for name, metric in measured().items():
        if series in {metric.name + suffix for suffix in SUFFIXES[metric.type]}:
            return name
    return None


@pytest.mark.parametrize("expression", expressions())
def test_what_is_asked_for_is_measured(expression: str) -> None:
    for series, selected in re.findall(r"(moim_\w+)(?:\{([^}]*)\})?", expression):
        name = metric_of(series)
        assert name, f"nothing is called {series}"
        known = labels().get(measured()[name].name, {"version"}) | {"le"}
        assert set(re.findall(r"(\w+)=", selected)) <= known
        grouped = {label.strip() for by in re.findall(r"by \(([^)]*)\)", expression) for label in by.split(",")}
        assert grouped <= known


def test_what_is_measured_is_on_the_dashboard_and_explained() -> None:
    shown = {metric_of(series) for text in expressions() for series in re.findall(r"moim_\w+", text)}
    explained = set(re.findall(r"^\| `(moim_\w+)`(?:, `(moim_\w+)`)? \|", PAGE, re.MULTILINE))
    assert shown == set(measured())
    assert {name for pair in explained for name in pair if name} == set(measured())


def test_panels_have_words_and_room_of_their_own() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in DASHBOARD["panels"]:
        assert panel["title"]
        assert panel["type"] == "row" or panel["description"]
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken
        assert all(x < 24 for x, _ in cells)
        taken |= cells
    ids = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(set(ids)) == len(ids)


def test_the_dashboard_asks_whichever_prometheus_is_chosen() -> None:
    assert {panel["datasource"]["uid"] for panel in panels()} == {"${datasource}"}
    assert {target["datasource"]["uid"] for panel in panels() for target in panel["targets"]} == {"${datasource}"}
    assert "datasource" in {variable["name"] for variable in DASHBOARD["templating"]["list"]}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: str(rule["alert"]))
def test_an_alert_says_what_to_do(rule: dict[str, Any]) -> None:
    told = rule["annotations"]
    assert set(told) == {"summary", "action", "runbook"}
    assert rule["labels"]["severity"] in ("page", "ticket")
    for label in re.findall(r"\$labels\.(\w+)", told["summary"]):
        assert re.search(rf"by \([^)]*\b{label}\b[^)]*\)", rule["expr"])
    page, _, anchor = told["runbook"].partition("#")
    assert page == "docs/operations.md"
    assert anchor in {heading.lower() for heading in re.findall(r"^### (\w+)$", PAGE, re.MULTILINE)}


def test_each_runbook_is_of_an_alert_and_each_alert_is_tried() -> None:
    alerts = {rule["alert"] for rule in RULES}
    assert set(re.findall(r"^### (\w+)$", PAGE, re.MULTILINE)) == alerts
    good, bad = (test["promql_expr_test"][0] for test in yaml.safe_load(ALERTS_TEST.read_text())["tests"])
    assert good["expr"] == bad["expr"]
    assert good["exp_samples"] == []
    assert {re.sub(r'.*"(\w+)".*', r"\1", sample["labels"]) for sample in bad["exp_samples"]} == alerts


def promtool(*arguments: str | Path, said: bytes = b"") -> str:
    """What it says of what it is given. Without one the test is skipped, and where CI=true it fails."""
    if not (tool := shutil.which("promtool")):
        missing = "promtool is not installed"
        if os.environ.get("CI") == "true":
            pytest.fail(missing)
        pytest.skip(missing)
    done = subprocess.run([tool, *arguments], input=said, capture_output=True, check=False)  # noqa: S603
    words = (done.stdout + done.stderr).decode()
    assert done.returncode == 0, words
    return words


def test_prometheus_takes_the_rules() -> None:
    promtool("check", "rules", "--lint=all", "--lint-fatal", ALERTS)


def test_each_alert_fires_in_a_bad_hour_and_none_in_a_good_one() -> None:
    promtool("test", "rules", ALERTS_TEST)


def test_prometheus_takes_the_exposition() -> None:
    metrics = Metrics({"chatbot": names(ChatReply)}, ["demo"], 'of "quotes" and \\')
    metrics.refused("internal").inc()
    metrics.first_token("chatbot").observe(0.3)
    assert promtool("check", "metrics", said=metrics.exposition()[0]) == ""
