"""`deploy/gke` as Kubernetes would get it, and whether Kubernetes would take it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import kubernetes_validate  # type: ignore[import-untyped]
import yaml

from tests.deploy.crds import CRDS

GKE = Path(__file__).parents[2] / "deploy" / "gke"
WAYS_IN = ("gateway", "ingress")
KUBERNETES = "1.34"
"""What GKE's regular channel has, or older: what it takes, newer ones take as well."""

Manifest = dict[str, Any]


def manifests(way_in: str) -> list[Manifest]:
    """All objects of one way in and of what both have in common."""
    return list(_resources(GKE / way_in))


def of_kind(kind: str, way_in: str = "gateway") -> Manifest:
    """The first object of this kind."""
    return next(manifest for manifest in manifests(way_in) if manifest["kind"] == kind)


def kustomization(folder: Path) -> Manifest:
    read: Manifest = yaml.safe_load((folder / "kustomization.yaml").read_text(encoding="utf-8"))
    return read


def check(manifest: Manifest) -> None:
    """`jsonschema.ValidationError` for what Kubernetes, or GKE, would refuse, misspelt fields included."""
    if schema := CRDS.get(manifest["kind"]):
        jsonschema.validate(manifest, schema, jsonschema.Draft202012Validator)
    else:
        kubernetes_validate.validate(manifest, KUBERNETES, strict=True)


def _resources(folder: Path) -> Iterator[Manifest]:
    for name in kustomization(folder)["resources"]:
        if (folder / name).is_dir():
            yield from _resources(folder / name)
        else:
            yield from yaml.safe_load_all((folder / name).read_text(encoding="utf-8"))
