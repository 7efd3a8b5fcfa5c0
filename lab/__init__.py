"""The prompt bench: where a prompt is tried, compared and shipped. Nothing that is served imports it."""
