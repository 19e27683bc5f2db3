"""Cluster Autoscaler: the number of nodes between the bounds of each managed node group, where Karpenter is not."""

from collections.abc import Sequence
from typing import Any, Final

from components.addons.definition import (
    POD_SECURITY,
    RESTRICTED,
    SYSTEM_NODES,
    AddonDefinition,
    AddonFacts,
    replicas,
    resources,
)
from components.iam import Condition, Statement, arn
from components.node_group import NODE_GROUP_LABEL
from serving.blueprint.environment import Addon
from serving.blueprint.versions import TESTED_VERSIONS

_SERVICE_ACCOUNT: Final = "cluster-autoscaler"

_FIRST_PRIORITY: Final = 100
_LAST_PRIORITY: Final = 1
"""Of node groups: the first choices, and what is not ours."""


def _values(facts: AddonFacts) -> dict[str, Any]:
    """The owner of node counts, between the bounds of each node group, which it finds by their tags."""
    return {
        "cloudProvider": "aws",
        "awsRegion": facts.region,
        "autoDiscovery": {"clusterName": facts.cluster_name},
        "fullnameOverride": Addon.CLUSTER_AUTOSCALER.value,
        # the second waits for the lease of the first
        "replicaCount": replicas(Addon.CLUSTER_AUTOSCALER, "controller"),
        "podDisruptionBudget": {"maxUnavailable": 1},
        "rbac": {"serviceAccount": {"name": _SERVICE_ACCOUNT}},
        # `runAsNonRoot` needs a number; 65534 is nobody
        "securityContext": {**POD_SECURITY, "runAsUser": 65534, "fsGroup": 65534},
        "containerSecurityContext": {"runAsNonRoot": True, **RESTRICTED},
        "resources": resources(Addon.CLUSTER_AUTOSCALER, "controller"),
        "nodeSelector": SYSTEM_NODES,
        **_order_values(facts.node_group_ranks),
        "extraArgs": {
            "expander": "priority,least-waste" if len(facts.node_group_ranks) > 1 else "least-waste",
            "balance-similar-node-groups": True,
            # else no two groups would ever be similar
            "balancing-ignore-label": NODE_GROUP_LABEL,
            "skip-nodes-with-system-pods": False,
            # every model server has an emptyDir with a copy of its model: its node would never be given back
            "skip-nodes-with-local-storage": False,
        },
    }


def _statements(facts: AddonFacts) -> list[Statement]:
    """What the autoscaler needs to see all groups, and to resize those of its own cluster.

    kubernetes/autoscaler, tag cluster-autoscaler-1.35.2, cluster-autoscaler/cloudprovider/aws/README.md, read 2026-11,
    without launch configurations, which managed node groups have none of. The actions of `Describe` are
    granted on all resources there. EKS tags the Auto Scaling groups of managed node groups (Amazon EKS
    user guide, "Simplify node lifecycle with managed node groups").
    """
    cluster, here = facts.cluster_name, (facts.region, facts.account_id)
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


DEFINITION: Final = AddonDefinition(
    addon=Addon.CLUSTER_AUTOSCALER,
    chart=TESTED_VERSIONS.cluster_autoscaler,
    values=_values,
    service_account=_SERVICE_ACCOUNT,
    statements=_statements,
)
