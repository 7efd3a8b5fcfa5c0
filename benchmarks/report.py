"""The report: the table as it is printed and as it stands in docs/performance.md, between its markers."""

import json
import os
import platform
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from benchmarks.contenders import PEERS
from benchmarks.findings import Findings, Line, Table

BEGIN, END = "<!-- bench: begin -->", "<!-- bench: end -->"
PAGE = f"""# Performance

What is between the markers is written by `make bench`.

{BEGIN}
{END}
"""
PACKAGES = (
    "langchain-core",
    "langchain-openai",
    "langserve",
    "openai",
    "httpx2",
    "fastapi",
    "uvicorn",
    "uvloop",
    "pydantic",
)


def as_text(line: Line) -> str:
    """A line for the terminal."""
    verdict = line.verdict.replace("**", "")
    return f"{line.what:<62} {line.target:<46} {line.measured:<66} {verdict}".rstrip()


def table_as_text(table: Table) -> str:
    """A table for the terminal."""
    rows = [table.columns, *table.rows]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["   ".join(f"{cell:<{width}}" for cell, width in zip(cells, widths, strict=True)) for cells in rows]
    return "\n  ".join([table.title, *(line.rstrip() for line in lines)])


def as_markdown(findings: Sequence[Findings], machine: str) -> str:
    """Everything that was found: the targets first, then what stands behind them."""
    targets = Table(
        "",
        ["what", "to reach", "measured", ""],
        [[line.what, line.target, line.measured, line.verdict] for found in findings for line in found.lines],
    )
    tables = [table for found in findings for table in found.tables]
    return "\n\n".join([machine, _table(targets), *(f"**{_sentence(one.title)}**\n\n{_table(one)}" for one in tables)])


def put_between_markers(page: str, block: str) -> str:
    """The page with the block between its markers. What stands outside stays as it is. `ValueError` without markers."""
    before, begins, rest = page.partition(BEGIN)
    _, ends, after = rest.partition(END)
    if not begins or not ends:
        raise ValueError(f"the page needs {BEGIN} and behind it {END}")
    return f"{before}{BEGIN}\n{block.strip()}\n{END}{after}"


def write(path: Path, findings: Sequence[Findings]) -> None:
    """Writes the page, anew if there is none."""
    page = path.read_text(encoding="utf-8") if path.exists() else PAGE
    path.write_text(put_between_markers(page, as_markdown(findings, machine())), encoding="utf-8")


def machine() -> str:
    """On what `make bench` was measured, and what."""
    return f"{measured_on(PACKAGES)}; {', '.join(_node_versions())}."


def measured_on(packages: Iterable[str]) -> str:
    """The day, the machine and the versions of these packages; nothing that names the machine or its owner."""
    installed = ", ".join(f"{package} {version(package)}" for package in packages)
    return (
        f"Measured on {datetime.now(UTC):%Y-%m-%d}: {_processor()}, {os.cpu_count()} cores, {platform.system()}, "
        f"Python {platform.python_version()}, {installed}"
    )


def _processor() -> str:
    """The processor's name, where the system tells one."""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    if platform.system() == "Darwin":
        return _told("/usr/sbin/sysctl", "-n", "machdep.cpu.brand_string")
    return platform.machine()


def _told(*command: str) -> str:
    told = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603  # two commands, both here
    return told.stdout.strip()


def _node_versions() -> Iterator[str]:
    yield f"Node {_told('node', '--version').removeprefix('v')}"
    locked = json.loads((PEERS / "ai_sdk" / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    for package in ("ai", "@ai-sdk/openai-compatible"):
        yield f"{package} {locked[f'node_modules/{package}']['version']}"


def _table(table: Table) -> str:
    rows = [table.columns, ["---"] * len(table.columns), *table.rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in rows)


def _sentence(title: str) -> str:
    return title[:1].upper() + title[1:]
