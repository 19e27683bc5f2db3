"""The backend that keeps Pulumi's own state: a bucket, the key of its secrets, and what brings both back.

Owns what `pulumi login` and `--secrets-provider` name, and what may use it. It is made by a stack of its own
(`bootstrap/`), before every other stack and apart from them: nothing that a stack destroys may hold that
stack's state. State is copied to a second region as it is written, kept in all its versions for a time, backed
up hourly, and its restore is tested.
"""

from typing import TypedDict

import pulumi
import pulumi_aws as aws
from pydantic import Field

from components.access_log_bucket import AccessLogBucket
from components.backup import Backup
from components.bucket import SecureBucket
from components.bucket_replication import Replication, create_replication
from components.iam import Condition, Statement, readable_policy
from components.keys import EncryptionKeys, GrantOperation
from components.naming import NameRule, physical_name
from components.options import child_options, parse_args, type_token
from serving.blueprint.environment import AccountId, AwsRegion, RoleArn
from serving.blueprint.schema.base import Section
from serving.blueprint.schema.recovery import BackupRule, StatefulPart
from serving.blueprint.tags import TagKey
from serving.blueprint.vocabulary import DataClass
from serving.planning.backups import HOUR, backup_class

_STATE, _SECRETS = DataClass.CONFIDENTIAL, DataClass.RESTRICTED
"""State is read by whoever may deploy; what its secrets are encrypted with is a key of its own."""

# As often as AWS Backup can, and continuously; the part names no store of a service, it only has to be one
_RULE = BackupRule(part=StatefulPart.MODEL_STORE, every_minutes=HOUR, retention_days=35, continuous=True)
_RESTORE_TEST_DAYS = 30
_SECRET_OPERATIONS = (GrantOperation.DECRYPT, GrantOperation.DESCRIBE_KEY, GrantOperation.ENCRYPT)


class StateBackendArgs(TypedDict):
    """Arguments of `StateBackend`."""

    environment: str
    """Short name of what the backend is for; part of physical names."""
    account_id: str
    """AWS account."""
    home_region: str
    """Region of the bucket."""
    replica_region: str
    """Region of its copy and of the copies of its backups."""
    operator_role_arns: list[str]
    """Roles that run Pulumi: they read and write the state and its secrets. They must exist."""
    admin_role_arns: list[str]
    """Roles that may disable and delete the keys. They must exist."""
    noncurrent_days: int
    """Days for which replaced and deleted versions of the state stay."""
    log_retention_days: int
    """Days after which access logs expire."""
    lock_changeable_for_days: int
    """Days in which the lock of the backup vaults can be taken back; afterwards nobody can."""
    tags: dict[str, str]
    """Ownership tags."""


class StateBackendSpec(Section):
    """The validated form of `StateBackendArgs`."""

    environment: str = Field(pattern=r"^[a-z][a-z0-9]{1,9}$")
    account_id: AccountId
    home_region: AwsRegion
    replica_region: AwsRegion
    operator_role_arns: tuple[RoleArn, ...] = Field(min_length=1)
    admin_role_arns: tuple[RoleArn, ...] = Field(min_length=1)
    noncurrent_days: int = Field(ge=30, le=36_500)
    log_retention_days: int = Field(ge=30, le=36_500)
    lock_changeable_for_days: int = Field(ge=3, le=36_500)
    tags: dict[str, str]


class StateBackend(pulumi.ComponentResource):
    """Where Pulumi keeps the state of the other stacks."""

    login_url: pulumi.Output[str]
    """What `pulumi login` takes."""
    secrets_provider: pulumi.Output[str]
    """What `pulumi stack init --secrets-provider` takes."""
    operator_policy_arn: pulumi.Output[str]
    """Policy for the roles that run Pulumi."""

    def __init__(self, name: str, args: StateBackendArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(type_token("StateBackend"), name, None, opts)
        self._spec = parse_args(StateBackendSpec, "StateBackend", name, args)
        self._name = name
        spec = self._spec
        self._regions = [spec.home_region, spec.replica_region]
        self.keys = self._create_keys()
        self.logs = {region: self._create_log_bucket(region) for region in self._regions}
        self.buckets = {region: self._create_bucket(region) for region in self._regions}
        self._create_replication()
        self._create_grants()
        self.backup = self._create_backup()
        home = self.buckets[spec.home_region]
        self.login_url = home.name.apply(lambda bucket: f"s3://{bucket}?region={spec.home_region}&awssdk=v2")
        alias = self.keys.alias(_SECRETS.value)
        self.secrets_provider = pulumi.Output.from_input(f"awskms://{alias}?region={spec.home_region}")
        self.operator_policy_arn = self._create_policy().arn
        self.register_outputs(
            {
                "login_url": self.login_url,
                "secrets_provider": self.secrets_provider,
                "operator_policy_arn": self.operator_policy_arn,
            }
        )

    def _key_arns(self, data_class: DataClass) -> dict[str, pulumi.Input[str]]:
        return {region: self.keys.arn(region, data_class.value) for region in self._regions}

    def _create_keys(self) -> EncryptionKeys:
        spec = self._spec
        return EncryptionKeys(
            f"{self._name}-keys",
            {
                "environment": spec.environment,
                "account_id": spec.account_id,
                "home_region": spec.home_region,
                "regions": self._regions,
                "data_classes": [_STATE.value, _SECRETS.value],
                "admin_role_arns": list(spec.admin_role_arns),
                "grantees": [
                    {
                        "role_arn": role,
                        "operations": [operation.value for operation in _SECRET_OPERATIONS],
                        "data_classes": [_SECRETS.value],
                    }
                    for role in spec.operator_role_arns
                ],
                "tags": spec.tags,
            },
            child_options(self),
        )

    def _create_log_bucket(self, region: str) -> AccessLogBucket:
        spec = self._spec
        return AccessLogBucket(
            f"{self._name}-logs-{region}",
            {
                "environment": spec.environment,
                "account_id": spec.account_id,
                "region": region,
                "retention_days": spec.log_retention_days,
                "tags": spec.tags,
            },
            child_options(self),
        )

    def _create_bucket(self, region: str) -> SecureBucket:
        """Without object lock: Pulumi rewrites state and deletes its own locks; versions keep what was."""
        spec = self._spec
        return SecureBucket(
            f"{self._name}-{region}",
            {
                "bucket": physical_name(NameRule.S3_BUCKET, spec.environment, spec.account_id, region, "state"),
                "account_id": spec.account_id,
                "region": region,
                "noncurrent_days": spec.noncurrent_days,
                "key_arn": self.keys.arn(region, _STATE.value),
                "log_bucket": self.logs[region].name,
                "tags": spec.tags | {TagKey.DATA_CLASS: _STATE.value, TagKey.BACKUP_PLAN: backup_class(_RULE)},
            },
            child_options(self),
        )

    def _create_replication(self) -> None:
        spec = self._spec
        replication = Replication(
            environment=spec.environment,
            purpose="state",
            source=self.buckets[spec.home_region],
            replicas=(self.buckets[spec.replica_region],),
            key_arns=self._key_arns(_STATE),
            tags=spec.tags,
        )
        create_replication(self, self._name, replication)

    def _create_grants(self) -> None:
        """Pulumi calls the key itself, through no other service; in both regions, so that a copy can be read."""
        for index, role in enumerate(self._spec.operator_role_arns):
            for region in self._regions:
                aws.kms.Grant(
                    f"{self._name}-secrets-{index}-{region}",
                    key_id=self.keys.arn(region, _SECRETS.value),
                    grantee_principal=role,
                    operations=[operation.value for operation in _SECRET_OPERATIONS],
                    region=region,
                    opts=child_options(self),
                )

    def _create_backup(self) -> Backup:
        spec = self._spec
        return Backup(
            f"{self._name}-backup",
            {
                "environment": spec.environment,
                "account_id": spec.account_id,
                "regions": [
                    {"name": region, "key_arn": self.keys.arn(region, _STATE.value)} for region in self._regions
                ],
                "copy_to": spec.replica_region,
                "plans": [
                    {
                        "name": backup_class(_RULE),
                        "every_minutes": _RULE.every_minutes,
                        "retention_days": _RULE.retention_days,
                        "continuous": _RULE.continuous,
                    }
                ],
                "restore_test_every_days": _RESTORE_TEST_DAYS,
                "lock_changeable_for_days": spec.lock_changeable_for_days,
                "tags": spec.tags,
            },
            child_options(self),
        )

    def _create_policy(self) -> aws.iam.Policy:
        spec = self._spec
        bucket = self.buckets[spec.home_region].bucket_arn
        through_s3 = Condition("StringEquals", "kms:ViaService", f"s3.{spec.home_region}.amazonaws.com")
        return aws.iam.Policy(
            f"{self._name}-operator-policy",
            name=physical_name(NameRule.IAM_POLICY, spec.environment, "state-operator"),
            description="Reads and writes Pulumi's state",
            policy=readable_policy(
                [
                    Statement("ListState", ("s3:ListBucket",), (bucket,)),
                    # deleting leaves the version; no role here may delete versions
                    Statement(
                        "KeepState", ("s3:DeleteObject", "s3:GetObject", "s3:PutObject"), (f"{bucket}/.pulumi/*",)
                    ),
                    Statement(
                        "UseKey",
                        ("kms:Decrypt", "kms:GenerateDataKey"),
                        (self.keys.arn(spec.home_region, _STATE.value),),
                        conditions=(through_s3,),
                    ),
                ]
            ),
            tags=spec.tags,
            opts=child_options(self),
        )
