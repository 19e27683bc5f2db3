"""AWS Load Balancer Controller: the gateway's pods are the targets of the region's load balancer."""

from collections.abc import Sequence
from typing import Any, Final

import pulumi

from components.addons.definition import (
    CRITICAL,
    POD_SECURITY,
    RESTRICTED,
    SYSTEM_NODES,
    AddonDefinition,
    AddonFacts,
    replicas,
    resources,
)
from components.iam import Statement
from serving.blueprint.environment import Addon
from serving.blueprint.versions import TESTED_VERSIONS

_SERVICE_ACCOUNT: Final = "aws-load-balancer-controller"


def _values(facts: AddonFacts) -> dict[str, Any]:
    """Only to fill target groups: it makes no load balancer, and no rule of a security group."""
    return {
        "clusterName": facts.cluster_name,
        "region": facts.region,
        "vpcId": facts.vpc_id,
        "replicaCount": replicas(Addon.LOAD_BALANCER_CONTROLLER, "controller"),
        "serviceAccount": {"name": _SERVICE_ACCOUNT},
        "podSecurityContext": {"fsGroup": 65534, **POD_SECURITY},
        "securityContext": {"runAsNonRoot": True, **RESTRICTED},
        "resources": resources(Addon.LOAD_BALANCER_CONTROLLER, "controller"),
        "nodeSelector": SYSTEM_NODES,
        "priorityClassName": CRITICAL,
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


def _statements(facts: AddonFacts) -> list[Statement]:
    return _binding_statements(facts.target_group_arns)


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


DEFINITION: Final = AddonDefinition(
    addon=Addon.LOAD_BALANCER_CONTROLLER,
    chart=TESTED_VERSIONS.load_balancer_controller,
    values=_values,
    service_account=_SERVICE_ACCOUNT,
    statements=_statements,
    api_groups=frozenset({"elbv2.k8s.aws"}),
)
