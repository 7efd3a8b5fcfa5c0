"""The bench: a grid of cases, prompts and models, run, kept and compared.

bench(...)   runs the grid; what it gives holds everything below
Bench        the runs, with their tables, plots, diffs and report
Trial        one run
"""

from lab.bench.cache import CACHE
from lab.bench.result import Bench
from lab.bench.run import bench
from lab.bench.trial import Trial

__all__ = ["CACHE", "Bench", "Trial", "bench"]
