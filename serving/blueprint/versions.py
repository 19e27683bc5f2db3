"""The tested version set: the one place that says which versions of what go together.

Components, policies, tests and documents read it from here. A version is added after the tests ran with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields


@dataclass(frozen=True, slots=True)
class Chart:
    """A pinned Helm chart.

    Attributes:
        name: Name of the chart; with an OCI repository, its last path segment.
        version: Version of the chart, not of what it installs.
        repository: URL of the chart repository, `https://` or `oci://`.
        namespace: Where it is installed.
        kubernetes: Minor version of Kubernetes that what it installs goes with; empty if it goes with all allowed.
    """

    name: str
    version: str
    repository: str
    namespace: str
    kubernetes: str = ""


@dataclass(frozen=True, slots=True)
class VersionSet:
    """Versions that are tested together.

    Attributes:
        kubernetes: Kubernetes minor version of new clusters.
        eks_addons: Minor version that a cluster may have -> add-on -> version.
        gateway_api: Release of the Gateway API whose CRDs the gateway brings.
        rollouts_gateway_plugin: Image of the traffic router by which Argo Rollouts moves Gateway API routes.
        node_images: Image of nodes -> alias by which Karpenter finds its release. Managed node groups follow EKS.
    """

    kubernetes: str
    eks_addons: Mapping[str, Mapping[str, str]]
    gateway_api: str
    rollouts_gateway_plugin: str
    node_images: Mapping[str, str]
    cert_manager: Chart
    keda: Chart
    argo_rollouts: Chart
    envoy_gateway: Chart
    prometheus: Chart
    load_balancer_controller: Chart
    cluster_autoscaler: Chart
    nvidia_device_plugin: Chart
    karpenter: Chart
    kyverno: Chart
    dcgm_exporter: Chart
    leader_worker_set: Chart
    efa_device_plugin: Chart
    fluent_bit: Chart
    opentelemetry_collector: Chart

    @property
    def namespaces(self) -> frozenset[str]:
        """Namespaces that the charts are installed in."""
        values = (getattr(self, one.name) for one in fields(self))
        return frozenset(value.namespace for value in values if isinstance(value, Chart))

    @property
    def kubernetes_allowed(self) -> tuple[str, ...]:
        """Minor versions that a cluster may have."""
        return tuple(self.eks_addons)

    @property
    def pod_security(self) -> str:
        """Version of the Pod Security Standards that namespaces are pinned to.

        The lowest allowed one: an older control plane takes a version that it does not know for `latest`.
        """
        return f"v{min(self.kubernetes_allowed)}"


# Chart versions: newest releases in each project's own repository, read 2026-11 from copies of 2026-07 to
# 2026-08 (the day of each chart's release stands beside it).
TESTED_VERSIONS = VersionSet(
    # Standard support ends on 2027-03-27 for 1.35; that of 1.34 ends on 2026-12-02, so it is no longer offered (Amazon
    # EKS user guide, "Amazon EKS Kubernetes release calendar"; endoflife.date/amazon-eks; read 2026-11). EKS has 1.36
    # too; no tests ran with it.
    kubernetes="1.35",
    # `aws eks describe-addon-versions` as public repositories recorded it in 2026-05, read 2026-11. AWS publishes no
    # list that could be read without an account: to be confirmed by the first `up`.
    eks_addons={
        "1.35": {
            "aws-ebs-csi-driver": "v1.59.0-eksbuild.1",
            "coredns": "v1.14.2-eksbuild.4",
            "eks-node-monitoring-agent": "v1.6.4-eksbuild.1",
            "eks-pod-identity-agent": "v1.3.10-eksbuild.3",
            "kube-proxy": "v1.35.3-eksbuild.5",
            "metrics-server": "v0.8.1-eksbuild.6",
            # recorded beside the versions of the three that store, measure and repair above, in the same list for 1.35
            "snapshot-controller": "v8.5.0-eksbuild.3",
            "vpc-cni": "v1.21.1-eksbuild.8",
        },
    },
    # envoyproxy/gateway v1.9.0, go.mod
    gateway_api="v1.6.1",
    # argoproj-labs/rollouts-plugin-trafficrouter-gatewayapi, tag of 2026-06-26; its workflow docker-publish.yaml
    # publishes an image under the name of the tag. Its digest could not be read, so that it is not pinned by one.
    rollouts_gateway_plugin="ghcr.io/argoproj-labs/rollouts-plugin-trafficrouter-gatewayapi:v0.15.0",
    # awslabs/amazon-eks-ami, CHANGELOG.md at 81fec2e (2026-07-23); bottlerocket-os/bottlerocket, release of 2026-07-29:
    # both have images for 1.35
    node_images={"al2023": "al2023@v20260714", "bottlerocket": "bottlerocket@v1.64.0"},
    # cert-manager/cert-manager, tag of 2026-07-29; charts carry the version of the release
    cert_manager=Chart("cert-manager", "v1.21.1", "https://charts.jetstack.io", "cert-manager"),
    # kedacore/charts, keda/Chart.yaml of 2026-07-31 (KEDA 2.20.2)
    keda=Chart("keda", "2.20.2", "https://kedacore.github.io/charts", "keda"),
    # argoproj/argo-helm, charts/argo-rollouts/Chart.yaml of 2026-06-05 (Argo Rollouts 1.9.0)
    argo_rollouts=Chart("argo-rollouts", "2.41.0", "https://argoproj.github.io/argo-helm", "argo-rollouts"),
    # envoyproxy/gateway, tag of 2026-08-15
    envoy_gateway=Chart("gateway-helm", "v1.9.0", "oci://docker.io/envoyproxy", "envoy-gateway-system"),
    # prometheus-community/helm-charts, charts/kube-prometheus-stack/Chart.yaml of 2026-08-22 (operator 0.93.1,
    # Prometheus 3.14.0)
    prometheus=Chart(
        "kube-prometheus-stack", "88.5.3", "https://prometheus-community.github.io/helm-charts", "monitoring"
    ),
    # kubernetes-sigs/aws-load-balancer-controller, Chart.yaml of 2026-08-03 (controller 3.5.0)
    load_balancer_controller=Chart(
        "aws-load-balancer-controller", "3.5.0", "https://aws.github.io/eks-charts", "aws-load-balancer"
    ),
    # kubernetes/autoscaler, tag cluster-autoscaler-chart-9.59.0 of 2026-07-21 (Cluster Autoscaler 1.35.0; its minor
    # version is that of the cluster)
    cluster_autoscaler=Chart(
        "cluster-autoscaler",
        "9.59.0",
        "https://kubernetes.github.io/autoscaler",
        "cluster-autoscaler",
        kubernetes="1.35",
    ),
    # NVIDIA/k8s-device-plugin, tag of 2026-08-19
    nvidia_device_plugin=Chart(
        "nvidia-device-plugin", "0.20.0", "https://nvidia.github.io/k8s-device-plugin", "nvidia-device-plugin"
    ),
    # kubernetes-sigs/lws, tag of 2026-08-11
    leader_worker_set=Chart("lws", "0.10.0", "oci://registry.k8s.io/lws/charts", "lws-system"),
    # aws/eks-charts, stable/aws-efa-k8s-device-plugin/Chart.yaml of 2026-07-21 (plugin 0.5.20)
    efa_device_plugin=Chart(
        "aws-efa-k8s-device-plugin", "v0.5.30", "https://aws.github.io/eks-charts", "efa-device-plugin"
    ),
    # github.com/aws/karpenter-provider-aws v1.15.1 at the module proxy; charts carry the version of the release
    karpenter=Chart("karpenter", "1.15.1", "oci://public.ecr.aws/karpenter", "kube-system"),
    # kyverno/kyverno, charts/kyverno at v1.19; that 3.9.1 is the chart of v1.19.1 stands in lists of installed releases
    # of public repositories (2026-09)
    kyverno=Chart("kyverno", "3.9.1", "https://kyverno.github.io/kyverno", "kyverno"),
    # NVIDIA/dcgm-exporter, deployment/Chart.yaml of 2026-05-12 (DCGM 4.5.3)
    dcgm_exporter=Chart(
        "dcgm-exporter", "4.8.2", "https://nvidia.github.io/dcgm-exporter/helm-charts", "dcgm-exporter"
    ),
    # fluent/helm-charts, charts/fluent-bit/Chart.yaml of 2026-08-18 (Fluent Bit 5.1.1)
    fluent_bit=Chart("fluent-bit", "0.58.1", "https://fluent.github.io/helm-charts", "fluent-bit"),
    # open-telemetry/opentelemetry-helm-charts, charts/opentelemetry-collector/Chart.yaml of 2026-08-20 (0.158.0)
    opentelemetry_collector=Chart(
        "opentelemetry-collector",
        "0.170.0",
        "https://open-telemetry.github.io/opentelemetry-helm-charts",
        "opentelemetry",
    ),
)
