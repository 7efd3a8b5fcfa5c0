"""What stands before the chains: one pure ASGI middleware, or one check, a file, each beginning with what it guards against."""
