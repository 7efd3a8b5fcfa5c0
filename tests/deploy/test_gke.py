"""The manifests for GKE: Kubernetes takes them, they fit each other, and the server takes its settings."""

import copy
import re
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Network, ip_network
from typing import Any

import jsonschema
import pytest

from server.exposure import check_exposure
from server.observe.metrics import Metrics
from server.settings import Settings, load_settings
from tests.deploy.crds import CRDS
from tests.deploy.manifests import GKE, WAYS_IN, Manifest, check, kustomization, manifests, of_kind

BASE = GKE / "base"
SETTINGS = BASE / "langserve.yaml"
LOAD_BALANCERS = [ip_network("35.191.0.0/16"), ip_network("130.211.0.0/22")]
"""From where Google's load balancers and their health checks connect."""

METADATA_SERVER = IPv4Address("169.254.169.254")

EVERY = [manifest for way_in in WAYS_IN for manifest in manifests(way_in)]
BY_NAME = {f"{manifest['kind']}-{manifest['metadata']['name']}": manifest for manifest in EVERY}


@pytest.fixture(scope="module")
def settings() -> Settings:
    return load_settings(SETTINGS)


@pytest.fixture
def container() -> Manifest:
    (container,) = pod()["containers"]
    return dict(container)


def pod() -> Manifest:
    return dict(of_kind("Deployment")["spec"]["template"]["spec"])


@pytest.mark.parametrize("name", BY_NAME)
def test_kubernetes_takes_it(name: str) -> None:
    check(BY_NAME[name])


@pytest.mark.parametrize("name", [name for name, manifest in BY_NAME.items() if manifest["kind"] in CRDS])
def test_gke_would_refuse_a_misspelt_field(name: str) -> None:
    """In every object within, one at a time: whoever misspells a time limit must be told before it is deployed."""
    for place in inner_objects(BY_NAME[name]):
        broken = copy.deepcopy(BY_NAME[name])
        within: Any = broken
        for step in place:
            within = within[step]
        within["timeoutSecs"] = 300
        with pytest.raises(jsonschema.ValidationError):
            check(broken)


def test_kubernetes_would_refuse_a_misspelt_field() -> None:
    broken = copy.deepcopy(of_kind("Deployment"))
    broken["spec"]["template"]["spec"]["terminationGracePeriod"] = 330
    with pytest.raises(jsonschema.ValidationError):
        check(broken)


def inner_objects(value: Any, place: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where its objects are; but for maps, whose keys are anybody's."""
    maps = ("labels", "annotations", "matchLabels")
    if isinstance(value, dict) and not (place and place[-1] in maps):
        yield place
        for key, inner in value.items():
            yield from inner_objects(inner, (*place, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from inner_objects(inner, (*place, index))


def test_every_file_is_part_of_a_way_in() -> None:
    for folder in (BASE, *(GKE / way_in for way_in in WAYS_IN)):
        read = kustomization(folder)
        generated = [file for generator in read.get("configMapGenerator", []) for file in generator["files"]]
        listed = {name for name in (*read["resources"], *generated) if not name.startswith("..")}
        assert listed == {file.name for file in folder.iterdir()} - {"kustomization.yaml"}


def test_the_pod_gets_the_settings_that_are_checked_here(container: Manifest) -> None:
    (generator,) = kustomization(BASE)["configMapGenerator"]
    assert generator["files"] == [SETTINGS.name]
    volume = next(volume for volume in pod()["volumes"] if "configMap" in volume)
    assert volume["configMap"]["name"] == generator["name"]
    mount = next(mount for mount in container["volumeMounts"] if mount["name"] == volume["name"])
    assert environment(container)["CONFIG"]["value"] == f"{mount['mountPath']}/{SETTINGS.name}"


def test_the_settings_are_for_production(settings: Settings) -> None:
    assert settings.mode == "production"
    assert settings.auth.on
    assert not settings.auth.anybody
    assert not settings.http.plain
    assert not settings.log.content
    assert settings.runs.store == "redis"
    for chain in settings.chains.values():
        assert set(chain.endpoints) <= {"invoke", "batch", "stream", "runs"}


def test_the_server_would_start_with_them_and_be_reached_from_outside(settings: Settings) -> None:
    check_exposure(settings, "0.0.0.0")  # noqa: S104  # as the image has it


def test_the_pod_is_given_each_secret_that_the_settings_name_and_no_other(
    settings: Settings, container: Manifest
) -> None:
    model = settings.models[settings.model]
    wanted = {
        getattr(model, "api_key_env", None),
        settings.runs.url_env,
        settings.auth.secret_env,
        settings.auth.key_env,
    }
    given = environment(container)
    secrets = {name: given[name]["valueFrom"]["secretKeyRef"] for name in given if "valueFrom" in given[name]}
    assert secrets == {name: {"name": "structured-streams", "key": name} for name in wanted - {None}}
    assert not any(manifest["kind"] == "Secret" for manifest in EVERY)


def environment(container: Manifest) -> dict[str, Manifest]:
    return {variable["name"]: variable for variable in container["env"]}


def test_the_load_balancer_is_believed_and_sees_no_metrics(settings: Settings) -> None:
    proxies, readers = (
        [ip_network(each) for each in given] for given in (settings.http.proxies, settings.metrics.readers)
    )
    assert set(LOAD_BALANCERS) < set(proxies)
    assert not any(proxy.overlaps(reader) for proxy in proxies for reader in readers)


@pytest.mark.parametrize("way_in", WAYS_IN)
def test_the_public_name_is_one_that_the_server_answers_to(way_in: str, settings: Settings) -> None:
    names = set(re.findall(r"\b[\w-]+\.example\.com\b", str(manifests(way_in))))
    assert names == set(settings.http.hosts)


def test_the_load_balancer_and_the_collectors_come_through_and_nobody_else() -> None:
    spec = of_kind("NetworkPolicy")["spec"]
    assert set(spec["policyTypes"]) == {"Ingress", "Egress"}
    sources = [source for rule in spec["ingress"] for source in rule["from"]]
    blocks = [ip_network(source["ipBlock"]["cidr"]) for source in sources if "ipBlock" in source]
    assert blocks == LOAD_BALANCERS
    (collectors,) = [source for source in sources if "ipBlock" not in source]
    assert list(collectors) == ["namespaceSelector"]


def test_the_metadata_server_is_out_of_reach() -> None:
    blocks = [
        to["ipBlock"] for rule in of_kind("NetworkPolicy")["spec"]["egress"] for to in rule["to"] if "ipBlock" in to
    ]
    reached = [block for block in blocks if METADATA_SERVER in IPv4Network(block["cidr"])]
    assert reached
    for block in reached:
        assert any(METADATA_SERVER in IPv4Network(cidr) for cidr in block["except"])


def test_the_pod_may_do_nothing_that_it_need_not(container: Manifest) -> None:
    assert of_kind("Namespace")["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
    assert pod()["automountServiceAccountToken"] is False
    assert pod()["securityContext"] == {
        "runAsNonRoot": True,
        "runAsUser": 65534,
        "runAsGroup": 65534,
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert "/tmp" in {mount["mountPath"] for mount in container["volumeMounts"]}  # noqa: S108


def test_labels_and_ports_lead_from_one_object_to_the_next(container: Manifest) -> None:
    labels = of_kind("Deployment")["spec"]["template"]["metadata"]["labels"]
    service = of_kind("Service")
    assert service["spec"]["selector"] == labels
    for kind in ("PodDisruptionBudget", "PodMonitoring", "Deployment"):
        assert of_kind(kind)["spec"]["selector"]["matchLabels"] == labels
    assert of_kind("NetworkPolicy")["spec"]["podSelector"]["matchLabels"] == labels
    (port,) = container["ports"]
    (served,) = service["spec"]["ports"]
    assert served["targetPort"] == port["name"] == of_kind("PodMonitoring")["spec"]["endpoints"][0]["port"]
    backends = [rule["backendRefs"] for rule in of_kind("HTTPRoute")["spec"]["rules"]]
    assert backends == [[{"name": service["metadata"]["name"], "port": served["port"]}]]
    for probed in (
        of_kind("HealthCheckPolicy")["spec"]["default"]["config"]["httpHealthCheck"],
        of_kind("BackendConfig", "ingress")["spec"]["healthCheck"],
    ):
        assert (probed["port"], probed["requestPath"]) == (port["containerPort"], "/ready")


def test_probes_ask_what_they_should(container: Manifest) -> None:
    """A store that is away takes a pod out of the load balancer; it is no reason to kill it."""
    asked = {name: container[f"{name}Probe"]["httpGet"]["path"] for name in ("startup", "readiness", "liveness")}
    assert asked == {"startup": "/health", "readiness": "/ready", "liveness": "/health"}


def test_the_autoscaler_asks_for_a_gauge_that_the_server_has() -> None:
    scaling = of_kind("HorizontalPodAutoscaler")["spec"]
    names = [metric["pods"]["metric"]["name"] for metric in scaling["metrics"] if metric["type"] == "Pods"]
    gauges = {family.name for family in Metrics({}, []).registry.collect() if family.type == "gauge"}
    assert [name.split("|") for name in names] == [["prometheus.googleapis.com", "moim_streams_open", "gauge"]]
    assert "moim_streams_open" in gauges
    assert "pod" in of_kind("PodMonitoring")["spec"]["targetLabels"]["metadata"]  # by which they are told apart
    assert scaling["scaleTargetRef"]["name"] == of_kind("Deployment")["metadata"]["name"]
    assert "replicas" not in of_kind("Deployment")["spec"]


def test_no_load_balancer_writes_tickets_down() -> None:
    """Its log has whole addresses, queries included."""
    assert of_kind("GCPBackendPolicy")["spec"]["default"]["logging"] == {"enabled": False}
    assert of_kind("BackendConfig", "ingress")["spec"]["logging"] == {"enable": False}
