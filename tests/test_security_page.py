"""docs/security.md: no threat without a test that tries it."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
THREATS = PAGE.partition("\n## Threats\n")[2].partition("\n## ")[0]
ROWS = [line.split(" | ") for line in THREATS.splitlines() if line.startswith("| ") and "**" not in line][1:]


def _named_in(path: Path) -> set[str]:
    """The tests of a file, or of all files of a folder: `test_it`, `TestAll`, `TestAll::test_it`."""
    found = set()
    for file in [path] if path.is_file() else path.rglob("test_*.py"):
        for node in ast.parse(file.read_text(encoding="utf-8")).body:
            name = getattr(node, "name", "")
            if name.lower().startswith("test"):
                found |= {name} | {
                    f"{name}::{part.name}" for part in getattr(node, "body", ()) if hasattr(part, "name")
                }
    return found


def test_there_are_threats() -> None:
    assert len(ROWS) > 30


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0].strip("| ")[:60])
def test_each_is_tried(row: list[str]) -> None:
    assert len(row) == 3
    assert all(cell.strip("| ") for cell in row)
    named = re.findall(r"`(tests/[^`]+)`", row[2])
    assert named
    for name in named:
        path, _, test = name.partition("::")
        tests = _named_in(ROOT / path)
        assert tests, path
        assert not test or test in tests, name
