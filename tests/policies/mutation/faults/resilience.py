"""Faults of what has to outlive a mistake, a zone or a region."""

from __future__ import annotations

from policies.tokens import BUCKET, DYNAMODB_TABLE, EKS_CLUSTER, ROLLOUT
from tests.policies.mutation.fault import Fault, add, both, drop, edit, labelled, named, put, rely, remove, unprotect

_HOLDING = (
    BUCKET,
    DYNAMODB_TABLE,
    EKS_CLUSTER,
    "aws:backup/vault:Vault",
    "aws:ecr/repository:Repository",
    "aws:kms/key:Key",
)
TIER = "serving.blueprint/tier"
_BALANCER = "aws:lb/loadBalancer:LoadBalancer"
_PDB = "kubernetes:policy/v1:PodDisruptionBudget"
_SCALED = "kubernetes:keda.sh/v1alpha1:ScaledObject"
_POD = "spec.template.spec"
_CONTAINER = f"{_POD}.containers.0"
_PLAN = "aws:backup/plan:Plan"
_SELECTION = "aws:backup/selection:Selection"
_TEST = "aws:backup/restoreTestingPlan:RestoreTestingPlan"
_LOCK = "aws:backup/vaultLockConfiguration:VaultLockConfiguration"
_RECORD = "aws:route53/record:Record"
_REPLICATION = "aws:s3/bucketReplicationConfig:BucketReplicationConfig"
_noticed = labelled(TIER, "0", "1")  # users of the other tiers are unaware, and those may have one replica


def first(values: list[object]) -> list[object]:
    """Only the first of them."""
    return values[:1]


def disabled(rules: list[dict[str, object]]) -> list[dict[str, object]]:
    """None of them does anything."""
    return [{**rule, "status": "Disabled"} for rule in rules]


FAULTS = (
    Fault("not protected", _HOLDING, unprotect, ("deletion-protection",)),
    Fault("deletion protection off", EKS_CLUSTER, put("deletionProtection", False), ("deletion-protection",)),
    Fault("deletion protection not stated", EKS_CLUSTER, drop("deletionProtection"), ("deletion-protection",)),
    Fault("deletion protection off", DYNAMODB_TABLE, put("deletionProtectionEnabled", False), ("deletion-protection",)),
    Fault("deletion protection off", _BALANCER, put("enableDeletionProtection", False), ("deletion-protection",)),
    Fault(
        "destroyed with its content",
        (BUCKET, "aws:backup/vault:Vault"),
        put("forceDestroy", True),
        ("deletion-protection",),
    ),
    Fault(
        "deleted with its images",
        "aws:ecr/repository:Repository",
        put("forceDelete", True),
        ("deletion-protection", "ecr-immutable-strict"),
    ),
    Fault("no disruption budget", _PDB, remove, ("k8s-spread-pdb",), where=_noticed),
    Fault(
        "disruption budget of others",
        _PDB,
        put("spec", "selector", "matchLabels", "app.kubernetes.io/name", "other"),
        ("k8s-spread-pdb",),
        where=_noticed,
    ),
    Fault(
        "disruption budget that allows none",
        _PDB,
        put("spec.maxUnavailable", 0),
        ("k8s-spread-pdb",),
        where=_noticed,
    ),
    Fault(
        "no spread over zones",
        ROLLOUT,
        drop(f"{_POD}.topologySpreadConstraints"),
        ("k8s-spread-pdb",),
        where=_noticed,
    ),
    Fault(
        "spread over zones not enforced",
        ROLLOUT,
        put(f"{_POD}.topologySpreadConstraints.0.whenUnsatisfiable", "ScheduleAnyway"),
        ("k8s-spread-pdb",),
    ),
    Fault(
        "one replica is enough",
        _SCALED,
        put("spec.minReplicaCount", 1),
        ("k8s-spread-pdb",),
        also={"autoscale-bounded": labelled(TIER, "0")},
        each=8,
    ),
    Fault("no autoscaler", _SCALED, remove, ("k8s-spread-pdb",), where=_noticed),
    Fault("no probe of readiness", ROLLOUT, drop(f"{_CONTAINER}.readinessProbe"), ("k8s-probes-drain",)),
    Fault("no probe of liveness", ROLLOUT, drop(f"{_CONTAINER}.livenessProbe"), ("k8s-probes-drain",)),
    Fault("no probe of the start", ROLLOUT, drop(f"{_CONTAINER}.startupProbe"), ("k8s-probes-drain",)),
    Fault("no pause before the end", ROLLOUT, drop(f"{_CONTAINER}.lifecycle"), ("k8s-probes-drain",)),
    Fault("no time to drain", ROLLOUT, put(f"{_POD}.terminationGracePeriodSeconds", 5), ("k8s-probes-drain",)),
    Fault(
        "replicas go before others come",
        ROLLOUT,
        put("spec.strategy.canary.maxUnavailable", "25%"),
        ("k8s-probes-drain",),
    ),
    Fault("zonal shift off", EKS_CLUSTER, put("zonalShiftConfig.enabled", False), ("multi-az",)),
    Fault("one subnet", EKS_CLUSTER, both(edit("vpcConfig.subnetIds", to=first), rely("vpcConfig", 1)), ("multi-az",)),
    Fault("one subnet of the balancer", _BALANCER, both(edit("subnets", to=first), rely("subnets", 1)), ("multi-az",)),
    Fault("no recovery to a point in time", DYNAMODB_TABLE, put("pointInTimeRecovery.enabled", False), ("ddb-global",)),
    Fault("replica without recovery", DYNAMODB_TABLE, put("replicas.*.pointInTimeRecovery", False), ("ddb-global",)),
    Fault("replica not protected", DYNAMODB_TABLE, put("replicas.*.deletionProtectionEnabled", False), ("ddb-global",)),
    Fault("a replica fewer", DYNAMODB_TABLE, drop("replicas.0"), ("ddb-global",)),
    Fault("no replica", DYNAMODB_TABLE, drop("replicas"), ("ddb-global",)),
    Fault("no replication", _REPLICATION, remove, ("s3-replication", "backup-plan-coverage")),
    Fault("replication off", _REPLICATION, edit("rules", to=disabled), ("s3-replication",)),
    Fault(
        "replication in its own time", _REPLICATION, drop("rules.*.destination.replicationTime"), ("s3-replication",)
    ),
    Fault(
        "replica without its key",
        _REPLICATION,
        drop("rules.*.destination.encryptionConfiguration"),
        ("s3-replication",),
    ),
    Fault("no versions", "aws:s3/bucketVersioning:BucketVersioning", remove, ("s3-replication",)),
    Fault(
        "versions suspended",
        "aws:s3/bucketVersioning:BucketVersioning",
        put("versioningConfiguration.status", "Suspended"),
        ("s3-replication",),
    ),
    Fault(
        "backups are rarer",
        _PLAN,
        both(drop("rules.1"), put("rules.0.schedule", "cron(0 5 1 * ? *)")),
        ("backup-plan-coverage",),
        where=named("eu-west-1"),
    ),
    Fault(
        "backups are kept a day",
        _PLAN,
        both(drop("rules.1"), put("rules.0.lifecycle.deleteAfter", 1)),
        ("backup-plan-coverage",),
        where=named("eu-west-1"),
    ),
    Fault(
        "backups are not copied",
        _PLAN,
        drop("rules.0.copyActions"),
        ("backup-plan-coverage", "backup-vault-lock"),
        where=named("eu-west-1"),
    ),
    Fault("backup selects nothing", _SELECTION, remove, ("backup-plan-coverage",), where=named("eu-west-1")),
    Fault("no lock of the vault", _LOCK, remove, ("backup-vault-lock",)),
    Fault("lock of the vault for governance", _LOCK, drop("changeableForDays"), ("backup-vault-lock",)),
    # the selection still names a plan, which may be one of another stack
    Fault("no test of restores", _TEST, remove, ("restore-testing (undetermined)",), where=named("eu-west-1")),
    Fault(
        "restores are tested once a year",
        _TEST,
        put("scheduleExpression", "cron(0 5 1 1 ? *)"),
        ("restore-testing",),
        where=named("eu-west-1"),
    ),
    Fault(
        "a type is not restored",
        "aws:backup/restoreTestingSelection:RestoreTestingSelection",
        remove,
        ("restore-testing",),
        where=named("eu-west-1"),
    ),
    Fault(
        "record of a sick region",
        _RECORD,
        both(drop("healthCheckId"), put("aliases.0.evaluateTargetHealth", False)),
        ("traffic-failover",),
        where=lambda entry: "latencyRoutingPolicies" in entry.properties,
    ),
    Fault(
        "images in one region",
        "aws:ecr/replicationConfiguration:ReplicationConfiguration",
        remove,
        ("mr-serving-regions",),
    ),
    Fault(
        "experiment without a stop",
        "aws:arcregionswitch/plan:Plan",
        add(
            "aws:fis/experimentTemplate:ExperimentTemplate",
            {"description": "zone", "region": "eu-west-1", "stopConditions": [{"source": "none"}]},
        ),
        ("chaos-guarded",),
    ),
    Fault(
        "no promise of the switch",
        "aws:arcregionswitch/plan:Plan",
        drop("recoveryTimeObjectiveMinutes"),
        ("traffic-failover",),
    ),
    Fault("no workflow back", "aws:arcregionswitch/plan:Plan", put("workflows", []), ("traffic-failover",)),
    Fault("no alarm of the switch", "aws:arcregionswitch/plan:Plan", drop("associatedAlarms"), ("traffic-failover",)),
)
