"""JSON Schemas of the kinds that Kubernetes itself does not know: the fields used here, and no others.

Written by hand from what defines them: the Gateway API's standard channel (release 1.4), GKE's policies
(github.com/GoogleCloudPlatform/gke-gateway-api, April 2026), its Ingress controller
(github.com/kubernetes/ingress-gce, 2026), managed certificates
(docs.cloud.google.com/kubernetes-engine/docs/how-to/managed-certs, 2026) and Managed Service for Prometheus
(github.com/GoogleCloudPlatform/prometheus-engine, 2026). A field that is missing here may well exist: look there, then
add it.
"""

from typing import Any

Schema = dict[str, Any]


def _object(*required: str, **properties: Schema) -> Schema:
    return {"type": "object", "properties": properties, "required": [*required], "additionalProperties": False}


def _list(item: Schema) -> Schema:
    return {"type": "array", "items": item, "minItems": 1}


def _whole(least: int, most: int) -> Schema:
    return {"type": "integer", "minimum": least, "maximum": most}


def _one_of(*values: Any) -> Schema:
    return {"enum": [*values]}


def _target(group: str, kind: str) -> Schema:
    return _object("group", "kind", "name", group=_one_of(group), kind=_one_of(kind), name=TEXT)


def _kind(api_version: str, kind: str, spec: Schema) -> Schema:
    top = {"apiVersion": _one_of(api_version), "kind": _one_of(kind), "metadata": METADATA, "spec": spec}
    return _object(*top, **top)


TEXT = {"type": "string", "minLength": 1}
TEXTS = {"type": "object", "additionalProperties": {"type": "string"}}
PATH = {"type": "string", "pattern": "^/"}
TRUTH = {"type": "boolean"}
PORT = _whole(1, 65_535)
SECONDS = _whole(1, 2**31 - 1)
DURATION = {"type": "string", "pattern": "^[1-9][0-9]*(ms|s|m)$"}
NAME = {"type": "string", "pattern": "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", "maxLength": 63}
METADATA = _object("name", name=NAME, labels=TEXTS, annotations=TEXTS)
DRAINING = _object("drainingTimeoutSec", drainingTimeoutSec=_whole(0, 3600))
CHECKED = {
    "checkIntervalSec": _whole(1, 300),
    "timeoutSec": _whole(1, 300),
    "healthyThreshold": _whole(1, 10),
    "unhealthyThreshold": _whole(1, 10),
}

_GATEWAY = _object(
    "gatewayClassName",
    "listeners",
    gatewayClassName=TEXT,
    addresses=_list(_object("type", "value", type=_one_of("NamedAddress", "IPAddress"), value=TEXT)),
    listeners=_list(
        _object(
            "name",
            "protocol",
            "port",
            name=TEXT,
            protocol=_one_of("HTTP", "HTTPS"),
            port=PORT,
            allowedRoutes=_object(namespaces=_object(**{"from": _one_of("All", "Same", "Selector")})),
        )
    ),
)
_REDIRECT = _object(
    "type",
    "requestRedirect",
    type=_one_of("RequestRedirect"),
    requestRedirect=_object(scheme=_one_of("http", "https"), statusCode=_one_of(301, 302)),
)
_HTTP_ROUTE = _object(
    "parentRefs",
    "rules",
    parentRefs=_list(_object("name", name=TEXT, sectionName=TEXT)),
    hostnames=_list(TEXT),
    rules=_list(_object(filters=_list(_REDIRECT), backendRefs=_list(_object("name", "port", name=TEXT, port=PORT)))),
)
_BACKEND_POLICY = _object(
    "targetRef",
    targetRef=_target("", "Service"),
    default=_object(timeoutSec=SECONDS, connectionDraining=DRAINING, logging=_object(enabled=TRUTH)),
)
_HTTP_CHECK = _object(
    portSpecification=_one_of("USE_FIXED_PORT", "USE_NAMED_PORT", "USE_SERVING_PORT"), port=PORT, requestPath=PATH
)
_HEALTH_POLICY = _object(
    "targetRef",
    targetRef=_target("", "Service"),
    default=_object(config=_object("type", type=_one_of("HTTP"), httpHealthCheck=_HTTP_CHECK), **CHECKED),
)
_GATEWAY_POLICY = _object(
    "targetRef", targetRef=_target("gateway.networking.k8s.io", "Gateway"), default=_object(sslPolicy=TEXT)
)
_BACKEND_CONFIG = _object(
    timeoutSec=SECONDS,
    connectionDraining=DRAINING,
    healthCheck=_object(type=_one_of("HTTP", "HTTPS", "HTTP2"), port=PORT, requestPath=PATH, **CHECKED),
    logging=_object(enable=TRUTH),
)
_FRONTEND_CONFIG = _object(
    sslPolicy=TEXT,
    redirectToHttps=_object(
        "enabled", enabled=TRUTH, responseCodeName=_one_of("MOVED_PERMANENTLY_DEFAULT", "PERMANENT_REDIRECT")
    ),
)
_POD_MONITORING = _object(
    "selector",
    "endpoints",
    selector=_object("matchLabels", matchLabels=TEXTS),
    endpoints=_list(_object("port", port=TEXT, path=PATH, interval=DURATION, timeout=DURATION)),
    targetLabels=_object(metadata=_list(_one_of("pod", "container", "node"))),
)

CRDS: dict[str, Schema] = {
    "Gateway": _kind("gateway.networking.k8s.io/v1", "Gateway", _GATEWAY),
    "HTTPRoute": _kind("gateway.networking.k8s.io/v1", "HTTPRoute", _HTTP_ROUTE),
    "GCPBackendPolicy": _kind("networking.gke.io/v1", "GCPBackendPolicy", _BACKEND_POLICY),
    "HealthCheckPolicy": _kind("networking.gke.io/v1", "HealthCheckPolicy", _HEALTH_POLICY),
    "GCPGatewayPolicy": _kind("networking.gke.io/v1", "GCPGatewayPolicy", _GATEWAY_POLICY),
    "ManagedCertificate": _kind("networking.gke.io/v1", "ManagedCertificate", _object("domains", domains=_list(TEXT))),
    "FrontendConfig": _kind("networking.gke.io/v1beta1", "FrontendConfig", _FRONTEND_CONFIG),
    "BackendConfig": _kind("cloud.google.com/v1", "BackendConfig", _BACKEND_CONFIG),
    "PodMonitoring": _kind("monitoring.googleapis.com/v1", "PodMonitoring", _POD_MONITORING),
}
"""By kind."""
