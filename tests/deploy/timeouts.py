"""Every time limit on a stream's way, read from where it is set; docs/deploy.md names them the same."""

import re
from functools import cache
from typing import Any

from server.command import FAREWELL_S, LB_KEEP_ALIVE_S
from server.settings import Settings, load_settings
from tests.deploy.front import CONFIG
from tests.deploy.image import ROOT
from tests.deploy.manifests import GKE, of_kind

RELAY_S = 310
"""What a backend waits that passes our answers on to its own clients."""
GOOGLE_KEEP_ALIVE_S = 600
"""For how long Google's load balancers reuse a connection; it cannot be set."""


@cache
def seconds() -> dict[str, float]:
    """By the name that docs/deploy.md gives it."""
    common, google = load_settings(ROOT / "langserve.yaml"), load_settings(GKE / "base" / "langserve.yaml")
    pod = of_kind("Deployment")["spec"]["template"]["spec"]
    policy = of_kind("GCPBackendPolicy")["spec"]["default"]
    return {
        "ping": max(common.stream.ping_s, google.stream.ping_s),
        "frozen reader": max(common.limits.reader_s, google.limits.reader_s),
        "silent model": max(common.limits.idle_s, google.limits.idle_s),
        "longest run": max(_longest(common), _longest(google)),
        "relay": RELAY_S,
        "server keep-alive": LB_KEEP_ALIVE_S,
        "drain": common.limits.drain_s,
        "last words": 2 * FAREWELL_S,
        "nginx silence": directive("proxy_read_timeout"),
        "nginx frozen reader": directive("send_timeout"),
        "nginx half a request": directive("client_body_timeout"),
        "nginx keep-alive to the server": upstream_keep_alive(),
        "nginx old worker": directive("worker_shutdown_timeout"),
        "Google response": policy["timeoutSec"],
        "Google draining": policy["connectionDraining"]["drainingTimeoutSec"],
        "Google keep-alive": GOOGLE_KEEP_ALIVE_S,
        "pod preStop": pod["containers"][0]["lifecycle"]["preStop"]["sleep"]["seconds"],
        "pod drain": google.limits.drain_s,
        "pod grace": pod["terminationGracePeriodSeconds"],
    }


def directive(name: str) -> float:
    """Seconds of a directive that `deploy/nginx.conf` has once."""
    (value,) = re.findall(rf"^\s*{name} (\d+)s;", CONFIG.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return float(value)


def upstream_keep_alive() -> float:
    """`keepalive_timeout` as it stands among the servers; browsers have one of their own."""
    upstream = re.search(
        r"^    upstream server \{.*?^    \}", CONFIG.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE
    )
    assert upstream
    (value,) = re.findall(r"keepalive_timeout (\d+)s;", upstream[0])
    return float(value)


def load_balancers() -> list[dict[str, Any]]:
    """Time limits of both ways in, which must be the same."""
    gateway, ingress = of_kind("GCPBackendPolicy")["spec"]["default"], of_kind("BackendConfig", "ingress")["spec"]
    return [{name: limits[name] for name in ("timeoutSec", "connectionDraining")} for limits in (gateway, ingress)]


def _longest(settings: Settings) -> float:
    """A run of the chain that may take longest, and what it may wait for its place before that."""
    return settings.limits.queue_s + max(settings.run_limits(chain).total for chain in settings.chains)
