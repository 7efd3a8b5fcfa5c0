"""How events are written to a connection: one module for each protocol that a reader may speak."""
