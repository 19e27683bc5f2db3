"""Faults of how things change."""

from __future__ import annotations

from policies.tokens import EKS_CLUSTER, ROLLOUT
from tests.policies.mutation.fault import Fault, add, ambient, drop, ignoring, labelled, put, retype

_PDB = "kubernetes:policy/v1:PodDisruptionBudget"
_TABLE = "aws:dynamodb/table:Table"

_tier_0 = labelled("serving.blueprint/tier", "0")

FAULTS = (
    Fault(
        "version that is gone", _PDB, retype("kubernetes:policy/v1beta1:PodDisruptionBudget"), ("no-deprecated-api",)
    ),
    Fault("encryption drifts unseen", _TABLE, ignoring("serverSideEncryption"), ("no-ignore-changes",)),
    Fault("tags drift unseen", "aws:s3/bucket:Bucket", ignoring("tags"), ("no-ignore-changes",)),
    Fault("everything drifts unseen", EKS_CLUSTER, ignoring("*"), ("no-ignore-changes",)),
    Fault("region of whoever deploys", "aws:sqs/queue:Queue", ambient, ("region-explicit",)),
    Fault(
        "service that AWS has closed",
        "aws:s3/accountPublicAccessBlock:AccountPublicAccessBlock",
        add("aws:ssmincidents/responsePlan:ResponsePlan", {"name": "outage", "region": "eu-west-1"}),
        ("incident-response", "tag-required-set"),
    ),
    Fault(
        "service that AWS has ended",
        "aws:s3/accountPublicAccessBlock:AccountPublicAccessBlock",
        add("aws:qldb/ledger:Ledger", {"name": "audit", "region": "eu-west-1", "permissionsMode": "STANDARD"}),
        ("deprecated-services", "tag-required-set"),
    ),
    Fault("no analysis", ROLLOUT, drop("spec.strategy.canary.analysis"), ("progressive-delivery",), where=_tier_0),
    Fault("no steps", ROLLOUT, drop("spec.strategy.canary.steps"), ("progressive-delivery",), where=_tier_0),
    Fault("outdated Kubernetes", EKS_CLUSTER, put("version", "1.27"), ("version-support",)),
    Fault("extended support", EKS_CLUSTER, put("upgradePolicy.supportType", "EXTENDED"), ("version-support",)),
)
