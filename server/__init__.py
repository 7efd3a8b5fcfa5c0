"""What listens: FastAPI and LangServe routes, the wire, runs, limits and the page. `create_app` makes it."""

from server.app import create_app
from server.settings import Settings, SettingsError

__all__ = ["Settings", "SettingsError", "create_app"]
