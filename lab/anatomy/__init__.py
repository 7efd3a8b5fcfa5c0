"""A recording taken apart: when what came, how many bytes it took, and what the form showed meanwhile.

Every figure is a fold over the events of `chains.recording.load`, in one pass.
"""

from lab.anatomy.instants import Instants, form_at, instants
from lab.anatomy.listing import listing, pauses
from lab.anatomy.sizes import readings, sizes
from lab.anatomy.sizes_plot import sizes_plot
from lab.anatomy.timeline import timeline

__all__ = ["Instants", "form_at", "instants", "listing", "pauses", "readings", "sizes", "sizes_plot", "timeline"]
