"""What may be logged: never a user's or a model's text, never a key."""

import logging
import warnings


def quiet_libraries() -> None:
    """Silences what libraries say of chunks: some log each at DEBUG, pydantic warns of odd ones and quotes them."""
    for name in ("sse_starlette", "httpx", "httpx2", "httpcore2", "openai"):
        logging.getLogger(name).setLevel(logging.WARNING)
    warnings.filterwarnings("ignore", message="Pydantic serializer warnings")
