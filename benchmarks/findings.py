"""What a benchmark found: lines of the table of targets, tables with the numbers behind them, points of the plots."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

KB = 1024

Curves = Mapping[str, Sequence[tuple[int, float]]]
"""By label, the points of a line: bytes of the object, and what was measured."""


@dataclass(frozen=True)
class Line:
    """One target. `reached` is None where there was nothing to compare with. `mark` is a doubt about the numbers."""

    what: str
    target: str
    measured: str
    reached: bool | None = None
    mark: str = ""

    @property
    def verdict(self) -> str:
        said = {True: "reached", False: "**missed**", None: ""}[self.reached]
        return f"{said} ({self.mark})" if self.mark else said


@dataclass(frozen=True)
class Table:
    """Numbers behind the targets."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]


def by_size(title: str, curves: Curves) -> Table:
    """The points of some lines, a column for each size; empty where a line has none."""
    sizes = sorted({size for points in curves.values() for size, _ in points})
    return Table(
        title,
        ["", *(f"{size // KB} KB" for size in sizes)],
        [
            [label, *(f"{dict(points)[size]:.1f}" if size in dict(points) else "" for size in sizes)]
            for label, points in curves.items()
        ],
    )


@dataclass(frozen=True)
class Findings:
    """What one row of the benchmark found. `curves` are by the plot that they belong to."""

    lines: Sequence[Line] = ()
    tables: Sequence[Table] = ()
    curves: Mapping[str, Curves] = field(default_factory=dict)
