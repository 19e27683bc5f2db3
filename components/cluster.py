"""The cluster of one region.

Owns the EKS control plane, who may administer it, its add-ons from AWS and its CPU node groups. Of a cluster that
is there already it owns the node groups only: control plane, access and add-ons are its owner's. Accelerators are
`components.gpu_node_group`; what runs in the cluster beyond AWS's own add-ons is `components.cluster_addons`.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final, NotRequired, Self, TypedDict

import pulumi
import pulumi_aws as aws
import pulumi_kubernetes as kubernetes
from pydantic import Field, model_validator

from components.eks_addons import AFTER_NODES, BEFORE_NODES, CONFIGURATION, NEEDS, addon_version
from components.iam import (
    CLUSTER_ROLE,
    PLATFORM,
    Condition,
    Statement,
    arn,
    create_role,
    managed_policy,
    partition,
    pod_identity_trust,
    role_name,
    service_trust,
    when_permitted,
)
from components.image_cache import cached_pull_statements
from components.log_retention import log_retention_days
from components.naming import NameRule, physical_name
from components.node_group import NodeGroup, NodeGroupConfigArgs
from components.options import child_options, parse_args, type_token
from serving.blueprint.environment import AccountId, AwsRegion, EksAddon, ExistingCluster, NodePurpose, ZoneName
from serving.blueprint.environment import NodeGroup as NodeGroupConfig
from serving.blueprint.schema.base import Section
from serving.blueprint.tags import TagKey

LOG_TYPES: Final = ("api", "audit", "authenticator", "controllerManager", "scheduler")
"""All logs that the control plane offers."""

_AUTO_MODE_NODE: Final = f"{PLATFORM}auto-mode-node"

AUTO_MODE_NODE_POOLS: Final = ("general-purpose", "system")
"""Node pools that EKS Auto Mode brings (pulumi-aws 7.51, eks.Cluster, compute_config); others are custom resources."""

# AWS Elastic Beanstalk developer guide, table of its EKS roles, read 2026-11
_AUTO_MODE_CLUSTER_POLICIES: Final = {
    "compute": "AmazonEKSComputePolicy",
    "storage": "AmazonEKSBlockStoragePolicy",
    "load-balancing": "AmazonEKSLoadBalancingPolicy",
    "networking": "AmazonEKSNetworkingPolicy",
}
_AUTO_MODE_NODE_POLICIES: Final = {
    "worker": "AmazonEKSWorkerNodeMinimalPolicy",
    "pull": "AmazonEC2ContainerRegistryPullOnly",
}

_KUBERNETES_API_VERSION: Final = "client.authentication.k8s.io/v1beta1"


class ExistingClusterArgs(TypedDict):
    """A cluster that is there already."""

    name: str
    """Its name."""
    endpoint: str
    """URL of its Kubernetes API."""
    certificate_authority: str
    """Certificate of its Kubernetes API, base64."""
    security_group_id: str
    """Security group that EKS gives to nodes and control plane."""
    node_role_arn: NotRequired[str]
    """Role of nodes that it has already; a new one is made by default."""


class ClusterArgs(TypedDict):
    """Arguments of `Cluster`."""

    environment: str
    """Environment; part of the cluster's name."""
    account_id: str
    """AWS account."""
    region: str
    """Region of the cluster."""
    version: str
    """Kubernetes version."""
    existing: NotRequired[ExistingClusterArgs]
    """A cluster that is there already; a new one is made by default."""
    auto_mode: NotRequired[bool]
    """Whether EKS starts nodes by itself, beside the node groups. Back only by hand: see `docs/environment.md`."""
    admin_role_arns: list[str]
    """Roles that administer the cluster, the one that deploys this stack included."""
    group_roles: NotRequired[dict[str, list[str]]]
    """Kubernetes groups -> roles whose people are in them; nobody but administrators gets in by default."""
    public_access_cidrs: list[str]
    """Who may reach the API endpoint from outside; with none it is private."""
    deletion_protection: bool
    """Whether EKS refuses to delete the cluster."""
    log_retention_days: int
    """How long control-plane logs are kept at least, days."""
    node_groups: list[NodeGroupConfigArgs]
    """Node groups; those with accelerators are left to `GpuNodeGroup`."""
    zones: list[str]
    """Zones of the subnets."""
    private_subnet_ids: list[pulumi.Input[str]]
    """Subnets of the nodes and of the control plane's interfaces."""
    key_arn: pulumi.Input[str]
    """Key that encrypts secrets, control-plane logs and volumes."""
    image_cache: NotRequired[bool]
    """Whether pulls of the nodes fill the environment's `ImageCache`; false by default."""
    backup_plan: NotRequired[str]
    """Class of backups of the cluster's objects and of the volumes that its claims hold; none by default."""
    provided_addons: NotRequired[list[str]]
    """AWS's own add-ons that somebody else brings, by name; not made then. None by default."""
    tags: dict[str, str]
    """Ownership tags."""


class ClusterSpec(Section):
    """The plain facts of `ClusterArgs`."""

    environment: str = Field(min_length=1)
    account_id: AccountId
    region: AwsRegion
    version: str = Field(pattern=r"^1\.\d{2}$")
    existing: ExistingCluster | None = None
    auto_mode: bool = False
    admin_role_arns: tuple[str, ...]
    group_roles: Mapping[str, tuple[str, ...]] = Field(default_factory=dict)
    public_access_cidrs: tuple[str, ...]
    deletion_protection: bool
    log_retention_days: int = Field(ge=1, le=3_653)
    node_groups: tuple[NodeGroupConfig, ...]
    zones: tuple[ZoneName, ...] = Field(min_length=2)
    image_cache: bool = False
    backup_plan: str | None = None
    provided_addons: tuple[EksAddon, ...] = ()
    tags: dict[str, str]

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.existing is not None and self.auto_mode:
            raise ValueError(f"auto_mode is the affair of whoever made cluster '{self.existing.name}'")
        return self


def cluster_name(environment: str, region: str) -> str:
    """Physical name of the cluster of a region."""
    return physical_name(NameRule.EKS_CLUSTER, environment, region)


def cluster_arn(name: str, region: str, account_id: str) -> str:
    """ARN of a cluster by its name, for trust policies of roles that are made before it."""
    return arn("eks", region, account_id, f"cluster/{name}")


class Cluster(pulumi.ComponentResource):
    """EKS control plane with access, add-ons, system and CPU node groups, or node groups for one that is there."""

    name: pulumi.Output[str]
    """Name of the cluster; whoever takes it waits for the cluster."""
    arn: pulumi.Output[str]
    """ARN of the cluster."""
    endpoint: pulumi.Output[str]
    """URL of the Kubernetes API."""
    certificate_authority: pulumi.Output[str]
    """Certificate of the Kubernetes API, base64."""
    kubeconfig: pulumi.Output[str]
    """How to reach the cluster; holds no credential, `aws eks get-token` gets one."""
    security_group_id: pulumi.Output[str]
    """Security group that EKS gives to nodes and control plane."""
    node_role_arn: pulumi.Output[str]
    """Role of the nodes; whoever takes it waits for its permissions."""
    ready_name: pulumi.Output[str]
    """Name of the cluster; whoever takes it waits for what nodes need to become ready."""

    def __init__(self, name: str, args: ClusterArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(type_token("Cluster"), name, None, opts)
        self._name = name
        self._args = args
        wiring = frozenset({"private_subnet_ids", "key_arn"})
        self._spec = parse_args(ClusterSpec, "Cluster", name, args, wiring)
        spec, existing = self._spec, self._spec.existing
        self.cluster_name: str = existing.name if existing else cluster_name(spec.environment, spec.region)
        self.cluster_arn: str = cluster_arn(self.cluster_name, spec.region, spec.account_id)
        if existing is None:
            self._set_outputs(self._create_control_plane())
        else:
            self._take_outputs(existing)
        self.kubeconfig = self._kubeconfig()
        access = [] if existing else self._create_access()
        self.kubernetes_provider: kubernetes.Provider = self._create_kubernetes_provider(access)
        self.addons: list[aws.eks.Addon] = [self._create_addon(addon, []) for addon in self._addons(BEFORE_NODES)]
        self.auto_mode_node_role_name = role_name(spec.environment, spec.region, _AUTO_MODE_NODE)
        self.ready_name = pulumi.Output.all(self.name, *[addon.cluster_name for addon in self.addons]).apply(_first)
        given = existing.node_role_arn if existing else None
        self.node_role_arn = pulumi.Output.from_input(given) if given else self._create_node_role()
        self.node_groups: list[NodeGroup] = self._create_node_groups()
        self.addons += self._create_late_addons()
        self.register_outputs({key: getattr(self, key) for key in Cluster.__annotations__})

    def _create_control_plane(self) -> aws.eks.Cluster:
        spec = self._spec
        log_group = self._create_log_group()
        return aws.eks.Cluster(
            f"{self._name}-cluster",
            name=self.cluster_name,
            version=spec.version,
            role_arn=self._create_cluster_role(),
            access_config={
                "authentication_mode": "API",
                "bootstrap_cluster_creator_admin_permissions": False,
            },
            bootstrap_self_managed_addons=False,
            vpc_config=self._vpc_config(),
            **self._auto_mode(),
            encryption_config={"provider": {"key_arn": self._args["key_arn"]}, "resources": ["secrets"]},
            enabled_cluster_log_types=list(LOG_TYPES),
            zonal_shift_config={"enabled": True},
            # no extended support: it costs six times as much (0.60 instead of 0.10 USD an hour; AWS containers blog,
            # "Amazon EKS extended support for Kubernetes versions pricing", read 2026-11) and hides that an upgrade
            # is due; without it, AWS upgrades the control plane when standard support ends
            upgrade_policy={"support_type": "STANDARD"},
            deletion_protection=spec.deletion_protection,
            region=spec.region,
            # on the cluster alone: nodes and their volumes come and go, and hold nothing
            tags=spec.tags | ({TagKey.BACKUP_PLAN: spec.backup_plan} if spec.backup_plan else {}),
            opts=child_options(self, stateful=True, depends_on=[log_group]),
        )

    def _vpc_config(self) -> aws.eks.ClusterVpcConfigArgsDict:
        config: aws.eks.ClusterVpcConfigArgsDict = {
            "subnet_ids": self._args["private_subnet_ids"],
            "endpoint_private_access": True,
            "endpoint_public_access": bool(self._spec.public_access_cidrs),
        }
        if self._spec.public_access_cidrs:
            config["public_access_cidrs"] = list(self._spec.public_access_cidrs)
        return config

    def _auto_mode(self) -> dict[str, Any]:
        """The three parts of EKS Auto Mode, which EKS takes only together; nothing of them without it."""
        if not self._spec.auto_mode:
            return {}
        return {
            "compute_config": {
                "enabled": True,
                "node_pools": list(AUTO_MODE_NODE_POOLS),
                "node_role_arn": self._create_auto_mode_node_role(),
            },
            "kubernetes_network_config": {"elastic_load_balancing": {"enabled": True}},
            "storage_config": {"block_storage": {"enabled": True}},
        }

    def _addons(self, addons: tuple[EksAddon, ...]) -> list[EksAddon]:
        """Those that are made: an existing cluster has its own, and nodes of Auto Mode have them built in."""
        if self._spec.existing is not None or not self._spec.node_groups:
            return []
        return [addon for addon in addons if addon not in self._spec.provided_addons]

    def _create_log_group(self) -> aws.cloudwatch.LogGroup:
        """Made before the cluster, or EKS would make it, without retention and key."""
        return aws.cloudwatch.LogGroup(
            f"{self._name}-control-plane-logs",
            name=physical_name(NameRule.LOG_GROUP, "/aws/eks", self.cluster_name, "cluster", separator="/"),
            retention_in_days=log_retention_days(self._spec.log_retention_days),
            kms_key_id=self._args["key_arn"],
            region=self._spec.region,
            tags=self._spec.tags,
            opts=child_options(self, stateful=True),
        )

    def _create_cluster_role(self) -> pulumi.Output[str]:
        spec = self._spec
        role, permissions = create_role(
            self,
            f"{self._name}-cluster-role",
            role_name(spec.environment, spec.region, CLUSTER_ROLE),
            description="Control plane of the cluster",
            trust=self._cluster_trust(),
            tags=spec.tags,
            statements=[
                Statement(
                    "EncryptSecrets",
                    ("kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:ListGrants"),
                    (self._args["key_arn"],),
                )
            ],
            managed_policy_arns={
                key: managed_policy(policy, spec.region)
                for key, policy in {
                    "eks": "AmazonEKSClusterPolicy",
                    **(_AUTO_MODE_CLUSTER_POLICIES if spec.auto_mode else {}),
                }.items()
            },
        )
        return when_permitted(role, permissions)

    def _cluster_trust(self) -> pulumi.Input[str]:
        """EKS itself; Auto Mode also tags its sessions."""
        actions = ("sts:AssumeRole", "sts:TagSession") if self._spec.auto_mode else ("sts:AssumeRole",)
        condition = Condition("StringEquals", "aws:SourceAccount", self._spec.account_id)
        return service_trust("eks.amazonaws.com", condition, actions=actions)

    def _take_outputs(self, existing: ExistingCluster) -> None:
        self.name = pulumi.Output.from_input(existing.name)
        self.arn = pulumi.Output.from_input(self.cluster_arn)
        self.endpoint = pulumi.Output.from_input(str(existing.endpoint))
        self.certificate_authority = pulumi.Output.from_input(existing.certificate_authority)
        self.security_group_id = pulumi.Output.from_input(existing.security_group_id)

    def _set_outputs(self, cluster: aws.eks.Cluster) -> None:
        self.name = cluster.name
        self.arn = cluster.arn
        self.endpoint = cluster.endpoint
        self.certificate_authority = cluster.certificate_authority.apply(lambda authority: str(authority.data))
        self.security_group_id = cluster.vpc_config.apply(lambda config: str(config.cluster_security_group_id))

    def _kubeconfig(self) -> pulumi.Output[str]:
        name = self.cluster_name
        exec_arguments = ["eks", "get-token", "--cluster-name", name, "--region", self._spec.region]
        user = {
            "apiVersion": _KUBERNETES_API_VERSION,
            "command": "aws",
            "args": [*exec_arguments, "--output", "json"],
            "interactiveMode": "Never",
        }
        cluster = {"server": self.endpoint, "certificate-authority-data": self.certificate_authority}
        return pulumi.Output.json_dumps(
            {
                "apiVersion": "v1",
                "kind": "Config",
                "clusters": [{"name": name, "cluster": cluster}],
                "users": [{"name": name, "user": {"exec": user}}],
                "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
                "current-context": name,
            },
            sort_keys=True,  # the SDK resolves mappings in any order
        )

    def _create_access(self) -> list[pulumi.Resource]:
        """Administrators by name: whoever created the cluster has no rights by that alone. Others by their groups."""
        created: list[pulumi.Resource] = []
        groups = self._groups_of_roles()
        others = sorted(set(groups) - set(self._spec.admin_role_arns))
        created += [self._create_access_entry(role, groups) for role in others]
        policy = f"arn:{partition(self._spec.region)}:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy"
        for role in self._spec.admin_role_arns:
            entry = self._create_access_entry(role, groups)
            association = aws.eks.AccessPolicyAssociation(
                f"{self._name}-admin-{_role_suffix(role)}",
                cluster_name=self.name,
                principal_arn=role,
                policy_arn=policy,
                access_scope={"type": "cluster"},
                region=self._spec.region,
                opts=child_options(self, depends_on=[entry]),
            )
            created.append(association)
        return created

    def _create_access_entry(self, role: str, groups: Mapping[str, Sequence[str]]) -> aws.eks.AccessEntry:
        return aws.eks.AccessEntry(
            f"{self._name}-access-{_role_suffix(role)}",
            cluster_name=self.name,
            principal_arn=role,
            kubernetes_groups=list(groups[role]) if role in groups else None,
            type="STANDARD",
            region=self._spec.region,
            tags=self._spec.tags,
            opts=child_options(self),
        )

    def _groups_of_roles(self) -> dict[str, list[str]]:
        """A role has one entry, whatever groups it is in."""
        found: dict[str, list[str]] = {}
        for group, roles in sorted(self._spec.group_roles.items()):
            for role in roles:
                found.setdefault(role, []).append(group)
        return found

    def _create_kubernetes_provider(self, access: list[pulumi.Resource]) -> kubernetes.Provider:
        return kubernetes.Provider(
            f"{self._name}-kubernetes",
            kubeconfig=self.kubeconfig,
            enable_server_side_apply=True,
            # without it, a new kubeconfig of the same cluster would look like another cluster
            cluster_identifier=self.cluster_arn,
            opts=child_options(self, depends_on=access),
        )

    def _create_late_addons(self) -> list[aws.eks.Addon]:
        """After the nodes that they run on, and after what brings their kinds."""
        made: dict[EksAddon, aws.eks.Addon] = {}
        for addon in self._addons(AFTER_NODES):
            needed = made.get(NEEDS[addon]) if addon in NEEDS else None
            made[addon] = self._create_addon(addon, [*self.node_groups, *([needed] if needed else [])])
        return list(made.values())

    def _create_addon(self, addon: EksAddon, after: list[pulumi.Resource]) -> aws.eks.Addon:
        configuration = CONFIGURATION.get(addon)
        return aws.eks.Addon(
            f"{self._name}-{addon.value}",
            cluster_name=self.name,
            addon_name=addon.value,
            addon_version=addon_version(self._spec.version, addon),
            configuration_values=json.dumps(configuration) if configuration else None,
            pod_identity_associations=self._addon_identity(addon),
            resolve_conflicts_on_create="OVERWRITE",
            resolve_conflicts_on_update="OVERWRITE",
            region=self._spec.region,
            tags=self._spec.tags,
            opts=child_options(self, depends_on=after),
        )

    def _addon_identity(self, addon: EksAddon) -> list[aws.eks.AddonPodIdentityAssociationArgsDict] | None:
        """The role of an add-on that calls AWS; the nodes' role is for nodes."""
        if addon is EksAddon.VPC_CNI:
            role = self._create_addon_role("cni", "AmazonEKS_CNI_Policy", [])
            return [{"service_account": "aws-node", "role_arn": role}]
        if addon is EksAddon.EBS_CSI_DRIVER:
            role = self._create_addon_role("ebs", "service-role/AmazonEBSCSIDriverPolicy", self._volume_statements())
            return [{"service_account": "ebs-csi-controller-sa", "role_arn": role}]
        return None

    def _create_addon_role(self, suffix: str, policy: str, statements: list[Statement]) -> pulumi.Output[str]:
        spec = self._spec
        role, permissions = create_role(
            self,
            f"{self._name}-{suffix}-role",
            role_name(spec.environment, spec.region, f"{PLATFORM}{suffix}"),
            description=f"Add-on of the cluster: {suffix}",
            trust=pod_identity_trust(spec.account_id, self.cluster_arn),
            tags=spec.tags,
            statements=statements,
            managed_policy_arns={"managed": managed_policy(policy, spec.region)},
        )
        return when_permitted(role, permissions)

    def _volume_statements(self) -> list[Statement]:
        key = (self._args["key_arn"],)
        use = (
            "kms:Decrypt",
            "kms:DescribeKey",
            "kms:GenerateDataKeyWithoutPlaintext",
            "kms:ReEncryptFrom",
            "kms:ReEncryptTo",
        )
        for_aws = Condition("Bool", "kms:GrantIsForAWSResource", "true")
        return [
            Statement("EncryptVolumes", use, key),
            Statement("GrantVolumes", ("kms:CreateGrant",), key, conditions=(for_aws,)),
        ]

    def _create_auto_mode_node_role(self) -> pulumi.Output[str]:
        """Nodes that EKS starts by itself: it changes their network and volumes from outside."""
        spec = self._spec
        role, permissions = create_role(
            self,
            f"{self._name}-auto-mode-node-role",
            role_name(spec.environment, spec.region, _AUTO_MODE_NODE),
            description="Nodes that EKS Auto Mode starts; pods have roles of their own",
            trust=service_trust("ec2.amazonaws.com"),
            tags=spec.tags,
            statements=self._cache_statements(),
            managed_policy_arns={
                key: managed_policy(policy, spec.region) for key, policy in _AUTO_MODE_NODE_POLICIES.items()
            },
        )
        return when_permitted(role, permissions)

    def _create_node_role(self) -> pulumi.Output[str]:
        spec = self._spec
        role, permissions = create_role(
            self,
            f"{self._name}-node-role",
            role_name(spec.environment, spec.region, f"{PLATFORM}node"),
            description="Nodes of the cluster; pods have roles of their own",
            trust=service_trust("ec2.amazonaws.com"),
            tags=spec.tags,
            statements=self._cache_statements(),
            managed_policy_arns={
                "worker": managed_policy("AmazonEKSWorkerNodePolicy", spec.region),
                "pull": managed_policy("AmazonEC2ContainerRegistryPullOnly", spec.region),
            },
        )
        return when_permitted(role, permissions)

    def _cache_statements(self) -> list[Statement]:
        spec = self._spec
        return cached_pull_statements(spec.environment, spec.region, spec.account_id) if spec.image_cache else []

    def _create_node_groups(self) -> list[NodeGroup]:
        return [
            self._create_node_group(group) for group in self._spec.node_groups if group.purpose is not NodePurpose.GPU
        ]

    def _create_node_group(self, group: NodeGroupConfig) -> NodeGroup:
        spec = self._spec
        given = next(given for given in self._args["node_groups"] if given["name"] == group.name)
        return NodeGroup(
            f"{self._name}-{group.name}",
            {
                "environment": spec.environment,
                "account_id": spec.account_id,
                "region": spec.region,
                "version": spec.version,
                "node_group": given,
                "zones": list(spec.zones),
                "cluster_name": self.ready_name,
                "node_role_arn": self.node_role_arn,
                "subnet_ids": self._args["private_subnet_ids"],
                "key_arn": self._args["key_arn"],
                "tags": spec.tags,
            },
            opts=child_options(self),
        )


def _role_suffix(role: str) -> str:
    """Account and name of a role; in a name whatever its path."""
    return f"{role.split(':')[4]}-{role.rpartition('/')[2]}"


def _first(values: list[str]) -> str:
    return values[0]
