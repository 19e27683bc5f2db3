"""The add-ons of a cluster that AWS makes and keeps: which there are, in which order, and what each is told.

Owns names, order, configuration and versions; the resources are `components.cluster`'s. What comes by Helm is
`components.addons`.
"""

from collections.abc import Mapping
from typing import Final

from serving.blueprint.environment import EksAddon
from serving.blueprint.errors import InternalError
from serving.blueprint.versions import TESTED_VERSIONS

BEFORE_NODES: Final = (EksAddon.VPC_CNI, EksAddon.KUBE_PROXY, EksAddon.POD_IDENTITY_AGENT)
"""What nodes need before they are ready."""

AFTER_NODES: Final = (
    EksAddon.COREDNS,
    EksAddon.SNAPSHOT_CONTROLLER,
    EksAddon.EBS_CSI_DRIVER,
    EksAddon.METRICS_SERVER,
    EksAddon.NODE_MONITORING_AGENT,
)
"""What needs nodes to run on."""

NEEDS: Final[Mapping[EksAddon, EksAddon]] = {
    # what takes the snapshots of the driver's volumes watches their kinds from its start; the controller brings them
    # (Amazon EKS user guide, "Enable snapshot functionality for CSI volumes", read 2026-11)
    EksAddon.EBS_CSI_DRIVER: EksAddon.SNAPSHOT_CONTROLLER
}
"""Add-on -> the one that brings its kinds."""

CONFIGURATION: Final[Mapping[EksAddon, Mapping[str, object]]] = {
    EksAddon.VPC_CNI: {
        "enableNetworkPolicy": "true",
        # prefixes instead of single addresses: a node starts its pods without waiting for EC2
        "env": {"ENABLE_PREFIX_DELEGATION": "true", "WARM_PREFIX_TARGET": "1"},
    },
    EksAddon.COREDNS: {"autoScaling": {"enabled": True, "minReplicas": 2, "maxReplicas": 10}},
}


def addon_version(kubernetes_version: str, addon: str) -> str:
    """The tested version of an add-on.

    Raises:
        InternalError: no version is recorded for this version of Kubernetes.
    """
    try:
        return TESTED_VERSIONS.eks_addons[kubernetes_version][addon]
    except KeyError:
        known = ", ".join(TESTED_VERSIONS.kubernetes_allowed)
        raise InternalError(f"no version of {addon} for Kubernetes {kubernetes_version}; recorded: {known}") from None
