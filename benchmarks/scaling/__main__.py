"""Measures what one worker holds and writes docs/scaling.md: `python -m benchmarks.scaling`, about eight minutes.

--quick       small numbers: about three minutes. Prints, writes nothing
"""

import argparse
import signal
import sys
from pathlib import Path
from shutil import which

from benchmarks import report
from benchmarks.bench import CheckFailed, bench
from benchmarks.processes import DidNotStart, allow_many_files
from benchmarks.scaling import picture
from benchmarks.scaling.fanout import fanout
from benchmarks.scaling.idle import silence
from benchmarks.scaling.results import Results
from benchmarks.scaling.storm import simulate
from benchmarks.scaling.streams import streams
from benchmarks.scaling.tables import findings
from benchmarks.scaling.takeover import takeovers

DOCS = Path(__file__).parents[2] / "docs"


def main() -> int:
    """Measures. The exit status is 1 if a check failed or a server did not start; slowness is no failure."""
    quick = _arguments().quick
    if not which("redis-server"):
        print("There is no redis-server. On Debian and Ubuntu: apt-get install redis-server", file=sys.stderr)
        return 2
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # by way of every `finally`: no server is left behind
    allow_many_files()
    try:
        results = _measure(quick=quick)
    except (CheckFailed, DidNotStart) as error:
        print(f"The benchmark is not valid. {error}", file=sys.stderr)
        return 1
    storms = [(label, simulate(storm)) for label, storm in results.storms()]
    found = findings(results, storms)
    print(*(report.as_text(line) for line in found.lines), sep="\n")
    print(*(f"\n{report.table_as_text(table)}" for table in found.tables), sep="\n")
    if not quick:
        _write(report.as_markdown([found], _machine(results)))
        picture.draw(DOCS / "images" / "storm.svg", "100,000 readers lose one of 10 replicas (simulated)", storms[:2])
    return 0


def _measure(*, quick: bool) -> Results:
    with bench(quick=quick) as running:
        return Results(
            fanout=fanout(running),
            silence=silence(running),
            takeovers=takeovers(running),
            streams=streams(running),
        )


def _write(block: str) -> None:
    page = DOCS / "scaling.md"
    page.write_text(report.put_between_markers(page.read_text(encoding="utf-8"), block), encoding="utf-8")


def _machine(results: Results) -> str:
    on = report.measured_on((*report.PACKAGES, "redis"))
    redis = results.fanout.redis_version
    return f"{on}; Redis {redis}. Measured without authentication, which is not there yet."


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scaling", description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
