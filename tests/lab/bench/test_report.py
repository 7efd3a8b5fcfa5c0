"""The bench in a cell and as a page: what is in it, that it stands alone, and that nobody's text runs in it."""

from base64 import b64decode
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path

import pytest

from chains.prompts import Prompt
from lab.bench import Bench
from schemas import Breach, Code
from tests.chains.answers import MEETING
from tests.lab.bench.trials import KO, failed, whole

BAD = "<script>alert(\"1\")</script><img src=x onerror='1'>"
BREACH = Breach(path=f"/tags/0/{BAD}", rule="string_too_long", message="…")


class Page(HTMLParser):
    """What a browser makes of it."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


@pytest.fixture(scope="module")
def found() -> Bench:
    label = "<b>$x$"
    prompt = Prompt.parse(KO.text.replace("# system", f"{BAD}\n\n# system", 1), label)
    trials = (
        whole(10, 100, (1000, 200), model=BAD),
        whole(20, 200, (1000, 200), model=BAD, prompt=prompt, value=MEETING | {"name": BAD}, cached=True),
        failed(Code.INVALID_OUTPUT, BREACH, model=BAD, case="g-1"),
        failed(Code.UPSTREAM_CUT, model=BAD, prompt=prompt, case="g-1"),
    )
    return Bench("meeting_info", trials, seed=5, began=datetime(2026, 1, 2, tzinfo=UTC), about={BAD: BAD})


@pytest.fixture(scope="module")
def html(found: Bench, tmp_path_factory: pytest.TempPathFactory) -> str:
    file = tmp_path_factory.mktemp("report") / "deep" / "bench.html"
    found.write(file, prices={BAD: (1.0, 10.0)})
    return file.read_text(encoding="utf-8")


def test_the_report_stands_alone_and_runs_nothing(html: str) -> None:
    page = Page(html)
    assert not page.all("script")
    assert not page.all("link")
    policies = [meta["content"] for meta in page.all("meta") if meta.get("http-equiv") == "Content-Security-Policy"]
    assert policies == ["default-src 'none'; img-src data:; style-src 'unsafe-inline'"]
    assert all((image["src"] or "").startswith("data:image/svg+xml;base64,") for image in page.all("img"))
    assert not any(name.startswith("on") for _, attributes in page.elements for name in attributes)


def test_nobodys_text_is_an_element_or_ends_an_attribute(html: str, found: Bench) -> None:
    for shown in (html, found._repr_html_(), found.diff("g-0", "ko", "<b>$x$")._repr_html_()):
        page = Page(shown)
        assert not [tag for tag, _ in page.elements if tag in ("script", "b")]
        assert '"1"' not in shown
        assert "'1'" not in shown
        assert BAD in page.text


def test_everything_is_in_the_report(html: str, found: Bench) -> None:
    text = Page(html).text
    for line in found.caption:
        assert line in text
    for prompt in found.prompts:
        assert prompt.reference in text
        assert prompt.text.strip() in text
    assert "/tags/-/" in text
    assert "upstream_cut" in text
    assert "3.00" in text  # a thousand runs: a million tokens at 1, two hundred thousand at 10
    plots = [image["alt"] for image in Page(html).all("img")]
    assert plots == [
        plot.get_suptitle() for plot in (found.waterfall(), found.validity(), found.lengths(), found.tokens())
    ]


def test_the_plots_in_it_are_pictures(html: str) -> None:
    for image in Page(html).all("img"):
        picture = b64decode((image["src"] or "").split(",")[1]).decode()
        assert "<svg" in picture
        assert "<script" not in picture


def test_a_cell_has_the_table_and_what_it_is_of(found: Bench) -> None:
    page = Page(found._repr_html_())
    assert len(page.all("table")) == 1
    assert all(head.get("scope") == "col" for head in page.all("th"))
    assert "1 of them from the cache" in page.text


def test_a_terminal_has_the_same(found: Bench) -> None:
    text = str(found)
    assert "first token, median ms" in text
    assert text.endswith("\n".join(found.caption))
    assert repr(found) == text  # what a prompt of Python shows


def test_one_prompt_has_nothing_to_differ_from(tmp_path: Path) -> None:
    alone = Bench("meeting_info", (whole(1, 2),), seed=1, began=datetime(2026, 1, 2, tzinfo=UTC), about={})
    alone.write(tmp_path / "bench.html")
    assert "What changed" not in (tmp_path / "bench.html").read_text(encoding="utf-8")


def test_a_diff_of_runs_that_are_not_there_is_refused_by_name(found: Bench) -> None:
    with pytest.raises(KeyError, match="the prompt nobody"):
        found.diff("g-0", "ko", "nobody")
