"""What the tests of this room look at: lines of a log, numbers of an exposition."""

import io
import json
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from server.observe.metrics import Metrics

FIELDS = {"chatbot": ("reply", "options", "recommendation"), "meeting-info": ("name", "tags", "plan")}


class Lines:
    """What was written, each line a JSON object."""

    def __init__(self, written: io.StringIO) -> None:
        self._written = written

    @property
    def text(self) -> str:
        """As it was written."""
        return self._written.getvalue()

    def of(self, message: str) -> list[dict[str, Any]]:
        """The lines with this message."""
        return [line for line in map(json.loads, self.text.splitlines()) if line["message"] == message]


def samples(metrics: Metrics) -> dict[str, float]:
    """Each series of an exposition, as Prometheus reads it: `name{a="b"}`, labels in order; those at zero left out."""
    text = metrics.exposition()[0].decode()
    found: dict[str, float] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            labels = ",".join(f'{name}="{value}"' for name, value in sorted(sample.labels.items()) if value)
            if sample.value:
                found[f"{sample.name}{{{labels}}}" if labels else sample.name] = sample.value
    return found
