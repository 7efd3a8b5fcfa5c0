"""Every notebook runs from top to bottom on the embedded model. What it showed is left in build/notebooks, to see."""

import re
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted(ROOT.joinpath("notebooks").glob("*.ipynb"))
SHOWN = ROOT / "build" / "notebooks"

WITH_PLOTS = {"02_prompt_bench", "03_evaluate", "04_event_anatomy"}


@pytest.mark.embedded
@pytest.mark.timeout(300)  # on a busy machine; alone each takes less than one minute
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_runs_from_top_to_bottom(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "MODEL", "CONFIG"):
        monkeypatch.delenv(name, raising=False)
    before = _tree()
    notebook: Any = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]  # nbformat has no types
    client = NotebookClient(notebook, timeout=240, resources={"metadata": {"path": str(path.parent)}})
    try:
        client.execute()
    finally:
        SHOWN.mkdir(parents=True, exist_ok=True)
        nbformat.write(notebook, SHOWN / path.name)  # type: ignore[no-untyped-call]
    shown = [output.get("data", {}) for cell in notebook.cells for output in cell.get("outputs", ())]
    assert any("<table" in data.get("text/html", "") for data in shown)
    plots = sum("image/png" in data or "image/svg+xml" in data for data in shown)
    assert plots >= (2 if path.stem in WITH_PLOTS else 0)
    assert _tree() == before, "a notebook changes nothing that is kept"


def test_they_are_read_in_order() -> None:
    """Each has its number, and the README names it."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert [path.stem[:2] for path in NOTEBOOKS] == [f"{number:02}" for number in range(1, len(NOTEBOOKS) + 1)]
    for path in NOTEBOOKS:
        assert re.search(rf"\b{path.stem}\b", readme), path.name


def _tree() -> dict[Path, int]:
    """The files that are kept, as far as a notebook might touch them."""
    kept = [ROOT / "langserve.yaml", *NOTEBOOKS]
    kept += [path for room in ("chains", "lab", "notebooks") for path in (ROOT / room).rglob("*.*")]
    return {path: path.stat().st_mtime_ns for path in kept if "__pycache__" not in path.parts and path.is_file()}
