"""Traces by OpenTelemetry: off, and its libraries not even loaded, unless a collector is named."""

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from langchain_core.callbacks import BaseCallbackHandler

from server.settings import TraceSettings

if TYPE_CHECKING:
    from server.observe.spans import Spans

CLOSE_S = 2.0
"""Seconds that a collector has to take what is left at the end."""


class Traces:
    """Gives each run that is traced a callback handler of its own, and the others none, so that they cost nothing.

    - `lost`: told how many spans no collector took
    - `content`: whether spans hold what was said to models, and what they said
    """

    def __init__(
        self,
        settings: TraceSettings,
        *,
        lost: Callable[[int], None],
        content: bool = False,
        version: str = "",
    ) -> None:
        self._spans: Spans | None = None
        if settings.otlp:
            from server.observe import spans  # noqa: PLC0415  # not for those who have no traces

            exporter = spans.collector(settings.otlp)
            self._spans = spans.Spans(exporter, settings.share, lost, content=content, version=version)

    def callbacks(self, traceparent: str | None = None) -> list[BaseCallbackHandler]:
        """What a chain is to be given as callbacks, so that its next run is traced; nothing if it is not to be.

        `traceparent`: the request's header, of which nothing is believed but what is well-formed.
        """
        return self._spans.callbacks(traceparent) if self._spans else []

    def close(self) -> None:
        """Sends what is left. Blocks for at most two seconds, whatever the collector does."""
        if self._spans:
            closing = threading.Thread(target=self._spans.close, name="traces-close", daemon=True)
            closing.start()
            closing.join(CLOSE_S)
