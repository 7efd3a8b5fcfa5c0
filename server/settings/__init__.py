"""Settings: `langserve.yaml`, typed.

Secrets are not settings: keys come from the environment.
"""

from server.settings.access import AuthSettings, CorsSettings, HttpSettings, JwtSettings
from server.settings.errors import SettingsError
from server.settings.file import complaints, load_settings, parse_settings
from server.settings.observed import LogSettings, MetricsSettings, TraceSettings
from server.settings.sections import ChainSettings, LimitSettings, RunSettings, StreamSettings
from server.settings.whole import Settings

__all__ = [
    "AuthSettings",
    "ChainSettings",
    "CorsSettings",
    "HttpSettings",
    "JwtSettings",
    "LimitSettings",
    "LogSettings",
    "MetricsSettings",
    "RunSettings",
    "Settings",
    "SettingsError",
    "StreamSettings",
    "TraceSettings",
    "complaints",
    "load_settings",
    "parse_settings",
]
