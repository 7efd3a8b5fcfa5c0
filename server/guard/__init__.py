"""What stands before the chains: one pure ASGI middleware or check a file, beginning with what it guards against."""
