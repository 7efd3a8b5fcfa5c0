"""Measures this server beside others and writes docs/performance.md: `make bench`, or `python -m benchmarks`.

--quick       fewer rounds, smaller objects: about a minute. Prints, writes nothing
--only ROW    these rows alone, separated by commas. Prints, writes nothing
"""

import argparse
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from shutil import which

from benchmarks import plots, report
from benchmarks.bench import CheckFailed, bench
from benchmarks.contenders import PEERS
from benchmarks.findings import Findings
from benchmarks.processes import DidNotStart, allow_many_files
from benchmarks.rows import ROWS

DOCS = Path(__file__).parent.parent / "docs"


def main() -> int:
    """Runs the rows. The exit status is 1 if a check failed or a server did not start; slowness is no failure."""
    arguments = _arguments()
    rows = arguments.only.split(",") if arguments.only else list(ROWS)
    if unknown := set(rows) - set(ROWS):
        print(f"There is no row {', '.join(sorted(unknown))}; there are {', '.join(ROWS)}.", file=sys.stderr)
        return 2
    if not which("node") or not (PEERS / "ai_sdk" / "node_modules").exists():
        print(
            "The Vercel AI SDK's peer needs Node 20 or newer, and `npm ci` in benchmarks/peers/ai_sdk.", file=sys.stderr
        )
        return 2
    signal.signal(
        signal.SIGTERM, lambda *_: sys.exit(143)
    )  # by way of every `finally`, so that no server is left behind
    allow_many_files()
    try:
        findings = _measure(rows, quick=arguments.quick)
    except (CheckFailed, DidNotStart) as error:
        print(f"The benchmark is not valid. {error}", file=sys.stderr)
        return 1
    print(report.machine(), end="\n\n")
    for found in findings:
        for line in found.lines:
            print(report.as_text(line))
    if not arguments.quick and not arguments.only:
        report.write(DOCS / "performance.md", findings)
        plots.draw(DOCS / "images", findings)
    return 0


def _measure(rows: Sequence[str], *, quick: bool) -> list[Findings]:
    findings = []
    with bench(quick=quick) as running:
        for row in rows:
            print(row, flush=True)
            found = ROWS[row](running)
            findings.append(found)
            for table in found.tables:
                print(f"\n{report.table_as_text(table)}\n")
    return findings


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", metavar="ROW")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
