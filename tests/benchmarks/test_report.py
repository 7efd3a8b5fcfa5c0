"""The page that a benchmark writes: between its markers, and nowhere else."""

from pathlib import Path

import pytest

from benchmarks import report
from benchmarks.findings import Findings, Line, Table
from benchmarks.report import BEGIN, END, as_markdown, put_between_markers

FOUND = Findings(
    lines=[
        Line("CPU", "≤ 2 µs", "1 µs", reached=True),
        Line("bytes", "≤ 3", "4", reached=False, mark="the client at 1.0 core"),
        Line("more", "", "5"),
    ],
    tables=[Table("numbers behind", ["", "µs"], [["ours", "1"]])],
)


def test_what_stands_around_the_markers_stays() -> None:
    page = f"# Title\n\nProse.\n\n{BEGIN}\nold | old\n{END}\n\nMore prose.\n"
    assert put_between_markers(page, "new\n") == f"# Title\n\nProse.\n\n{BEGIN}\nnew\n{END}\n\nMore prose.\n"


def test_writing_twice_is_writing_once() -> None:
    once = put_between_markers(report.PAGE, "a block")
    assert put_between_markers(once, "a block") == once


@pytest.mark.parametrize("page", ["# Title\n", f"{BEGIN}\n", f"{END}\n{BEGIN}\n", f"{END}\n"])
def test_a_page_without_both_markers_in_order_is_left_alone(page: str) -> None:
    with pytest.raises(ValueError, match="the page needs"):
        put_between_markers(page, "new")


def test_the_targets_come_first_each_with_its_verdict() -> None:
    text = as_markdown([FOUND, Findings(lines=[Line("late", "≤ 1", "2", reached=False)])], "A machine.")
    assert text == (
        "A machine.\n\n"
        "| what | to reach | measured |  |\n"
        "| --- | --- | --- | --- |\n"
        "| CPU | ≤ 2 µs | 1 µs | reached |\n"
        "| bytes | ≤ 3 | 4 | **missed** (the client at 1.0 core) |\n"
        "| more |  | 5 |  |\n"
        "| late | ≤ 1 | 2 | **missed** |\n\n"
        "**Numbers behind**\n\n"
        "|  | µs |\n"
        "| --- | --- |\n"
        "| ours | 1 |"
    )


def test_a_page_is_made_where_there_is_none_and_kept_where_there_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report, "machine", lambda: "A machine.")
    page = tmp_path / "performance.md"
    report.write(page, [FOUND])
    assert page.read_text(encoding="utf-8").startswith("# Performance\n")
    page.write_text(page.read_text(encoding="utf-8") + "\nBy hand.\n", encoding="utf-8")
    report.write(page, [Findings(lines=[Line("other", "", "1")])])
    text = page.read_text(encoding="utf-8")
    assert text.endswith(f"{END}\n\nBy hand.\n")
    assert "other" in text
    assert "bytes" not in text
