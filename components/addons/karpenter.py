"""Karpenter: nodes beyond those that always run. Its roles and queue are `components.karpenter_prerequisites`."""

from typing import Any, Final

from components.addons.definition import (
    SYSTEM_NODES,
    AddonDefinition,
    AddonFacts,
    Scrape,
    replicas,
    resources,
)
from components.karpenter_prerequisites import SERVICE_ACCOUNT
from serving.blueprint.environment import Addon
from serving.blueprint.versions import TESTED_VERSIONS

_PODS: Final = {"app.kubernetes.io/name": "karpenter"}


def _values(facts: AddonFacts) -> dict[str, Any]:
    """On system nodes, which it never starts: it could not start what it needs itself."""
    return {
        "replicas": replicas(Addon.KARPENTER, "controller"),
        "serviceAccount": {"name": SERVICE_ACCOUNT},
        "nodeSelector": SYSTEM_NODES,
        "controller": {"resources": resources(Addon.KARPENTER, "controller")},
        "settings": {
            "clusterName": facts.cluster_name,
            # else it asks for the version and the address range of the cluster in vain
            "eksControlPlane": True,
            "interruptionQueue": facts.interruption_queue,
            # no node is started in a zone that traffic is being shifted away from
            "enableZonalShift": True,
        },
    }


DEFINITION: Final = AddonDefinition(
    addon=Addon.KARPENTER,
    chart=TESTED_VERSIONS.karpenter,
    values=_values,
    service_account=SERVICE_ACCOUNT,
    own_namespace=False,
    own_identity=False,
    api_groups=frozenset({"karpenter.sh", "karpenter.k8s.aws"}),
    scrapes=(Scrape("karpenter", _PODS, "http-metrics"),),
)
