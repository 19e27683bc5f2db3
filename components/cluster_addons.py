"""What a cluster must have before the first service comes: controllers, their namespaces, priority classes.

Owns the pinned Helm releases and their values, and the AWS permissions of those controllers that need any. Each
can be declared to be there already, by whatever other means; then nothing of it is made. Which versions go
together is `serving.blueprint.versions`.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from components.cluster import cluster_arn
from components.iam import PLATFORM, Condition, Statement, arn, create_role, pod_identity_trust, role_name
from components.lineage import annotations, labels
from components.manifest import (
    HelmRelease,
    KubernetesObject,
    create_object,
    create_release,
    declared_dependencies,
)
from components.namespaces import PodSecurity, namespace_manifest
from components.node_group import NODE_GROUP_LABEL
from components.node_labels import AUTO_MODE_LABEL, AUTO_MODE_VALUE, GPU_RESOURCE, IMAGE_LABEL, PURPOSE_LABEL
from components.options import child_options, parse_args, type_token
from components.priorities import priority_class_manifest
from components.rollout import GATEWAY_PLUGIN
from serving.blueprint.environment import Addon, NodeImage, NodePurpose
from serving.blueprint.schema.base import Name, Section
from serving.blueprint.schema.identity import Tier
from serving.blueprint.versions import TESTED_VERSIONS, Chart
from serving.telemetry.degradation import route_state

_CHARTS: Final = {
    Addon.KEDA: TESTED_VERSIONS.keda,
    Addon.ARGO_ROLLOUTS: TESTED_VERSIONS.argo_rollouts,
    Addon.ENVOY_GATEWAY: TESTED_VERSIONS.envoy_gateway,
    Addon.PROMETHEUS: TESTED_VERSIONS.prometheus,
    Addon.LOAD_BALANCER_CONTROLLER: TESTED_VERSIONS.load_balancer_controller,
    Addon.CERT_MANAGER: TESTED_VERSIONS.cert_manager,
    Addon.CLUSTER_AUTOSCALER: TESTED_VERSIONS.cluster_autoscaler,
    Addon.NVIDIA_DEVICE_PLUGIN: TESTED_VERSIONS.nvidia_device_plugin,
}

_SERVICE_ACCOUNTS: Final = {
    Addon.PROMETHEUS: "prometheus",
    Addon.LOAD_BALANCER_CONTROLLER: "aws-load-balancer-controller",
    Addon.CLUSTER_AUTOSCALER: "cluster-autoscaler",
}
"""Service accounts of the controllers that call AWS."""

_PROMETHEUS_SERVICE: Final = "prometheus"
_SCRAPE_SECONDS: Final = 15
_LOCAL_RETENTION_HOURS: Final = 12
"""Longer than any window that autoscaler and analyses ask for; history is kept in the managed workspace."""

_FIRST_PRIORITY: Final = 100
_LAST_PRIORITY: Final = 1
"""Of node groups: the first choices, and what is not ours."""

_SYSTEM_NODES: Final = {PURPOSE_LABEL: NodePurpose.SYSTEM.value}

_RESTRICTED: Final = {
    "allowPrivilegeEscalation": False,
    "readOnlyRootFilesystem": True,
    "capabilities": {"drop": ["ALL"]},
    "seccompProfile": {"type": "RuntimeDefault"},
}
"""Security context of containers whose chart states none, or a weaker one."""


_ROUTE_STATE: Final = {
    "customResourceState": {"enabled": True, "config": route_state()},
    "rbac": {
        "extraRules": [
            {"apiGroups": ["gateway.networking.k8s.io"], "resources": ["httproutes"], "verbs": ["list", "watch"]},
            {
                "apiGroups": ["apiextensions.k8s.io"],
                "resources": ["customresourcedefinitions"],
                "verbs": ["list", "watch"],
            },
        ]
    },
}
"""Values of kube-state-metrics by which it tells which rungs of degradation ladders are on."""


class ClusterAddonsArgs(TypedDict):
    """Arguments of `ClusterAddons`.

    Attributes:
        environment: Name of the environment.
        region: AWS region of the cluster.
        account_id: AWS account of the cluster.
        cluster_name: Name of the cluster.
        vpc_id: Network of the cluster.
        target_group_arns: Target groups that the load balancer controller may fill; none by default.
        remote_write_url: Where metrics are sent; they stay in the cluster by default.
        workspace_arn: Workspace behind `remote_write_url`; needed with it.
        gpu: Whether the NVIDIA device plugin must be installed. It keeps off nodes that bring one of their own.
        node_group_ranks: Names of managed node groups in the order in which nodes are asked of them: first choices,
            second choices, and so on. By default the one that wastes least.
        provided: What is there already, by name of the add-on.
        tags: Ownership tags.
    """

    environment: str
    region: str
    account_id: str
    cluster_name: str
    vpc_id: pulumi.Input[str]
    target_group_arns: NotRequired[list[pulumi.Input[str]]]
    remote_write_url: NotRequired[pulumi.Input[str]]
    workspace_arn: NotRequired[pulumi.Input[str]]
    gpu: bool
    node_group_ranks: NotRequired[list[list[str]]]
    provided: NotRequired[list[str]]
    tags: dict[str, str]


class ClusterAddonsSpec(Section):
    """The plain part of the arguments."""

    environment: str
    region: str
    account_id: str
    cluster_name: str
    gpu: bool
    node_group_ranks: tuple[tuple[Name, ...], ...] = ()
    provided: tuple[Addon, ...] = ()
    tags: dict[str, str]


WIRING = frozenset({"vpc_id", "target_group_arns", "remote_write_url", "workspace_arn"})


class ClusterAddons(pulumi.ComponentResource):
    """The platform layer of a cluster."""

    PROMETHEUS_URL = f"http://{_PROMETHEUS_SERVICE}.{TESTED_VERSIONS.prometheus.namespace}.svc.cluster.local"

    prometheus_url: pulumi.Output[str]
    """Where autoscaler and rollout analysis query metrics, inside the cluster."""

    def __init__(self, name: str, args: ClusterAddonsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(type_token("ClusterAddons"), name, None, opts)
        self._name, self._args = name, args
        self._spec = parse_args(ClusterAddonsSpec, "ClusterAddons", name, args, WIRING)
        self._labels = {"app.kubernetes.io/part-of": self._spec.cluster_name, **labels(self._spec.tags)}
        self._cluster = declared_dependencies(opts)
        self.namespaces: dict[str, KubernetesObject] = {}
        self.growth_role_names: list[pulumi.Output[str]] = []  # of what adds nodes
        self._releases: dict[Addon, HelmRelease] = {}
        for tier in Tier:
            self._create_priority_class(tier)
        for addon in self._wanted():
            self._releases[addon] = self._create_addon(addon)
        self.prometheus_url = pulumi.Output.from_input(self.PROMETHEUS_URL)
        self.register_outputs({"prometheus_url": self.prometheus_url})

    def release(self, addon: str) -> list[pulumi.Resource]:
        """What must exist before anything of the add-on's kinds; nothing if it is there already."""
        found = self._releases.get(Addon(addon))
        return [] if found is None else [found]

    @property
    def releases(self) -> list[pulumi.Resource]:
        """All releases that are made here."""
        return list(self._releases.values())

    def _wanted(self) -> list[Addon]:
        unwanted = {*self._spec.provided, *([] if self._spec.gpu else [Addon.NVIDIA_DEVICE_PLUGIN])}
        return [addon for addon in Addon if addon not in unwanted]

    def _create_priority_class(self, tier: Tier) -> None:
        manifest = priority_class_manifest(tier, self._labels)
        create_object(self, f"{self._name}-tier-{tier.value}", manifest, self._cluster)

    def _create_addon(self, addon: Addon) -> HelmRelease:
        chart = _CHARTS[addon]
        needed: list[pulumi.Resource] = [self._create_namespace(addon, chart)]
        if statements := self._statements(addon):
            needed += self._create_identity(addon, chart, statements)
        return create_release(self, f"{self._name}-{addon.value}", chart, self._values()[addon](), needed)

    def _create_namespace(self, addon: Addon, chart: Chart) -> KubernetesObject:
        # a device plugin registers itself with the kubelet through a directory of the node
        reaches_node = addon is Addon.NVIDIA_DEVICE_PLUGIN
        level = PodSecurity.PRIVILEGED if reaches_node else PodSecurity.RESTRICTED
        manifest = namespace_manifest(chart.namespace, self._labels, annotations(self._spec.tags), level)
        name = f"{self._name}-{addon.value}-namespace"
        self.namespaces[chart.namespace] = create_object(self, name, manifest, self._cluster)
        return self.namespaces[chart.namespace]

    def _create_identity(self, addon: Addon, chart: Chart, statements: Sequence[Statement]) -> list[pulumi.Resource]:
        """Role and association; the controller's pods must come after both to be given credentials."""
        spec = self._spec
        role, permissions = create_role(
            self,
            f"{self._name}-{addon.value}-role",
            role_name(spec.environment, spec.region, f"{PLATFORM}{addon.value}"),
            description=f"{addon.value} in cluster {spec.cluster_name}",
            trust=pod_identity_trust(spec.account_id, cluster_arn(spec.cluster_name, spec.region, spec.account_id)),
            tags=spec.tags,
            statements=statements,
        )
        if addon is Addon.CLUSTER_AUTOSCALER:
            self.growth_role_names.append(role.name)
        association = aws.eks.PodIdentityAssociation(
            f"{self._name}-{addon.value}-identity",
            region=spec.region,
            cluster_name=spec.cluster_name,
            namespace=chart.namespace,
            service_account=_SERVICE_ACCOUNTS[addon],
            role_arn=role.arn,
            tags=spec.tags,
            opts=child_options(self, depends_on=self._cluster),
        )
        return [association, *permissions]

    def _statements(self, addon: Addon) -> list[Statement]:
        if addon is Addon.PROMETHEUS and "workspace_arn" in self._args:
            return [Statement("WriteMetrics", ("aps:RemoteWrite",), (self._args["workspace_arn"],))]
        if addon is Addon.LOAD_BALANCER_CONTROLLER:
            return _binding_statements(self._args.get("target_group_arns", []))
        if addon is Addon.CLUSTER_AUTOSCALER:
            return _node_count_statements(self._spec)
        return []

    def _values(self) -> Mapping[Addon, Callable[[], dict[str, Any]]]:
        return {
            Addon.KEDA: _keda_values,
            Addon.ARGO_ROLLOUTS: _argo_rollouts_values,
            Addon.ENVOY_GATEWAY: _envoy_gateway_values,
            Addon.PROMETHEUS: self._prometheus_values,
            Addon.LOAD_BALANCER_CONTROLLER: self._load_balancer_controller_values,
            Addon.CERT_MANAGER: _cert_manager_values,
            Addon.CLUSTER_AUTOSCALER: self._cluster_autoscaler_values,
            Addon.NVIDIA_DEVICE_PLUGIN: _nvidia_device_plugin_values,
        }

    def _load_balancer_controller_values(self) -> dict[str, Any]:
        """Only to fill target groups: it makes no load balancer, and no rule of a security group."""
        return {
            "clusterName": self._spec.cluster_name,
            "region": self._spec.region,
            "vpcId": self._args["vpc_id"],
            "replicaCount": 2,
            "serviceAccount": {"name": _SERVICE_ACCOUNTS[Addon.LOAD_BALANCER_CONTROLLER]},
            "podSecurityContext": {"fsGroup": 65534, "runAsNonRoot": True},
            "securityContext": {"runAsNonRoot": True, **_RESTRICTED},
            "resources": _resources("100m", "256Mi"),
            "nodeSelector": _SYSTEM_NODES,
            "podDisruptionBudget": {"maxUnavailable": 1},
            # it would have to be up before any Service of the cluster can be created
            "enableServiceMutatorWebhook": False,
            "createIngressClassResource": False,
            "ingressClassParams": {"create": False},
            "enableBackendSecurityGroup": False,
            "enableShield": False,
            "enableWaf": False,
            "enableWafv2": False,
            "controllerConfig": {"featureGates": {"ALBGatewayAPI": False, "NLBGatewayAPI": False}},
            # else each upgrade makes a new certificate, and webhooks fail until all pods have it
            "keepTLSSecret": True,
        }

    def _cluster_autoscaler_values(self) -> dict[str, Any]:
        """The owner of node counts, between the bounds of each node group, which it finds by their tags."""
        return {
            "cloudProvider": "aws",
            "awsRegion": self._spec.region,
            "autoDiscovery": {"clusterName": self._spec.cluster_name},
            "fullnameOverride": Addon.CLUSTER_AUTOSCALER.value,
            # the second waits for the lease of the first
            "replicaCount": 2,
            "podDisruptionBudget": {"maxUnavailable": 1},
            "rbac": {"serviceAccount": {"name": _SERVICE_ACCOUNTS[Addon.CLUSTER_AUTOSCALER]}},
            # `runAsNonRoot` needs a number; 65534 is nobody
            "securityContext": {
                "runAsNonRoot": True,
                "runAsUser": 65534,
                "fsGroup": 65534,
                "seccompProfile": _RESTRICTED["seccompProfile"],
            },
            "containerSecurityContext": {"runAsNonRoot": True, **_RESTRICTED},
            "resources": _resources("100m", "1Gi"),
            "nodeSelector": _SYSTEM_NODES,
            **_order_values(self._spec.node_group_ranks),
            "extraArgs": {
                "expander": "priority,least-waste" if len(self._spec.node_group_ranks) > 1 else "least-waste",
                "balance-similar-node-groups": True,
                # else no two groups would ever be similar
                "balancing-ignore-label": NODE_GROUP_LABEL,
                "skip-nodes-with-system-pods": False,
                # every model server has an emptyDir with a copy of its model: its node would never be given back
                "skip-nodes-with-local-storage": False,
            },
        }

    def _prometheus_values(self) -> dict[str, Any]:
        """One server that autoscaler and analyses ask, and that sends everything on to the workspace."""
        server: dict[str, Any] = {
            "fullnameOverride": _PROMETHEUS_SERVICE,
            "global": {
                "scrape_interval": f"{_SCRAPE_SECONDS}s",
                "evaluation_interval": f"{_SCRAPE_SECONDS}s",
                "external_labels": {"cluster": self._spec.cluster_name, "region": self._spec.region},
            },
            "retention": f"{_LOCAL_RETENTION_HOURS}h",
            # what is lost with the pod is refilled within minutes; until then fallbacks hold
            "persistentVolume": {"enabled": False},
            "emptyDir": {"sizeLimit": "20Gi"},
            "resources": _resources("500m", "4Gi"),
            "nodeSelector": _SYSTEM_NODES,
            "containerSecurityContext": _RESTRICTED,
        }
        if "remote_write_url" in self._args:
            target = {"url": self._args["remote_write_url"], "sigv4": {"region": self._spec.region}}
            server["remoteWrite"] = [target]
        return {
            "server": server,
            "serviceAccounts": {"server": {"name": _SERVICE_ACCOUNTS[Addon.PROMETHEUS]}},
            "configmapReload": {
                "prometheus": {
                    "containerSecurityContext": _RESTRICTED,
                    "resources": _resources("10m", "64Mi"),
                }
            },
            # alerts are evaluated in the workspace; the node exporter needs the node's own namespaces
            "alertmanager": {"enabled": False},
            "prometheus-node-exporter": {"enabled": False},
            "prometheus-pushgateway": {"enabled": False},
            "kube-state-metrics": {
                "enabled": True,
                "nodeSelector": _SYSTEM_NODES,
                "resources": _resources("50m", "256Mi"),
                **_ROUTE_STATE,
            },
        }


def _binding_statements(target_group_arns: Sequence[pulumi.Input[str]]) -> list[Statement]:
    """What the controller needs to add and remove addresses of target groups, and nothing else.

    kubernetes-sigs/aws-load-balancer-controller 3.5.0, docs/deploy/installation.md, "Special IAM cases", read
    2026-11. The describing actions know no resources there.
    """
    describe = Statement(
        "Describe",
        (
            "ec2:DescribeInstances",
            "ec2:DescribeSecurityGroups",
            "ec2:DescribeVpcs",
            "elasticloadbalancing:DescribeTargetGroups",
            "elasticloadbalancing:DescribeTargetHealth",
        ),
        ("*",),
    )
    fill = Statement(
        "FillTargetGroups",
        (
            "elasticloadbalancing:DeregisterTargets",
            "elasticloadbalancing:ModifyTargetGroup",
            "elasticloadbalancing:ModifyTargetGroupAttributes",
            "elasticloadbalancing:RegisterTargets",
        ),
        tuple(target_group_arns),
    )
    return [describe, fill] if target_group_arns else [describe]


def _node_count_statements(spec: ClusterAddonsSpec) -> list[Statement]:
    """What the autoscaler needs to see all groups, and to resize those of its own cluster.

    kubernetes/autoscaler, tag cluster-autoscaler-1.35.2, cluster-autoscaler/cloudprovider/aws/README.md, read 2026-11,
    without launch configurations, which managed node groups have none of. The actions of `Describe` are
    granted on all resources there. EKS tags the Auto Scaling groups of managed node groups (Amazon EKS
    user guide, "Simplify node lifecycle with managed node groups").
    """
    cluster, here = spec.cluster_name, (spec.region, spec.account_id)
    describe = Statement(
        "Describe",
        (
            "autoscaling:DescribeAutoScalingGroups",
            "autoscaling:DescribeAutoScalingInstances",
            "autoscaling:DescribeScalingActivities",
            "ec2:DescribeImages",
            "ec2:DescribeInstanceTypes",
            "ec2:DescribeLaunchTemplateVersions",
            "ec2:GetInstanceTypesFromInstanceRequirements",
        ),
        ("*",),
    )
    # labels and taints of groups without nodes, as those of GPUs may be
    templates = Statement(
        "DescribeNodeGroups", ("eks:DescribeNodegroup",), (arn("eks", *here, f"nodegroup/{cluster}/*/*"),)
    )
    resize = Statement(
        "ResizeNodeGroups",
        ("autoscaling:SetDesiredCapacity", "autoscaling:TerminateInstanceInAutoScalingGroup"),
        (arn("autoscaling", *here, "autoScalingGroup:*:autoScalingGroupName/*"),),
        conditions=(Condition("StringEquals", f"aws:ResourceTag/k8s.io/cluster-autoscaler/{cluster}", "owned"),),
    )
    return [describe, templates, resize]


def _keda_values() -> dict[str, Any]:
    return {
        "image": {"pullPolicy": "IfNotPresent"},
        "operator": {"replicaCount": 2},
        "nodeSelector": _SYSTEM_NODES,
        # scales Rollouts only, and reads no secrets of tenants
        "rbac": {"scaledRefKinds": [{"apiGroup": "argoproj.io", "kind": "rollouts"}]},
        "permissions": {
            "operator": {"restrict": {"secret": True}},
            "metricServer": {"restrict": {"secret": True}},
        },
        "podDisruptionBudget": {"operator": {"maxUnavailable": 1}},
    }


def _argo_rollouts_values() -> dict[str, Any]:
    """The controller with its Gateway API traffic router, copied from its image before the controller starts."""
    plugin, folder = "rollouts-plugin-trafficrouter-gatewayapi", "/plugins"
    mount = {"name": "plugins", "mountPath": folder}
    routers = ("istio", "smi", "ambassador", "awsLoadBalancerController", "awsAppMesh", "traefik", "apisix")
    return {
        "controller": {
            "replicas": 2,
            "nodeSelector": _SYSTEM_NODES,
            "resources": _resources("100m", "512Mi"),
            "pdb": {"enabled": True, "maxUnavailable": 1},
            "metrics": {"enabled": True},
            "initContainers": [
                {
                    "name": "copy-plugin",
                    "image": TESTED_VERSIONS.rollouts_gateway_plugin,
                    "command": ["cp", f"/bin/{plugin}", f"{folder}/"],
                    "resources": _resources("50m", "64Mi"),
                    "securityContext": {"runAsNonRoot": True, **_RESTRICTED},
                    "volumeMounts": [mount],
                }
            ],
            "trafficRouterPlugins": [{"name": GATEWAY_PLUGIN, "location": f"file://{folder}/{plugin}"}],
            "volumes": [{"name": "plugins", "emptyDir": {"sizeLimit": "256Mi"}}],
            "volumeMounts": [mount],
        },
        "providerRBAC": {
            "providers": {
                **dict.fromkeys((*routers, "contour", "glooPlatform"), False),
                "gatewayAPI": True,
            }
        },
    }


def _envoy_gateway_values() -> dict[str, Any]:
    return {
        "deployment": {
            "replicas": 2,
            "priorityClassName": "system-cluster-critical",
            "pod": {"nodeSelector": _SYSTEM_NODES},
        },
        "podDisruptionBudget": {"minAvailable": 1},
    }


def _cert_manager_values() -> dict[str, Any]:
    return {
        "crds": {"enabled": True, "keep": True},
        "replicaCount": 2,
        "global": {
            "nodeSelector": _SYSTEM_NODES,
            "leaderElection": {"namespace": TESTED_VERSIONS.cert_manager.namespace},
        },
        "resources": _resources("50m", "256Mi"),
        "webhook": {"replicaCount": 2, "resources": _resources("50m", "128Mi")},
        "cainjector": {"resources": _resources("50m", "256Mi")},
        "startupapicheck": {"resources": _resources("10m", "64Mi")},
    }


def _order_values(ranks: Sequence[Sequence[str]]) -> dict[str, Any]:
    """Which node groups the autoscaler asks before which; the highest number is asked first.

    A group that no pattern names would never be asked (kubernetes/autoscaler, cluster-autoscaler/expander/priority,
    readme.md, read 2026-11). EKS calls the Auto Scaling group of a managed node group `eks-<name>-<id>`; the name
    has our prefix and a time of 18 digits.
    """
    if len(ranks) < 2:
        return {}
    priorities = {
        str(_FIRST_PRIORITY - rank): [f"^eks-{name}-[0-9]{{18}}" for name in names] for rank, names in enumerate(ranks)
    }
    return {"expanderPriorities": {**priorities, str(_LAST_PRIORITY): [".*"]}}


def _nvidia_device_plugin_values() -> dict[str, Any]:
    """On GPU nodes by our own label, but for those whose image or mode brings a plugin: two would fight for the GPUs.

    Bottlerocket's image for NVIDIA accelerators and EKS Auto Mode have one (Amazon EKS user guide, "Install Kubernetes
    device plugin for GPUs", read 2026-11). The chart's default waits for labels of a further add-on.
    """
    gpu_nodes = [
        {"key": PURPOSE_LABEL, "operator": "In", "values": [NodePurpose.GPU.value]},
        {"key": IMAGE_LABEL, "operator": "NotIn", "values": [NodeImage.BOTTLEROCKET.value]},
        {"key": AUTO_MODE_LABEL, "operator": "NotIn", "values": [AUTO_MODE_VALUE]},
    ]
    return {
        "affinity": {
            "nodeAffinity": {
                "requiredDuringSchedulingIgnoredDuringExecution": {
                    "nodeSelectorTerms": [{"matchExpressions": gpu_nodes}]
                }
            }
        },
        "tolerations": [{"key": GPU_RESOURCE, "operator": "Exists", "effect": "NoSchedule"}],
        "resources": _resources("50m", "128Mi"),
    }


def _resources(cpu: str, memory: str) -> dict[str, Any]:
    return {"requests": {"cpu": cpu, "memory": memory}, "limits": {"memory": memory}}
