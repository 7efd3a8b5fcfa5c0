"""The order of all time limits, as docs/deploy.md writes it down: each inequality holds of what is really set."""

import operator
import re
from itertools import pairwise
from pathlib import Path

import pytest

from server.settings import load_settings
from tests.deploy.front import CONFIG
from tests.deploy.image import ROOT
from tests.deploy.manifests import GKE
from tests.deploy.timeouts import load_balancers, seconds

DEPLOY, CDN = ((ROOT / "docs" / f"{name}.md").read_text(encoding="utf-8") for name in ("deploy", "cdn"))
COMPARED = {"<": operator.lt, "≤": operator.le}
ORDERS = [
    "ping < frozen reader",
    "silent model < longest run",
    "longest run < nginx silence < relay",
    "longest run < Google response < relay",
    "frozen reader < nginx frozen reader",
    "longest run < nginx old worker",
    "nginx keep-alive to the server < server keep-alive",
    "Google keep-alive < server keep-alive",
    "longest run < pod drain ≤ Google draining",
    "pod preStop + pod drain + last words < pod grace",
]


@pytest.mark.parametrize("order", ORDERS)
def test_the_order_holds(order: str) -> None:
    terms = re.split(r" ([<≤]) ", order)
    values = [sum(seconds()[name] for name in term.split(" + ")) for term in terms[::2]]
    for (left, right), sign in zip(pairwise(values), terms[1::2], strict=True):
        assert COMPARED[sign](left, right), f"{order}: {left:g} {sign} {right:g}"


def test_the_page_gives_these_orders_and_no_others() -> None:
    assert re.findall(r"^- `([^`]+[<≤][^`]+)`", DEPLOY, flags=re.MULTILINE) == ORDERS


def test_the_page_gives_each_limit_as_it_is() -> None:
    rows = re.findall(r"^\| `([^`]+)` \| ([\d.]+) \|", DEPLOY, flags=re.MULTILINE)
    assert {name: float(value) for name, value in rows} == seconds()


def test_the_ping_comes_before_anything_in_front_gives_up() -> None:
    """Whatever is named on the page about CDNs, with what is to be set there."""
    rows = table_of(CDN, "silence")
    assert len(rows) >= 8
    for name, silence in rows.items():
        default, _, to_set = silence.partition(" → ")
        assert seconds()["ping"] < float(to_set or default), name
        assert to_set or 2 * seconds()["ping"] <= float(default), f"{name}: one ping that is late would be one too few"


def test_what_ends_whole_answers_before_a_run_may_end_is_told_apart() -> None:
    """There a stream is cut in the middle, so it must be a run that is read again."""
    for name, whole in table_of(CDN, "whole answer").items():
        if whole != "none":
            assert float(whole) < seconds()["longest run"], f"{name} need not be told apart any more"
            assert f"**{name}**" in CDN.partition("## Where answers are cut")[2]


def table_of(page: str, column: str) -> dict[str, str]:
    """A column of the page's first table, by what stands first in the row."""
    lines = [line for line in page.splitlines() if line.startswith("|")]
    head, _, *rows = ([cell.strip() for cell in line.strip("|").split("|")] for line in lines)
    at = next(index for index, title in enumerate(head) if title.startswith(column))
    return {row[0]: row[at] for row in rows}


def test_gateway_and_ingress_wait_for_as_long() -> None:
    gateway, ingress = load_balancers()
    assert gateway == ingress


@pytest.mark.parametrize("file", [ROOT / "langserve.yaml", GKE / "base" / "langserve.yaml"])
def test_nginx_takes_bodies_as_large_as_the_server_does(file: Path) -> None:
    (megabytes,) = re.findall(r"client_max_body_size (\d+)m;", CONFIG.read_text(encoding="utf-8"))
    assert int(megabytes) << 20 == load_settings(file).limits.body_bytes
