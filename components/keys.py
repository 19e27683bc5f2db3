"""Encryption keys: one multi-region customer-managed key per data class, and one for the metrics of each region.

Owns the keys, their replicas, aliases, policies and grants. Who may use a key is decided twice: the key policy lets
the account's roles use it only through AWS services, and the IAM policy of a role must name the key; or a grant gives
one role named operations. A key that is there already is taken as it is, with its owner's policy. Keys of single
model services are not made here.
"""

from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import NotRequired, TypedDict

import pulumi
import pulumi_aws as aws
from pydantic import Field

from components.alert_topic import COST_PUBLISHERS, OPERATIONS_PUBLISHERS
from components.iam import CLUSTER_ROLE, Condition, Principals, Statement, arn, dns_suffix, policy_document, role_arn
from components.naming import NameRule, physical_name
from components.options import child_options, parse_args, type_token
from serving.blueprint.environment import AccountId, AwsRegion, KeyArn, RoleArn
from serving.blueprint.errors import InternalError
from serving.blueprint.schema.base import Name, Section
from serving.blueprint.tags import TagKey
from serving.blueprint.vocabulary import DataClass

DELETION_WINDOW_DAYS = 30
"""The longest that KMS offers: a deleted key takes all that it encrypts with it."""

ROTATION_PERIOD_DAYS = 365

# Read-only and reversible actions; destroying and disabling are for the administrators by name
_MANAGE_ACTIONS = (
    "kms:CreateAlias",
    "kms:DeleteAlias",
    "kms:DescribeKey",
    "kms:EnableKey",
    "kms:EnableKeyRotation",
    "kms:GetKeyPolicy",
    "kms:GetKeyRotationStatus",
    "kms:ListGrants",
    "kms:ListKeyPolicies",
    "kms:ListKeyRotations",
    "kms:ListResourceTags",
    "kms:PutKeyPolicy",
    "kms:ReplicateKey",
    "kms:RotateKeyOnDemand",
    "kms:TagResource",
    "kms:UntagResource",
    "kms:UpdateAlias",
    "kms:UpdateKeyDescription",
    "kms:UpdatePrimaryRegion",
)
_DESTROY_ACTIONS = (
    "kms:CancelKeyDeletion",
    "kms:DisableKey",
    "kms:DisableKeyRotation",
    "kms:RevokeGrant",
    "kms:ScheduleKeyDeletion",
)
_USE_ACTIONS = (
    "kms:Decrypt",
    "kms:DescribeKey",
    "kms:Encrypt",
    "kms:GenerateDataKey",
    "kms:GenerateDataKeyWithoutPlaintext",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
)
_GRANT_ACTIONS = ("kms:CreateGrant",)
# Grants made for a service are retired through it: Amazon ECR does when a repository goes (Amazon ECR user guide,
# "Encryption at rest", read 2026-11). Retiring has no `kms:GrantIsForAWSResource` to ask for.
_RETIRE_ACTIONS = ("kms:RetireGrant",)

# Services through which roles of the account use a key, by their names in kms:ViaService (docs/facts.md)
_VIA_SERVICES = ("backup", "dynamodb", "ec2", "ecr", "eks", "s3", "secretsmanager", "sns", "sqs")

# Amazon Managed Service for Prometheus refuses the ARN of a multi-region key: its API takes only the characters
# of a UUID after "key/", and a multi-region key's begins with "mrk-" (CreateWorkspace, "kmsKeyArn", read 2026-11).
_METRICS_SERVICES = ("aps",)
_METRICS = "metrics"

# Services that publish to encrypted topics in their own name (docs/facts.md)
_PUBLISHERS = tuple(sorted((*OPERATIONS_PUBLISHERS, *COST_PUBLISHERS)))

PLATFORM_CLASS = DataClass.INTERNAL
"""Data class of the platform's own data: node volumes, secrets of clusters, logs, topics, records of the audit."""

_EVERYTHING = ("*",)  # in a key policy: this key


class GrantOperation(StrEnum):
    """What may be granted (botocore 1.44.5, kms, GrantOperation; those of symmetric keys, and no further granting)."""

    DECRYPT = "Decrypt"
    DESCRIBE_KEY = "DescribeKey"
    ENCRYPT = "Encrypt"
    GENERATE_DATA_KEY = "GenerateDataKey"
    GENERATE_DATA_KEY_WITHOUT_PLAINTEXT = "GenerateDataKeyWithoutPlaintext"
    RE_ENCRYPT_FROM = "ReEncryptFrom"
    RE_ENCRYPT_TO = "ReEncryptTo"


class KeyGranteeArgs(TypedDict):
    """A role that may be granted the use of keys.

    Attributes:
        role_arn: The role; it need not exist yet.
        operations: What it may be granted, as `Decrypt`.
        data_classes: Of which keys.
    """

    role_arn: str
    operations: list[str]
    data_classes: list[str]


class KeyGrantArgs(TypedDict):
    """A grant: what a role may do with a key without a word of it in its own policies.

    Attributes:
        name: Name, unique among the grants.
        role_arn: The role.
        operations: What it may do, as `Decrypt`.
        data_class: With which key.
        regions: In which regions; in all by default.
    """

    name: str
    role_arn: str
    operations: list[str]
    data_class: str
    regions: NotRequired[list[str]]


class EncryptionKeysArgs(TypedDict):
    """Arguments of `EncryptionKeys`."""

    environment: str
    """Environment; part of the aliases."""
    account_id: str
    """AWS account."""
    home_region: str
    """Region of the primary keys."""
    regions: list[str]
    """All regions that need the keys, home region included."""
    data_classes: list[str]
    """Data classes; one key each."""
    metrics_regions: NotRequired[list[str]]
    """Regions that keep metrics: each gets a single-region key for them; none by default."""
    admin_role_arns: list[str]
    """Roles that may disable and delete keys. They must exist."""
    create_autoscaling_role: NotRequired[bool]
    """Whether to make the service-linked role of EC2 Auto Scaling, which key policies name. Needed in an
    account that never had an Auto Scaling group; false by default."""
    trail_arn: NotRequired[str]
    """Trail whose records the home region's key of internal data encrypts; none by default."""
    config_history: NotRequired[bool]
    """Whether AWS Config delivers to a bucket that the same key encrypts; false by default."""
    node_regions: NotRequired[list[str]]
    """Regions with node groups: there EC2 Auto Scaling encrypts volumes by the key of internal data; all by default."""
    existing: NotRequired[dict[str, dict[str, str]]]
    """Region -> data class -> key that is there already; nothing is made of it."""
    existing_metrics: NotRequired[dict[str, str]]
    """Region -> key of its metrics that is there already; nothing is made of it."""
    grants: NotRequired[list[KeyGrantArgs]]
    """Grants to roles from outside; they must exist."""
    grantees: NotRequired[list[KeyGranteeArgs]]
    """Roles that other components grant the use of keys; the key policies allow these grants and no others."""
    tags: dict[str, str]
    """Ownership tags."""


class KeyGranteeSpec(Section):
    """The validated form of `KeyGranteeArgs`."""

    role_arn: RoleArn
    operations: tuple[GrantOperation, ...] = Field(min_length=1)
    data_classes: tuple[DataClass, ...] = Field(min_length=1)


class KeyGrantSpec(Section):
    """The validated form of `KeyGrantArgs`."""

    name: Name
    role_arn: RoleArn
    operations: tuple[GrantOperation, ...] = Field(min_length=1)
    data_class: DataClass
    regions: tuple[AwsRegion, ...] | None = None

    def holds_in(self, region: str, data_class: DataClass) -> bool:
        """Whether the grant is about the key of a data class in a region."""
        return self.data_class is data_class and (self.regions is None or region in self.regions)


class EncryptionKeysSpec(Section):
    """The plain facts of `EncryptionKeysArgs`."""

    environment: str = Field(min_length=1)
    account_id: AccountId
    home_region: AwsRegion
    regions: tuple[AwsRegion, ...] = Field(min_length=1)
    data_classes: tuple[DataClass, ...] = Field(min_length=1)
    metrics_regions: tuple[AwsRegion, ...] = ()
    admin_role_arns: tuple[str, ...] = ()
    create_autoscaling_role: bool = False
    trail_arn: str | None = None
    config_history: bool = False
    node_regions: tuple[AwsRegion, ...] | None = None
    existing: dict[AwsRegion, dict[DataClass, KeyArn]] = Field(default_factory=dict)
    existing_metrics: dict[AwsRegion, KeyArn] = Field(default_factory=dict)
    grants: tuple[KeyGrantSpec, ...] = ()
    grantees: tuple[KeyGranteeSpec, ...] = ()
    tags: dict[str, str]


class EncryptionKeys(pulumi.ComponentResource):
    """Multi-region customer-managed keys, one per data class, with a replica and an alias in each region."""

    key_arns: dict[str, pulumi.Output[str]]
    """ARN by `<region>/<data class>`, and by `<region>/metrics`."""

    def __init__(self, name: str, args: EncryptionKeysArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(type_token("EncryptionKeys"), name, None, opts)
        self._name = name
        self._spec = parse_args(EncryptionKeysSpec, "EncryptionKeys", name, args)
        self.key_arns = {}
        self._autoscaling_role = self._create_autoscaling_role()
        for data_class in self._spec.data_classes:
            self._provide_key(data_class)
        for region in self._spec.metrics_regions:
            self._provide_metrics_key(region)
        self._create_grants()
        self.register_outputs({"key_arns": self.key_arns})

    def arn(self, region: str, data_class: str) -> pulumi.Output[str]:
        """ARN of the key of a data class in a region.

        Raises:
            InternalError: no such key was asked for.
        """
        return self._arn(region, data_class)

    def metrics_arn(self, region: str) -> pulumi.Output[str]:
        """ARN of the key of a region's metrics.

        Raises:
            InternalError: no such key was asked for.
        """
        return self._arn(region, _METRICS)

    def _arn(self, region: str, purpose: str) -> pulumi.Output[str]:
        try:
            return self.key_arns[f"{region}/{purpose}"]
        except KeyError:
            raise InternalError(
                f"there is no key for {purpose} in {region}; there are {sorted(self.key_arns)}"
            ) from None

    def alias(self, purpose: str) -> str:
        """Alias of the key of a data class, or of the metrics; the same in every region."""
        return physical_name(NameRule.KMS_ALIAS, f"alias/{self._spec.environment}", purpose, separator="/")

    def _create_autoscaling_role(self) -> list[pulumi.Resource]:
        if not self._spec.create_autoscaling_role:
            return []
        return [
            aws.iam.ServiceLinkedRole(
                f"{self._name}-autoscaling",
                aws_service_name="autoscaling.amazonaws.com",
                tags=self._spec.tags,
                opts=child_options(self, stateful=True),  # nodes of other stacks depend on it as well
            )
        ]

    def _provide_key(self, data_class: DataClass) -> None:
        """Take the keys that are there, or make them: a data class has them in every region or in none."""
        existing = {region: keys[data_class] for region, keys in self._spec.existing.items() if data_class in keys}
        for region, key_arn in existing.items():
            self.key_arns[f"{region}/{data_class.value}"] = pulumi.Output.from_input(key_arn)
        if not existing:
            self._create_key(data_class)

    def _provide_metrics_key(self, region: str) -> None:
        if region in self._spec.existing_metrics:
            self.key_arns[f"{region}/{_METRICS}"] = pulumi.Output.from_input(self._spec.existing_metrics[region])
        else:
            self._create_metrics_key(region)

    def _create_grants(self) -> None:
        spec = self._spec
        for grant in spec.grants:
            for region in grant.regions or spec.regions:
                aws.kms.Grant(
                    f"{self._name}-grant-{grant.name}-{region}",
                    name=f"{spec.environment}-{grant.name}",
                    key_id=self.arn(region, grant.data_class.value),
                    grantee_principal=grant.role_arn,
                    operations=[operation.value for operation in grant.operations],
                    region=region,
                    opts=child_options(self),
                )

    def _create_key(self, data_class: DataClass) -> None:
        spec = self._spec
        tags = spec.tags | {TagKey.DATA_CLASS: data_class.value}
        description = f"{spec.environment}: {data_class.value} data"
        primary = aws.kms.Key(
            f"{self._name}-{data_class.value}",
            description=description,
            multi_region=True,
            enable_key_rotation=True,
            rotation_period_in_days=ROTATION_PERIOD_DAYS,
            deletion_window_in_days=DELETION_WINDOW_DAYS,
            policy=self._policy(spec.home_region, data_class),
            region=spec.home_region,
            tags=tags,
            opts=child_options(self, stateful=True, depends_on=self._autoscaling_role),
        )
        self._register(spec.home_region, data_class.value, primary.arn)
        for region in spec.regions:
            if region != spec.home_region:
                replica = self._create_replica(region, data_class, primary, description, tags)
                self._register(region, data_class.value, replica.arn)

    def _create_replica(
        self, region: str, data_class: DataClass, primary: aws.kms.Key, description: str, tags: dict[str, str]
    ) -> aws.kms.ReplicaKey:
        # rotation is the primary's: replicas share its key material
        return aws.kms.ReplicaKey(
            f"{self._name}-{data_class.value}-{region}",
            primary_key_arn=primary.arn,
            description=description,
            deletion_window_in_days=DELETION_WINDOW_DAYS,
            policy=self._policy(region, data_class),
            region=region,
            tags=tags,
            opts=child_options(self, stateful=True),
        )

    def _create_metrics_key(self, region: str) -> None:
        spec = self._spec
        key = aws.kms.Key(
            f"{self._name}-{_METRICS}-{region}",
            description=f"{spec.environment}: metrics of {region}",
            multi_region=False,
            enable_key_rotation=True,
            rotation_period_in_days=ROTATION_PERIOD_DAYS,
            deletion_window_in_days=DELETION_WINDOW_DAYS,
            policy=policy_document([*self._administration(region), *self._use_through(region, _METRICS_SERVICES)]),
            region=region,
            tags=spec.tags | {TagKey.DATA_CLASS: DataClass.INTERNAL.value},
            opts=child_options(self, stateful=True),
        )
        self._register(region, _METRICS, key.arn)

    def _register(self, region: str, purpose: str, key_arn: pulumi.Output[str]) -> None:
        self.key_arns[f"{region}/{purpose}"] = key_arn
        aws.kms.Alias(
            f"{self._name}-{purpose}-{region}-alias",
            name=self.alias(purpose),
            target_key_id=key_arn,
            region=region,
            opts=child_options(self),
        )

    def _policy(self, region: str, data_class: DataClass) -> pulumi.Input[str]:
        statements = [
            *self._administration(region),
            *self._use_through(region, _VIA_SERVICES),
            *(self._use_by_nodes(region) if data_class is PLATFORM_CLASS else ()),
            *self._use_by_services(region),
            *(self._use_by_audit() if (region, data_class) == (self._spec.home_region, PLATFORM_CLASS) else ()),
            *self._grants_by_role(region, data_class),
        ]
        return policy_document(statements)

    def _administration(self, region: str) -> list[Statement]:
        """Managing for who has it in IAM; destroying for the named roles; using for neither."""
        spec = self._spec
        root = Principals.aws(arn("iam", "", spec.account_id, "root", within=region))
        manage = Statement("ManageThroughIam", _MANAGE_ACTIONS, _EVERYTHING, principals=root)
        if not spec.admin_role_arns:
            return [manage]
        administrators = Principals.aws(*spec.admin_role_arns)
        return [manage, Statement("DestroyByName", _DESTROY_ACTIONS, _EVERYTHING, principals=administrators)]

    def _account(self, region: str) -> tuple[Principals, Condition]:
        account_id = self._spec.account_id
        root = Principals.aws(arn("iam", "", account_id, "root", within=region))
        return root, Condition("StringEquals", "kms:CallerAccount", account_id)

    def _use_through(self, region: str, services: Sequence[str]) -> list[Statement]:
        """Whoever may in IAM, and only through these AWS services."""
        root, own_account = self._account(region)
        for_aws = Condition("Bool", "kms:GrantIsForAWSResource", "true")
        hosts = [f"{service}.{region}.{dns_suffix(region)}" for service in services]
        through = Condition("StringEquals", "kms:ViaService", *hosts)
        return [
            Statement(
                "UseThroughServices",
                (*_USE_ACTIONS, *_RETIRE_ACTIONS),
                _EVERYTHING,
                principals=root,
                conditions=(own_account, through),
            ),
            Statement(
                "GrantToServices",
                _GRANT_ACTIONS,
                _EVERYTHING,
                principals=root,
                conditions=(own_account, for_aws),
            ),
        ]

    def _use_by_cluster(self, region: str) -> Statement:
        """EKS encrypts secrets in the name of the cluster's role, through no other service."""
        root, own_account = self._account(region)
        cluster_role = role_arn(self._spec.environment, self._spec.account_id, region, region, CLUSTER_ROLE)
        return Statement(
            "EncryptClusterSecrets",
            ("kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:ListGrants"),
            _EVERYTHING,
            principals=root,
            conditions=(own_account, Condition("ArnEquals", "aws:PrincipalArn", cluster_role)),
        )

    def _use_by_services(self, region: str) -> list[Statement]:
        return [self._logs(region), self._topics(), self._log_delivery()]

    def _use_by_nodes(self, region: str) -> list[Statement]:
        """Clusters and their nodes, where there are any."""
        if self._spec.node_regions is not None and region not in self._spec.node_regions:
            return []
        return [self._use_by_cluster(region), *self._autoscaling(region)]

    def _autoscaling(self, region: str) -> list[Statement]:
        """Node volumes: the role of EC2 Auto Scaling has no permissions of its own on a customer's key.

        A statement and not a grant: a grant can't be bound to `kms:GrantIsForAWSResource`, node groups would have to
        wait for it, and the role must be there before either.
        """
        role = "role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling"
        principals = Principals.aws(arn("iam", "", self._spec.account_id, role, within=region))
        for_aws = Condition("Bool", "kms:GrantIsForAWSResource", "true")
        return [
            Statement("EncryptNodeVolumes", _USE_ACTIONS, _EVERYTHING, principals=principals),
            Statement("GrantNodeVolumes", _GRANT_ACTIONS, _EVERYTHING, principals=principals, conditions=(for_aws,)),
        ]

    def _logs(self, region: str) -> Statement:
        groups = arn("logs", region, self._spec.account_id, "log-group:*")
        return Statement(
            "EncryptLogGroups",
            _USE_ACTIONS,
            _EVERYTHING,
            principals=Principals.service(f"logs.{region}.{dns_suffix(region)}"),
            conditions=(Condition("ArnLike", "kms:EncryptionContext:aws:logs:arn", groups),),
        )

    def _topics(self) -> Statement:
        return Statement(
            "PublishToTopics",
            ("kms:Decrypt", "kms:GenerateDataKey"),
            _EVERYTHING,
            principals=Principals.service(*(f"{service}.amazonaws.com" for service in _PUBLISHERS)),
            conditions=(Condition("StringEquals", "aws:SourceAccount", self._spec.account_id),),
        )

    def _log_delivery(self) -> Statement:
        """Logs that AWS delivers to buckets or streams of ours."""
        return Statement(
            "DeliverLogs",
            ("kms:Decrypt", "kms:GenerateDataKey"),
            _EVERYTHING,
            principals=Principals.service("delivery.logs.amazonaws.com"),
            conditions=(Condition("StringEquals", "aws:SourceAccount", self._spec.account_id),),
        )

    def _use_by_audit(self) -> Iterator[Statement]:
        """Records of the whole account, which its services deliver to the home region."""
        if self._spec.trail_arn is not None:
            # without the encryption context that CloudTrail names: with a bucket key S3 puts the bucket's in its place
            yield Statement(
                "EncryptTrail",
                ("kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey"),
                _EVERYTHING,
                principals=Principals.service("cloudtrail.amazonaws.com"),
                conditions=(Condition("StringEquals", "aws:SourceArn", self._spec.trail_arn),),
            )
        if self._spec.config_history:
            yield Statement(
                "EncryptConfigurationHistory",
                ("kms:Decrypt", "kms:GenerateDataKey"),
                _EVERYTHING,
                principals=Principals.service("config.amazonaws.com"),
                conditions=(Condition("StringEquals", "aws:SourceAccount", self._spec.account_id),),
            )

    def _grants_by_role(self, region: str, data_class: DataClass) -> Iterator[Statement]:
        """Whoever may in IAM, and only to the named roles, and only what they need."""
        root, own_account = self._account(region)
        wanted: list[KeyGranteeSpec | KeyGrantSpec] = [
            *(grantee for grantee in self._spec.grantees if data_class in grantee.data_classes),
            *(grant for grant in self._spec.grants if grant.holds_in(region, data_class)),
        ]
        for index, grantee in enumerate(wanted):
            yield Statement(
                f"GrantToRole{index}",
                _GRANT_ACTIONS,
                _EVERYTHING,
                principals=root,
                conditions=(
                    own_account,
                    Condition("StringEquals", "kms:GranteePrincipal", grantee.role_arn),
                    Condition("ForAllValues:StringEquals", "kms:GrantOperations", *grantee.operations),
                ),
            )
