"""Backups of everything that holds data, in every region, and the proof that they can be restored.

Owns vaults, plans, selections, copies to the recovery region and restore tests. What is backed up says its
own tag: a stateful resource that carries `TagKey.BACKUP_PLAN` is selected by the plan of that name.
Point-in-time recovery that a store keeps itself (DynamoDB) is switched on by the store's component.
"""

from collections.abc import Sequence
from typing import Any, NotRequired, TypedDict

import pulumi
import pulumi_aws as aws
from pydantic import Field, model_validator

from components.iam import (
    BACKUP_ROLE,
    Condition,
    Statement,
    arn,
    create_role,
    denial,
    managed_policy,
    policy_document,
    role_name,
    service_trust,
)
from components.naming import NameRule, physical_name
from components.options import child_options, parse_args, type_token
from serving.blueprint.environment import AccountId, AwsRegion, KeyArn
from serving.blueprint.environment.backup import VaultArn
from serving.blueprint.schema import Blueprint
from serving.blueprint.schema.base import Days, Minutes, Section
from serving.blueprint.tags import TagKey
from serving.planning.backups import (
    AIR_GAP_MIN_DAYS,
    HOUR,
    START_WINDOW_MINUTES,
    air_gapped_classes,
    restore_schedule,
    rules_by_class,
    schedule,
)

# At another time than the snapshots: of two rules that start together only one would make a backup.
_CONTINUOUS_SCHEDULE = "cron(30 1 * * ? *)"
# Longest that AWS Backup keeps continuous backups (developer guide, "Changing your retention period", read 2026-11)
CONTINUOUS_DAYS = 35
# Both maps of a region hold more than what is named here; AWS answers with all of it
_REGION_MAPS = ("resource_type_opt_in_preference", "resource_type_management_preference")
# Names of botocore 1.44.5, backup, GetSupportedResourceTypesOutput. A backup of EKS holds the volumes of its claims.
_OPTED_IN = ("DynamoDB", "EBS", "EKS", "S3")
# Restore testing knows no EKS (botocore 1.44.5, backup, RestoreTestingSelectionForCreate): restoring one is a drill
_RESTORED_TYPES = ("DynamoDB", "S3")
_RESTORE_WINDOW_DAYS = 30
_VALIDATION_HOURS = 4

# The bounds of a blueprint's own `retention_days`: a compliance lock can't be widened later, so it must not
# refuse what a valid blueprint may ask for. What a recovery point was promised is enforced in any case.
_LOCK_MIN_DAYS, _LOCK_MAX_DAYS = 1, 3_650

_FAILURE_EVENTS = ("BACKUP_JOB_FAILED", "BACKUP_JOB_EXPIRED", "COPY_JOB_FAILED", "S3_BACKUP_OBJECT_FAILED")
_MANAGED_POLICIES = {
    "backup": "service-role/AWSBackupServiceRolePolicyForBackup",
    "restore": "service-role/AWSBackupServiceRolePolicyForRestores",
    "s3-backup": "AWSBackupServiceRolePolicyForS3Backup",
    "s3-restore": "AWSBackupServiceRolePolicyForS3Restore",
}


class BackupRegionArgs(TypedDict):
    """One region with data or copies.

    Attributes:
        name: AWS region.
        key_arn: Key of the region's vault.
        alert_topic_arn: Topic that is told of failed jobs.
    """

    name: str
    key_arn: pulumi.Input[str]
    alert_topic_arn: NotRequired[pulumi.Input[str]]


class BackupPlanArgs(TypedDict):
    """One class of backups.

    Attributes:
        name: Name of the class; the value of `TagKey.BACKUP_PLAN` on what it covers.
        every_minutes: Longest time between two backups.
        retention_days: How long a backup is kept.
        continuous: Whether stores that can are also backed up continuously.
        air_gapped: Whether its backups are also copied to the air-gapped vault; false by default.
    """

    name: str
    every_minutes: int
    retention_days: int
    continuous: NotRequired[bool]
    air_gapped: NotRequired[bool]


class BackupArgs(TypedDict):
    """Arguments of `Backup`.

    Attributes:
        environment: Short name of the environment.
        account_id: AWS account.
        regions: Regions with data, and the region of the copies.
        copy_to: Region that holds copies; no copies by default.
        copy_vault_arns: Vaults in other accounts that get a copy, too; none by default. Their policies must admit
            this account, and both accounts must belong to one organisation.
        air_gap_key_arn: Key of the air-gapped vault, best one that another account administers; by default a key of
            AWS, which nobody in this account can withdraw.
        manage_region_settings: Whether to opt the regions in to what is backed up: a setting of the account,
            which one stack of it makes; false by default.
        plans: Classes of backups.
        restore_test_every_days: Longest time between two restore tests.
        lock_changeable_for_days: Days in which the vault lock can be taken back; afterwards nobody can. Without
            it the lock is one that an administrator can lift.
        tags: Ownership tags.
    """

    environment: str
    account_id: str
    regions: list[BackupRegionArgs]
    copy_to: NotRequired[str]
    copy_vault_arns: NotRequired[list[str]]
    air_gap_key_arn: NotRequired[str]
    manage_region_settings: NotRequired[bool]
    plans: list[BackupPlanArgs]
    restore_test_every_days: int
    lock_changeable_for_days: NotRequired[int]
    tags: dict[str, str]


class BackupRegionSpec(Section):
    """The plain part of `BackupRegionArgs`."""

    name: AwsRegion


class BackupPlanSpec(Section):
    """The validated form of `BackupPlanArgs`."""

    name: str = Field(pattern=r"^[a-z0-9-]{1,39}$")  # with the environment's ten characters a plan's name holds 50
    every_minutes: Minutes
    retention_days: Days
    continuous: bool = False
    air_gapped: bool = False

    @model_validator(mode="after")
    def _check(self) -> "BackupPlanSpec":
        if self.air_gapped and self.retention_days < AIR_GAP_MIN_DAYS:
            raise ValueError(
                f"retention_days: {self.retention_days} is less than an air-gapped vault takes ({AIR_GAP_MIN_DAYS}); "
                "keep backups for longer, or leave air_gapped out"
            )
        if self.every_minutes < HOUR and not self.continuous:
            raise ValueError(
                f"every_minutes: {self.every_minutes} is more often than AWS Backup can (hourly); "
                "state continuous: true for a store that keeps point-in-time recovery"
            )
        return self


class BackupSpec(Section):
    """The plain part of `BackupArgs`."""

    environment: str = Field(min_length=1)
    account_id: AccountId
    copy_to: AwsRegion | None = None
    copy_vault_arns: tuple[VaultArn, ...] = ()
    air_gap_key_arn: KeyArn | None = None
    manage_region_settings: bool = False
    plans: tuple[BackupPlanSpec, ...] = Field(min_length=1)
    restore_test_every_days: Days
    lock_changeable_for_days: int | None = Field(default=None, ge=3, le=36_500)  # as botocore 1.44.5 has it
    tags: dict[str, str]

    @model_validator(mode="after")
    def _check(self) -> "BackupSpec":
        if self.air_gapped and self.copy_to is None:
            raise ValueError("copy_to: an air-gapped vault stands in the region of the copies; name one")
        return self

    @property
    def air_gapped(self) -> bool:
        """Whether any class is copied to an air-gapped vault."""
        return any(plan.air_gapped for plan in self.plans)


WIRING = frozenset({"regions"})
REGION_WIRING = frozenset({"key_arn", "alert_topic_arn"})


def plans_of(blueprints: Sequence[Blueprint], *, air_gap: bool = False) -> list[BackupPlanArgs]:
    """The classes of backups that the blueprints need; with an air gap for what stops users."""
    air_gapped = air_gapped_classes(blueprints) if air_gap else set()
    return [
        {
            "name": name,
            "every_minutes": rule.every_minutes,
            "retention_days": rule.retention_days,
            "continuous": rule.continuous,
            "air_gapped": name in air_gapped,
        }
        for name, rule in rules_by_class(blueprints).items()
    ]


class Backup(pulumi.ComponentResource):
    """Vaults, plans, copies and restore tests of one environment."""

    vault_arns: dict[str, pulumi.Output[str]]
    """Region -> ARN of its vault."""
    plan_ids: dict[str, pulumi.Output[str]]
    """`<region>/<class>` -> id of the plan."""
    role_arn: pulumi.Output[str]
    """Role that takes, copies and restores backups."""

    def __init__(self, name: str, args: BackupArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(type_token("Backup"), name, None, opts)
        self._spec = parse_args(BackupSpec, "Backup", name, args, WIRING)
        self._name = name
        regions = {self._region(index, region): region for index, region in enumerate(args["regions"])}
        self._role, self._permissions = self._create_role(next(iter(regions)))
        self._vaults = {region: self._create_vault(region, given) for region, given in regions.items()}
        self._air_gap = self._create_air_gapped_vault()
        self.vault_arns = {region: vault.arn for region, vault in self._vaults.items()}
        self.plan_ids = {}
        for region in regions:
            self._create_region_settings(region)
            if region != self._spec.copy_to:
                self._create_plans(region)
                self._create_restore_test(region)
        self.role_arn = self._role.arn
        self.register_outputs({"vault_arns": self.vault_arns, "plan_ids": self.plan_ids, "role_arn": self.role_arn})

    def _region(self, index: int, region: BackupRegionArgs) -> str:
        place = f"{self._name}.regions[{index}]"
        return parse_args(BackupRegionSpec, "Backup", place, region, REGION_WIRING).name

    @property
    def _vault_name(self) -> str:
        """The same in every region: copies keep their vault's name."""
        return physical_name(NameRule.BACKUP_VAULT, self._spec.environment, "backup")

    @property
    def _air_gapped_name(self) -> str:
        return physical_name(NameRule.BACKUP_VAULT, self._spec.environment, "air-gapped")

    def _create_role(self, within: str) -> tuple[aws.iam.Role, list[pulumi.Resource]]:
        return create_role(
            self,
            f"{self._name}-role",
            role_name(self._spec.environment, BACKUP_ROLE),
            description="Takes, copies and restores the backups of the model services",
            trust=service_trust(
                "backup.amazonaws.com", Condition("StringEquals", "aws:SourceAccount", self._spec.account_id)
            ),
            tags=self._spec.tags,
            managed_policy_arns={key: managed_policy(name, within) for key, name in _MANAGED_POLICIES.items()},
        )

    def _create_vault(self, region: str, given: BackupRegionArgs) -> aws.backup.Vault:
        vault = aws.backup.Vault(
            f"{self._name}-vault-{region}",
            region=region,
            name=self._vault_name,
            kms_key_arn=given["key_arn"],
            force_destroy=False,
            tags=self._spec.tags,
            opts=child_options(self, stateful=True),
        )
        aws.backup.VaultLockConfiguration(
            f"{self._name}-lock-{region}",
            region=region,
            backup_vault_name=vault.name,
            min_retention_days=_LOCK_MIN_DAYS,
            max_retention_days=_LOCK_MAX_DAYS,
            changeable_for_days=self._spec.lock_changeable_for_days,
            opts=child_options(self),
        )
        aws.backup.VaultPolicy(
            f"{self._name}-vault-policy-{region}",
            region=region,
            backup_vault_name=vault.name,
            policy=policy_document([_nobody_deletes()]),
            opts=child_options(self),
        )
        self._create_notifications(region, vault, given.get("alert_topic_arn"))
        return vault

    def _create_air_gapped_vault(self) -> list[pulumi.Resource]:
        """Locked from its first minute, in an account of AWS's own: who takes this account over can't empty it."""
        if not self._spec.air_gapped:
            return []
        vault = aws.backup.LogicallyAirGappedVault(
            f"{self._name}-air-gapped-vault",
            region=self._spec.copy_to,
            name=self._air_gapped_name,
            min_retention_days=AIR_GAP_MIN_DAYS,
            max_retention_days=_LOCK_MAX_DAYS,
            encryption_key_arn=self._spec.air_gap_key_arn,
            tags=self._spec.tags,
            opts=child_options(self, stateful=True),
        )
        return [vault]

    def _create_notifications(self, region: str, vault: aws.backup.Vault, topic_arn: pulumi.Input[str] | None) -> None:
        if topic_arn is None:
            return
        aws.backup.VaultNotifications(
            f"{self._name}-notifications-{region}",
            region=region,
            backup_vault_name=vault.name,
            sns_topic_arn=topic_arn,
            backup_vault_events=list(_FAILURE_EVENTS),
            opts=child_options(self),
        )

    def _create_region_settings(self, region: str) -> None:
        """Selections by tag find only what the region is opted in to; made once: AWS adds services to the maps."""
        if not self._spec.manage_region_settings:
            return
        once = pulumi.ResourceOptions(ignore_changes=[*_REGION_MAPS])
        aws.backup.RegionSettings(
            f"{self._name}-region-settings-{region}",
            region=region,
            resource_type_opt_in_preference=dict.fromkeys(_OPTED_IN, True),
            # without its advanced features DynamoDB's backups could be copied nowhere
            resource_type_management_preference={"DynamoDB": True},
            opts=pulumi.ResourceOptions.merge(child_options(self), once),
        )

    def _create_plans(self, region: str) -> None:
        for plan_spec in self._spec.plans:
            plan = aws.backup.Plan(
                f"{self._name}-plan-{region}-{plan_spec.name}",
                region=region,
                name=physical_name(NameRule.BACKUP_PLAN, self._spec.environment, plan_spec.name),
                rules=self._rules(region, plan_spec),
                tags=self._spec.tags,
                # the copies' vault is named by its ARN, which says nothing of the order
                opts=child_options(self, depends_on=[*self._vaults.values(), *self._air_gap]),
            )
            self.plan_ids[f"{region}/{plan_spec.name}"] = plan.id
            self._create_selection(region, plan_spec, plan)

    def _rules(self, region: str, plan: BackupPlanSpec) -> Any:  # noqa: ANN401  (a TypedDict of the provider)
        snapshots: dict[str, Any] = {
            "rule_name": "snapshots",
            "target_vault_name": self._vaults[region].name,
            "schedule": schedule(plan.every_minutes),
            "start_window": START_WINDOW_MINUTES,
            "lifecycle": {"delete_after": plan.retention_days},
            "recovery_point_tags": self._spec.tags,
        }
        copies = [
            {"destination_vault_arn": vault_arn, "lifecycle": {"delete_after": plan.retention_days}}
            for vault_arn in self._copy_vault_arns(plan)
        ]
        if copies:
            snapshots["copy_actions"] = copies
        if not plan.continuous:
            return [snapshots]
        continuous = {
            "rule_name": "continuous",
            "target_vault_name": self._vaults[region].name,
            "schedule": _CONTINUOUS_SCHEDULE,
            "start_window": START_WINDOW_MINUTES,
            "enable_continuous_backup": True,
            "lifecycle": {"delete_after": min(plan.retention_days, CONTINUOUS_DAYS)},
            "recovery_point_tags": self._spec.tags,
        }
        return [snapshots, continuous]

    def _copy_vault_arns(self, plan: BackupPlanSpec) -> list[str]:
        vault_arns = list(self._spec.copy_vault_arns)
        if self._spec.copy_to is not None:
            vault_arns.insert(0, self._vault_arn(self._spec.copy_to, self._vault_name))
            if plan.air_gapped:
                vault_arns.append(self._vault_arn(self._spec.copy_to, self._air_gapped_name))
        return vault_arns

    def _vault_arn(self, region: str, vault_name: str) -> str:
        return arn("backup", region, self._spec.account_id, f"backup-vault:{vault_name}")

    def _create_selection(self, region: str, plan_spec: BackupPlanSpec, plan: aws.backup.Plan) -> None:
        """All resources of this environment that carry the plan's name."""
        wanted = {TagKey.BACKUP_PLAN: plan_spec.name, TagKey.ENVIRONMENT: self._spec.environment}
        aws.backup.Selection(
            f"{self._name}-selection-{region}-{plan_spec.name}",
            region=region,
            name=physical_name(NameRule.BACKUP_PLAN, self._spec.environment, plan_spec.name),
            plan_id=plan.id,
            iam_role_arn=self._role.arn,
            resources=["*"],
            conditions=[
                {
                    "string_equals": [
                        {"key": f"aws:ResourceTag/{key.value}", "value": value} for key, value in wanted.items()
                    ]
                }
            ],
            opts=child_options(self, depends_on=self._permissions),
        )

    def _create_restore_test(self, region: str) -> None:
        plan = aws.backup.RestoreTestingPlan(
            f"{self._name}-restore-test-{region}",
            region=region,
            name=physical_name(NameRule.RESTORE_TESTING, self._spec.environment, "restore_test", separator="_"),
            schedule_expression=restore_schedule(self._spec.restore_test_every_days),
            start_window_hours=1,
            recovery_point_selection={
                "algorithm": "LATEST_WITHIN_WINDOW",
                "include_vaults": [self._vaults[region].arn],
                "recovery_point_types": ["SNAPSHOT", "CONTINUOUS"],
                "selection_window_days": _RESTORE_WINDOW_DAYS,
            },
            tags=self._spec.tags,
            opts=child_options(self),
        )
        for resource_type in _RESTORED_TYPES:
            aws.backup.RestoreTestingSelection(
                f"{self._name}-restore-{region}-{resource_type.lower()}",
                region=region,
                name=physical_name(
                    NameRule.RESTORE_TESTING, self._spec.environment, resource_type.lower(), separator="_"
                ),
                restore_testing_plan_name=plan.name,
                protected_resource_type=resource_type,
                protected_resource_conditions={
                    "string_equals": [{"key": f"aws:ResourceTag/{TagKey.ENVIRONMENT}", "value": self._spec.environment}]
                },
                iam_role_arn=self._role.arn,
                validation_window_hours=_VALIDATION_HOURS,
                opts=child_options(self, depends_on=self._permissions),
            )


def _nobody_deletes() -> Statement:
    """Recovery points end with their retention, not before, whoever asks."""
    return denial(
        "NobodyDeletes",
        (
            "backup:DeleteRecoveryPoint",
            "backup:DisassociateRecoveryPoint",
            "backup:UpdateRecoveryPointLifecycle",
        ),
        ("*",),  # in a vault's policy: the recovery points of this vault
    )
