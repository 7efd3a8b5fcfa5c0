"""Other people's clients, unmodified: the packages themselves, at pinned versions, against a running server."""
