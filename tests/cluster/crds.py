"""Custom resource definitions: of each API group, the release that the platform installs, from its Go module's zip.

Owns one table: API group -> module, version, folder. The zips are fetched by `go mod download`, checked against the
hashes here, and never copied into the repository. Versions are those that the charts of `serving.blueprint.versions`
install, or it is said why they are not; `test_versions.py` compares.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from serving.blueprint.versions import TESTED_VERSIONS

_CRD = "CustomResourceDefinition"


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """Reads `=` as text, as Kubernetes does; PyYAML takes it for a word of YAML 1.1 that it cannot construct."""


_Loader.add_constructor("tag:yaml.org,2002:value", lambda loader, node: node.value)


@dataclass(frozen=True, slots=True)
class Definitions:
    """Where the definitions of some API groups are.

    Attributes:
        groups: The API groups.
        module: Go module.
        version: Its version.
        sum: Hash of the zip, as in a `go.sum`.
        folders: Folders in the zip with the definitions.
        only: The definitions to install, by plural; empty for all. Each costs the server time.
        differs: Why the version is another than the one that is deployed; empty if it is the same.
    """

    groups: tuple[str, ...]
    module: str
    version: str
    sum: str
    folders: tuple[str, ...]
    only: tuple[str, ...] = ()
    differs: str = ""


DEFINITIONS = (
    # Both groups as the gateway's chart brings them: the release of the Gateway API is its choice.
    Definitions(
        ("gateway.networking.k8s.io", "gateway.envoyproxy.io"),
        "github.com/envoyproxy/gateway",
        TESTED_VERSIONS.envoy_gateway.version,
        "h1:PaOpud15v3kDCl3L5yc1TdYzggCMpRm1yRjNKmLkzHA=",
        ("charts/gateway-helm/charts/crds/crds",),
    ),
    Definitions(
        ("cert-manager.io", "acme.cert-manager.io"),
        "github.com/cert-manager/cert-manager",
        TESTED_VERSIONS.cert_manager.version,
        "h1:0LttV37Q5c2CBNoHkjuI8sLKTXWZDC2SwQkxrBMKV9w=",
        ("deploy/crds",),
    ),
    Definitions(
        ("argoproj.io",),
        "github.com/argoproj/argo-rollouts",
        "v1.9.0",
        "h1:bXgBpwCByXyAUcgBnyP0fxkSW2CEot78InTFjFlag5g=",
        ("manifests/crds",),
    ),
    Definitions(
        ("keda.sh", "eventing.keda.sh"),
        "github.com/kedacore/keda/v2",
        f"v{TESTED_VERSIONS.keda.version}",
        "h1:SR60v8uIcelbveS8n/1jcl8tLdBBIbHMxmdOHw8tKqA=",
        ("config/crd/bases",),
    ),
    Definitions(
        ("monitoring.coreos.com",),
        "github.com/prometheus-operator/prometheus-operator",
        "v0.93.1",
        "h1:4Juk8v93RdG1DSGD/mGp+SeQKPmnlLIj2iq3blLZgFY=",
        ("example/prometheus-operator-crd",),
        only=("podmonitors", "prometheusrules", "servicemonitors"),
    ),
    Definitions(
        ("karpenter.sh", "karpenter.k8s.aws"),
        "github.com/aws/karpenter-provider-aws",
        "v1.14.0",
        "h1:QVQ947vQKzxM87aDbpZBtUnlVRVcU75c/RMlgVyX7nc=",
        ("pkg/apis/crds",),
        differs="the go.mod of 1.15 asks for Go 1.26.10, newer than what most machines have; 1.14 for less",
    ),
    Definitions(
        ("policies.kyverno.io",),
        "github.com/kyverno/kyverno",
        "v1.19.1",
        "h1:/MkgFii3/VlQfKR1JpC9tVwNNVNQTt2S4U6qCsafsTU=",
        ("config/crds/policies.kyverno.io",),
        only=("imagevalidatingpolicies",),
    ),
    Definitions(
        ("leaderworkerset.x-k8s.io",),
        "sigs.k8s.io/lws",
        "v0.9.0",
        "h1:DcJCgxjjoGOx//QHZkeKpyiblxYq70aCRZNYSfykWyI=",
        ("config/crd/bases",),
        differs="the module proxy has no zip of 0.10",
    ),
)
"""What the stacks use and the module proxy has."""

STAND_INS = {
    "elbv2.k8s.aws": (
        "kubernetes-sigs/aws-load-balancer-controller tags v2 and v3 without a module path that says so: the proxy "
        "serves nothing newer than v1.1.9, of before the kind existed"
    ),
    "eks.amazonaws.com": "EKS Auto Mode brings its definitions itself; AWS publishes no module",
}
"""API group -> why there are no definitions. `stand_ins.yaml` has what the documents of AWS say of the fields that are
used here, so that an unknown one is refused; what the real definitions check beyond it stays unchecked."""


def definitions() -> list[dict[str, Any]]:
    """Every definition, as the API server takes it."""
    real = [one for entry in DEFINITIONS for one in _of(entry)]
    own = yaml.safe_load_all((Path(__file__).parent / "stand_ins.yaml").read_text(encoding="utf-8"))
    return [*real, *own]


@cache
def zip_folder(module: str, version: str, expected_sum: str = "") -> Path:
    """The unpacked zip of a module.

    Raises:
        RuntimeError: It cannot be had, or is not the one that is pinned.
    """
    result = subprocess.run(
        ["go", "mod", "download", "-json", f"{module}@{version}"],
        env=os.environ | {"GOFLAGS": "", "GOWORK": "off"},
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
    )
    said: dict[str, str] = json.loads(result.stdout or "{}")
    if result.returncode or "Dir" not in said:
        raise RuntimeError(f"{module} {version} cannot be had: {said.get('Error') or result.stderr}")
    if expected_sum and said["Sum"] != expected_sum:
        raise RuntimeError(f"{module} {version} has the hash {said['Sum']}, expected is {expected_sum}")
    return Path(said["Dir"])


def _of(entry: Definitions) -> Iterator[dict[str, Any]]:
    root = zip_folder(entry.module, entry.version, entry.sum)
    for folder in entry.folders:
        for file in sorted((root / folder).rglob("*.yaml")):
            for document in yaml.load_all(file.read_text(encoding="utf-8"), _Loader):
                if document and document["kind"] == _CRD and _is_wanted(entry, document["spec"]):
                    yield _clean(document)


def _is_wanted(entry: Definitions, spec: dict[str, Any]) -> bool:
    return spec["group"] in entry.groups and (not entry.only or spec["names"]["plural"] in entry.only)


def _clean(definition: dict[str, Any]) -> dict[str, Any]:
    """Without what needs a web hook that does not run here, or that only a served object has."""
    conversion = definition["spec"].get("conversion", {})
    if conversion.get("strategy") == "Webhook":
        definition["spec"].pop("conversion")
    definition.pop("status", None)
    definition["metadata"].pop("creationTimestamp", None)
    return definition
