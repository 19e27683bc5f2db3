"""The clusters: version, access and what each must have."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field, field_validator

from serving.blueprint.environment.scalars import RoleArn, network_of
from serving.blueprint.schema.base import HttpsUrl, Section
from serving.blueprint.versions import TESTED_VERSIONS


class EksAddon(StrEnum):
    """What every cluster must have of AWS's own add-ons."""

    VPC_CNI = "vpc-cni"
    KUBE_PROXY = "kube-proxy"
    POD_IDENTITY_AGENT = "eks-pod-identity-agent"
    COREDNS = "coredns"
    SNAPSHOT_CONTROLLER = "snapshot-controller"
    """Kinds of volume snapshots and what makes them; the driver of the volumes takes them."""
    EBS_CSI_DRIVER = "aws-ebs-csi-driver"
    METRICS_SERVER = "metrics-server"
    NODE_MONITORING_AGENT = "eks-node-monitoring-agent"


class Addon(StrEnum):
    """What a cluster must have beyond AWS's own add-ons."""

    KEDA = "keda"
    ARGO_ROLLOUTS = "argo-rollouts"
    ENVOY_GATEWAY = "envoy-gateway"
    PROMETHEUS = "prometheus"
    LOAD_BALANCER_CONTROLLER = "aws-load-balancer-controller"
    CERT_MANAGER = "cert-manager"
    CLUSTER_AUTOSCALER = "cluster-autoscaler"
    NVIDIA_DEVICE_PLUGIN = "nvidia-device-plugin"
    KARPENTER = "karpenter"
    KYVERNO = "kyverno"
    DCGM_EXPORTER = "dcgm-exporter"
    LEADER_WORKER_SET = "lws"
    EFA_DEVICE_PLUGIN = "aws-efa-k8s-device-plugin"
    FLUENT_BIT = "fluent-bit"
    OPENTELEMETRY_COLLECTOR = "opentelemetry-collector"


class Compute(StrEnum):
    """What nodes are made of."""

    NODE_GROUPS = "node-groups"
    """Managed node groups; beyond their fewest nodes the Cluster Autoscaler or Karpenter starts more."""
    AUTO_MODE = "auto-mode"
    """EKS Auto Mode: node groups keep their fewest nodes, and EKS starts what is beyond them."""


class NodeStarter(StrEnum):
    """What starts nodes beyond those that always run; one a cluster, or two would start nodes for the same pod."""

    CLUSTER_AUTOSCALER = "cluster-autoscaler"
    """Managed node groups grow up to their maximum."""
    KARPENTER = "karpenter"
    """Managed node groups keep their minimum; node pools of the same machines hold what is beyond it."""
    AUTO_MODE = "auto-mode"
    """As Karpenter, run by EKS outside of the cluster."""


class ExistingCluster(Section):
    """A cluster that is there already, by whatever other means."""

    name: str = Field(
        pattern=r"^[0-9A-Za-z][A-Za-z0-9_-]{0,99}$",  # botocore 1.44.5, eks, ClusterName
        description="Its name.",
    )
    endpoint: HttpsUrl = Field(description="URL of its Kubernetes API.")
    certificate_authority: str = Field(
        pattern=r"^[A-Za-z0-9+/]+={0,2}$", description="Certificate of its Kubernetes API, base64."
    )
    security_group_id: str = Field(
        pattern=r"^sg-[0-9a-f]{8,17}$", description="Security group that EKS gives to nodes and control plane."
    )
    node_role_arn: RoleArn | None = Field(
        default=None, description="Role of nodes that it has already; a new one is made by default."
    )


class Cluster(Section):
    """The clusters of the environment; one a serving region."""

    version: str = Field(
        default=TESTED_VERSIONS.kubernetes, pattern=r"^1\.\d{2}$", description="Kubernetes version (EKS)."
    )
    compute: Compute = Field(default=Compute.NODE_GROUPS, description="What starts nodes.")
    karpenter: bool = Field(
        default=False,
        description="Whether Karpenter starts the nodes beyond the fewest of each node group, instead of the Cluster "
        "Autoscaler.",
    )
    public_access_cidrs: tuple[str, ...] = Field(
        default=(), description="Who may reach the API endpoint from outside; nobody by default."
    )
    admin_role_arns: tuple[RoleArn, ...] = Field(default=(), description="Roles that may administer the clusters.")
    group_roles: dict[str, tuple[RoleArn, ...]] = Field(
        default_factory=dict,
        description="Groups of the clusters (owners of tenants, `governance.access.deploy` or a service's owner) -> "
        "roles whose people are in them; none where an identity provider of the cluster says so.",
    )
    provided_addons: tuple[Addon, ...] = Field(
        default=(), description="Add-ons that the clusters have already, by whatever other means; not installed."
    )
    provided_eks_addons: tuple[EksAddon, ...] = Field(
        default=(),
        description="Of AWS's own add-ons those that the clusters have already, by whatever other means; not made.",
    )

    @property
    def node_starter(self) -> NodeStarter:
        """What starts nodes beyond those that always run."""
        if self.compute is Compute.AUTO_MODE:
            return NodeStarter.AUTO_MODE
        return NodeStarter.KARPENTER if self.karpenter else NodeStarter.CLUSTER_AUTOSCALER

    @field_validator("version")
    @classmethod
    def _tested(cls, value: str) -> str:
        if value not in TESTED_VERSIONS.kubernetes_allowed:
            allowed = ", ".join(TESTED_VERSIONS.kubernetes_allowed)
            raise ValueError(f"Kubernetes {value} is not in the tested set; allowed: {allowed}")
        return value

    @field_validator("group_roles")
    @classmethod
    def _no_builtin_group(cls, value: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
        for group in value:
            if not group or group.startswith("system:"):
                raise ValueError(f"'{group}' is one of Kubernetes' own groups; state groups of your organisation")
        return value

    @field_validator("public_access_cidrs")
    @classmethod
    def _no_world(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for cidr in value:
            if network_of(cidr).prefixlen < 8:
                raise ValueError(f"'{cidr}' opens the API endpoint to a large part of the internet")
        return value
