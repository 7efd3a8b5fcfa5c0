"""The bench's plots: each a function from runs and a caption to a matplotlib `Figure`, which belongs to the caller."""

from lab.bench.plots.lengths import lengths
from lab.bench.plots.tokens import tokens
from lab.bench.plots.validity import validity
from lab.bench.plots.waterfall import waterfall

__all__ = ["lengths", "tokens", "validity", "waterfall"]
