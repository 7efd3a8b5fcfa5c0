"""One process that serves: what `python -m server` runs itself, or starts several of (`workers`)."""

import gc
import os
import sys
from pathlib import Path

from fastapi import FastAPI
from uvicorn.config import STARTUP_FAILURE

from chains.models.embedded import EmbeddedUnavailable
from chains.models.spec import ModelUnavailable
from server.app import create_app
from server.observe.logs import set_up_logs
from server.settings import Settings, SettingsError, load_settings

CANNOT_SERVE = (SettingsError, ModelUnavailable, EmbeddedUnavailable)
"""What is wrong with the settings or the machine, in words."""

_YOUNG_OBJECTS = 5_000


def settings_file() -> Path:
    """The file that CONFIG names."""
    return Path(os.environ.get("CONFIG", "langserve.yaml"))


def settings_in_force() -> Settings:
    """The settings in that file."""
    return load_settings(settings_file())


def application() -> FastAPI:
    """The app of a worker that a supervisor has started. One that cannot serve says so and is not started again."""
    try:
        settings = settings_in_force()
        set_up_logs(settings.log, settings.mode)
        return serve(settings)
    except CANNOT_SERVE as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(STARTUP_FAILURE)


def serve(settings: Settings) -> FastAPI:
    """The app, in a process that is its own.

    Its garbage collector looks for cycles after 5,000 new objects instead of 700, and leaves alone what was there from
    the start. A stream makes many objects and next to no cycles: up to a third of the time went into looking for them.
    """
    app = create_app(settings, settings_file())
    gc.freeze()
    gc.set_threshold(_YOUNG_OBJECTS, *gc.get_threshold()[1:])
    gc.enable()
    return app
