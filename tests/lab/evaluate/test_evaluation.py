"""Two prompts side by side, as text, cell, page and plot; what others wrote stays text in all of them."""

import re
from dataclasses import replace
from html.parser import HTMLParser
from io import BytesIO
from pathlib import Path

import pytest
from matplotlib.figure import Figure

from chains import Prompt
from lab.bench import Trial
from lab.evaluate.evaluation import Evaluation, evaluate
from lab.evaluate.gate import Outcome
from lab.evaluate.judge import Opinion, Opinions, Verdict
from schemas import Code
from tests.lab.evaluate.trials import GOOD, WRONG_CATEGORY, A, B, bench, case, trial

NASTY = "<script>alert(1)</script>\"'onload=x $\\frac{1}{2}$ <img src=x>"


def pair(cases: int, wrong: int, b: Prompt = B, goal: str = "tennis") -> list[Trial]:
    """A is right everywhere, B is wrong in the first so many cases."""
    asked = [case(number, goal) for number in range(1, cases + 1)]
    of_b = [trial(each, b, WRONG_CATEGORY if at < wrong else GOOD) for at, each in enumerate(asked)]
    return [*(trial(each, A) for each in asked), *of_b]


def evaluation(cases: int = 20, wrong: int = 12, opinions: Opinions | None = None) -> Evaluation:
    return evaluate(bench(pair(cases, wrong)), "plain", "loud", opinions=opinions)


def test_a_and_b_are_not_mixed_up() -> None:
    there = evaluation()
    back = evaluate(there.bench, "loud", "plain")
    assert there.gate.outcome is Outcome.WORSE
    assert back.gate.outcome is not Outcome.WORSE
    [worse] = there.gate.having(Outcome.WORSE)
    assert (worse.name, worse.paired.a.value, worse.paired.b.value) == ("category-fits", 1, 0.4)
    assert there.a is A
    assert there.b is B


def test_checks_that_every_answer_passed_are_told_and_not_compared() -> None:
    found = evaluation()
    assert {each.name for each in found.gate.comparisons} == {"complete", "category-fits"}
    assert found.unbroken["limits-name"] == 20
    assert "limits-name" in str(found)


def test_where_nothing_can_be_told_all_forms_say_so() -> None:
    found = evaluation(cases=6, wrong=1)
    for told in (str(found), found._repr_html_()):
        assert "IT CANNOT BE TOLD" in told
        assert re.search(r"about\s[\d,]+\scases", told)


def test_the_table_says_how_many_cases_and_how_sure() -> None:
    [worst, *_] = evaluation().summary().to_dict("records")
    assert worst["cases"] == "20"
    assert worst["A"] == "100 % (84 to 100)"
    assert worst["B"] == "40 % (22 to 61)"
    assert worst["change"].startswith("-60.0 points (")
    assert worst["outcome"] == "▼ worse"


def test_a_drop_that_does_not_come_by_accident_is_not_told_as_zero() -> None:
    assert evaluation(cases=60, wrong=60).summary()["p"][0] == "< 0.001"


def test_every_run_is_in_the_frame() -> None:
    frame = evaluation().frame()
    runs = frame.groupby(["prompt", "case", "repeat"]).ngroups
    assert runs == 40
    frame["passed"] = False  # a copy: what is evaluated stays as it is
    assert evaluation().gate.outcome is Outcome.WORSE


def test_what_was_run_is_told_in_every_form() -> None:
    trials = [*pair(3, 1)[:-1], trial(case(3), B, cached=True)]
    found = evaluate(bench(trials), "plain", "loud")
    for told in (str(found), found._repr_html_(), found.figure().get_supxlabel()):
        flat = " ".join(told.split())
        for fact in (A.reference, B.reference, "seed 7", "2026-01-02", "script", "1 of them from the cache"):
            assert fact in flat


@pytest.mark.parametrize(
    ("a", "b", "message"),
    [
        ("plain", "other", "no runs of the prompt other"),
        ("plain", "plain", "two prompts"),
    ],
)
def test_what_cannot_be_compared_is_refused_in_words(a: str, b: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        evaluate(bench(pair(3, 1)), a, b)


@pytest.mark.parametrize("margin", [0, 5, -0.1])
def test_a_margin_is_a_share(margin: float) -> None:
    with pytest.raises(ValueError, match="five points"):
        evaluate(bench(pair(3, 1)), "plain", "loud", margin=margin)


def test_prompts_that_were_not_asked_the_same_are_not_compared() -> None:
    with pytest.raises(ValueError, match="the same cases"):
        evaluate(bench(pair(3, 1)[:-1]), "plain", "loud")


def test_runs_of_other_prompts_and_models_stay_out() -> None:
    third = Prompt.parse(A.text, "third")
    elsewhere = [replace(each, model="other") for each in pair(4, 4)]
    trials = [*pair(4, 1), trial(case(1), third, Code.NOT_JSON), *elsewhere]
    first, other = evaluate(bench(trials), "plain", "loud"), evaluate(bench(trials), "plain", "loud", model="other")
    assert list(first.bench.trials) == trials[:8]
    assert list(other.bench.trials) == elsewhere
    assert (first.gate.comparisons[0].paired.b.value, other.gate.comparisons[0].paired.b.value) == (0.75, 0)


# -- a judge's opinion -------------------------------------------------------------------------------------------------


def opinions_of(trials: list[Trial], *, useful_b: int = 2) -> Opinions:
    verdicts = [
        Opinion(each, Verdict(reason=NASTY, useful=4 if each.prompt is A else useful_b, faithful=3, natural=3))
        for each in trials[:-1]
    ]
    return Opinions("judge-model", A, (*verdicts, Opinion(trials[-1], None, "not_json")))


def test_an_opinion_is_told_as_one_and_changes_no_outcome() -> None:
    trials = pair(60, 0)
    without = evaluate(bench(trials), "plain", "loud")
    found = evaluate(bench(trials), "plain", "loud", opinions=opinions_of(trials, useful_b=1))
    assert found.gate == without.gate
    assert found.gate.outcome is Outcome.NOT_WORSE
    for told in (str(found), found._repr_html_()):
        flat = " ".join(told.split())
        assert "opinion of one model, judge-model" in flat
        assert "Of 1 it said nothing" in flat
        assert "opinion" not in str(without)


def test_an_opinion_compares_the_cases_that_have_two() -> None:
    trials = pair(10, 0)
    [useful, faithful, _] = (
        evaluate(bench(trials), "plain", "loud", opinions=opinions_of(trials)).judged().to_dict("records")
    )
    assert useful["cases"] == "9"
    assert useful["A"].startswith("4.0 (")
    assert useful["B"].startswith("2.0 (")
    assert useful["change"].startswith("-2.0 (")
    assert faithful["change"].startswith("+0.0 (-")


# -- HTML and plot -----------------------------------------------------------------------------------------------------


class Tags(HTMLParser):
    """The elements of a page, and what an attribute could run."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.names: list[str] = []
        self.handlers: list[str] = []
        self.sources: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.append(tag)
        self.handlers += [name for name, _ in attrs if name.startswith("on")]
        self.sources += [value or "" for name, value in attrs if name in ("src", "href")]


def nasty() -> Evaluation:
    """Whatever others write is nasty: goals, answers, a prompt's name and text, a judge's reasons."""
    b = Prompt.parse(f"{B.text}\n{NASTY.replace('{', '{{').replace('}', '}}')}", "b$x$<b>")
    trials = pair(8, 3, b, NASTY)
    trials[0] = trial(trials[0].case, A, WRONG_CATEGORY | {"category": NASTY, "name": NASTY})
    return evaluate(bench(trials), "plain", b.name, opinions=opinions_of(trials))


def test_the_page_stands_alone_and_what_others_wrote_is_text_in_it(tmp_path: Path) -> None:
    nasty().write(tmp_path / "deep" / "page.html")
    page = (tmp_path / "deep" / "page.html").read_text(encoding="utf-8")
    tags = Tags(page)
    assert "default-src 'none'" in page
    assert page.index("Content-Security-Policy") < page.index("<title>")
    assert not {"script", "link", "iframe", "b"} & set(tags.names)
    assert tags.names.count("img") == 1
    assert not tags.handlers
    assert all(source.startswith("data:image/svg+xml;base64,") for source in tags.sources)
    assert page.count("&lt;script&gt;") >= 4


def test_the_page_quotes_failures_reasons_and_both_prompts(tmp_path: Path) -> None:
    found = nasty()
    found.write(tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "where 스포츠 makes sense" in page
    assert "nothing usable (not_json)" in page
    for prompt in (found.a, found.b):
        assert f"@{prompt.hash}" in page


def test_a_cell_is_a_part_of_a_page_without_anything_that_runs() -> None:
    tags = Tags(nasty()._repr_html_())
    assert not {"script", "html", "body", "img", "b"} & set(tags.names)
    assert not tags.handlers
    assert tags.names.count("table") == 3


def test_the_plot_has_a_row_for_each_score_and_reads_names_as_text() -> None:
    found = nasty()
    figure = found.figure()
    assert isinstance(figure, Figure)
    shares, changes = figure.axes
    rows = [label.get_text() for label in shares.get_yticklabels()]
    assert rows == [f"{each.name} (n=8)" for each in found.gate.comparisons]
    assert [note.get_text() for note in changes.texts] == [each.outcome for each in found.gate.comparisons]
    drawn = BytesIO()
    figure.savefig(drawn, format="svg", metadata={"Description": None})  # a formula that is none would fail here
    assert b"svg" in drawn.getvalue()
    assert r"b\$x\$<b>" in figure.legends[0].get_texts()[1].get_text()


def test_the_plot_shows_the_figures_of_the_table() -> None:
    found = evaluation()
    shares, changes = found.figure().axes
    worst = found.gate.comparisons[0].paired
    a, b = shares.containers[0], shares.containers[1]
    assert a[0].get_xdata()[0] == pytest.approx(worst.a.value * 100)
    assert b[0].get_xdata()[0] == pytest.approx(worst.b.value * 100)
    [[[low, _], [high, _]]] = changes.containers[0][2][0].get_segments()
    assert (low, high) == pytest.approx((worst.change.low * 100, worst.change.high * 100))
