"""What two prompts made of a case, word by word."""

from collections.abc import Mapping
from html.parser import HTMLParser

from lab.bench.diff import Diff
from schemas import Code
from tests.chains.answers import MEETING
from tests.lab.bench.trials import WARM, failed, trial, whole
from tests.lab.bench.trials import complete as ended


def diff(old: Mapping[str, object], new: Mapping[str, object]) -> Diff:
    return Diff(whole(1, 2, value=old), whole(1, 2, value=new, prompt=WARM))


def told(made: Diff, name: str) -> list[tuple[str, str]]:
    return [(kind, text) for kind, text in made.fields[name]]


def test_words_that_only_one_of_them_wrote() -> None:
    made = diff({"name": "Slow walks, at dawn"}, {"name": "Slow walks and talks at dawn"})
    assert told(made, "name") == [
        ("same", "Slow walks"),
        ("deleted", ","),
        ("inserted", " and talks"),
        ("same", " at dawn"),
    ]


def test_either_side_is_whole() -> None:
    old, new = {"name": "느린  산책\n모임"}, {"name": "느린 달리기 모임!"}
    pieces = diff(old, new).fields["name"]
    assert "".join(text for kind, text in pieces if kind != "inserted") == old["name"]
    assert "".join(text for kind, text in pieces if kind != "deleted") == new["name"]


def test_fields_stand_in_form_order_and_only_one_may_have_them() -> None:
    made = diff(MEETING, {**MEETING, "plan": [{"step": 1}]})
    assert list(made.fields) == [*MEETING, "plan"]
    assert told(made, "plan") == [("inserted", '[{"step": 1}]')]
    assert told(diff(MEETING, MEETING), "max_members") == [("same", "12")]


def test_a_run_that_failed_shows_how_far_it_came_and_why_no_further() -> None:
    made = Diff(whole(1, 2), failed(Code.UPSTREAM_CUT, prompt=WARM))
    assert (made.said_a, made.said_b) == ("ko", "ko_warm (upstream_cut)")
    assert told(made, "name") == [("deleted", MEETING["name"])]


def test_as_text() -> None:
    lines = str(diff({"name": "one two"}, {"name": "one three"})).split("\n")
    assert lines == ["g-0, m: [-ko-] {+ko_warm+}", "  name: one [-two-]{+three+}"]


class Page(HTMLParser):
    """What a browser makes of it: its elements, and the text in `ins` and `del`."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[str] = []
        self._inside = ""
        self.marked: dict[str, str] = {"ins": "", "del": ""}
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(tag)
        self._inside = tag

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside in self.marked:
            self.marked[self._inside] += data


def test_what_a_model_wrote_is_text_in_html() -> None:
    bad = '<script>alert("1")</script>'
    made = Diff(trial((9, ended({"name": "x"}))), trial((9, ended({"name": bad, bad: "y"})), prompt=WARM))
    html = made._repr_html_()
    page = Page(html)
    assert "script" not in page.elements
    assert bad in page.marked["ins"]
    assert '"1"' not in html
    assert page.marked["del"] == "kox"
