"""Samples for the tests of what runs inside a cluster: the shipped services, as the components see them."""

from __future__ import annotations

from typing import Any

import pulumi

from components.lineage import service_tags
from components.model_service import ModelServiceArgs
from components.pod import PodContext
from components.workload import Workload, stand_in_tags
from serving.blueprint.schema import Blueprint
from serving.blueprint.schema.contract import Delivery
from tests.documents import SERVICES, blueprint, environment

REGION = "eu-west-1"
ACCOUNT = "123456789012"
CLUSTER = "test-eu-west-1"
REGISTRY = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/test"
PROMETHEUS = "http://prometheus.test"

NEW_VERSION: dict[str, object] = {
    "model.version": "9.9.9",
    "model.manifest.path": "fraud-gbm/9.9.9/manifest.json",
    "model.manifest.digest": "sha256:" + "e" * 64,
}
"""What a new version of the fraud score's model changes in its blueprint."""

SLEEPING: dict[str, object] = {
    "identity.tier": 2,
    "contract.delivery": ["sync"],
    "scaling.scale_to_zero": True,
    "scaling.min_replicas": 0,
    "scaling.triggers": [],
    "scaling.reserved_replicas": 0,
}
"""What makes the embedding service one that may have no replica."""

OVER_NODES: dict[str, object] = {
    "model.resources.nodes": 2,
    "model.resources.accelerator": "nvidia-h100",
    "model.resources.accelerators": 8,
    "model.resources.cpu": 160,
    "model.resources.memory_gib": 1_600,
    "model.size_gib": 720,
    "rollout.strategy": "rolling",
    "rollout.steps": [],
    "rollout.analysis": [],
    "rollout.automatic_rollback": False,
}
"""What changes in the chat service's blueprint when its model spans two nodes."""

CONTEXT = PodContext(
    region=REGION,
    registry=REGISTRY,
    tools_image="serving/tools",
    tools_image_digest="sha256:" + "a" * 64,
    model_bucket="test-models",
)


def workload(service: str = "fraud-score", /, **changes: object) -> Workload:
    """The workload of a shipped service, its blueprint changed: `workload("chat", **{"scaling.max_replicas": 4})`."""
    changed = blueprint(service, **changes)
    return Workload(
        name=changed.name,
        blueprint=changed,
        model=changed.model,
        tags=service_tags(environment(), changed),
        min_replicas=changed.scaling.min_replicas,
        max_replicas=changed.scaling.max_replicas,
    )


def over_nodes(**changes: object) -> Workload:
    """The workload of the chat service with a model that spans two nodes."""
    return workload("chat", **OVER_NODES | changes)


def stand_in() -> Workload:
    """The fallback workload of the chat service."""
    chat = blueprint("chat")
    fallback = chat.degradation.fallback
    assert fallback is not None
    assert fallback.model is not None
    return Workload(
        name="chat-fallback",
        blueprint=chat,
        model=fallback.model,
        tags=stand_in_tags(service_tags(environment(), chat, fallback.model)),
        min_replicas=fallback.min_replicas,
        max_replicas=fallback.max_replicas,
        stands_in=True,
    )


WORKLOADS = [*(workload(service) for service in SERVICES), stand_in()]
NAMES = [one.name for one in WORKLOADS]


def service_args(service: Blueprint, **changes: Any) -> ModelServiceArgs:
    """Arguments of `ModelService` for a service, changed; `None` removes."""
    table = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/features"
    args: dict[str, Any] = {
        "blueprint": service,
        "environment": "test",
        "region": REGION,
        "account_id": ACCOUNT,
        "cluster_name": CLUSTER,
        "host": f"{service.name}.example.com",
        "registry": REGISTRY,
        "tools_image": CONTEXT.tools_image,
        "tools_image_digest": CONTEXT.tools_image_digest,
        "model_bucket": CONTEXT.model_bucket,
        "model_key_arn": pulumi.Output.from_input(f"arn:aws:kms:{REGION}:{ACCOUNT}:key/models"),
        "aws_cidrs": ["10.0.0.0/16"],
        "tags": service_tags(environment(), service),
    }
    if service.governance.lineage.feature_views:
        args |= {
            "feature_table": "features",
            "feature_table_arn": table,
            "feature_key_arn": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/features",
        }
    if Delivery.ASYNC in service.contract.delivery:
        args["delivery_key_arn"] = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/what-waits"
    fallback = service.degradation.fallback
    if fallback is not None and fallback.model is not None:
        args["fallback_tags"] = service_tags(environment(), service, fallback.model)
    args |= changes
    kept: Any = {key: value for key, value in args.items() if value is not None}
    result: ModelServiceArgs = kept
    return result
