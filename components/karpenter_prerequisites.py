"""What Karpenter needs of AWS before it is installed in a cluster.

Owns the role of its controller, the role and instance profile of the nodes that it starts, their access to the
cluster, and the queue by which it hears that nodes are about to go. Karpenter itself is one of the `ClusterAddons`;
what it may start is `components.node_pools`. Node classes name subnets and security group by id, so that nothing is
tagged for discovery.
"""

import json
from collections.abc import Mapping
from typing import Final, NotRequired, TypedDict

import pulumi
import pulumi_aws as aws
from pydantic import Field

from components.cluster import cluster_arn
from components.iam import (
    PLATFORM,
    Condition,
    Principals,
    Statement,
    arn,
    create_role,
    dns_suffix,
    managed_policy,
    plain_denial,
    pod_identity_trust,
    policy_document,
    role_arn,
    role_name,
    service_trust,
)
from components.image_cache import cached_pull_statements
from components.naming import NameRule, physical_name
from components.options import child_options, parse_args, type_token
from serving.blueprint.environment import AccountId, AwsRegion
from serving.blueprint.schema.base import Section

NAMESPACE: Final = "kube-system"
SERVICE_ACCOUNT: Final = "karpenter"
"""Where the controller runs, and as whom: the defaults of its documentation."""

# aws/karpenter-provider-aws, website/content/en/preview/getting-started/getting-started-with-karpenter/
# cloudformation.yaml, copy at 86aa1e6; the last one from configurations of public repositories; read 2026-11
_EVENTS: Final[Mapping[str, tuple[str, str]]] = {
    "health": ("aws.health", "AWS Health Event"),
    "spot": ("aws.ec2", "EC2 Spot Instance Interruption Warning"),
    "rebalance": ("aws.ec2", "EC2 Instance Rebalance Recommendation"),
    "state": ("aws.ec2", "EC2 Instance State-change Notification"),
    "reservation": ("aws.ec2", "EC2 Capacity Reservation Instance Interruption Warning"),
}
"""Rule -> source and detail type of the events that tell that a node is about to go."""

_MESSAGE_SECONDS: Final = 300  # the same template: news that is older helps nobody

_CONTROLLER: Final = f"{PLATFORM}karpenter"
_NODE: Final = f"{PLATFORM}karpenter-node"


class KarpenterPrerequisitesArgs(TypedDict):
    """Arguments of `KarpenterPrerequisites`."""

    environment: str
    """Environment; part of physical names."""
    account_id: str
    """AWS account."""
    region: str
    """Region of the cluster."""
    cluster_name: str
    """Name of the cluster, for permissions."""
    cluster: pulumi.Input[str]
    """Name of the cluster; access and identity wait for it."""
    image_cache: NotRequired[bool]
    """Whether nodes pull images of others through the account's cache; not by default."""
    key_arn: pulumi.Input[str]
    """Key that encrypts messages and the volumes of nodes."""
    tags: dict[str, str]
    """Ownership tags."""


class KarpenterPrerequisitesSpec(Section):
    """The plain facts of `KarpenterPrerequisitesArgs`."""

    environment: str = Field(min_length=1)
    account_id: AccountId
    region: AwsRegion
    cluster_name: str = Field(pattern=r"^[0-9A-Za-z][A-Za-z0-9_-]{0,99}$")
    image_cache: bool = False
    tags: dict[str, str]


class KarpenterPrerequisites(pulumi.ComponentResource):
    """Roles, access and interruption queue of Karpenter in one cluster."""

    controller_role_arn: pulumi.Output[str]
    """Role of the controller; its pods have it through EKS Pod Identity."""
    node_role_arn: pulumi.Output[str]
    """Role of the nodes that Karpenter starts."""
    instance_profile_name: pulumi.Output[str]
    """Instance profile of that role, for node classes: the controller may make none."""
    queue_name: pulumi.Output[str]
    """Queue of interruptions, for the controller's settings; known once the controller has its identity."""

    def __init__(self, name: str, args: KarpenterPrerequisitesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(type_token("KarpenterPrerequisites"), name, None, opts)
        self._name, self._args = name, args
        wiring = frozenset({"cluster", "key_arn"})
        self._spec = parse_args(KarpenterPrerequisitesSpec, "KarpenterPrerequisites", name, args, wiring)
        spec = self._spec
        self._cluster_arn = cluster_arn(spec.cluster_name, spec.region, spec.account_id)
        self._queue_name = physical_name(NameRule.SQS_QUEUE, spec.environment, spec.region, "karpenter")
        self._queue_arn = arn("sqs", spec.region, spec.account_id, self._queue_name)
        self.queue_name = self._create_queue().name
        self.node_role_arn = self._create_node_role()
        self.controller_role_arn = self._create_controller_role()
        self.register_outputs({key: getattr(self, key) for key in KarpenterPrerequisites.__annotations__})

    # Interruptions

    def _create_queue(self) -> aws.sqs.Queue:
        queue = aws.sqs.Queue(
            f"{self._name}-queue",
            name=self._queue_name,
            message_retention_seconds=_MESSAGE_SECONDS,
            kms_master_key_id=self._args["key_arn"],
            region=self._spec.region,
            tags=self._spec.tags,
            opts=child_options(self),
        )
        aws.sqs.QueuePolicy(
            f"{self._name}-queue-policy",
            queue_url=queue.url,
            policy=policy_document(self._queue_statements()),
            region=self._spec.region,
            opts=child_options(self),
        )
        for key, (source, detail_type) in _EVENTS.items():
            self._create_rule(key, source, detail_type, queue)
        return queue

    def _create_rule(self, key: str, source: str, detail_type: str, queue: aws.sqs.Queue) -> None:
        rule = aws.cloudwatch.EventRule(
            f"{self._name}-{key}",
            name=self._rule_name(key),
            description=f"Nodes about to go: {detail_type}",
            event_pattern=json.dumps({"source": [source], "detail-type": [detail_type]}),
            region=self._spec.region,
            tags=self._spec.tags,
            opts=child_options(self),
        )
        aws.cloudwatch.EventTarget(
            f"{self._name}-{key}-target",
            rule=rule.name,
            target_id="karpenter",
            arn=queue.arn,
            region=self._spec.region,
            opts=child_options(self),
        )

    def _rule_name(self, key: str) -> str:
        return physical_name(NameRule.EVENT_RULE, self._spec.environment, self._spec.region, "karpenter", key)

    def _queue_statements(self) -> list[Statement]:
        """Only these rules send, and nobody without TLS."""
        here = (self._spec.region, self._spec.account_id)
        rules = [arn("events", *here, f"rule/{self._rule_name(key)}") for key in _EVENTS]
        send = Statement(
            "SendInterruptions",
            ("sqs:SendMessage",),
            (self._queue_arn,),
            principals=Principals.service("events.amazonaws.com"),
            conditions=(Condition("ArnEquals", "aws:SourceArn", *rules),),
        )
        return [send, plain_denial("OnlyOverTls", ("sqs:*",), (self._queue_arn,))]

    # Nodes

    def _create_node_role(self) -> pulumi.Output[str]:
        spec = self._spec
        name = role_name(spec.environment, spec.region, _NODE)
        role, _ = create_role(
            self,
            f"{self._name}-node-role",
            name,
            description="Nodes that Karpenter starts; pods have roles of their own",
            trust=service_trust("ec2.amazonaws.com"),
            tags=spec.tags,
            statements=(
                cached_pull_statements(spec.environment, spec.region, spec.account_id) if spec.image_cache else []
            ),
            managed_policy_arns={
                "worker": managed_policy("AmazonEKSWorkerNodePolicy", spec.region),
                "pull": managed_policy("AmazonEC2ContainerRegistryPullOnly", spec.region),
            },
        )
        profile = aws.iam.InstanceProfile(
            f"{self._name}-node-profile", name=name, role=role.name, tags=spec.tags, opts=child_options(self)
        )
        aws.eks.AccessEntry(
            f"{self._name}-node-access",
            cluster_name=self._args["cluster"],
            principal_arn=role.arn,
            type="EC2_LINUX",
            region=spec.region,
            tags=spec.tags,
            opts=child_options(self),
        )
        self.instance_profile_name = profile.name
        return role.arn

    # Controller

    def _create_controller_role(self) -> pulumi.Output[str]:
        spec = self._spec
        role, permissions = create_role(
            self,
            f"{self._name}-controller-role",
            role_name(spec.environment, spec.region, _CONTROLLER),
            description=f"Karpenter in cluster {spec.cluster_name}",
            trust=pod_identity_trust(spec.account_id, self._cluster_arn),
            tags=spec.tags,
            statements=[*self._start_statements(), *self._end_statements(), *self._read_statements()],
        )
        self.growth_role_name: pulumi.Output[str] = role.name  # of what adds nodes
        identity = aws.eks.PodIdentityAssociation(
            f"{self._name}-controller-identity",
            cluster_name=self._args["cluster"],
            namespace=NAMESPACE,
            service_account=SERVICE_ACCOUNT,
            role_arn=role.arn,
            region=spec.region,
            tags=spec.tags,
            # pods that come before the permissions hold would be refused
            opts=child_options(self, depends_on=permissions),
        )
        # pods that come before their identity are given no credentials
        self.queue_name = pulumi.Output.all(self.queue_name, identity.association_id).apply(lambda both: str(both[0]))
        return role.arn

    def _ec2(self, *kinds: str) -> tuple[str, ...]:
        return tuple(arn("ec2", self._spec.region, self._spec.account_id, f"{kind}/*") for kind in kinds)

    @property
    def _owned(self) -> tuple[Condition, ...]:
        """What Karpenter made for this cluster."""
        return (
            Condition("StringEquals", f"aws:ResourceTag/kubernetes.io/cluster/{self._spec.cluster_name}", "owned"),
            Condition("StringLike", "aws:ResourceTag/karpenter.sh/nodepool", "*"),
        )

    @property
    def _tagged(self) -> tuple[Condition, ...]:
        """What is tagged for this cluster as it is made."""
        name = self._spec.cluster_name
        return (
            Condition("StringEquals", f"aws:RequestTag/kubernetes.io/cluster/{name}", "owned"),
            Condition("StringEquals", "aws:RequestTag/eks:eks-cluster-name", name),
            Condition("StringLike", "aws:RequestTag/karpenter.sh/nodepool", "*"),
        )

    def _start_statements(self) -> list[Statement]:
        """Starting nodes, with their volumes, tags and role.

        These and the next are the policies of Karpenter's own documentation (website/content/en/preview/
        getting-started/adding-karpenter-to-existing-eks/policies, copy at 1da9448, read 2026-11), narrowed to this
        account, to one role and to one instance profile: it need not make any.
        """
        launch = ("ec2:CreateFleet", "ec2:RunInstances")
        made = self._ec2(
            "fleet", "instance", "launch-template", "network-interface", "spot-instances-request", "volume"
        )
        images = tuple(arn("ec2", self._spec.region, "", f"{kind}/*") for kind in ("image", "snapshot"))
        # subnets may be shared by another account
        subnets = arn("ec2", self._spec.region, "*", "subnet/*")
        used = (*self._ec2("capacity-reservation", "placement-group", "security-group"), subnets)
        created = Condition("StringEquals", "ec2:CreateAction", "CreateFleet", "CreateLaunchTemplate", "RunInstances")
        return [
            Statement("LaunchFrom", launch, (*images, *used)),
            Statement("LaunchFromOwnTemplates", launch, self._ec2("launch-template"), conditions=self._owned),
            Statement("LaunchTagged", (*launch, "ec2:CreateLaunchTemplate"), made, conditions=self._tagged),
            Statement("TagWhatIsMade", ("ec2:CreateTags",), made, conditions=(*self._tagged, created)),
            self._pass_role(),
            *self._volume_statements(),
        ]

    def _pass_role(self) -> Statement:
        spec = self._spec
        node_role = role_arn(spec.environment, spec.account_id, spec.region, spec.region, _NODE)
        ec2 = f"ec2.{dns_suffix(spec.region)}"
        return Statement(
            "PassNodeRole",
            ("iam:PassRole",),
            (node_role,),
            conditions=(Condition("StringEquals", "iam:PassedToService", ec2),),
        )

    def _volume_statements(self) -> list[Statement]:
        key = (self._args["key_arn"],)
        through = Condition(
            "StringEquals", "kms:ViaService", f"ec2.{self._spec.region}.{dns_suffix(self._spec.region)}"
        )
        for_aws = Condition("Bool", "kms:GrantIsForAWSResource", "true")
        use = ("kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKeyWithoutPlaintext")
        return [
            Statement("EncryptVolumes", use, key, conditions=(through,)),
            Statement("GrantVolumes", ("kms:CreateGrant",), key, conditions=(through, for_aws)),
        ]

    def _end_statements(self) -> list[Statement]:
        """Naming and ending nodes that it started, and hearing which are about to end."""
        name = self._spec.cluster_name
        tags = ("Name", "eks:eks-cluster-name", "karpenter.sh/nodeclaim")
        only_these = (
            Condition("StringEqualsIfExists", "aws:RequestTag/eks:eks-cluster-name", name),
            Condition("ForAllValues:StringEquals", "aws:TagKeys", *tags),
        )
        delete = ("ec2:DeleteLaunchTemplate", "ec2:TerminateInstances")
        listen = ("sqs:DeleteMessage", "sqs:GetQueueUrl", "sqs:ReceiveMessage")
        through = Condition(
            "StringEquals", "kms:ViaService", f"sqs.{self._spec.region}.{dns_suffix(self._spec.region)}"
        )
        return [
            Statement(
                "TagOwnNodes", ("ec2:CreateTags",), self._ec2("instance"), conditions=(*self._owned, *only_these)
            ),
            Statement("EndOwnNodes", delete, self._ec2("instance", "launch-template"), conditions=self._owned),
            Statement("HearOfInterruptions", listen, (self._queue_arn,)),
            Statement("DecryptMessages", ("kms:Decrypt",), (self._args["key_arn"],), conditions=(through,)),
        ]

    def _read_statements(self) -> list[Statement]:
        spec = self._spec
        describe = (
            "ec2:DescribeCapacityReservations",
            "ec2:DescribeImages",
            "ec2:DescribeInstanceStatus",
            "ec2:DescribeInstanceTypeOfferings",
            "ec2:DescribeInstanceTypes",
            "ec2:DescribeInstances",
            "ec2:DescribeLaunchTemplates",
            "ec2:DescribePlacementGroups",
            "ec2:DescribeSecurityGroups",
            "ec2:DescribeSpotPriceHistory",
            "ec2:DescribeSubnets",
        )
        here = Condition("StringEquals", "aws:RequestedRegion", spec.region)
        profile = role_name(spec.environment, spec.region, _NODE)
        return [
            # the describing actions of EC2, the price list and the list of profiles know no resources
            Statement("Describe", describe, ("*",), conditions=(here,)),
            Statement("ReadPrices", ("pricing:GetProducts",), ("*",)),
            Statement("ListProfiles", ("iam:ListInstanceProfiles",), ("*",)),
            Statement(
                "ReadProfile",
                ("iam:GetInstanceProfile",),
                (arn("iam", "", spec.account_id, f"instance-profile/{profile}", within=spec.region),),
            ),
            Statement("FindImages", ("ssm:GetParameter",), (arn("ssm", spec.region, "", "parameter/aws/service/*"),)),
            Statement("FindCluster", ("eks:DescribeCluster",), (self._cluster_arn,)),
            # website/content/en/preview/getting-started/getting-started-with-karpenter, "Zonal Shift Onboarding", copy
            # at 1d92708, read 2026-11: no resource there but by this key
            Statement(
                "FollowZonalShifts",
                ("arc-zonal-shift:GetManagedResource",),
                ("*",),
                conditions=(Condition("StringEquals", "arc-zonal-shift:ResourceIdentifier", self._cluster_arn),),
            ),
        ]
