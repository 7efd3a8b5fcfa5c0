"""The rows of the table: one module for each kind of measurement, one function for each row."""

from collections.abc import Callable, Mapping

from benchmarks.bench import Bench
from benchmarks.findings import Findings
from benchmarks.rows import alone, cpu, delay, many, traffic

ROWS: Mapping[str, Callable[[Bench], Findings]] = {
    "burst": cpu.burst,
    "paced": cpu.paced,
    "growth": cpu.growth,
    "traffic": traffic.traffic,
    "delay": delay.delay,
    "many": many.many,
    "parser": alone.parser,
    "start": alone.start,
}
"""In the order in which they are measured and printed."""
