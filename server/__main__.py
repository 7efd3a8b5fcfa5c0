"""Serves: `python -m server`. HOST, PORT and CONFIG (the settings file) come from the environment."""

import os
import sys
from pathlib import Path

import uvicorn

from chains.models.embedded import EmbeddedUnavailable
from chains.models.spec import ModelUnavailable
from server.app import create_app
from server.settings import SettingsError, load_settings

LB_KEEP_ALIVE_S = 620
"""Longer than the 600 s for which Google's load balancers reuse a connection: else they meet closed ones."""


def main() -> int:
    """Runs until told to end. Returns the exit status; what is wrong with the settings is said in words."""
    host, port = os.environ.get("HOST", "127.0.0.1"), os.environ.get("PORT", "8000")
    try:
        if not port.isdecimal() or int(port) > 65535:
            raise SettingsError(f"PORT must be a number up to 65535, not {port!r}")
        settings = load_settings(Path(os.environ.get("CONFIG", "langserve.yaml")))
        app = create_app(settings)
    except (SettingsError, ModelUnavailable, EmbeddedUnavailable) as error:
        print(error, file=sys.stderr)
        return 2
    uvicorn.run(
        app,
        host=host,
        port=int(port),
        timeout_keep_alive=LB_KEEP_ALIVE_S,
        timeout_graceful_shutdown=round(settings.limits.drain_s) + 5,
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
