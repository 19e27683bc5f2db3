"""Faults of what a resource says of itself: tags, labels, origin."""

from __future__ import annotations

from policies.tokens import BUCKET, DYNAMODB_TABLE, EKS_CLUSTER, ROLLOUT
from tests.policies.mutation.fault import Fault, add, drop, made_by, named, put

_TAGGED = (BUCKET, DYNAMODB_TABLE, EKS_CLUSTER, "aws:iam/role:Role", "aws:sqs/queue:Queue", "aws:kms/key:Key")
_OBJECTS = (ROLLOUT, "kubernetes:core/v1:Service", "kubernetes:networking.k8s.io/v1:NetworkPolicy")
_LABELS = ("metadata", "labels")
_POD_LABELS = ("spec", "template", "metadata", "labels")
_PREFIX = "serving.blueprint/"

_LINEAGE = (
    "model",
    "model-version",
    "model-digest",
    "contract-version",
    "training-run",
    "dataset",
    "feature-view",
    "source-commit",
    "risk-class",
)

FAULTS = (
    *(
        Fault(f"tag {key} dropped", BUCKET, drop("tags", key), ("lineage-tags",), where=made_by("FeatureStore"), each=1)
        for key in _LINEAGE
    ),
    Fault(
        "tag of the model empty",
        "aws:iam/role:Role",
        put("tags", "model", ""),
        ("lineage-tags",),
        where=made_by("ModelService"),
    ),
    *(
        Fault(f"tag {key} dropped", _TAGGED, drop("tags", key), ("tag-required-set",), each=1)
        for key in ("owner", "cost-center", "data-class", "service")
    ),
    Fault(
        "tag environment dropped",
        _TAGGED,
        drop("tags", "environment"),
        ("tag-required-set",),
        also={"backup-plan-coverage": named("models-eu-west-1-bucket", "offline-eu-west-1-bucket", "score-table")},
        each=1,
    ),
    Fault(
        "no tags",
        _TAGGED,
        drop("tags"),
        ("tag-required-set",),
        also={"backup-plan-coverage": named("score-table")},
        each=1,
    ),
    Fault("owner left empty", _TAGGED, put("tags", "owner", " "), ("tag-required-set",), each=1),
    *(
        Fault(f"label {key} dropped", _OBJECTS, drop(*_LABELS, f"{_PREFIX}{key}"), ("tag-required-set",), each=1)
        for key in ("owner", "cost-center", "data-class")
    ),
    Fault("name of the model dropped", ROLLOUT, drop(*_LABELS, f"{_PREFIX}model"), ("lineage-model",)),
    Fault("run of the training dropped", ROLLOUT, drop(*_LABELS, f"{_PREFIX}training-run"), ("lineage-model",)),
    Fault("commit dropped", ROLLOUT, drop(*_LABELS, f"{_PREFIX}source-commit"), ("lineage-model",)),
    Fault("class of risk dropped", ROLLOUT, drop(*_LABELS, f"{_PREFIX}risk-class"), ("ai-risk-class", "lineage-model")),
    Fault(
        "class of risk of our own",
        ROLLOUT,
        put(*_LABELS, f"{_PREFIX}risk-class", "small"),
        ("ai-risk-class", "lineage-consistent", "tag-values-valid"),
    ),
    Fault(
        "recommended label dropped", ROLLOUT, drop(*_LABELS, "app.kubernetes.io/part-of"), ("k8s-recommended-labels",)
    ),
    Fault(
        "model of the pods another",
        ROLLOUT,
        put(*_POD_LABELS, f"{_PREFIX}model-version", "9.9.9"),
        ("lineage-consistent",),
    ),
    Fault(
        "name of a person in a tag",
        _TAGGED,
        put("tags", "owner", "jane.doe@example.com"),
        ("tag-values-valid",),
        each=1,
    ),
    Fault(
        "card of a draft",
        "aws:dynamodb/table:Table",
        add(
            "aws:sagemaker/modelCard:ModelCard",
            {
                "region": "eu-west-1",
                "modelCardName": "other",
                "modelCardStatus": "Draft",
                "securityConfig": {
                    "kmsKeyId": "arn:aws:kms:eu-west-1:444455556666:key/0d6a7f2e-6f4c-4a55-9d53-0a7b8a2d1c11"
                },
                "content": '{"intended_uses": {"intended_uses": "ranking", "risk_rating": "Low"}}',
            },
        ),
        ("model-card-approved",),
    ),
)
