"""Cases are read line by line, and a line that is none is named."""

from pathlib import Path

import pytest

from lab.cases import load_cases, read_cases

GOAL = '{"id": "g-1", "input": {"goal": "러닝", "language": "ko"}}'


def written(folder: Path, *lines: str) -> Path:
    path = folder / "cases.jsonl"
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def test_cases_come_in_the_files_order_and_blank_lines_are_none(tmp_path: Path) -> None:
    cases = read_cases(written(tmp_path, GOAL.replace("g-1", "g-2"), "", GOAL, " ", ""))
    assert [case.id for case in cases] == ["g-2", "g-1"]
    assert cases[0].input == {"goal": "러닝", "language": "ko"}
    assert cases[0].language == "ko"


def test_what_is_not_expected_is_not_judged(tmp_path: Path) -> None:
    expect = read_cases(written(tmp_path, GOAL))[0].expect
    assert expect.categories == ()
    assert expect.group_ids is None
    assert expect.never == ()


def test_no_group_expected_is_another_thing_than_nothing_expected(tmp_path: Path) -> None:
    line = '{"id": "c-1", "input": {"language": "en"}, "expect": {"group_ids": []}}'
    assert read_cases(written(tmp_path, line))[0].expect.group_ids == ()


@pytest.mark.parametrize(
    "line",
    [
        "러닝",
        "[]",
        '{"id": "g-1"}',
        GOAL.replace("g-1", "G 1"),
        GOAL[:-1] + ', "expect": {"category": "스포츠"}}',
        GOAL[:-1] + ', "expect": {"categories": ["운동"]}}',
        GOAL[:-1] + ', "note": ""}',
    ],
)
def test_a_line_that_is_no_case_is_named_by_its_number(line: str, tmp_path: Path) -> None:
    path = written(tmp_path, GOAL, "", line)
    with pytest.raises(ValueError, match=r"cases\.jsonl, line 3: "):
        read_cases(path)


def test_a_line_separator_inside_a_goal_ends_no_line(tmp_path: Path) -> None:
    cases = read_cases(written(tmp_path, GOAL.replace("러닝", "러닝\u2028주말")))
    assert cases[0].input["goal"] == "러닝\u2028주말"


def test_an_id_that_stands_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="ids must differ"):
        read_cases(written(tmp_path, GOAL, GOAL))


def test_a_chains_cases_are_those_of_one_language(tmp_path: Path) -> None:
    written(tmp_path, GOAL).rename(tmp_path / "meeting_info.ko.jsonl")
    assert [case.id for case in load_cases("meeting_info", "ko", tmp_path)] == ["g-1"]
    with pytest.raises(FileNotFoundError):
        load_cases("meeting_info", "en", tmp_path)
