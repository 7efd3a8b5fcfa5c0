"""What operators see of the server: logs, metrics and traces. Never a user's or a model's words, never a key."""
