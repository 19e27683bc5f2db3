"""The clusters: version, access and what each must have."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field, field_validator

from serving.blueprint.environment.scalars import RoleArn, network_of
from serving.blueprint.schema.base import Section
from serving.blueprint.versions import TESTED_VERSIONS


class Addon(StrEnum):
    """What a cluster must have."""

    KEDA = "keda"
    ARGO_ROLLOUTS = "argo-rollouts"
    ENVOY_GATEWAY = "envoy-gateway"
    PROMETHEUS = "prometheus"
    LOAD_BALANCER_CONTROLLER = "aws-load-balancer-controller"
    CERT_MANAGER = "cert-manager"
    CLUSTER_AUTOSCALER = "cluster-autoscaler"
    NVIDIA_DEVICE_PLUGIN = "nvidia-device-plugin"


class Cluster(Section):
    """The clusters of the environment; one a serving region."""

    version: str = Field(
        default=TESTED_VERSIONS.kubernetes, pattern=r"^1\.\d{2}$", description="Kubernetes version (EKS)."
    )
    public_access_cidrs: tuple[str, ...] = Field(
        default=(), description="Who may reach the API endpoint from outside; nobody by default."
    )
    admin_role_arns: tuple[RoleArn, ...] = Field(default=(), description="Roles that may administer the clusters.")

    provided_addons: tuple[Addon, ...] = Field(
        default=(), description="Add-ons that the clusters have already, by whatever other means; not installed."
    )

    @field_validator("version")
    @classmethod
    def _tested(cls, value: str) -> str:
        if value not in TESTED_VERSIONS.kubernetes_allowed:
            allowed = ", ".join(TESTED_VERSIONS.kubernetes_allowed)
            raise ValueError(f"Kubernetes {value} is not in the tested set; allowed: {allowed}")
        return value

    @field_validator("public_access_cidrs")
    @classmethod
    def _no_world(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for cidr in value:
            if network_of(cidr).prefixlen < 8:
                raise ValueError(f"'{cidr}' opens the API endpoint to a large part of the internet")
        return value
