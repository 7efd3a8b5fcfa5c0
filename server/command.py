"""The command that serves: what it is told by the environment, and what it says when it cannot."""

import gc
import os
import sys
from typing import Any

import uvicorn

from server.exposure import check_exposure, check_told
from server.guard.stall import StallGuard
from server.observe.logs import set_up_logs
from server.observe.workers import metrics_folder
from server.settings import Settings, SettingsError
from server.stores import check_store
from server.worker import CANNOT_SERVE, serve, settings_in_force

LB_KEEP_ALIVE_S = 620
"""Longer than the 600 s for which Google's load balancers reuse a connection: else they meet closed ones."""

KEEP_ALIVE_S = 75
"""For clients that come themselves: browsers give up by then."""

FAREWELL_S = 5
"""Seconds that responses have for their last words when nothing goes on any more."""

WORKER_SILENT_S = 30
"""Seconds for which a worker may be too busy to say that it lives, before it is replaced: starting takes some."""


def main() -> int:
    """Runs until told to end. Returns the exit status; what is wrong with the settings is said in words."""
    host, port = os.environ.get("HOST", "127.0.0.1"), os.environ.get("PORT", "8000")
    try:
        if not port.isdecimal() or int(port) > 65535:
            raise SettingsError(f"PORT must be a number up to 65535, not {port!r}")
        settings = settings_in_force()
        check_exposure(settings, host)
        check_told(settings)
        check_store(settings.runs)
        set_up_logs(settings.log, settings.mode)
        served = _served(settings)
    except CANNOT_SERVE as error:
        sys.stderr.write(f"{error}\n")
        return 2
    with metrics_folder(settings.workers):
        uvicorn.run(**served, **_listening(settings, host, int(port)))
    return 0


def _listening(settings: Settings, host: str, port: int) -> dict[str, Any]:
    http = settings.http
    return {
        "host": host,
        "port": port,
        "http": StallGuard,
        "ws": "none",  # nothing here speaks it, and its handshakes would be logged with their queries
        "server_header": False,
        "log_config": None,  # `server.observe.logs` has it
        "access_log": False,
        # Without proxies the address of a connection is the one that it comes from, whatever its headers say.
        "proxy_headers": bool(http.proxies),
        "forwarded_allow_ips": http.proxies,
        "ssl_certfile": http.certificate,
        "ssl_keyfile": http.certificate_key,
        "timeout_keep_alive": LB_KEEP_ALIVE_S if http.proxies else KEEP_ALIVE_S,
        "timeout_worker_healthcheck": WORKER_SILENT_S,
        # One worker has drained before the server is told; several do so while it waits for them.
        "timeout_graceful_shutdown": FAREWELL_S + (round(settings.limits.drain_s) if settings.workers > 1 else 0),
    }


def _served(settings: Settings) -> dict[str, Any]:
    """The app of the only worker, or how each of several makes its own."""
    if settings.workers == 1:
        return {"app": serve(settings), "workers": 1}  # whatever WEB_CONCURRENCY says
    gc.enable()  # which a worker does for itself; this process only watches over them
    return {"app": "server.worker:application", "factory": True, "workers": settings.workers}
