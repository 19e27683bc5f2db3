"""Samples of `autoscale-bounded`."""

from __future__ import annotations

from dataclasses import replace

from policies.scaling import POD_AUTOSCALERS, SCALED_OBJECT, TARGET
from policies.tokens import DEPLOYMENT, ROLLOUT
from policies.views import UNKNOWN
from serving.blueprint.tags import TagKey
from tests.policies.harness import Case, Declared, Sample


def scaler(minimum: object, maximum: object, tier: str = "0") -> Declared:
    spec = {"minReplicaCount": minimum, "maxReplicaCount": maximum}
    metadata = {"name": "chat", "labels": {TagKey.TIER.label: tier}}
    return Declared(SCALED_OBJECT, "chat", {"metadata": metadata, "spec": spec})


def pods(name: object = "chat", kind: str | None = "Deployment", needs: tuple[str, ...] = ()) -> Declared:
    """A HorizontalPodAutoscaler of a workload."""
    reference = {"name": name} if kind is None else {"name": name, "kind": kind}
    spec = {"minReplicas": 2, "maxReplicas": 4, "scaleTargetRef": reference}
    properties = {"metadata": {"namespace": "ml"}, "spec": spec}
    return Declared(POD_AUTOSCALERS[0], "scaler", properties, {"spec": needs} if needs else {})


def workload(
    replicas: object = 3, token: str = DEPLOYMENT, namespace: object = "ml", ignores: tuple[str, ...] = ()
) -> Declared:
    spec = {"template": {}} if replicas is None else {"template": {}, "replicas": replicas}
    properties = {"metadata": {"name": "chat", "namespace": namespace}, "spec": spec}
    return Declared(token, "workload", properties, ignores=ignores)


TASKS = "ecs:service:DesiredCount"
READERS, SHARDS = "rds:cluster:ReadReplicaCount", "elasticache:replication-group:NodeGroups"
SPOT = "ec2:spot-fleet-request:TargetCapacity"
READS, WRITES = "dynamodb:table:ReadCapacityUnits", "dynamodb:table:WriteCapacityUnits"


def target(
    minimum: object = 2,
    maximum: object = 10,
    dimension: object = TASKS,
    tier: str = "0",
    resource: object = "service/prod/chat",
) -> Declared:
    properties = {
        "minCapacity": minimum,
        "maxCapacity": maximum,
        "resourceId": resource,
        "scalableDimension": dimension,
        "tags": {TagKey.TIER: tier},
    }
    return Declared(TARGET, "target", properties)


def policy(
    dimension: object = TASKS, resource: object = "service/prod/chat", needs: tuple[str, ...] = (), kind: str = "policy"
) -> Declared:
    properties = {"resourceId": resource, "scalableDimension": dimension}
    token = f"aws:appautoscaling/{kind}:{kind[0].upper()}{kind[1:]}"
    return Declared(token, "mover", properties, dict.fromkeys(needs, ("target",)))


SAMPLES = (
    Sample(Case.ALLOWED, "both bounds", (scaler(2, 10),)),
    Sample(Case.ALLOWED, "scale to zero where nobody notices", (scaler(0, 10, "2"),)),
    Sample(
        Case.ALLOWED,
        "pod autoscaler",
        (Declared(POD_AUTOSCALERS[0], "chat", {"spec": {"minReplicas": 2, "maxReplicas": 4}}),),
    ),
    Sample(Case.INSIDE, "cap", (scaler(2, 100),)),
    Sample(Case.OUTSIDE, "cap", (scaler(2, 101),), ("maxReplicaCount is more than 100",)),
    Sample(Case.INSIDE, "tier 0", (scaler(2, 10),)),
    Sample(Case.OUTSIDE, "tier 0", (scaler(1, 10),), ("minReplicaCount is less than 2",)),
    Sample(Case.DISALLOWED, "no lower bound", (scaler(None, 10),), ("minReplicaCount is missing",)),
    Sample(
        Case.DISALLOWED,
        "no upper bound",
        (Declared(POD_AUTOSCALERS[0], "chat", {"spec": {"minReplicas": 2}}),),
        ("maxReplicas is missing",),
    ),
    Sample(
        Case.UNKNOWN,
        "an unknown bound does not hide the other",
        (scaler(UNKNOWN, 101),),
        ("more than 100", "spec.minReplicaCount is not known"),
    ),
    Sample(Case.NOT_APPLICABLE, "another type", (Declared("kubernetes:core/v1:Service", "chat", {}),)),
    Sample(Case.ALLOWED, "target with a policy", (target(), policy())),
    Sample(Case.ALLOWED, "target that follows the clock", (target(), policy(kind="scheduledAction"))),
    Sample(
        Case.ALLOWED,
        "asynchronous endpoint without instances",
        (target(0, 4, "sagemaker:variant:DesiredInstanceCount", "2"), policy("sagemaker:variant:DesiredInstanceCount")),
    ),
    Sample(
        Case.ALLOWED,
        "one reader beside a writer",
        (target(1, 4, READERS), policy(READERS)),
    ),
    Sample(Case.OUTSIDE, "cap of readers", (target(1, 101, READERS), policy(READERS)), ("more than 100",)),
    Sample(Case.ALLOWED, "one shard", (target(1, 4, SHARDS), policy(SHARDS))),
    Sample(Case.ALLOWED, "weighted capacity", (target(1, 400, SPOT), policy(SPOT))),
    Sample(
        Case.RESOLVED,
        "both compute the resource from the same service",
        (
            replace(target(resource=UNKNOWN), needs={"resourceId": ("service",)}),
            replace(policy(resource=UNKNOWN), needs={"resourceId": ("service",)}),
            Declared("aws:ecs/service:Service", "service", {}),
        ),
    ),
    Sample(
        Case.DISALLOWED,
        "the only policy is another target's",
        (
            target(resource=UNKNOWN),
            replace(target(resource=UNKNOWN), name="other"),
            replace(policy(resource=UNKNOWN), needs={"resourceId": ("other",)}),
        ),
        ("no scaling policy and no scheduled action",),
    ),
    Sample(Case.ALLOWED, "units are no replicas", (target(1, 4_000, READS), policy(READS))),
    Sample(Case.INSIDE, "cap of a target", (target(2, 100), policy())),
    Sample(Case.OUTSIDE, "cap of a target", (target(2, 101), policy()), ("maxCapacity is more than 100",)),
    Sample(Case.INSIDE, "tier 0 of a target", (target(2), policy())),
    Sample(Case.OUTSIDE, "tier 0 of a target", (target(1), policy()), ("minCapacity is less than 2, in tier 0",)),
    Sample(
        Case.DISALLOWED,
        "target without bounds",
        (target(None, None), policy()),
        ("maxCapacity is missing", "minCapacity is missing"),
    ),
    Sample(Case.DISALLOWED, "target that nothing moves", (target(),), ("no scaling policy and no scheduled action",)),
    Sample(
        Case.DISALLOWED,
        "policy of another dimension",
        (target(5, 50, WRITES, resource="table/chat"), policy(READS, "table/chat")),
        ("no scaling policy and no scheduled action",),
    ),
    Sample(
        Case.DISALLOWED,
        "policy of another resource",
        (target(), policy(resource="service/prod/rank")),
        ("no scaling policy and no scheduled action",),
    ),
    Sample(
        Case.DISALLOWED,
        "policy of the same name in another region",
        (replace(target(), region="eu-west-1"), replace(policy(), region="us-east-1")),
        ("no scaling policy and no scheduled action",),
    ),
    Sample(
        Case.RESOLVED,
        "policy of a target with an unknown resource",
        (target(resource=UNKNOWN), policy(UNKNOWN, UNKNOWN, ("resourceId", "scalableDimension"))),
    ),
    Sample(
        Case.UNKNOWN, "policy of who knows what", (target(), policy(resource=UNKNOWN)), ("resourceId is not known",)
    ),
    Sample(
        Case.UNKNOWN,
        "an unknown dimension may count replicas",
        (target(2, 101, UNKNOWN), policy(UNKNOWN, needs=("scalableDimension",))),
        ("scalableDimension is not known",),
    ),
    Sample(Case.ALLOWED, "the autoscaler owns the number", (pods(), workload(None))),
    Sample(Case.ALLOWED, "changes of the number are passed over", (pods(), workload(ignores=("spec.replicas",)))),
    Sample(Case.ALLOWED, "so are they in brackets", (pods(), workload(ignores=('spec["replicas"]',)))),
    Sample(Case.ALLOWED, "so are they as a part", (pods(), workload(ignores=("spec",)))),
    Sample(
        Case.DISALLOWED,
        "other changes are passed over",
        (pods(), workload(ignores=("spec.template", "spec.replicas.more"))),
        ("spec.replicas is stated",),
    ),
    Sample(Case.UNKNOWN, "a workload of who knows which place", (pods(), workload(namespace=UNKNOWN)), ("not known",)),
    Sample(Case.ALLOWED, "workload of the same name in another namespace", (pods(), workload(namespace="batch"))),
    Sample(
        Case.ALLOWED,
        "a Rollout took over from the Deployment of its name",
        (pods(kind="Rollout"), workload(replicas=0)),
    ),
    Sample(Case.ALLOWED, "workload of others", (pods("rank"), workload())),
    Sample(Case.DISALLOWED, "static replicas", (pods(), workload()), ("spec.replicas is stated",)),
    Sample(
        Case.DISALLOWED,
        "static replicas of a Rollout",
        (pods(kind="Rollout"), workload(token=ROLLOUT)),
        ("spec.replicas is stated",),
    ),
    Sample(Case.DISALLOWED, "no kind is a Deployment", (pods(kind=None), workload()), ("spec.replicas is stated",)),
    Sample(Case.RESOLVED, "unknown name of a workload without replicas", (pods(UNKNOWN), workload(None))),
    Sample(Case.UNKNOWN, "name from nowhere", (pods(UNKNOWN), workload()), ("scaleTargetRef.name is not known",)),
)
